"""Do a step, and check steps: the two verbs that are asked most, loaded with nothing that they do not need."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path

from lab import course, paths
from lab.draw import render
from lab.errors import UsageError
from lab.learning import progress, runner
from lab.model.results import Result, Status, worst
from lab.model.steps import Step
from lab.model.world import World
from lab.probes.here import this_world
from lab.terminal import recorder


def run(given: Namespace) -> int:
    """Do a step in the terminal as a notebook's cell does it."""
    from lab.terminal import shell

    step = course.step(given.step)
    words = [word for word in given.command if word != "--"]
    if not words and sys.stdin.isatty():
        print("Type the step's commands; Ctrl-D on a line of its own runs them.", file=sys.stderr)
    body = " ".join(words) if words else sys.stdin.read()
    if not body.strip():
        raise UsageError("There is no command to run.", f"As in: lab run {step.name} 'uname -m'")
    here = this_world()
    result = runner.prepare(step, here)
    if result is None and not step.untouched(body):
        shell.run(step.name, body, here, lambda text: print(text, end="", flush=True))
        result = runner.check(step, here)
    result = result or runner.check_untried(step, here, body)
    return _show([result], as_json=False)


def check(given: Namespace) -> int:
    """How steps stand in the world of now. In `lab shell`, the step that is next where none is named."""
    folder = recorder.session()
    step = _next_open() if folder and not given.names else None
    steps = [step] if step else course.find(given.names)
    if given.watch:
        from lab.verbs import watching

        return watching.watch_steps(steps if given.names or step else _open_lesson(), as_json=given.json)
    return check_steps(steps, as_json=given.json)


def check_steps(steps: Iterable[Step], *, as_json: bool) -> int:
    """Check these, and show how each stands; the worst of their statuses."""
    here, folder = this_world(), recorder.session()
    return _show((_check(one, here, folder) for one in steps), as_json=as_json)


def _set_up(step: Step, here: World) -> Result | None:
    """The scene of a case: a check of it alone, with nothing begun, finds the broken thing and not nothing."""
    return runner.prepare(step, here) if step.lesson == course.WARD else None


def _check(step: Step, here: World, folder: Path | None) -> Result:
    if folder is None:
        return _set_up(step, here) or runner.check(step, here)
    from lab.terminal import typed as shell_steps

    result = runner.prepare(step, here) or shell_steps.check(step, here, recorder.typed(folder))
    if step.lesson in (course.WARD, course.CAPSTONE):  # the lesson that was begun goes on as it was
        return result
    if result.status is Status.PASSED:
        recorder.forget(folder)
    recorder.stand_at(_next_open())
    return result


def _open_lesson() -> list[Step]:
    step = _next_open()
    return list(course.lesson(step.lesson).steps) if step else list(course.steps().values())


def _show(results: Iterable[Result], *, as_json: bool) -> int:
    statuses: list[Status] = []
    data, cases = [], []
    colour = render.wants_colour(sys.stdout)
    for result in results:
        statuses.append(result.status)
        if as_json:
            data.append(result.to_json())
        else:
            print(render.as_text(result, colour=colour), flush=True)
            cases += [result] if result.lesson == course.WARD else []
    if as_json:
        print(json.dumps(data, indent=1))
    elif cases:
        from lab.verbs.clinic import after

        print("\n".join(after(cases)))
    return worst(statuses)


def _next_open() -> Step | None:
    return progress.next_open(paths.learner())
