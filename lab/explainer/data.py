"""The error guide as data: what `explain.toml` says, checked as it is read and compiled once.

An entry is one cause. `stems` are lower-case words, one of which stands in every line that its `patterns` can
match: they keep the reading of a long log quick. Of `patterns` one must match a line (a match of `warnings` is
never an error, whatever the entry's `kind`); of `requires`, where there
are any, one must match nearby; none of `unless` may. `clues` then raise or lower its rank among the causes of
the same line. `asks` are a person's own words, tried on a short text only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from lab.errors import Bug

KINDS = ("error", "warning", "sign")  # what may be the root before what
_PLACEHOLDER = re.compile(r"(?<!\{)\{(platform|arch|image|name|file|registry|builder|port|package)\}(?!\})")
_WHERE = {
    "store": "with the {} image store",
    "driver": "with the {} driver",
    "os": "on {}",
    "platform": "on {}",
    "version": "with engine {}",
}
_NAMES = {"linux": "Linux", "darwin": "a Mac", "windows": "Windows"}
_SAFE = re.compile(r"[A-Za-z0-9./][A-Za-z0-9._/:@+-]{0,199}")


@dataclass(frozen=True, kw_only=True)
class EngineFacts:
    """What is known of the engine that the error came from; an empty word is "not known".

    `version` "28.5.2"; `store` "containerd" or "classic"; `driver` of the builder, "docker" or "docker-container"
    or another; `platform` of the host, "linux/amd64"; `os` where the learner sits, "linux", "darwin", "windows".
    """

    version: str = ""
    store: str = ""
    driver: str = ""
    platform: str = ""
    os: str = ""


@dataclass(frozen=True, kw_only=True)
class Clue:
    """A second sign that speaks for a cause (`weight` above 0) or against it (below)."""

    pattern: re.Pattern[str]
    says: str
    weight: int = 2
    line: bool = False  # only on the line itself, not nearby


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """A way out: what it does, the commands, and on which engines it holds."""

    say: str
    run: tuple[str, ...] = ()
    when: tuple[tuple[str, str], ...] = ()

    def holds(self, engine: EngineFacts) -> bool:
        """Whether nothing that is known of the engine speaks against it."""
        return all(getattr(engine, name) in ("", wanted) for name, wanted in self.when)

    def condition(self, engine: EngineFacts) -> str:
        """In words, what it needs and is not known to be so."""
        return ", ".join(
            _WHERE[name].format(_NAMES.get(wanted, wanted)) for name, wanted in self.when if not getattr(engine, name)
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Entry:
    """One cause, as `explain.toml` has it."""

    id: str
    row: str
    title: str
    cause: str
    why: str
    lesson: str
    remedies: tuple[Remedy, ...]
    kind: str = "error"
    base: int = 2
    stems: tuple[str, ...] = ()
    patterns: tuple[re.Pattern[str], ...] = ()
    warnings: tuple[re.Pattern[str], ...] = ()
    requires: tuple[re.Pattern[str], ...] = ()
    unless: tuple[re.Pattern[str], ...] = ()
    asks: tuple[re.Pattern[str], ...] = ()
    clues: tuple[Clue, ...] = ()
    decide: str = ""
    decide_says: str = ""
    sources: tuple[str, ...] = ()
    samples: tuple[str, ...] = ()  # must be explained by this entry first
    among: tuple[str, ...] = ()  # must name this entry among several, and not be certain
    not_samples: tuple[str, ...] = ()  # must not name it first


def _patterns(texts: Any) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(text, re.IGNORECASE) for text in texts)


def _read(data: Mapping[str, Any]) -> Entry:
    known = {field.name for field in fields(Entry)}
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
    for name in ("patterns", "warnings", "requires", "unless", "asks"):
        values[name] = _patterns(data.get(name, ()))
    values["clues"] = tuple(
        Clue(**{**clue, "pattern": re.compile(clue["pattern"], re.IGNORECASE)}) for clue in data.get("clue", ())
    )
    values["remedies"] = tuple(
        Remedy(say=one["say"], run=tuple(one.get("run", ())), when=tuple(one.get("when", {}).items()))
        for one in data.get("remedy", ())
    )
    for name in ("clue", "remedy"):
        values.pop(name, None)
    if odd := sorted({*values} - known | {values.get("kind", "error")} - {*KINDS}):
        raise Bug(f"The error guide's entry {data.get('id')!r} has what no entry has: {', '.join(odd)}.")
    return Entry(**values)


@lru_cache(maxsize=1)
def entries() -> tuple[Entry, ...]:
    """All causes that the guide knows, in its order."""
    import tomllib

    with Path(__file__).with_name("explain.toml").open("rb") as file:
        return tuple(_read(data) for data in tomllib.load(file)["entry"])


def fill(text: str, found: Mapping[str, str]) -> str:
    """Put what a log named into a command; a name that no shell should see stays a word in capitals."""
    return _PLACEHOLDER.sub(lambda match: safe(found.get(match[1], "")) or match[1].upper(), text)


def safe(value: str) -> str:
    """The value where a learner may paste it into a shell, else nothing: logs can come from anybody."""
    value = value.rstrip(".,:;")
    return value if _SAFE.fullmatch(value) else ""
