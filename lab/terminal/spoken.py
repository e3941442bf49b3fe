"""Who printed what: hears the marks that `marks` writes, and tells the lab's own words from a command's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

# S, E: a command line begins, ends (bash says so). L, M: a verb of the lab does.
_MARK = re.compile(rb"\x1b\]7117;([SELM]);([^\x07]*)\x07")
_BEGINNING = b"\x1b]7117;"
Part = tuple[str, str]  # whose words these are (verbs of the lab, "" for none), and the words


@dataclass(frozen=True)
class Mark:
    """A mark that was heard: its kind (S, E, L or M) and its words."""

    kind: str
    words: str


class Reader:
    """Tells words and marks apart, wherever the pieces are cut."""

    def __init__(self) -> None:
        self.rest = b""

    def feed(self, piece: bytes) -> Iterator[bytes | Mark]:
        """Words and marks in their order; what may still become a mark waits for the next piece."""
        data, self.rest = self.rest + piece, b""
        at = 0
        for mark in _MARK.finditer(data):
            if mark.start() > at:
                yield data[at : mark.start()]
            at = mark.end()
            yield Mark(mark[1].decode(), mark[2].decode("ascii", "replace"))
        tail = data[at:]
        cut = _half_mark(tail)
        self.rest = tail[cut:]
        if cut:
            yield tail[:cut]


def _half_mark(data: bytes) -> int:
    """Where a mark begins that is not all here yet; the length of `data` where none does."""
    at = data.rfind(b"\x1b")
    if at < 0:
        return len(data)
    tail = data[at:]
    return at if _BEGINNING.startswith(tail) or tail.startswith(_BEGINNING) else len(data)


@dataclass
class Spoken:
    """One command's output, told apart by who printed it.

    What the lab prints into another program comes out of that one, at no time that could be known: from then on, all
    words up to the end of the command count as the lab's.
    """

    limit: int
    parts: list[tuple[str, bytearray]] = field(default_factory=list)
    last: tuple[str, str] = ("", "")  # the verb that ended last, and its exit status
    _at_work: dict[str, tuple[str, bool]] = field(default_factory=dict)
    _piped: set[str] = field(default_factory=set)

    def hear(self, what: bytes | Mark) -> None:
        """Take words, or a mark that a verb begins or ends."""
        if isinstance(what, bytes):
            self._take(what)
            return
        process, _, words = what.words.partition(";")
        if what.kind == "L":
            verb, _, how = words.partition(";")
            self._at_work[process] = (verb, how == "piped")
            if how == "piped":
                self._piped.add(verb)
        elif what.kind == "M" and process in self._at_work:
            self.last = (self._at_work.pop(process)[0], words)

    @property
    def running(self) -> str:
        """The verb of the lab that is at work, or ""."""
        return next((verb for verb, _ in reversed(self._at_work.values())), "")

    def _take(self, data: bytes) -> None:
        direct = [verb for verb, piped in self._at_work.values() if not piped]
        whose = direct[-1] if direct else " ".join(sorted(self._piped))
        if not self.parts or self.parts[-1][0] != whose:
            self.parts.append((whose, bytearray()))
        self.parts[-1][1].extend(data[: self.limit])
        self.limit -= min(len(data), self.limit)


def kept(parts: tuple[Part, ...], verbs: frozenset[str]) -> str:
    """The words of these parts that are nobody's, or those of the given verbs alone."""
    return "".join(words for whose, words in parts if set(whose.split()) <= verbs)
