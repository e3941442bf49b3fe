"""The cells that ask: `%predict STEP`, `%recap LESSON`, `%reflect LESSON`; and `%case CASE`, which shows what hurts.

What is asked stands under them.
"""

from __future__ import annotations

import sys

from lab import course, paths
from lab.course import clinic, recall
from lab.draw import render
from lab.errors import LabError, UsageError
from lab.learning import capstone as stands
from lab.learning import recalls, ward
from lab.notebook.panel import asked, page
from lab.probes.here import this_world


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
        frame = recall.framed(_name(line, "%reflect LESSON"))
        recalls.refuse_early(paths.learner(), frame.lesson)
        asked.reflect(frame)
    except LabError as error:
        page.display(render.error_bundle(error))


def case(line: str) -> None:
    """Set the scene of a case of the clinic, and show how it hurts just now."""
    try:
        name = _name(line, "%case CASE")
        found = clinic.named(name)
        if found is None:
            raise UsageError(f"There is no case {name!r}.", "`lab clinic` lists them.")
        shown = ward.show(found, this_world())
        sys.stdout.write("\n".join(ward.told(found, shown)) + "\n")
    except LabError as error:
        page.display(render.error_bundle(error))


def capstone(line: str) -> None:
    """Lay the capstone out, and say where it is and how it stands."""
    try:
        if line.strip():
            raise UsageError(f"`%capstone` takes no name, not {line.strip()!r}.")
        sys.stdout.write("\n".join([*stands.start(this_world()), "", *stands.told(paths.learner())]) + "\n")
    except LabError as error:
        page.display(render.error_bundle(error))


def _name(line: str, form: str) -> str:
    words = line.split()
    if len(words) != 1:
        raise UsageError(f"One name is needed here, not {line!r}.", f"Its form is `{form}`.")
    return words[0]
