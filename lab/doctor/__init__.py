"""`lab doctor`: this machine in about ten lines, what to do where something is off, and what it can build.

The learner's sandbox where one is up, else (or with `own`) the learner's own Docker. It changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, is_dataclass
from typing import Any

from lab.doctor.ask import checkup
from lab.doctor.can import abilities, sentence, sentences, several
from lab.doctor.facts import Checkup, Trouble
from lab.doctor.words import STATUSES, Line, lines, shown
from lab.model.platforms import Platform

_WIDTH = 12


@dataclass(frozen=True)
class Diagnosis:
    """What was found, and what it means."""

    found: Checkup

    @property
    def lines(self) -> tuple[Line, ...]:
        """One for each thing of the machine."""
        return tuple(lines(self.found))

    @property
    def exit_status(self) -> int:
        """0 fine, 1 something to mend, 3 where something does not answer."""
        return max(STATUSES[line.state] for line in self.lines)

    def as_text(self) -> str:
        """A screen: a mark, a name, what is; beneath it what helps; then what can be built."""
        return "\n".join([*shown(self.lines, _WIDTH), "", *self._builds()])

    def _builds(self) -> Iterator[str]:
        able = abilities(self.found)
        if not able:
            yield "Without an engine and a builder, there is no telling what can be built."
            return
        yield "What can be built here:"
        for platforms, words, remedy in sentences(able):
            yield f"  {', '.join(map(str, platforms))}: {words}"
            if remedy:
                yield f"    → {remedy}"
        if together := several(self.found):
            yield f"  several platforms in one build: {together[1]}"
            if together[2]:
                yield f"    → {together[2]}"

    def to_json(self) -> dict[str, Any]:
        """The facts, the lines and the abilities, as plain values; platforms as they are written, sizes in bytes."""
        can = [
            {"platform": str(one.platform), "run": one.way, "builder": one.builder, "better": one.better}
            | {"text": sentence(one), "remedy": one.remedy.format(names=one.platform.architecture)}
            for one in abilities(self.found)
        ]
        together = several(self.found)
        return {
            "lines": [asdict(line) for line in self.lines],
            "can": can,
            "several": together and together[0],
            "facts": {name: plain(value) for name, value in vars(self.found).items()},
            "exit_status": self.exit_status,
        }


def diagnose(*, own: bool = False, online: bool = False) -> Diagnosis:
    """Look at this machine. `own`: the learner's own Docker though a sandbox is up; `online`: ask Docker Hub too.

    Raises nothing for what is down: that is what it tells.
    """
    return Diagnosis(checkup(own=own, online=online))


def plain(value: Any) -> Any:
    """A fact as JSON takes it; evidence is left out."""
    if isinstance(value, Platform):
        return str(value)
    if isinstance(value, Trouble):
        return {"trouble": value.message, "remedy": value.remedy}
    if is_dataclass(value):
        return {name: plain(one) for name, one in vars(value).items() if name != "evidence"}
    if isinstance(value, frozenset):
        return sorted(map(plain, value))
    return [plain(one) for one in value] if isinstance(value, tuple) else value
