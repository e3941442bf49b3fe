"""A case of the clinic: a step, and what the ward says of it: what hurts, how it shows, what is asked afterwards."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lab.course import WARD
from lab.course._seeded import shuffled
from lab.course._text import uname
from lab.model.platforms import Platform
from lab.model.steps import Step
from lab.model.world import World

FOLDER = "files/clinic"
_OTHER = "@OTHER@"


@dataclass(frozen=True)
class Symptom:
    """How a case shows: a script that a person would run, and what it prints (a regular expression) while it is broken.

    `@OTHER@` stands there for what a program of the other common platform answers. `story` is what a colleague says.
    """

    story: str
    script: str
    sign: str

    def shows(self, output: str, other: Platform) -> bool:
        """Is that what it prints while it is broken, on a machine whose other common platform is this one?"""
        answers = f"(?:{uname(other)}|hello from {other.architecture})"
        return bool(re.search(self.sign.replace(_OTHER, answers), output))


@dataclass(frozen=True, kw_only=True)
class Case:
    """One case. `hurts` is what the ward says: never the cause. `entry` is the error guide's own of it.

    `lessons` (stems) are those that it draws on. `causes` are what may be behind the symptom, by name, each with the
    one fact that decides it; which of them it is follows from the learner's number, and `turn` keeps cases that share
    causes apart. `points` is what a good answer afterwards has in it.
    """

    number: int
    step: Step
    hurts: str
    minutes: int
    entry: str
    lessons: tuple[str, ...]
    symptom: Symptom
    causes: Mapping[str, str]
    points: tuple[str, ...]
    purpose: str
    turn: int = 0

    @property
    def name(self) -> str:
        """Its step's name."""
        return self.step.name

    @property
    def code(self) -> str:
        """Its number as the ward has it: `K01`."""
        return f"K{self.number:02}"

    @property
    def notebook(self) -> str:
        """Its notebook's place in the lessons."""
        return f"{WARD}/{self.code}-{self.name}.ipynb"

    def fact(self, seed: int) -> str:
        """What decides it, for the learner with that number."""
        return self.causes[picked(nowhere(seed), self.purpose, tuple(self.causes), self.turn)]


def picked(world: World, purpose: str, causes: Sequence[str], turn: int = 0) -> str:
    """The cause behind a case: this learner's own. Cases of one purpose and different turns have different ones."""
    return shuffled(world, f"clinic:{purpose}", causes)[turn]


def nowhere(seed: int) -> World:
    """A world with nothing in it but the learner's number."""
    return World(env={}, registry="", workspace=Path(), home=Path(), seed=seed)


def case(  # noqa: PLR0913 - a case is declared once, by name
    *,
    number: int,
    hurts: str,
    minutes: int,
    entry: str,
    lessons: Sequence[str],
    symptom: Symptom,
    causes: Mapping[str, str] | str,
    points: Sequence[str],
    purpose: str = "",
    turn: int = 0,
) -> Callable[[Step], Case]:
    """Make a case of a step."""

    def make(step: Step) -> Case:
        return Case(
            number=number,
            step=replace(step, lesson=WARD, repair=True, exercise=True),
            hurts=hurts,
            minutes=minutes,
            entry=entry,
            lessons=tuple(lessons),
            symptom=symptom,
            causes={"": causes} if isinstance(causes, str) else causes,
            points=tuple(points),
            purpose=purpose or step.name,
            turn=turn,
        )

    return make
