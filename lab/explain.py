"""Say what a real error means: its root in a log of any length, cause, way out, the lesson that teaches it.

"I do not know this one" is an answer, with what to look at next; a wrong diagnosis is worse than none. What is
known stands in `explain.toml`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import IO, Any

from lab.errors import BadInput, UsageError
from lab.explain_data import Clue, EngineFacts, Entry, entries, fill
from lab.explain_scan import BEFORE, PIECE, Hit, Scan, scan

__all__ = ["Cause", "EngineFacts", "Explanation", "Line", "Way", "explain", "run"]

MIME = "application/vnd.lab.explanation+json"
CERTAIN = 2  # by so much the first cause must lead the second
QUESTION = 400  # characters; a text up to this length may be a person's own words


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of the log: number from 1, text without what CI and BuildKit write before it."""

    number: int
    text: str


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way out; `only` says on which engines it holds, where that is not known of this one."""

    say: str
    run: tuple[str, ...] = ()
    only: str = ""


@dataclass(frozen=True, kw_only=True)
class Cause:
    """One cause that fits, with the clues that speak for it and the command that decides."""

    id: str
    row: str
    title: str
    cause: str
    why: str
    lesson: str
    clues: tuple[str, ...] = ()
    decide: str = ""
    decide_says: str = ""
    remedies: tuple[Way, ...] = ()
    sources: tuple[str, ...] = ()
    score: int = 0


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """What a text means. Without `causes`, the text is not known, and `looks` are the lines to look at first.

    `root` is the line that explains the rest. `earlier` are lines before it that look like errors too and are
    not known. `consequence` is a line that only says that a command failed. `lines` and `size` (bytes) are
    what was read.
    """

    root: Line | None = None
    causes: tuple[Cause, ...] = ()
    certain: bool = False
    earlier: tuple[Line, ...] = ()
    looks: tuple[Line, ...] = ()
    consequence: Line | None = None
    lines: int = 0
    size: int = 0

    @property
    def known(self) -> bool:
        """Whether the guide knows this error."""
        return bool(self.causes)

    @property
    def exit_status(self) -> int:
        """0 known, 1 not known."""
        return 0 if self.known else 1

    @property
    def remedies(self) -> tuple[Way, ...]:
        """The ways out of the first cause."""
        return self.causes[0].remedies if self.causes else ()

    @property
    def lesson(self) -> str:
        """The lesson that teaches the first cause, as in "04-emulation"; empty where none does."""
        return self.causes[0].lesson if self.causes else ""

    @property
    def sources(self) -> tuple[str, ...]:
        """Public threads in which the first cause was met."""
        return self.causes[0].sources if self.causes else ()

    def to_json(self) -> dict[str, Any]:
        """A plain table that `from_json` reads back."""
        return {"exit_status": self.exit_status, **asdict(self)}

    @classmethod
    def from_json(cls, data: Any) -> Explanation:
        """Read what `to_json` wrote; BadInput for anything else."""
        try:
            values = {field.name: data[field.name] for field in fields(cls) if field.name in data}
            for name in ("root", "consequence"):
                values[name] = Line(**values[name]) if values.get(name) else None
            for name in ("earlier", "looks"):
                values[name] = tuple(Line(**line) for line in values.get(name, ()))
            values["causes"] = tuple(_cause(one) for one in values.get("causes", ()))
            return cls(**values)
        except (KeyError, TypeError, AttributeError) as error:
            raise BadInput(f"This is no explanation: {type(error).__name__}: {error}.") from error

    def as_text(self) -> str:
        """For a terminal."""
        from lab.explain_views import as_text

        return as_text(self)

    def as_html(self) -> str:
        """For a notebook or a page: small, escaped, without script."""
        from lab.explain_views import as_html

        return as_html(self)

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        return {MIME: self.to_json(), "text/html": self.as_html(), "text/plain": self.as_text()}


def _cause(data: Any) -> Cause:
    lists = {name: tuple(data.get(name, ())) for name in ("clues", "sources")}
    ways = tuple(Way(**{**way, "run": tuple(way.get("run", ()))}) for way in data.get("remedies", ()))
    return Cause(**{**data, **lists, "remedies": ways})


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

    A name in one word that looks like a path and is not there is NotThere-like bad input, not an error text.
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
    except OSError as error:
        raise BadInput(
            f"{what!r} cannot be read: {error.strerror or error}.", "Give a log's file, its text, or -."
        ) from error


def _path(what: str) -> Path | None:
    """The file that is meant, or None where the words are an error's text."""
    if not what or len(what) > 1024 or "\n" in what or "\0" in what:
        return None
    path = Path(what).expanduser()
    try:
        there = path.exists()
    except OSError:
        there = False
    looks_like_one = " " not in what and path.suffix.lower() in {".log", ".txt", ".out", ".err"}
    return path if there or looks_like_one else None


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
    hits = _roots(found.hits) or _asked(found)
    if not hits:
        return Explanation(looks=looks, consequence=consequence, lines=found.lines, size=found.size)
    root = Line(number=hits[0].number, text=hits[0].text)
    causes = sorted((_weighed(hit, found.tail, engine) for hit in hits), key=lambda cause: -cause.score)
    causes = [cause for cause in causes if cause.score > 0] or causes[:1]
    certain = len(causes) == 1 or causes[0].score - causes[1].score >= CERTAIN
    return Explanation(
        root=root,
        causes=tuple(causes),
        certain=certain and causes[0].score > 0,
        earlier=tuple(line for line in looks if line.number < root.number),
        consequence=consequence,
        lines=found.lines,
        size=found.size,
    )


def _roots(hits: list[Hit]) -> list[Hit]:
    """The hits of the line that explains the rest: the earliest error, else the earliest warning, else a sign."""
    for kind in ("error", "warning", "sign"):
        of_kind = [hit for hit in hits if hit.entry.kind == kind]
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
        Hit(number=1, text=text, entry=entry, found={}, near=())
        for entry in entries()
        if any(pattern.search(text) for pattern in entry.asks)
        and not any(pattern.search(text) for pattern in entry.unless)
    ]


def _weighed(hit: Hit, tail: tuple[str, ...], engine: EngineFacts) -> Cause:
    """One cause with the clues that the log holds for and against it, and its ways out on this engine."""
    entry, names = hit.entry, dict(hit.found)
    score, said = entry.base, []
    near = (*hit.near, *tail[-BEFORE:]) if entry.kind == "error" else hit.near
    for clue in entry.clues:
        if (match := _speaks(clue, hit.text, near)) is not None:
            score += clue.weight
            names = {**{k: v for k, v in match.items() if v}, **names}
            if clue.weight > 0:
                said.append(clue.says)
    names.setdefault("arch", names.get("platform", "").partition("/")[2].partition("/")[0])
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
