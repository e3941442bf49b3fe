"""The first lessons, done in `lab shell` alone: typed on a terminal, checked with `lab check`, no notebook."""

import pytest
from pretend import Terminal

from lab import course

LESSONS = ("machine", "one-platform", "mismatch")


@pytest.mark.parametrize("stem", LESSONS)
def test_a_lesson_is_done_by_typing(learner, tmp_path, stem):
    """Each step by its solution, line by line as people type it; every `lab check` finds it passed."""
    lesson = course.lesson(stem)
    steps = [step for one in course.lessons() if one.number <= lesson.number for step in one.steps]
    learner.untouched(*(step.name for step in steps))
    learner.has_done(*(step.name for step in steps if step not in lesson.steps))
    terminal = Terminal(tmp_path)
    try:
        for step in lesson.steps:
            terminal.types("lab next")
            terminal.types(f"pushd .; {step.solution}\npopd".replace("\n", "\r"))
            seen = terminal.types("lab check")
            assert f"✔ passed  {step.name}" in seen, terminal.screen
    finally:
        terminal.close()
