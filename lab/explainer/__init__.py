"""Say what a real error means: its root in a log of any length, cause, way out, the lesson that teaches it.

"I do not know this one" is an answer, with what to look at next; a wrong diagnosis is worse than none. What is
known stands in the files of `causes`.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, ClassVar

from lab.errors import BadInput, UsageError
from lab.explainer import weigh
from lab.explainer.data import EngineFacts, entries
from lab.explainer.scan import PIECE, Hit, Scan, scan
from lab.explainer.scene import scene
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
    from lab.images.layers.unpack import unpacked

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
    roots = weigh.roots(weigh.weighed(found.hits or _asked(found), found, words, engine))
    causes = tuple(cause for _, cause in sorted(roots, key=lambda one: -one[1].score))
    kinds = {hit.kind for hit, _ in roots}
    over = bool(roots) and all(hit.overcome for hit, _ in roots)
    if over or (found.failed and kinds <= {"warning", "sign"}):
        return replace(read, looks=looks, noted=causes[:1], ended_well=over and not found.failed)
    if not roots:
        return replace(read, looks=looks)
    certain = len(causes) == 1 and causes[0].score >= CERTAIN
    root = Line(number=roots[0][0].number, text=roots[0][0].text)
    earlier = tuple(line for line in looks if line.number < root.number)
    return replace(read, root=root, causes=causes, certain=certain, earlier=earlier)


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
