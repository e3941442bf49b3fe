"""Which tests run after one another, where several processes share the work.

A group is run by one process, in its order. What registers emulators, or wants none of them, is one group: they are the
kernel's, and so the whole machine's. It begins first, since it lasts longest; the many quick files fill what is left.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from support.steps import emulates

from lab import course
from lab.course import clinic
from lab.model.steps import Step

_HERE = Path(__file__).parent.parent
_KERNEL = (
    "engine/test_builder_lessons.py",
    "engine/test_clinic_elsewhere.py",
    "engine/test_doctor.py",
    "engine/test_explain_real.py",
    "engine/test_learner_shell.py",
    "engine/test_offline.py",
    "engine/test_own_engine.py",
    "engine/test_sandbox.py",
    "engine/test_versions.py",
)
KERNEL = "kernel"
_FIRST = (KERNEL, "engine", "browser")


def group(item: pytest.Item) -> str:
    """The name of a test's group: `kernel`, or its file."""
    file = str(Path(item.path).relative_to(_HERE))
    known = getattr(getattr(item, "callspec", None), "params", {})
    steps = course.steps()
    name = str(known.get("name", ""))
    step = steps.get(name) or clinic.steps().get(name)
    lesson = course.lesson(known["lesson"]) if isinstance(known.get("lesson"), str) else None
    about = (step,) if step else lesson.steps if lesson else ()
    emulated = "emulators" in getattr(item, "fixturenames", ()) or any(map(_emulated, about))
    if file in _KERNEL or (file.startswith("engine/") and emulated):
        return KERNEL
    return file


def _emulated(step: Step) -> bool:
    """Does it need emulators, or an earlier step that does, which is done before it?"""
    return emulates(step) or any(_emulated(course.step(name)) for name in step.after)


def share(items: list[pytest.Item]) -> None:
    """Give each test its group, and bring the longest groups to the front."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group(item)))
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    name = item.get_closest_marker("xdist_group").args[0]
    return next((rank for rank, one in enumerate(_FIRST) if name.startswith(one)), len(_FIRST))
