"""Lessons done in `lab shell` alone: typed on a terminal, checked with `lab check`, no notebook."""

import re

import pytest
from support.nightly import SLOW, nightly
from support.stand_ins import Terminal

from lab import course
from lab.verbs import asking

FIRST = ("one-platform",)
LATER = [pytest.param(one.stem, marks=pytest.mark.slow) for one in course.lessons() if one.stem not in FIRST]


@pytest.mark.parametrize("stem", [*FIRST, *LATER])
def test_a_lesson_is_done_by_typing(learner, tmp_path, stem, request):
    """Each step by its solution, line by line as people type it; every `lab check` finds it passed."""
    if stem not in FIRST and not SLOW:
        pytest.skip("LAB_SLOW=1 runs it")
    lesson = course.lesson(stem)
    if lesson.number >= course.lesson("emulation").number:
        request.getfixturevalue("emulators")
    steps = [step for one in course.lessons() if one.number <= lesson.number for step in one.steps]
    learner.untouched(*(step.name for step in steps))
    learner.has_done(*(step.name for step in steps if step not in lesson.steps))
    terminal = Terminal(tmp_path)
    try:
        for step in lesson.steps:
            sees_what_is_next(terminal)
            terminal.types(f"pushd .; {step.solution}\npopd".replace("\n", "\r"))
            seen = terminal.types("lab check")
            assert f"✔ passed  {step.name}" in seen, terminal.screen
    finally:
        terminal.close()


def sees_what_is_next(terminal):
    """`lab next`; where it asks for a prediction, Enter goes on."""
    prompt = r"\$ $|# $"
    seen = terminal.types("lab next", f"{prompt}|{re.escape(asking.ASK.strip())} ?$")
    while not re.search(prompt, seen):
        seen = terminal.types("", f"{prompt}|{re.escape(asking.ASK.strip())} ?$")


@nightly
def test_what_an_earlier_cd_spoils_is_said(learner, tmp_path):
    """The step's own command, typed elsewhere: docker's words, and a hint and an explanation that know them."""
    step = course.step("foreign_image")
    learner.untouched(*(one.name for lesson in course.lessons()[:3] for one in lesson.steps))
    learner.has_done(*(one.name for lesson in course.lessons()[:2] for one in lesson.steps))
    terminal = Terminal(tmp_path)
    try:
        terminal.types("cd /")
        assert "First: cd " in terminal.types("lab next --brief")
        assert 'path "files/mismatch" not found' in terminal.types(step.solution)
        assert "There is no folder 'files/mismatch'" in terminal.types("lab hint")
        assert "There is no folder 'files/mismatch'" in terminal.types("lab explain --last")
    finally:
        terminal.close()
