"""Read a log of any length once, in pieces, and keep the lines that the error guide knows.

Time grows with the length, memory does not. A piece is first searched for plain words (`stems`); only a line
that has one meets patterns. A piece has its neighbourhood on both sides, so that clues before and after a line
are at hand when the line is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from lab.explainer import lines
from lab.explainer.data import Entry
from lab.explainer.lines import LOOKS_STEMS, bare, clean, consequence, looks, plain, strong

PIECE = 1 << 20
AROUND = 1 << 15  # bytes of neighbourhood on each side
REACH = 1000  # bytes of a line on each side of a stem that a pattern sees
NEAR = 500  # bytes of a neighbouring line in which a clue is looked for
BEFORE, AFTER = 60, 30  # lines in which a clue is near
ATTEMPTS = 5000  # lines that one entry may look at in vain: a hostile log is not read for ever
BUDGET = 20_000  # lines that all entries together may look at, until each has only FEW left
FEW = 60

_HEADING = re.compile(rb"#(\d{1,5}) (\[[^\n]{1,300}|DONE \d|ERROR: )")
_STEP = re.compile(r"#(\d{1,5}) ")
_DIGITS = b"0123456789"


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A line that an entry matches: its number, its text without prefixes, names found in it, lines nearby.

    `step` is the number of its build step; where that step ended well, the line is no error (`overcome`).
    """

    number: int
    text: str
    entry: Entry
    kind: str
    found: Mapping[str, str]
    near: tuple[str, ...]
    step: str = ""
    overcome: bool = False


@dataclass(kw_only=True)
class Scan:
    """What one reading of a log has found."""

    hits: list[Hit] = field(default_factory=list)
    looks: list[tuple[int, str]] = field(default_factory=list)  # lines that look like errors, the first few
    consequences: list[tuple[int, str]] = field(default_factory=list)
    head: tuple[str, ...] = ()  # the first lines
    tail: tuple[str, ...] = ()  # the last ones
    lines: int = 0
    size: int = 0

    @property
    def failed(self) -> bool:
        """Whether a line says beyond doubt that something failed."""
        texts = [text for _, text in (*self.looks, *self.consequences)]
        return any(strong(text) for text in (*texts, *map(bare, self.tail)))

    def ended_well_after(self, number: int) -> bool:
        """Whether something came to a good end after that line, and nothing is known to have failed since."""
        if any(at >= number and strong(text) for at, text in (*self.looks, *self.consequences)):
            return False
        first = self.lines - len(self.tail) + 1
        since = [bare(text) for at, text in enumerate(self.tail, first) if at > number]
        good = [at for at, text in enumerate(since) if lines.well(text)]
        return bool(good) and not any(strong(text) or consequence(text) for text in since)


def scan(source: Iterable[bytes], entries: Iterable[Entry]) -> Scan:
    """Read all of `source` (pieces of any size)."""
    reader = _Reader(entries)
    for buffer, start, end in _pieces(source, reader.out):
        reader.read(buffer, start, end)
    return reader.out


def _pieces(source: Iterable[bytes], out: Scan) -> Iterator[tuple[bytes, int, int]]:
    """(buffer, start, end): the new part, cut at a line's end, with neighbourhood before and after it."""
    before, waiting = b"", b""
    for raw in _blocks(source):
        out.size += len(raw)
        waiting += plain(raw)
        while len(waiting) > PIECE + AROUND:
            end = waiting.rfind(b"\n", PIECE // 2, PIECE) + 1 or PIECE
            out.head = out.head or _first_lines(waiting)
            yield before + waiting[: end + AROUND], len(before), len(before) + end
            before, waiting = waiting[end - AROUND : end], waiting[end:]
    buffer = before + waiting
    out.head = out.head or _first_lines(buffer)
    yield buffer, len(before), len(buffer)
    ends = buffer[-AROUND:].split(b"\n")
    out.tail = tuple(clean(line[:NEAR]) for line in ends[-BEFORE:])
    out.lines += bool(buffer) and not buffer.endswith(b"\n")


def _first_lines(buffer: bytes) -> tuple[str, ...]:
    return tuple(clean(line[:NEAR]) for line in buffer[:AROUND].split(b"\n")[:BEFORE])


def _blocks(source: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of a good size, each cut at a line's end so that no colour is cut in two."""
    held: list[bytes] = []
    size = 0
    for raw in source:
        held.append(raw)
        size += len(raw)
        if size >= PIECE:
            joined = b"".join(held)
            cut = joined.rfind(b"\n") + 1 or len(joined)
            yield joined[:cut]
            held, size = [joined[cut:]], len(joined) - cut
    yield b"".join(held)


class _Reader:
    def __init__(self, entries: Iterable[Entry]) -> None:
        self.out = Scan()
        self._attempts: dict[str, int] = {}
        self._spent = 0
        self._open: dict[str, list[Hit]] = {}  # hits of build steps whose end is not read yet
        self._counted = self._start = 0  # lines before this piece, and where it begins in its buffer
        self._done: set[str] = set()
        self._headings: dict[str, str] = {}
        self._live: dict[bytes, list[Entry | None]] = {stem: [None] for stem in LOOKS_STEMS}
        for entry in entries:
            for stem in entry.stems:
                self._live.setdefault(stem.encode(), []).append(entry)
        self._words = {stem: _words(stem) for stem in self._live}

    def read(self, buffer: bytes, start: int, end: int) -> None:
        lower = buffer.lower()
        self._counted, self._start = self.out.lines, start
        number, counted = self.out.lines, start
        for begin, (stop, wanted) in sorted(self._lines(lower, start, end).items()):
            number += buffer.count(b"\n", counted, begin)
            counted = max(counted, begin)
            self._line(buffer, begin, stop, number + 1, wanted)
        self._retire()
        self.out.lines += buffer.count(b"\n", start, end)
        for match in _HEADING.finditer(buffer, start, end):
            step = match[1].decode()
            if not match[2].startswith(b"["):
                self._ended(step, buffer, match)
            elif len(self._headings) < ATTEMPTS:
                self._headings[step] = clean(match[2])

    def _ended(self, step: str, buffer: bytes, match: re.Match[bytes]) -> None:
        """A step's end decides what its lines before it were."""
        waiting = self._open.get(step)
        if waiting:
            at = self._counted + buffer.count(b"\n", self._start, match.start()) + 1
            over = [hit for hit in waiting if hit.number < at]
            self._open[step] = [hit for hit in waiting if hit.number >= at]
            for hit in over if match[2].startswith(b"DONE") else ():
                self.out.hits[self.out.hits.index(hit)] = replace(hit, overcome=True)

    def _lines(self, lower: bytes, start: int, end: int) -> dict[int, tuple[int, list[Entry | None]]]:
        """Where lines with a stem begin: (where they end, the entries that want to see them)."""
        found: dict[int, tuple[int, list[Entry | None]]] = {}
        for stem in self._present(lower, start, end):
            last = end + len(stem) - 1
            at = lower.find(stem, start, last)
            while at >= 0:
                begin = lower.rfind(b"\n", max(0, at - REACH), at) + 1 or max(0, at - REACH)
                stop = lower.find(b"\n", at, at + REACH)
                stop = stop if stop >= 0 else min(len(lower), at + REACH)
                kept = found.setdefault(begin, (stop, []))[1]
                kept += [entry for entry in self._live[stem] if entry not in kept]
                at = lower.find(stem, stop, last)
        return found

    def _present(self, lower: bytes, start: int, end: int) -> list[bytes]:
        """The stems that may be in the piece, by the different words in it: a log says most of its words often."""
        different = b" ".join({*lower[start : end + REACH].translate(None, _DIGITS).split()})
        return [stem for stem in self._live if all(word in different for word in self._words[stem])]

    def _line(self, buffer: bytes, begin: int, stop: int, number: int, wanted: list[Entry | None]) -> None:
        text = clean(buffer[begin:stop])
        short = bare(text)
        near: tuple[str, ...] | None = None
        idle = lines.quoted(short) or lines.quoted(text)
        texts = (lines.unquoted(short), lines.unquoted(text))
        for entry in wanted:
            name = entry.id if entry else ""
            if name in self._done or self._tired(name):
                continue
            if entry is None:
                self._look(number, short)
            elif not idle and (match := _first(entry, *texts)):
                near = self._near(buffer, begin, stop, text) if near is None else near
                if _fits(entry, (short, text, *near)) and not self._passing(buffer, begin, stop, text):
                    self._keep(
                        Hit(number=number, text=short, entry=entry, kind=match[0], found=match[1], near=near), text
                    )
                else:
                    self._attempts[name] += 20  # a look around is dearer than a look at the line
                    self._spent += 20

    def _tired(self, name: str) -> bool:
        """Count one more look; whether an entry has had its share of a log that is made of its words."""
        self._attempts[name] = count = self._attempts.get(name, 0) + 1
        self._spent += 1
        return self._spent > BUDGET and count > FEW

    def _keep(self, hit: Hit, text: str) -> None:
        step = _STEP.search(text)
        hit = replace(hit, step=step[1] if step else "")
        self.out.hits.append(hit)
        self._done.add(hit.entry.id)
        if hit.step:
            self._open.setdefault(hit.step, []).append(hit)

    def _passing(self, buffer: bytes, begin: int, stop: int, text: str) -> bool:
        before, after = self._around(buffer, begin, stop)
        return lines.of_a_passing_test(text, before, after)

    def _look(self, number: int, text: str) -> None:
        if consequence(text):
            if len(self.out.consequences) < 3:
                self.out.consequences.append((number, text))
        elif looks(text):
            self.out.looks.append((number, text))
            if len(self.out.looks) == 5:
                self._done.add("")

    def _near(self, buffer: bytes, begin: int, stop: int, text: str) -> tuple[str, ...]:
        before, after = self._around(buffer, begin, stop)
        around = [*before, *after]
        if step := _STEP.search(text):
            around.insert(0, self._heading(buffer, begin, step[1]))
        return tuple(around)

    def _around(self, buffer: bytes, begin: int, stop: int) -> tuple[list[str], list[str]]:
        before = buffer[max(0, begin - AROUND) : max(0, begin - 1)].split(b"\n")[-BEFORE:]
        after = buffer[stop : stop + AROUND].split(b"\n", AFTER + 1)[1 : AFTER + 1]
        return [clean(line[:NEAR]) for line in before], [clean(line[:NEAR]) for line in after]

    def _heading(self, buffer: bytes, begin: int, step: str) -> str:
        at = buffer.rfind(f"#{step} [".encode(), 0, begin)
        if at < 0:
            return self._headings.get(step, "")
        return clean(buffer[at : at + 300].partition(b"\n")[0])

    def _retire(self) -> None:
        """An entry that has its line, or has looked in vain too often, makes the rest of the log no slower."""
        most = min(FEW, ATTEMPTS) if self._spent > BUDGET else ATTEMPTS
        self._done |= {name for name, count in self._attempts.items() if count > most}
        for stem, wanted in list(self._live.items()):
            self._live[stem] = [one for one in wanted if (one.id if one else "") not in self._done]
            if not self._live[stem]:
                del self._live[stem]


def _words(stem: bytes) -> tuple[bytes, ...]:
    """The words of a stem, the longest first, without digits, each of which a text has that has the stem."""
    return tuple(sorted(stem.translate(None, _DIGITS).split(), key=len, reverse=True))


def _first(entry: Entry, text: str, short: str) -> tuple[str, dict[str, str]] | None:
    """What kind of hit the line is, and the names found in it."""
    for kind, patterns in ((entry.kind, entry.patterns), ("warning", entry.warnings)):
        for pattern in patterns:
            if match := pattern.search(short) or pattern.search(text):
                return kind, {name: value for name, value in match.groupdict().items() if value}
    return None


def _fits(entry: Entry, around: tuple[str, ...]) -> bool:
    if any(pattern.search(line) for pattern in entry.unless for line in around):
        return False
    return not entry.requires or any(pattern.search(line) for pattern in entry.requires for line in around)
