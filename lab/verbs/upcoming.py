"""`lab next`: the next open step, all that has to be known to do it, and what is asked before it."""

from __future__ import annotations

import json
import shlex
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from lab import course, paths
from lab.course.leftovers import File
from lab.errors import LabError
from lab.learning import progress, questions, recalls
from lab.model.steps import Step
from lab.probes.here import learners_folder, this_world
from lab.terminal import recorder

_KIND_NOTES = {
    "gap": "Each ____ is for you to fill.",
    "own": "The commands are for you to find.",
    "repair": "Something here is broken: find it, and mend it.",
}


def next_(given: Namespace) -> int:
    """The next open step."""
    step = progress.next_open(paths.learner())
    if given.json:
        print(json.dumps(_next_json(step) if step else None))
    elif step is None:
        print("All steps have passed. `lab reset` starts over.")
    else:
        _next(step, brief=given.brief)
    return 0


def _next_json(step: Step) -> dict[str, object]:
    asked = step.predict
    return {
        "step": step.name,
        "lesson": step.lesson,
        "goal": step.goal,
        "exercise": step.exercise,
        "kind": step.kind,
        "cell": step.cell,
        "predict": {"question": asked.question, "options": list(asked.options)} if asked else None,
    }


def _next(step: Step, *, brief: bool) -> None:
    from lab.verbs import asking, prose

    lesson = course.lesson(step.lesson)
    print(f"{step.name}  ({lesson.name}: {lesson.question})\n")
    if not brief:
        prose.show(step)
    if recorder.session():
        _set_the_scene(step)
    if step.predict:
        asking.before(step)
        print()
    print(f"To do: {step.goal}")
    if not step.exercise:
        print("\n".join(f"    {line}" for line in step.cell.splitlines()))
    print("\n".join(f"  {line}" for line in (*_around(step, lesson), *_notes(step))))
    recorder.stand_at(step)


def _around(step: Step, lesson: course.Lesson) -> Iterator[str]:
    """What the kind of the step asks for; before a lesson's first step its questions, and words for the one before."""
    if step.kind in _KIND_NOTES:
        yield _KIND_NOTES[step.kind]
    if step.name != lesson.steps[0].name:
        return
    if due := recalls.unanswered(paths.learner(), lesson.stem):
        yield f"{questions.recall_title(len(due))}: `lab recap {lesson.stem}` asks."
    before = next((one for one in course.lessons() if one.number == lesson.number - 1), None)
    if before and recalls.wants_words(paths.learner(), before.stem):
        yield f"Lesson {before.number} in your own words: `lab reflect {before.stem}` asks."


def _notes(step: Step) -> Iterator[str]:
    """Where answers go, where commands have to be run, how to go on, and what help there is."""
    folder = learners_folder()
    yield from (f"Your answers go into {folder / one.name}" for one in step.makes if isinstance(one, File))
    if recorder.session():
        if Path.cwd() != folder:
            yield f"First: cd {shlex.quote(str(folder))} (the paths of the lessons start there)"
        yield "Type it, then: lab check"
    else:
        yield f"Do it in `lab shell`, or with: lab run {step.name} 'COMMAND'"
    entry = progress.read(paths.learner()).get(step.name, progress.Entry())
    yield f"Hints: {len(step.hints)}, of which you have seen {entry.hints}. `lab hint` shows the next one."


def _set_the_scene(step: Step) -> None:
    if step.prepare:
        try:
            step.prepare(this_world())
        except LabError as error:
            print(f"  (this step cannot be prepared yet: {error})")
