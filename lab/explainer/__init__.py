"""Say what a real error means: its root in a log of any length, cause, way out, the lesson that teaches it.

"I do not know this one" is an answer, with what to look at next; a wrong diagnosis is worse than none. What is
known stands in the files of `causes`.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, ClassVar

from lab.errors import BadInput, UsageError
from lab.explainer.data import KINDS, Clue, EngineFacts, Remedy, entries, fill
from lab.explainer.scan import PIECE, Hit, Scan, scan
from lab.explainer.scene import names, scene, spoken
from lab.explainer.shapes import Cause, Explanation, Line, Way

__all__ = [
    "Cause",
    "EngineFacts",
    "Explanation",
    "Line",
    "NoSuchFile",
    "Unreadable",
    "Way",
    "explain",
    "run",
    "run_each",
]

CERTAIN = 2  # so much must speak for the only cause that fits
_ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)
_ENDINGS = {".log", ".txt", ".out", ".err", ".gz", ".zst"}
QUESTION = 400  # characters; a text up to this length may be a person's own words


class NoSuchFile(BadInput):
    """A file that is not there. The exit status is that of `sysexits.h`, so that it is never taken for "not known"."""

    exit_status: ClassVar[int] = 66


class Unreadable(BadInput):
    """A file that is there and cannot be read: a folder, no right to it, a damaged archive."""

    exit_status: ClassVar[int] = 65


def explain(source: str | bytes | Iterable[bytes], *, engine: EngineFacts | None = None) -> Explanation:
    """What an error text or a whole log means; a file opened for bytes is read in pieces, never whole.

    Raises UsageError for a text with nothing in it.
    """
    found = scan(_pieces(source), entries())
    if not found.lines or not any(line.strip() for line in found.tail):
        raise UsageError("There is nothing to explain: the text is empty.", "Give an error's text, a log's file, or -.")
    return _explained(found, engine or EngineFacts())


def run(what: str, *, engine: EngineFacts | None = None, stdin: IO[bytes] | None = None) -> Explanation:
    """Explain a file by its name (also one of gzip or zstd), standard input for `-`, else the text itself.

    A word that ends as a log does (`.log`, `.txt`, `.gz`) and names no file is a missing file, not an error text.
    Raises UsageError for nothing and for an address, NoSuchFile and Unreadable for files.
    """
    if what == "-":
        import sys

        return explain(stdin or sys.stdin.buffer, engine=engine)
    if _ADDRESS.fullmatch(what):
        raise UsageError(f"{what!r} is an address, and nothing is fetched.", "Save it as a file, and give the file.")
    path = _path(what)
    return explain(what, engine=engine) if path is None else _file(path, what, engine)


def run_each(words: Sequence[str], *, engine: EngineFacts | None = None) -> Iterator[tuple[str, Explanation]]:
    """(name, explanation) of each file that is named; of words that are not all files, the one text that they make."""
    paths = [_path(word) for word in words]
    if len(words) > 1 and all(paths) and any(path and path.exists() for path in paths):
        yield from ((word, run(word, engine=engine)) for word in words)
    else:
        yield "", run(" ".join(words) if words else "-", engine=engine)


def _file(path: Path, what: str, engine: EngineFacts | None) -> Explanation:
    from lab.layers.unpack import unpacked

    try:
        with path.open("rb") as file:
            return explain(unpacked(file, repr(what)), engine=engine)
    except FileNotFoundError as error:
        raise NoSuchFile(*_unread(what, error)) from error
    except BadInput as error:
        raise Unreadable(error.message, error.remedy) from error
    except (OSError, ValueError) as error:  # a ValueError: no file system has such a name
        raise Unreadable(*_unread(what, error)) from error


def _unread(what: str, error: Exception) -> tuple[str, str]:
    reason = getattr(error, "strerror", None) or error
    return f"{what!r} cannot be read: {reason}.", "Give a log's file, its text, or -."


def _path(what: str) -> Path | None:
    """The file that is meant, or None where the words are an error's text."""
    if not what or len(what) > 1024 or "\n" in what or "\0" in what:
        return None
    path = Path(what)
    with contextlib.suppress(OSError, RuntimeError):  # longer than a name can be; `~` of nobody
        path = path.expanduser()
        if path.exists():
            return path
    return path if " " not in what and path.suffix.lower() in _ENDINGS else None


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
    words = scene((*found.head, *found.tail, *(line for hit in found.hits for line in (hit.text, *hit.near))))
    read = Explanation(consequence=consequence, lines=found.lines, size=found.size, scene=tuple(sorted(words)))
    weighed = _weighed_all([_settled(hit, found) for hit in found.hits] or _asked(found), found, words, engine)
    roots = _roots(weighed)
    causes = tuple(cause for _, cause in sorted(roots, key=lambda one: -one[1].score))
    kinds = {hit.kind for hit, _ in roots}
    over = bool(found.hits) and kinds <= {"warning"} and any(hit.kind == "error" for hit in found.hits)
    if over or (found.failed and kinds <= {"warning", "sign"}):
        return replace(read, looks=looks, noted=causes[:1], ended_well=over and not found.failed)
    if not roots:
        return replace(read, looks=looks)
    certain = len(causes) == 1 and causes[0].score >= CERTAIN
    root = Line(number=roots[0][0].number, text=roots[0][0].text)
    earlier = tuple(line for line in looks if line.number < root.number)
    return replace(read, root=root, causes=causes, certain=certain, earlier=earlier)


def _settled(hit: Hit, found: Scan) -> Hit:
    """An error that was overcome is only to be noted: its step, or all that came after it, ended well."""
    if hit.kind in ("error", "symptom") and (hit.overcome or found.ended_well_after(hit.number)):
        return replace(hit, kind="warning")
    return hit


def _weighed_all(hits: list[Hit], found: Scan, words: frozenset[str], engine: EngineFacts) -> list[tuple[Hit, Cause]]:
    """The hits with their causes; what the clues rule out is left out."""
    shared = names((*found.head, *found.tail, *(line for hit in hits for line in hit.near)))
    shared |= {name: value for hit in reversed(hits) for name, value in hit.found.items()}
    causes = [(hit, _weighed(hit, shared, found, words, engine)) for hit in hits]
    return [(hit, cause) for hit, cause in causes if cause.score > 0]


def _roots(weighed: list[tuple[Hit, Cause]]) -> list[tuple[Hit, Cause]]:
    """Those of the line that explains the rest: the earliest error, else the earliest symptom, warning or sign."""
    for kind in KINDS:
        of_kind = [one for one in weighed if one[0].kind == kind]
        if of_kind:
            first = min(hit.number for hit, _ in of_kind)
            return [one for one in weighed if one[0].number == first and one[0].kind == kind]
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


def _weighed(hit: Hit, shared: Mapping[str, str], scan_: Scan, words: frozenset[str], engine: EngineFacts) -> Cause:
    """One cause with the clues that the log holds for and against it, and its ways out on this engine."""
    entry, found = hit.entry, {**shared, **hit.found}
    score, said = entry.base, []
    near = (*hit.near, *scan_.head, *scan_.tail) if hit.kind in ("error", "symptom") else hit.near
    for clue in entry.clues:
        if (match := _speaks(clue, hit.text, near)) is not None:
            score += clue.weight
            found = {**{k: v for k, v in match.items() if v}, **found}
            if clue.weight > 0 and clue.says:
                said.append(clue.says)
    found.setdefault("arch", found.get("platform", "").partition("/")[2].partition("/")[0])
    found.setdefault("name", _anywhere(found.get("image", "")))
    ways = [one for one in entry.remedies if one.holds(engine) and one.fits(words)]
    decide, decide_says = next(
        ((one.decide, one.decide_says) for one in ways if one.decide), (entry.decide, entry.decide_says)
    )
    return Cause(
        id=entry.id,
        row=entry.row,
        title=entry.title,
        cause=entry.cause,
        why=entry.why,
        lesson=entry.lesson,
        clues=tuple(said),
        decide=spoken(fill(decide, found), words),
        decide_says=fill(decide_says, found),
        remedies=tuple(_way(one, found, words, engine) for one in ways),
        sources=entry.sources,
        score=score,
    )


def _way(one: Remedy, found: Mapping[str, str], words: frozenset[str], engine: EngineFacts) -> Way:
    commands = tuple(spoken(fill(command, found), words) for command in one.run)
    return Way(say=fill(one.say, found), run=commands, only=one.condition(engine))


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
