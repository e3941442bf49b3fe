"""`lab tour`: the lessons, headless, on this machine."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from lab import course, sandbox
from lab.draw import render
from lab.errors import UsageError
from lab.learning import tour as headless
from lab.model.results import Result, worst
from lab.probes import engine
from lab.probes.here import this_world
from lab.verbs.learner import agreed_to
from lab.verbs.sandbox import agreed

_QUESTION = """\
A tour runs every command of {count} in this sandbox. It removes the tags, builders and containers
that these steps make, yours as well, before it begins and when it ends. Your progress and your files stay as they are.
Run it?"""


def _ask(lessons: Sequence[course.Lesson], *, yes: bool) -> None:
    """UsageError where nobody agreed that the learner's own things go."""
    count = "1 lesson" if len(lessons) == 1 else f"{len(lessons)} lessons"
    if not yes and not agreed_to(_QUESTION.format(count=count)):
        raise UsageError("Nothing was run.", "Say --yes where nobody can be asked.")


def tour(given: Namespace) -> int:
    """Run, show each result as it comes, write the executed notebooks and the report."""
    lessons = [course.lesson(name) for name in given.lessons] or list(course.lessons())
    output = Path(given.output)
    colour = render.wants_colour(sys.stdout)

    def show(result: Result) -> None:
        print(render.as_text(result, colour=colour), flush=True)

    box = sandbox.load()
    _ask(lessons, yes=given.yes)
    consent = given.emulators if given.emulators is not None else not sandbox.missing_emulators(box) or agreed(box)
    headless.wait_for_images(lessons, lambda text: print(text, flush=True))
    runs = headless.tour(lessons, output, show, emulators=consent, stamp=lambda: engine.versions(this_world()))
    for run in runs:
        for error in run.errors:
            print(f"{run.lesson.name}: {error}", file=sys.stderr)
    statuses = headless.statuses(runs)
    passed = sum(status.exit_status == 0 for status in statuses)
    print(f"\n{passed} of {len(statuses)} steps passed. Notebooks and report: {output}")
    return worst(statuses)
