"""The error guide as data: what the files of `causes` say, checked as they are read and compiled once.

An entry is one cause. `stems` are lower-case words, one of which stands in every line that its `patterns` can
match: they keep the reading of a long log quick. Of `patterns` one must match a line (a match of `warnings` is
never an error, whatever the entry's `kind`); of `requires`, where there are any, one must match nearby; none of
`unless` may. `clues` then raise or lower its rank among the causes of the same line; one that they bring to zero is
not told. `asks` are a person's own words, tried on a short text only. `topic` is the lesson that teaches it, by its
name without a number, whether or not there is one already. `practise` are the clinic's cases of it, by name.
`where` are the places of the list in which people look for it (the file's name is one). `ways` name ways out that
several causes share: they stand in `ways.toml`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from lab.errors import Bug
from lab.explainer.ways import EngineFacts, Remedy, fill, safe

__all__ = ["KINDS", "Clue", "EngineFacts", "Entry", "Remedy", "entries", "fill", "lesson_on", "safe"]

# What may be the root before what. A symptom is told where no error is; a warning or a sign is never the cause of a
# failure that is not known.
KINDS = ("error", "symptom", "warning", "sign")


@dataclass(frozen=True, kw_only=True)
class Clue:
    """A second sign that speaks for a cause (`weight` above 0) or against it (below)."""

    pattern: re.Pattern[str]
    says: str
    weight: int = 2
    line: bool = False  # only on the line itself, not nearby


@dataclass(frozen=True, kw_only=True, eq=False)
class Entry:
    """One cause, as a file of `causes` has it."""

    id: str
    title: str
    cause: str
    why: str
    remedies: tuple[Remedy, ...]
    row: str = ""
    topic: str = ""
    practise: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
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

    @property
    def lesson(self) -> str:
        """The lesson of its topic, as in "04-emulation"; empty while there is none."""
        return lesson_on(self.topic)


def lesson_on(topic: str) -> str:
    """The lesson of that name without its number; "" while there is none."""
    return _lessons().get(topic, "")


@lru_cache(maxsize=1)
def _lessons() -> dict[str, str]:
    """The names of the lessons that are there, by their topics; they lie in the package, or beside it."""
    package = Path(__file__).parent.parent
    for folder in (package / "_lessons", package.parent / "lessons"):
        if names := [path.stem for path in folder.glob("[0-9][0-9]-*.ipynb")]:
            return {name.partition("-")[2]: name for name in names}
    return {}


def _patterns(texts: Any) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(text, re.IGNORECASE) for text in texts)


def _remedy(data: Mapping[str, Any]) -> Remedy:
    lists = {name: tuple(data.get(name, ())) for name in ("run", "on", "off")}
    return Remedy(**{**data, **lists, "when": tuple(data.get("when", {}).items())})


def _read(data: Mapping[str, Any], place: str = "") -> Entry:
    known = {field.name for field in fields(Entry)}
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
    for name in ("patterns", "warnings", "requires", "unless", "asks"):
        values[name] = _patterns(data.get(name, ()))
    values["where"] = tuple(dict.fromkeys(([place] if place else []) + [*data.get("where", ())]))
    values["clues"] = tuple(
        Clue(**{**clue, "pattern": re.compile(clue["pattern"], re.IGNORECASE)}) for clue in data.get("clue", ())
    )
    shared = tuple(_shared()[name] for name in data.get("ways", ()))
    values["remedies"] = (*shared, *(_remedy(one) for one in data.get("remedy", ())))
    for name in ("clue", "remedy", "ways"):
        values.pop(name, None)
    if odd := sorted({*values} - known | {values.get("kind", "error")} - {*KINDS}):
        raise Bug(f"The error guide's entry {data.get('id')!r} has what no entry has: {', '.join(odd)}.")
    return Entry(**values)


@lru_cache(maxsize=1)
def _shared() -> dict[str, Remedy]:
    """Ways out that several causes name."""
    ways = _table(Path(__file__).with_name("ways.toml"))["way"]
    return {one["name"]: _remedy({key: value for key, value in one.items() if key != "name"}) for one in ways}


@lru_cache(maxsize=1)
def entries() -> tuple[Entry, ...]:
    """All causes that the guide knows, in the order of the files and of what stands in them."""
    files = sorted(Path(__file__).with_name("causes").glob("*.toml"))
    return tuple(_read(data, path.stem) for path in files for data in _table(path)["entry"])


def _table(path: Path) -> dict[str, Any]:
    import tomllib

    with path.open("rb") as file:
        return tomllib.load(file)
