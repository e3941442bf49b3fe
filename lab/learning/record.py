"""What a learner has done, and with which help; and what of it was proven, to be passed on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lab import __version__, course
from lab.course import clinic, recall
from lab.course.capstone import proofs
from lab.learning import capstone, progress, recalls, ward
from lab.model.steps import Step

_DIGEST = re.compile(r"sha256:[0-9a-f]{12,64}")
_TITLE = "What was proven with multiplatform-lab {version}"
_ABOUT = """\
Each step below was checked on a real engine: the sentence says what was found there, on the day beside it.
This is a record for you. Nothing in it is signed, and it can be edited."""
_NO_PROOF = "Passed before proofs were kept. Check the step again to renew it."


def of_learner(home: Path) -> dict[str, Any]:
    """All of it as plain values: each step of the course, each recall question that was answered, and totals."""
    entries = progress.read(home)
    steps = [_step(step, entries.get(step.name, progress.Entry())) for step in course.steps().values()]
    known = recalls.answers(home)
    own = [lesson.stem for lesson in course.lessons() if recalls.reflection(home, lesson.stem)]
    passed = [one for one in steps if one["passed"]]
    totals = {
        "steps": len(steps),
        "passed": len(passed),
        "without_help": sum(not one["hints"] and not one["solution"] for one in passed),
        "predicted_right": sum(one["predicted"] == "right" for one in steps),
        "predicted_wrong": sum(one["predicted"] == "wrong" for one in steps),
        "recalled": sum(known.values()),
        "recall_answered": len(known),
        "good": sum(one["good"] for one in steps),
    }
    return {
        "steps": steps,
        "recalls": known,
        "in_own_words": own,
        "cases": ward.rows(home),
        "capstone": capstone.rows(home),
        "totals": totals,
    }


def _step(step: Step, entry: progress.Entry) -> dict[str, Any]:
    return {
        "step": step.name,
        "lesson": step.lesson.replace("_", "-"),
        "kind": step.kind,
        "passed": entry.passed,
        "last": entry.last,
        "tries": entry.tries,
        "hints": entry.hints,
        "solution": entry.solved,
        "predicted": entry.predicted,
        "good": entry.good,
    }


def as_text(found: Mapping[str, Any]) -> str:
    """The same for people: a line for each step that was begun, and the sums."""
    lines: list[str] = []
    for lesson in course.lessons():
        own = [one for one in found["steps"] if one["lesson"] == lesson.stem]
        done = sum(bool(one["passed"]) for one in own)
        lines.append(f"{lesson.name}  {lesson.question}  {done} of {len(own)} steps")
        lines += [f"  {one['step']}: {' · '.join(_facts(one))}" for one in own if one["passed"] or one["tries"]]
    return "\n".join([*lines, *_clinic(found["cases"]), *_proofs(found["capstone"]), "", *_sums(found["totals"])])


def _clinic(cases: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The clinic's cases, which belong to no lesson: those that were begun."""
    begun = [one for one in cases if one["passed"] or one["tries"]]
    if begun:
        yield f"clinic  {sum(bool(one['passed']) for one in cases)} of {len(cases)} cases"
        yield from (f"  {one['case']} {one['name']}: {' · '.join(_facts({**one, 'predicted': ''}))}" for one in begun)


def _proofs(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The capstone's proofs: those that were begun."""
    begun = [one for one in rows if one["passed"] or one["tries"]]
    if begun:
        yield f"capstone  {sum(bool(one['passed']) for one in rows)} of {len(rows)} proofs"
        known = {"predicted": "", "good": False}
        yield from (f"  {one['proof']} {one['name']}: {' · '.join(_facts({**one, **known}))}" for one in begun)


def _facts(one: Mapping[str, Any]) -> Iterator[str]:
    yield f"passed on {one['passed'][:10]}" if one["passed"] else str(one["last"])
    yield "1 try" if one["tries"] == 1 else f"{one['tries']} tries"
    yield from how(
        progress.Entry(hints=one["hints"], solved=one["solution"], predicted=one["predicted"], good=one["good"])
    )


def how(entry: progress.Entry) -> Iterator[str]:
    """With which help a step was done, how its prediction went, and whether the work is good, too."""
    if entry.hints:
        yield "1 hint" if entry.hints == 1 else f"{entry.hints} hints"
    if entry.solved:
        yield "solution seen"
    if entry.predicted:
        yield f"predicted {entry.predicted}"
    if entry.good:
        yield "★ right and good"


def _sums(totals: Mapping[str, int]) -> Iterator[str]:
    yield "Steps: {passed} of {steps} passed, {without_help} of them without a hint or solution.".format_map(totals)
    if totals["predicted_right"] or totals["predicted_wrong"]:
        yield "Predictions: {predicted_right} right, {predicted_wrong} wrong.".format_map(totals)
    if totals["recall_answered"]:
        yield "Questions on earlier lessons: {recalled} of {recall_answered} answers right.".format_map(totals)
    if totals["good"]:
        yield "Right and good (★): {good}.".format_map(totals)


def skills(home: Path) -> dict[str, Any]:
    """What was proven, by lesson, as plain values; lessons of which nothing has passed are left out."""
    entries = progress.read(home)
    lessons = [_lesson(lesson, entries) for lesson in course.lessons()]
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {
        "made_by": f"multiplatform-lab {__version__}",
        "made": now,
        "lessons": [one for one in lessons if one["steps"]],
        "clinic": [_case(one, entries[one.name]) for one in clinic.cases() if _passed(one.name, entries)],
        "capstone": _capstone(home, entries),
    }


def _passed(name: str, entries: Mapping[str, progress.Entry]) -> bool:
    return bool(entries.get(name, progress.Entry()).passed)


def _capstone(home: Path, entries: Mapping[str, progress.Entry]) -> dict[str, Any]:
    """The proofs that have passed, whether they are a pass or more, and the note for whoever comes next."""
    passed = [one for one in proofs() if _passed(one.name, entries)]
    known = capstone.record(home)
    return {
        "mark": known["mark"],
        "proofs": [{**_proven(one.step, entries[one.name]), "number": one.code} for one in passed],
        "handover": known["handover"],
    }


def _case(case: clinic.Case, entry: progress.Entry) -> dict[str, Any]:
    return {**_proven(case.step, entry), "case": case.code, "hurts": case.hurts}


def _lesson(lesson: course.Lesson, entries: Mapping[str, progress.Entry]) -> dict[str, Any]:
    passed = [(step, entries[step.name]) for step in lesson.steps if step.name in entries and entries[step.name].passed]
    whole = len(passed) == len(lesson.steps)
    goals = next((one.goals for one in recall.frames() if one.lesson == lesson.stem), ()) if whole else ()
    return {
        "lesson": lesson.name,
        "question": lesson.question,
        "whole": whole,
        "able_to": list(goals),
        "steps": [_proven(step, entry) for step, entry in passed],
    }


def _proven(step: Step, entry: progress.Entry) -> dict[str, Any]:
    return {
        "step": step.name,
        "goal": step.goal,
        "kind": step.kind,
        "proof": entry.proof,
        "digests": _DIGEST.findall(entry.proof),
        "passed": entry.passed,
        "hints": entry.hints,
        "solution": entry.solved,
        "good": entry.good,
    }


def skills_markdown(found: Mapping[str, Any]) -> str:
    """The same as a page."""
    lines = [f"# {_TITLE.format(version=__version__)}", "", _ABOUT, "", f"Written on {found['made'][:10]}."]
    for lesson in found["lessons"]:
        lines += ["", f"## {lesson['question']}", ""]
        lines += [f"- {goal}" for goal in lesson["able_to"]] + [""] * bool(lesson["able_to"])
        lines += ["| Step | Proven | On | Help |", "|---|---|---|---|"]
        lines += [_row(one) for one in lesson["steps"]]
    if found["clinic"]:
        lines += ["", "## Mended in the clinic", "", "| Case | Proven | On | Help |", "|---|---|---|---|"]
        lines += [_row(one) for one in found["clinic"]]
    lines += _capstone_lines(found["capstone"])
    proven = found["lessons"] or found["clinic"] or found["capstone"]["proofs"]
    return "\n".join(lines if proven else [*lines, "", "No step has passed yet."]) + "\n"


def _capstone_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """The capstone's part of the page: a row for each proof, and the note."""
    if not found["proofs"]:
        return
    yield from ("", "## The capstone: a stranger's repository", "")
    if found["mark"]:
        yield from ("All nine proofs ★" if found["mark"] == "star" else "A pass: P1 to P5", "")
    yield from ("| Proof | Proven | On | Help |", "|---|---|---|---|")
    yield from (_row({**one, "step": f"{one['number']} {one['step']}"}) for one in found["proofs"])
    if found["handover"]:
        yield from ("", "For whoever comes next:", "", *(f"> {line}" for line in found["handover"].splitlines()))


def _row(one: Mapping[str, Any]) -> str:
    hints = {0: "", 1: "1 hint"}.get(one["hints"], f"{one['hints']} hints")
    help_ = ", ".join(filter(None, [hints, "solution" if one["solution"] else ""])) or "none"
    proof = (one["proof"] or _NO_PROOF).replace("|", "\\|").replace("\n", " ")
    return f"| `{one['step']}`{' ★' if one['good'] else ''} | {proof} | {one['passed'][:10]} | {help_} |"
