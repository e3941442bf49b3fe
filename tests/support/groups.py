"""Which tests run after one another, where several processes share the work.

A group is run by one process, in its order. What registers emulators, or wants none of them, is one group: they are the
kernel's, and so the whole machine's. It begins, since it lasts longest; on a fresh machine it waits for BuildKit, and the
quick files are run meanwhile, before all others that need an engine.
"""

from __future__ import annotations

import functools
from pathlib import Path

import pytest
from support.steps import emulates

from lab import course
from lab.course import clinic

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
    file = _file(Path(item.path))
    if file in _KERNEL or (file.startswith("engine/") and _wants_emulators(item)):
        return KERNEL
    return SITE if file in _SITE else file


def has_registry(item: pytest.Item) -> bool:
    """Does it push to a real registry? Distribution 2.8 writes small files in place, and a push that meets another fails.

    Such a push is tried once more. Others are not even asked: with several processes the question costs 40 ms a test.
    """
    return _file(Path(item.path)).startswith(("engine/", "browser/", "hub/", "cluster/"))


@functools.cache
def _file(path: Path) -> str:
    return str(path.relative_to(_HERE))


def _wants_emulators(item: pytest.Item) -> bool:
    known = getattr(getattr(item, "callspec", None), "params", {})
    name = str(known.get("name", ""))
    step = course.steps().get(name) or clinic.steps().get(name)
    lesson = course.lesson(known["lesson"]) if isinstance(known.get("lesson"), str) else None
    about = (step,) if step else lesson.steps if lesson else ()
    return "emulators" in getattr(item, "fixturenames", ()) or any(_emulated(one.name) for one in about)


@functools.cache
def _emulated(name: str) -> bool:
    """Does that step need emulators, or an earlier step that does, which is done before it?"""
    step = course.step(name)
    return emulates(step) or any(map(_emulated, step.after))


def share(items: list[pytest.Item]) -> None:
    """Give each test its group, and bring the kernel's and the quick ones to the front."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group(item)))
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    """The kernel's, then what is quick, then the place in `_LAST`."""
    name = item.get_closest_marker("xdist_group").args[0].partition("/")[0]
    return -1 if name == KERNEL else 1 + _LAST.index(name) if name in _LAST else 0
