"""Say what a real error means: its root in a log of any length, cause, way out, the lesson that teaches it.

"I do not know this one" is an answer, with what to look at next; a wrong diagnosis is worse than none. What is
known stands in `explain.toml`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from lab.errors import BadInput, UsageError
from lab.explainer.data import Clue, EngineFacts, Entry, entries, fill
from lab.explainer.scan import PIECE, Hit, Scan, scan
from lab.explainer.shapes import Cause, Explanation, Line, Way

__all__ = ["Cause", "EngineFacts", "Explanation", "Line", "Way", "explain", "run"]

CERTAIN = 2  # by so much the first cause must lead the second
QUESTION = 400  # characters; a text up to this length may be a person's own words


def explain(source: str | bytes | Iterable[bytes], *, engine: EngineFacts | None = None) -> Explanation:
    """What an error text or a whole log means; a file opened for bytes is read in pieces, never whole.

    Raises UsageError for a text with nothing in it.
    """
    found = scan(_pieces(source), entries())
    if not found.lines or not any(line.strip() for line in found.tail):
        raise UsageError("There is nothing to explain: the text is empty.", "Give an error's text, a log's file, or -.")
    return _explained(found, engine or EngineFacts())


def run(what: str, *, engine: EngineFacts | None = None, stdin: IO[bytes] | None = None) -> Explanation:
    """Explain a file by its name, standard input for `-`, else the text itself.

    A word that ends as a log does (`.log`, `.txt`) and names no file is bad input, not an error text.
    """
    if what == "-":
        import sys

        return explain(stdin or sys.stdin.buffer, engine=engine)
    path = _path(what)
    if path is None:
        return explain(what, engine=engine)
    try:
        with path.open("rb") as file:
            return explain(file, engine=engine)
    except (OSError, ValueError) as error:  # a ValueError: no file system has such a name
        reason = getattr(error, "strerror", None) or error
        raise BadInput(f"{what!r} cannot be read: {reason}.", "Give a log's file, its text, or -.") from error


def _path(what: str) -> Path | None:
    """The file that is meant, or None where the words are an error's text."""
    if not what or len(what) > 1024 or "\n" in what or "\0" in what:
        return None
    path = Path(what)
    with contextlib.suppress(OSError, RuntimeError):  # longer than a name can be; `~` of nobody
        path = path.expanduser()
        if path.exists():
            return path
    return path if " " not in what and path.suffix.lower() in {".log", ".txt", ".out", ".err"} else None


def _pieces(source: str | bytes | Iterable[bytes]) -> Iterable[bytes]:
    if isinstance(source, str):
        return (source.encode("utf-8", "replace"),)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return (bytes(source),)
    read = getattr(source, "read", None)
    return _blocks(read) if read else source


def _blocks(read: Any) -> Iterator[bytes]:
    while block := read(PIECE):
        yield block if isinstance(block, bytes) else block.encode("utf-8", "replace")


def _explained(found: Scan, engine: EngineFacts) -> Explanation:
    looks = tuple(Line(number=number, text=text) for number, text in found.looks)
    consequence = next((Line(number=n, text=t) for n, t in found.consequences), None)
    read = Explanation(consequence=consequence, lines=found.lines, size=found.size)
    hits = _roots(found.hits) or _asked(found)
    causes = _ranked(hits, found, engine)
    if not hits:
        return replace(read, looks=looks)
    if found.failed and all(hit.kind != "error" for hit in hits):
        return replace(read, looks=looks, noted=causes[:1])
    certain = causes[0].score >= CERTAIN and all(causes[0].score - one.score >= CERTAIN for one in causes[1:])
    root = Line(number=hits[0].number, text=hits[0].text)
    earlier = tuple(line for line in looks if line.number < root.number)
    return replace(read, root=root, causes=causes, certain=certain, earlier=earlier)


def _ranked(hits: list[Hit], found: Scan, engine: EngineFacts) -> tuple[Cause, ...]:
    """The causes of one line, the likeliest first; those that the clues rule out are left out."""
    shared = {name: value for hit in reversed(hits) for name, value in hit.found.items()}
    causes = sorted((_weighed(hit, shared, found.tail, engine) for hit in hits), key=lambda cause: -cause.score)
    return tuple(cause for cause in causes if cause.score > 0) or tuple(causes[:1])


def _roots(hits: list[Hit]) -> list[Hit]:
    """The hits of the line that explains the rest: the earliest error, else the earliest warning, else a sign."""
    for kind in ("error", "warning", "sign"):
        of_kind = [hit for hit in hits if hit.kind == kind]
        if of_kind:
            first = min(hit.number for hit in of_kind)
            return [hit for hit in hits if hit.number == first]
    return []


def _asked(found: Scan) -> list[Hit]:
    """Causes that a person's own words name; only a short text can be that."""
    text = " ".join(line.strip() for line in found.tail).strip()
    if found.size > QUESTION or found.lines > 4:
        return []
    return [
        Hit(number=1, text=text, entry=entry, kind="error", found={}, near=())
        for entry in entries()
        if any(pattern.search(text) for pattern in entry.asks)
        and not any(pattern.search(text) for pattern in entry.unless)
    ]


def _weighed(hit: Hit, shared: Mapping[str, str], tail: tuple[str, ...], engine: EngineFacts) -> Cause:
    """One cause with the clues that the log holds for and against it, and its ways out on this engine."""
    entry, names = hit.entry, {**shared, **hit.found}
    score, said = entry.base, []
    near = (*hit.near, *tail) if hit.kind == "error" else hit.near
    for clue in entry.clues:
        if (match := _speaks(clue, hit.text, near)) is not None:
            score += clue.weight
            names = {**{k: v for k, v in match.items() if v}, **names}
            if clue.weight > 0:
                said.append(clue.says)
    names.setdefault("arch", names.get("platform", "").partition("/")[2].partition("/")[0])
    names.setdefault("name", _anywhere(names.get("image", "")))
    return Cause(
        id=entry.id,
        row=entry.row,
        title=entry.title,
        cause=entry.cause,
        why=entry.why,
        lesson=entry.lesson,
        clues=tuple(said),
        decide=fill(entry.decide, names),
        decide_says=fill(entry.decide_says, names),
        remedies=_ways(entry, names, engine),
        sources=entry.sources,
        score=score,
    )


def _anywhere(image: str) -> str:
    """What an image is called wherever it is pushed: its name and tag, without registry and digest."""
    first, slash, rest = image.partition("@")[0].partition("/")
    return rest if slash and (first == "localhost" or {".", ":"} & {*first}) else first + slash + rest


def _speaks(clue: Clue, text: str, near: tuple[str, ...]) -> dict[str, str] | None:
    """The names that a clue finds; None where it is not there."""
    for line in (text,) if clue.line else (text, *near):
        if match := clue.pattern.search(line):
            return match.groupdict()
    return None


def _ways(entry: Entry, names: dict[str, str], engine: EngineFacts) -> tuple[Way, ...]:
    return tuple(
        Way(
            say=fill(one.say, names),
            run=tuple(fill(command, names) for command in one.run),
            only=one.condition(engine),
        )
        for one in entry.remedies
        if one.holds(engine)
    )
