"""`lab tour`: the lessons, headless, on this machine."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from lab import course, render, sandbox, world
from lab import tour as headless
from lab.probes import engine
from lab.results import Result, worst
from lab.verbs.sandbox import agreed


def tour(given: Namespace) -> int:
    """Run, show each result as it comes, write the executed notebooks and the report."""
    lessons = [course.lesson(name) for name in given.lessons] or list(course.lessons())
    output = Path(given.output)
    colour = render.wants_colour(sys.stdout)

    def show(result: Result) -> None:
        print(render.as_text(result, colour=colour), flush=True)

    box = sandbox.load()
    consent = given.emulators if given.emulators is not None else not sandbox.missing_emulators(box) or agreed(box)
    headless.wait_for_buildkit(lessons, lambda text: print(text, flush=True))
    runs = headless.tour(lessons, output, show, emulators=consent, stamp=lambda: engine.versions(world.here()))
    for run in runs:
        for error in run.errors:
            print(f"{run.lesson.name}: {error}", file=sys.stderr)
    statuses = headless.statuses(runs)
    passed = sum(status.exit_status == 0 for status in statuses)
    print(f"\n{passed} of {len(statuses)} steps passed. Notebooks and report: {output}")
    return worst(statuses)
