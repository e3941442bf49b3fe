"""The learner's verbs: start, list, next, run, check, hint, solution, reset."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from pathlib import Path

from lab import course, paths, progress, render, runner, world
from lab.errors import UsageError
from lab.results import Result, worst
from lab.steps import Step


def start(given: Namespace) -> int:
    """Copy the lessons out."""
    from lab import workspace

    copied = workspace.start(Path(given.folder) if given.folder else world.default_workspace())
    print(f"{copied.folder}: {len(copied.new)} files are new, {len(copied.kept)} were there and stay as they are.")
    return 0


def list_(given: Namespace) -> int:
    """Every lesson with its steps."""
    entries = progress.read(paths.learner())
    if given.json:
        print(json.dumps([_lesson_json(lesson, entries) for lesson in course.lessons()], indent=1))
        return 0
    colour = render.wants_colour(sys.stdout)
    for lesson in course.lessons():
        done = sum(bool(entries.get(s.name, progress.Entry()).passed) for s in lesson.steps)
        print(render.paint(f"{lesson.name}  {lesson.question}  {done}/{len(lesson.steps)}", "1", colour=colour))
        for step in lesson.steps:
            print(
                f"  {_mark(step, entries, colour=colour)} {step.name}{' (exercise)' if step.exercise else ''}: {step.goal}"
            )
    return 0


def next_(given: Namespace) -> int:
    """The next open step."""
    step = _next_open()
    if given.json:
        print(json.dumps({"step": step.name, "lesson": step.lesson, "goal": step.goal} if step else None))
    elif step is None:
        print("All steps have passed. `lab reset` starts anew.")
    else:
        lesson = next(one for one in course.lessons() if step in one.steps)
        print(f"{step.name}  ({lesson.name}: {lesson.question})\n  {step.goal}")
        if not step.exercise:
            print("\n".join(f"    {line}" for line in step.solution.splitlines()))
        print(f"  Then: lab check {step.name}")
    return 0


def run(given: Namespace) -> int:
    """Do a step in the terminal as a notebook's cell does it."""
    from lab import shell

    step = course.step(given.step)
    words = [word for word in given.command if word != "--"]
    body = " ".join(words) if words else sys.stdin.read()
    if not body.strip():
        raise UsageError("There is no command to run.", f"As in: lab run {step.name} 'uname -m'")
    here = world.here()
    if step.prepare:
        step.prepare(here)
    shell.run(step.name, body, here, lambda text: print(text, end="", flush=True))
    return _show([runner.check(step, here)], as_json=False)


def check(given: Namespace) -> int:
    """How steps stand in the world of now."""
    steps = course.find(given.names)
    here = world.here()
    return _show((runner.check(step, here) for step in steps), as_json=given.json)


def hint(given: Namespace) -> int:
    """One more hint; the earlier ones stay readable."""
    step = _step(given.step)
    shown = progress.show_hint(paths.learner(), step)
    print(f"{step.name}: {step.goal}")
    for number, text in enumerate(step.hints[:shown], 1):
        print(f"  {number}. {text}")
    left = len(step.hints) - shown
    print(f"  ({left} more)" if left else f"  (no more hints; `lab solution {step.name}` shows a way)")
    return 0


def solution(given: Namespace) -> int:
    """One way to do it."""
    print(_step(given.step).solution)
    return 0


def reset(given: Namespace) -> int:
    """Undo steps."""
    from lab.undo import undo

    steps = course.find(given.names)
    if not given.yes and not _agreed(f"Undo {len(steps)} steps and what they made?"):
        raise UsageError("Nothing was undone.", "Say --yes where nobody can be asked.")
    for said in undo(steps, world.here()):
        print(f"  {said}")
    print(f"{len(steps)} steps are as new.")
    return 0


def _agreed(question: str) -> bool:
    return sys.stdin.isatty() and input(f"{question} [y/N] ").strip().lower() in ("y", "yes")


def _show(results: object, *, as_json: bool) -> int:
    statuses, data = [], []
    colour = render.wants_colour(sys.stdout)
    for result in results:  # type: ignore[attr-defined]
        one: Result = result
        statuses.append(one.status)
        data.append(one.to_json())
        if not as_json:
            print(render.as_text(one, colour=colour), flush=True)
    if as_json:
        print(json.dumps(data, indent=1))
    return worst(statuses)


def _step(name: str | None) -> Step:
    if name:
        return course.step(name)
    if found := _next_open():
        return found
    raise UsageError("All steps have passed.", "Name the step that you mean.")


def _next_open() -> Step | None:
    entries = progress.read(paths.learner())
    return next((s for s in course.steps().values() if not entries.get(s.name, progress.Entry()).passed), None)


def _mark(step: Step, entries: dict[str, progress.Entry], *, colour: bool) -> str:
    entry = entries.get(step.name, progress.Entry())
    if progress.is_stale(entry, step):
        return render.paint("↻", "33", colour=colour)
    return render.paint("✔", "32", colour=colour) if entry.passed else "○"


def _lesson_json(lesson: course.Lesson, entries: dict[str, progress.Entry]) -> dict[str, object]:
    return {
        "lesson": lesson.name,
        "question": lesson.question,
        "steps": [
            {
                "step": step.name,
                "goal": step.goal,
                "exercise": step.exercise,
                "passed": entries.get(step.name, progress.Entry()).passed,
                "last": entries.get(step.name, progress.Entry()).last,
                "stale": progress.is_stale(entries.get(step.name, progress.Entry()), step),
            }
            for step in lesson.steps
        ],
    }
