"""`lab class check`: is the teacher's machine ready for a class, and what does the class need?

It changes nothing, and asks nobody but this machine.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lab.classroom import ask, words
from lab.classroom.facts import Room
from lab.doctor.words import STATUSES, Line, shown

_WIDTH = 12


@dataclass(frozen=True)
class Readiness:
    """What was found, and what it means for a class."""

    found: Room

    @property
    def lines(self) -> tuple[Line, ...]:
        """One for each thing."""
        return tuple(words.lines(self.found))

    @property
    def exit_status(self) -> int:
        """0 ready, 1 something to mend, 3 where something does not answer."""
        return max(STATUSES[line.state] for line in self.lines)

    def as_text(self) -> str:
        """A screen: a mark, a name, what is; beneath it what to do."""
        return "\n".join(shown(self.lines, _WIDTH))

    def to_json(self) -> dict[str, Any]:
        """The lines and what they were made of, as plain values; sizes in bytes."""
        facts = {**asdict(self.found), "box": self.found.box.to_json()}
        return {"lines": [asdict(line) for line in self.lines], "facts": facts, "exit_status": self.exit_status}


def check(*, learners: int | None = None, tour: Path, kit: Path | None = None) -> Readiness:
    """Look at this machine.

    `learners`: how many there will be; `tour`: the folder of the last `lab tour`; `kit`: a kit's file to judge, too.
    """
    return Readiness(ask.room(learners=learners, tour=tour, kit=kit))
