"""The cells that ask: `%predict STEP`, `%recap LESSON`, `%reflect LESSON`. What is asked stands under them."""

from __future__ import annotations

from lab import course
from lab.course import recall
from lab.draw import render
from lab.errors import LabError, UsageError
from lab.notebook.panel import asked, page


def predict(line: str) -> None:
    """Ask what a step will bring, before it is run."""
    try:
        step = course.step(_name(line, "%predict STEP"))
        if step.predict is None:
            raise UsageError(f"The step {step.name!r} asks for no prediction.")
        asked.predict(step)
    except LabError as error:
        page.display(render.error_bundle(error))


def recap(line: str) -> None:
    """Ask what a lesson opens with: questions on earlier lessons."""
    try:
        lesson = course.lesson(_name(line, "%recap LESSON"))
        if not (opening := recall.opening(lesson.stem)):
            raise UsageError(f"The lesson {lesson.name!r} opens with no questions.")
        asked.recap(opening)
    except LabError as error:
        page.display(render.error_bundle(error))


def reflect(line: str) -> None:
    """Ask for a lesson in one's own words, and give what they can be compared with."""
    try:
        asked.reflect(recall.frame(course.lesson(_name(line, "%reflect LESSON")).stem))
    except LabError as error:
        page.display(render.error_bundle(error))


def _name(line: str, form: str) -> str:
    words = line.split()
    if len(words) != 1:
        raise UsageError(f"One name is needed here, not {line!r}.", f"Its form is `{form}`.")
    return words[0]
