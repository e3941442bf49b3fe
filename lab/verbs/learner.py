"""The learner's verbs: where am I, start, list, next, run, check, hint, solution, reset."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from pathlib import Path

from lab import course, paths
from lab.errors import UsageError
from lab.learning import figures, hints, progress, record
from lab.learning.capstone import refuse_early
from lab.model.facts import Transcript
from lab.model.steps import Step
from lab.probes.here import default_folder, set_seed, this_world
from lab.terminal import recorder

_UNDO_ONE = "Undo 1 step and what it made?"
_UNDO = "Undo {count} steps and what they made?"


def home(_given: Namespace) -> int:
    """`lab` alone: where you are, and what is next."""
    from lab.verbs import screen

    screen.home(progress.next_open(paths.learner()), progress.read(paths.learner()))
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
        recorder.stand_at(progress.next_open(paths.learner()))
    return 0


def agreed_to(question: str) -> bool:
    """Did somebody at a terminal say yes?"""
    return sys.stdin.isatty() and input(f"{question} [y/N] ").strip().lower() in ("y", "yes")


def _step(name: str | None) -> Step:
    if name:
        return course.step(name)
    if found := progress.next_open(paths.learner()):
        return found
    raise UsageError("All steps have passed.", "Name the step that you mean.")


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
