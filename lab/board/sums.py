"""Who is where, and how many are stuck at which step with what: the board's data as the page and the export show it."""

from __future__ import annotations

import csv
import functools
import importlib
import io
import pkgutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lab import course
from lab.board.store import Learner, Store
from lab.board.told import Told
from lab.course import clinic
from lab.learning import outbox, runner
from lab.model.results import Status
from lab.model.steps import Step

NEW, WORKING, STUCK, BLOCKED, DONE = "not begun", "at work", "stuck", "blocked", "all done"
_HELD = {Status.FAILED.label: STUCK, Status.BLOCKED.label: BLOCKED, Status.BUG.label: BLOCKED}
_TOGETHER = 20.0  # seconds within which changes count as one: a look at a whole lesson
_UNKNOWN = "a sentence that this board does not know"


@dataclass(frozen=True)
class Row:
    """One learner: at which step, in which state since when, because of what, and with which help.

    `number` is that of lesson and step, `why` the name of a message and `message` its words; `offered` says that a
    reset of the step is offered.
    """

    id: str
    name: str
    number: str
    step: str
    lesson: str
    state: str
    since: float
    why: str
    message: str
    hints: int
    solved: bool
    tries: int
    passed: int
    heard: float
    offered: bool


@functools.cache
def numbers() -> dict[str, str]:
    """How each step is called in a room: `6.3` is the third of lesson 6, `K04` a case of the clinic."""
    own = {
        step.name: f"{lesson.number}.{place}"
        for lesson in course.lessons()
        for place, step in enumerate(lesson.steps, 1)
    }
    return {**own, **{case.name: case.code for case in clinic.cases()}}


@functools.cache
def find(name: str) -> Step | None:
    """The step or the case of that name."""
    return course.steps().get(name) or clinic.steps().get(name)


@functools.cache
def labels() -> dict[str, str]:
    """Of each sentence that the course can answer with: its name, as in *one platform lost*."""
    found = {reason: reason.rstrip(".").partition(":")[0].lower() for reason in outbox.REASONS}
    modules = [importlib.import_module(f"lab.course.{one}") for one in _modules()]
    for module in (*modules, runner):
        for name, value in vars(module).items():
            # a constant of several lines is a file or a script, and no sentence
            if name.isupper() and isinstance(value, str) and " " in value and "\n" not in value:
                found.setdefault(value, name.strip("_").replace("_", " ").lower())
    return found


def _modules() -> list[str]:
    prefix = "lab.course."
    return [one.name.removeprefix(prefix) for one in pkgutil.walk_packages(course.__path__, prefix)]


def because(told: Told) -> tuple[str, str]:
    """The name of the sentence and its words; nothing that a learner's machine made up is shown."""
    if not told.message:
        return "", ""
    known = labels().get(told.message)
    return (known, told.message) if known else (_UNKNOWN, "")


def rows(store: Store) -> list[Row]:
    """All learners."""
    told, offered, called = store.told(), store.offered(), numbers()
    return [_row(one, told.get(one.id, []), offered.get(one.id, []), called) for one in store.learners()]


def _row(learner: Learner, told: Iterable[Told], offered: Sequence[str], called: Mapping[str, str]) -> Row:
    known = {one.step: one for one in told if one.step in called}
    passed = sum(one.passed and one.step in course.steps() for one in known.values())
    step, since = _where(known, list(called), learner.joined)
    at = known.get(step)
    state = _state(at, begun=bool(known), done=not step)
    why, message = because(at) if at and state in (STUCK, BLOCKED) else ("", "")
    found = find(step)
    return Row(
        learner.id,
        learner.name,
        called.get(step, ""),
        step,
        found.lesson.replace("_", "-") if found else "",
        state,
        since,
        why,
        message,
        at.hints if at else 0,
        bool(at and at.solved),
        at.tries if at else 0,
        passed,
        learner.heard,
        step in offered,
    )


def _where(known: Mapping[str, Told], order: Sequence[str], joined: float) -> tuple[str, float]:
    """The step that a learner stands at, and since when: what was touched last, or what comes after a pass.

    A look at a whole lesson changes many steps at once; the first of them that waits is meant.
    """
    open_ = [name for name in order if not (name in known and known[name].passed)]
    if not known:
        return (open_ or [""])[0], joined
    latest = max(known.values(), key=lambda one: one.at)
    held = [one for one in known.values() if not one.passed and one.status in _HELD]
    held = [one for one in held if latest.at - one.at < _TOGETHER and (not latest.passed or one.at >= latest.at)]
    if held:
        first = min(held, key=lambda one: order.index(one.step))
        return first.step, first.since
    if not latest.passed:
        return latest.step, latest.since
    later = [name for name in open_ if order.index(name) > order.index(latest.step)]
    return next(iter(later or open_), ""), latest.at


def _state(at: Told | None, *, begun: bool, done: bool) -> str:
    if done:
        return DONE
    if at is None:
        return WORKING if begun else NEW
    return _HELD.get(at.status, WORKING)


def steps(found: Sequence[Row], store: Store) -> list[dict[str, Any]]:
    """Of each step: how many have passed it, are at work or stuck there, and the sentences that those have read."""
    passed = Counter(one.step for told in store.told().values() for one in told if one.passed)
    shown = set(store.shown())
    here: dict[str, list[Row]] = {}
    for row in found:
        here.setdefault(row.step, []).append(row)
    return [
        _sum(name, number, here.get(name, []), passed[name], shown=name in shown) for name, number in numbers().items()
    ]


def _sum(name: str, number: str, here: Sequence[Row], passed: int, *, shown: bool) -> dict[str, Any]:
    step = find(name)
    stuck = [row for row in here if row.state in (STUCK, BLOCKED)]
    groups = Counter((row.why, row.message) for row in stuck if row.why)
    return {
        "step": name,
        "number": number,
        "goal": step.goal if step else "",
        "passed": passed,
        "working": len(here) - len(stuck),
        "stuck": len(stuck),
        "why": [{"name": why, "message": text, "count": count} for (why, text), count in groups.most_common()],
        "shown": shown,
    }


def board(store: Store) -> dict[str, Any]:
    """All that the page shows."""
    found = rows(store)
    return {
        "learners": [asdict(row) for row in found],
        "steps": steps(found, store),
        "total": len(course.steps()),
    }


_COLUMNS = ("name", "number", "step", "lesson", "state", "since", "why", "hints", "solved", "tries", "passed", "heard")


def as_csv(found: Sequence[Row]) -> str:
    """A table for a spreadsheet: times as they are read, and no cell that it takes for a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    for row in found:
        values = {**asdict(row), "since": _time(row.since), "heard": _time(row.heard), "solved": "yes" * row.solved}
        writer.writerow([_cell(values[name]) for name in _COLUMNS])
    return out.getvalue()


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value[:1] in tuple("=+-@") and value else value


def _time(seconds: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def as_json(store: Store) -> dict[str, Any]:
    """The same for programs, with each learner's steps: no keys, no addresses."""
    told, whole = store.told(), board(store)
    for one in whole["learners"]:
        one["steps"] = [asdict(step) for step in told.get(one["id"], [])]
        del one["id"]
    return whole
