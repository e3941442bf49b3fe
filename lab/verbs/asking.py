"""The verbs that ask: predict, recap, reflect; and the learner's own number, from which puzzles follow."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence

from lab import course, paths
from lab.course import clinic, recall
from lab.errors import UsageError
from lab.learning import predictions, progress, questions, recalls, ward
from lab.model.steps import Step
from lab.probes import here

_KEPT = "Kept: “{said}”. You can change it until the step has passed."
_HOW = "Answer it: lab predict {step} ANSWER (or do the step without)"
_NONE = "This lesson opens with no questions."
_NOTHING_MISSED = "Nothing was missed. `lab recap LESSON` asks what a lesson opens with."
_SEED = "Your number is {number}. Exercises that you have begun keep their variant until `lab reset`."
ASK = "Your answer (Enter skips): "


def predict(given: Namespace) -> int:
    """Keep what somebody says before a step; without an answer, ask, or say what is asked."""
    step = course.step(given.step)
    if given.answer:
        print(_KEPT.format(said=predictions.say(paths.learner(), step, " ".join(given.answer))))
        return 0
    if step.predict is None:
        raise UsageError(f"The step {step.name!r} asks for no prediction.", "`lab next` says what to do.")
    before(step)
    return 0


def before(step: Step) -> None:
    """The question of a step; on a terminal it waits for an answer, which may be none."""
    entry = progress.read(paths.learner()).get(step.name, progress.Entry())
    said = predictions.said(paths.learner(), step.name)
    if step.predict is None:
        return
    if entry.passed:
        predicted = {"said": said, "was": entry.was, "because": entry.because} if entry.was else None
        print(questions.prediction(step, said, predicted)["text/plain"])
        return
    print(questions.prediction(step, said)["text/plain"])
    if not on_a_terminal():
        print(_HOW.format(step=step.name))
    elif not said and (kept := asked(lambda words: predictions.say(paths.learner(), step, words))):
        print(_KEPT.format(said=kept))


def recap(given: Namespace) -> int:
    """Ask a lesson's questions, or those that were missed; or take the answer to one."""
    if given.answer:
        question = _question(given.what)
        right = recalls.answer(paths.learner(), question, " ".join(given.answer))
        print(questions.recalled(question, right=right))
        return 0
    due = _due(given.what)
    if given.json:
        print(json.dumps([_data(one) for one in due], indent=1))
    elif not due:
        print(_NONE if given.what else _NOTHING_MISSED)
    else:
        _ask_all(due)
    return 0


def _due(what: str | None) -> list[recall.Question]:
    home = paths.learner()
    if what is None:
        return recalls.due(home)
    if named := [one for one in recall.questions() if one.name == what]:
        return named
    return recalls.due(home, course.lesson(what).stem)


def _ask_all(due: Sequence[recall.Question]) -> None:
    for one in due:
        print("\n".join([one.ask, *(f"  {number}) {text}" for number, text in enumerate(one.options, 1))]))
        if not on_a_terminal():
            print(f"Answer it: lab recap {one.name} NUMBER\n")
            continue
        found = asked(lambda words, one=one: "yes" if recalls.answer(paths.learner(), one, words) else "no")  # type: ignore[misc]
        print(f"{questions.recalled(one, right=found == 'yes')}\n" if found else "")


def _question(name: str) -> recall.Question:
    found = next((one for one in recall.questions() if one.name == name), None)
    if found is None:
        raise UsageError(f"There is no question {name!r}.", "`lab recap LESSON` shows a lesson's questions.")
    return found


def _data(one: recall.Question) -> dict[str, object]:
    known = recalls.answers(paths.learner()).get(one.name)
    return {
        "question": one.name,
        "lesson": one.lesson,
        "about": one.about,
        "ask": one.ask,
        "options": list(one.options),
        "right": known,
    }


def reflect(given: Namespace) -> int:
    """Keep a lesson in the learner's own words, and show one way to say it."""
    frame = recall.framed(given.lesson)
    recalls.refuse_early(paths.learner(), frame.lesson)
    words = " ".join(given.words)
    if not words:
        print(f"{questions.REFLECT}: {frame.explain}")
        if not on_a_terminal():
            print(f"Say it: lab reflect {frame.lesson} 'YOUR WORDS'")
            return 0
        words = _line(ASK)
    if words.strip():
        recalls.reflect(paths.learner(), frame.lesson, words)
        print(
            "\n".join(
                [f"{questions.MODEL}:", f"  {frame.model}", questions.POINTS, *(f"  - {p}" for p in frame.points)]
            )
        )
        if case := clinic.named(frame.lesson):
            print(ward.read_on(case))
    return 0


def seed(given: Namespace) -> int:
    """Show the learner's number, or set another one."""
    if given.number is None:
        print(here.seed())
        return 0
    print(_SEED.format(number=here.set_seed(given.number)))
    return 0


def on_a_terminal() -> bool:
    """Can somebody be asked, and see it?"""
    return sys.stdin.isatty() and sys.stdout.isatty()


def asked(take: Callable[[str], str]) -> str:
    """Ask until the answer can be read; "" where it was skipped."""
    while words := _line(ASK).strip():
        try:
            return take(words)
        except UsageError as error:
            print(error)
    return ""


def _line(prompt: str) -> str:
    try:
        return input(prompt)
    except EOFError:
        print()
        return ""
