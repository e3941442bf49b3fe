"""The learner's verbs: where am I, start, list, next, run, check, hint, solution, reset."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator
from pathlib import Path

from lab import course, paths
from lab.course import capstone, clinic
from lab.draw import render
from lab.errors import UsageError
from lab.learning import figures, hints, progress, record, runner
from lab.learning.capstone import refuse_early
from lab.model.facts import Transcript
from lab.model.results import Result, Status, worst
from lab.model.steps import Step
from lab.model.world import World
from lab.probes.here import default_folder, set_seed, this_world
from lab.terminal import recorder

_UNDO_ONE = "Undo 1 step and what it made?"
_UNDO = "Undo {count} steps and what they made?"


def home(_given: Namespace) -> int:
    """`lab` alone: where you are, and what is next."""
    from lab.verbs import screen

    screen.home(next_open(), progress.read(paths.learner()))
    return 0


def start(given: Namespace) -> int:
    """Copy the lessons out."""
    from lab.course import workspace

    copied = workspace.start(Path(given.folder) if given.folder else default_folder())
    if given.seed is not None:
        set_seed(given.seed)
    print(f"{copied.folder}: files copied: {len(copied.new)}; already there, not touched: {len(copied.kept)}.")
    return 0


def list_(given: Namespace) -> int:
    """Every lesson with its steps."""
    from lab.verbs import screen

    entries = progress.read(paths.learner())
    if given.figures:
        print(json.dumps([one.to_json() for one in figures.of_course()], indent=1) if given.json else figures.as_text())
    elif given.json:
        print(json.dumps([_lesson_json(lesson, entries) for lesson in course.lessons()], indent=1))
    else:
        screen.lessons(entries)
    return 0


def progress_(given: Namespace) -> int:
    """What was done, and with which help."""
    found = record.of_learner(paths.learner())
    print(json.dumps(found, indent=1) if given.json else record.as_text(found))
    return 0


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
    step = next_open() if folder and not given.names else None
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
    return runner.prepare(step, here) if step.lesson == clinic.WARD else None


def _check(step: Step, here: World, folder: Path | None) -> Result:
    if folder is None:
        return _set_up(step, here) or runner.check(step, here)
    from lab.terminal import typed as shell_steps

    result = runner.prepare(step, here) or shell_steps.check(step, here, recorder.typed(folder))
    if step.lesson in (clinic.WARD, capstone.CAPSTONE):  # the lesson that was begun goes on as it was
        return result
    if result.status is Status.PASSED:
        recorder.forget(folder)
    following = next_open()
    recorder.stand_at(following.name if following else "")
    return result


def _open_lesson() -> list[Step]:
    step = next_open()
    return list(course.lesson(step.lesson).steps) if step else list(course.steps().values())


def hint(given: Namespace) -> int:
    """One more hint; the earlier ones stay readable. The first words are about what was really run."""
    step = _step(given.step)
    refuse_early(step)
    shown = progress.show_hint(paths.learner(), step)
    tried = _typed(step)
    if given.json:
        left = len(step.hints) - shown
        said = hints.from_try(step, tried)
        print(json.dumps({"step": step.name, "from_try": said, "hints": step.hints[:shown], "left": left}))
        return 0
    print(f"{step.name}: {step.goal}")
    for line in hints.lines(step, shown, tried, f"`lab solution {step.name}`"):
        print(f"  {line}")
    return 0


def _typed(step: Step) -> Transcript | None:
    """What was typed last in `lab shell`, as a try of the step, unless `lab run` has tried it since."""
    from lab.terminal import typed as shell_steps

    folder = recorder.session()
    typed = recorder.on_screen(folder) if folder else None
    kept = hints.latest(step)
    if typed is None or (kept and kept.began > typed.began):
        return kept
    return shell_steps.transcript(step, [typed])


def solution(given: Namespace) -> int:
    """One way to do it."""
    step = _step(given.step)
    refuse_early(step)
    if not given.now:
        hints.refuse_early_solution(step, f"`lab hint {step.name}`", f"`lab solution --now {step.name}`")
    progress.show_solution(paths.learner(), step)
    print(json.dumps({"step": step.name, "solution": step.solution}) if given.json else step.solution)
    return 0


def reset(given: Namespace) -> int:
    """Undo steps."""
    from lab.learning.reset import told, undo

    steps = course.find(given.names)
    if not given.yes and not agreed_to(_UNDO_ONE if len(steps) == 1 else _UNDO.format(count=len(steps))):
        raise UsageError("Nothing was undone.", "With --yes, nobody is asked.")
    for said in undo(steps, this_world()):
        print(f"  {said}")
    print(told(len(steps)))
    if folder := recorder.session():
        recorder.forget(folder)
        following = next_open()
        recorder.stand_at(following.name if following else "")
    return 0


def agreed_to(question: str) -> bool:
    """Did somebody at a terminal say yes?"""
    return sys.stdin.isatty() and input(f"{question} [y/N] ").strip().lower() in ("y", "yes")


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
            cases += [result] if result.lesson == clinic.WARD else []
    if as_json:
        print(json.dumps(data, indent=1))
    elif cases:
        from lab.verbs.clinic import after

        print("\n".join(after(cases)))
    return worst(statuses)


def _step(name: str | None) -> Step:
    if name:
        return course.step(name)
    if found := next_open():
        return found
    raise UsageError("All steps have passed.", "Name the step that you mean.")


def next_open() -> Step | None:
    """The first step that never passed; None where all have."""
    return next(_open(), None)


def _open() -> Iterator[Step]:
    entries = progress.read(paths.learner())
    return (step for step in course.steps().values() if not entries.get(step.name, progress.Entry()).passed)


def _lesson_json(lesson: course.Lesson, entries: dict[str, progress.Entry]) -> dict[str, object]:
    return {
        "lesson": lesson.name,
        "question": lesson.question,
        "steps": [
            {
                "step": step.name,
                "goal": step.goal,
                "exercise": step.exercise,
                "kind": step.kind,
                "passed": entries.get(step.name, progress.Entry()).passed,
                "last": entries.get(step.name, progress.Entry()).last,
                "stale": progress.is_stale(entries.get(step.name, progress.Entry()), step),
            }
            for step in lesson.steps
        ],
    }
