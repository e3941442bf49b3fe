"""Reading BuildKit's events: lines to reports, reports to one account of each step, a step's name to its parts."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from lab.errors import BadInput
from lab.model.platforms import Platform

_NAME = 2000
_LOG = 64_000
_KEYS = frozenset(("vertexes", "statuses", "logs", "warnings"))
_STEP = re.compile(r"[0-9]+/[0-9]+\Z")
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_RULE = re.compile(r"([A-Z][A-Za-z]+): ")


@dataclass
class Draft:
    """A vertex while its reports come in: later ones add to earlier ones, each start opens a new span."""

    digest: str
    name: str = ""
    spans: dict[datetime, datetime | None] = field(default_factory=dict)
    cached: bool = False
    error: str = ""
    log: bytearray = field(default_factory=bytearray)

    @property
    def times(self) -> list[datetime]:
        """All the moments at which it began or ended."""
        return [moment for span in self.spans.items() for moment in span if moment]

    def parts(self, first: datetime) -> dict[str, Any]:
        """The fields of a `Vertex`; times are seconds since `first`."""
        spans = [
            ((start - first).total_seconds(), None if end is None else (end - first).total_seconds())
            for start, end in sorted(self.spans.items(), key=lambda span: span[0])
        ]
        ends = [end for _, end in spans]
        lines = _ANSI.sub("", self.log.decode("utf-8", "replace")).splitlines()
        done = [end for end in ends if end is not None]
        return {
            "digest": clean(self.digest),
            "started": spans[0][0] if spans else None,
            "completed": max(done) if spans and len(done) == len(ends) else None,
            "seconds": sum((max(0.0, end - start) for start, end in spans if end is not None), 0.0),
            "cached": self.cached,
            "error": clean(self.error[:_NAME]),
            "log": tuple(clean(line) for line in lines),
            **named(clean(self.name[:_NAME])),
        }


def events(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each event with the number of its line; other lines, and half a one at the end, are left out."""
    for number, document in _documents(text):
        try:
            data = json.loads(document)
        except (ValueError, RecursionError):
            continue
        if isinstance(data, dict) and _KEYS & data.keys():
            yield number, data


def _documents(text: str) -> Iterator[tuple[int, str]]:
    """What may be an event: a line, or (before buildx 0.14) the lines from a lone `{` to a lone `}` at the margin."""
    opened = 0
    lines: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        if line == "{":
            opened, lines = number, []
        elif line.startswith("{"):
            opened = 0
            yield number, line
        if opened:
            lines.append(line)
            if line == "}":
                yield opened, "\n".join(lines)
                opened = 0


def take(drafts: dict[str, Draft], event: dict[str, Any]) -> None:
    """Add what one event reports. Raises what Python does where it is not of BuildKit's form."""
    for data in event.get("vertexes") or ():
        draft = drafts.setdefault(_string(data["digest"]), Draft(data["digest"]))
        draft.name = _string(data.get("name") or draft.name)
        draft.cached = draft.cached or data.get("cached") is True
        draft.error = _string(data.get("error") or draft.error)
        if data.get("started"):
            start = _time(data["started"])
            end = _time(data["completed"]) if data.get("completed") else draft.spans.get(start)
            draft.spans[start] = end
    for data in event.get("logs") or ():
        if draft := drafts.get(_string(data["vertex"])):  # type: ignore[assignment]
            room = max(0, _LOG - len(draft.log))
            draft.log += base64.b64decode(data.get("data") or "", validate=True)[:room]


def warned(event: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The fields of a `Warned` for each warning of one event. Raises what Python does where it is not of that form."""
    for data in event.get("warnings") or ():
        text = clean(base64.b64decode(data.get("short") or "", validate=True).decode("utf-8", "replace")[:_NAME])
        found = _RULE.match(text)
        ranges = data.get("range") or ()
        line = ranges[0].get("start", {}).get("line", 0) if ranges else 0
        yield {"rule": found[1] if found else "", "text": text, "line": line if isinstance(line, int) else 0}


def last_error(text: str) -> str:
    """What buildx says of a build that failed, in its last line that begins with `ERROR: `; "" where none does."""
    said = [line for line in text.splitlines() if line.startswith("ERROR: ")]
    return clean(said[-1].removeprefix("ERROR: ")[:_NAME]) if said else ""


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _time(text: Any) -> datetime:
    found = datetime.fromisoformat(_string(text))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def named(name: str) -> dict[str, Any]:
    """What a step's name says: `[linux/amd64->arm64 build 3/4] RUN …`."""
    inside, bracket, rest = name[1:].partition("] ") if name.startswith("[") else ("", "", "")
    if not bracket:
        kind = "export" if name.startswith(("exporting", "pushing", "merging")) else "other"
        return {"name": name, "kind": kind, "text": name}
    words = inside.split()
    step = words.pop() if words and _STEP.match(words[-1]) else ""
    found = [(word, pair) for word in words if (pair := _pair(word))]
    platform, target = found[0][1] if found else (None, None)
    others = [word for word in words if not found or word != found[0][0]]
    kind = (rest.partition(" ")[0].lower() or "other") if step else "internal"
    return {
        "name": name,
        "platform": platform,
        "target": target,
        "stage": others[-1] if others and step else "",
        "step": step,
        "kind": kind,
        "text": rest,
    }


def _pair(word: str) -> tuple[Platform, Platform] | None:
    """`linux/amd64`, or `linux/amd64->arm64` (of the same system) and `linux/amd64->windows/amd64`."""
    first, arrow, second = word.partition("->")
    platform = _platform(first)
    if platform is None:
        return None
    target = _platform(second) or _platform(f"{platform.os}/{second}") if arrow else platform
    return platform, target or platform


def _platform(word: str) -> Platform | None:
    plain = re.sub(r"\([^)]*\)", "", word)  # windows(10.0.20348.0)/amd64
    if "/" not in plain or _STEP.match(plain):
        return None
    try:
        found = Platform.parse(plain)
    except BadInput:
        return None
    return found if found.is_known or found.os in ("linux", "windows") else None


def clean(text: str) -> str:
    """`text` in one line, with nothing in it that could steer a terminal or break a document."""
    return "".join(c if c.isprintable() else " " for c in text.replace("\t", " "))
