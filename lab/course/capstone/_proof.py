"""One of the nine things that have to be proven: a step that belongs to no lesson, with a number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from lab.course import CAPSTONE
from lab.course.capstone._laid import scene
from lab.model.steps import Step

NEEDED = 5  # P1 to P5 are a pass


@dataclass(frozen=True, kw_only=True)
class Required:
    """One of P1 to P9. `about` is what `lab capstone` says of it."""

    number: int
    about: str
    step: Step

    @property
    def code(self) -> str:
        """As people call it: `P1`."""
        return f"P{self.number}"

    @property
    def name(self) -> str:
        """Its step's name."""
        return self.step.name


def required(number: int, about: str) -> Callable[[Step], Required]:
    """Make one of a step: all of them have the same scene. What it lays out goes when all nine are reset."""

    def make(step: Step) -> Required:
        own = replace(step, lesson=CAPSTONE, exercise=True, prepare=scene)
        return Required(number=number, about=about, step=own)

    return make
