"""Follow a build while it runs: BuildKit's plain progress, read line by line as it is printed."""

from __future__ import annotations

import re
from dataclasses import dataclass

_STEP = re.compile(r"^#(\d+) (.*)$")
_INSIDE = re.compile(r"^\d+\.\d+ ")  # `#7 0.123 text` is what a RUN prints, no news of the step itself
_ENDS = re.compile(r"^(DONE|CACHED|ERROR|CANCELED)\b")


@dataclass
class _Stage:
    name: str
    ended: str = ""


class Stages:
    """Which of a build's steps are at work. Feed it output in pieces; what is no build's leaves no trace."""

    def __init__(self) -> None:
        self._rest = ""
        self._stages: dict[str, _Stage] = {}

    def feed(self, text: str) -> None:
        """Read a piece of output; a line cut in two by the pipe waits for its end."""
        *lines, self._rest = (self._rest + text).split("\n")
        self._rest = self._rest[-2000:]
        for line in lines:
            if found := _STEP.match(line.rstrip("\r")):
                self._take(found[1], found[2])

    def _take(self, number: str, text: str) -> None:
        known = self._stages.get(number)
        if ended := _ENDS.match(text):
            if known:
                known.ended = ended[1]
        elif known is None and not _INSIDE.match(text):
            self._stages[number] = _Stage(text)

    @property
    def done(self) -> int:
        """How many steps have come to their end."""
        return sum(bool(one.ended) for one in self._stages.values())

    @property
    def total(self) -> int:
        """How many steps BuildKit has spoken of so far; more may come."""
        return len(self._stages)

    def line(self) -> str:
        """The steps at work, in one line, "" without a build: `4 of 7 build steps done · [linux/arm64 2/3] RUN make`"""
        if not self._stages:
            return ""
        working = [one.name for one in self._stages.values() if not one.ended]
        now = " · ".join(name if len(name) <= 70 else f"{name[:69]}…" for name in working[-2:])
        return " · ".join(filter(None, [f"{self.done} of {self.total} build steps done", now]))
