"""Which tests run after one another, where several processes share the work.

A group is run by one process, in its order. What registers emulators, or wants none of them, is one group: they are the
kernel's, and so the whole machine's. It begins, since it lasts longest; on a fresh machine it waits for BuildKit, and the
quick files are run meanwhile, before all others that need an engine.
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
# The site is built once, for the tests of its files and of its pages.
_SITE = ("site/test_built.py", "browser/test_site.py")
KERNEL = "kernel"
SITE = "site"
_LAST = (SITE, "browser", "engine", "hub")


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
    return SITE if file in _SITE else file


def has_registry(item: pytest.Item) -> bool:
    """Does it push to a real registry? Distribution 2.8 writes small files in place, and a push that meets another fails.

    Such a push is tried once more. Others are not even asked: with several processes the question costs 40 ms a test.
    """
    return Path(item.path).relative_to(_HERE).parts[0] in ("engine", "browser", "hub", "cluster")


def _emulated(step: Step) -> bool:
    """Does it need emulators, or an earlier step that does, which is done before it?"""
    return emulates(step) or any(_emulated(course.step(name)) for name in step.after)


def share(items: list[pytest.Item]) -> None:
    """Give each test its group, and bring the kernel's and the quick ones to the front."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group(item)))
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    """The kernel's, then what is quick, then the place in `_LAST`."""
    name = item.get_closest_marker("xdist_group").args[0].partition("/")[0]
    return -1 if name == KERNEL else 1 + _LAST.index(name) if name in _LAST else 0
