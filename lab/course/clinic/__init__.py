"""The clinic: broken things to mend. A case is a step whose scene is broken; it belongs to no lesson.

Each module here holds a case, or a few that are alike; they are found by themselves. `K01` is the first of the ward.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from pathlib import Path

from lab.course.clinic._case import Case, Symptom
from lab.course.recall import Frame
from lab.model.steps import Step

__all__ = ["QUESTION", "Case", "Symptom", "cases", "frame", "named", "steps"]

QUESTION = "Which one fact decided it: what did you look at, and what did it say?"


@functools.cache
def cases() -> tuple[Case, ...]:
    """All cases, in the order of their numbers."""
    names = [one.name for one in pkgutil.iter_modules([str(Path(__file__).parent)]) if not one.name.startswith("_")]
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    found = [value for module in modules for value in vars(module).values() if isinstance(value, Case)]
    return tuple(sorted(found, key=lambda one: one.number))


def named(name: str) -> Case | None:
    """The case of that name or number (`house`, `K01`, `K01-house`, `k1`); None where there is none."""
    wanted = name.lower().removesuffix(".ipynb").replace("_", "-")
    for one in cases():
        if wanted in (one.name, one.code.lower(), f"{one.code.lower()}-{one.name}", f"k{one.number}"):
            return one
    return None


@functools.cache
def steps() -> dict[str, Step]:
    """The steps of the cases by name, in the order of the ward."""
    return {one.name: one.step for one in cases()}


def frame(case: Case, seed: int) -> Frame:
    """What is asked after a case, and one way to say it: as the cause is for the learner with that number."""
    return Frame(lesson=case.name, goals=(), explain=QUESTION, model=case.fact(seed), points=case.points)
