"""What the panel and the cards say, as plain data, HTML and text. No widget here: every view can use it."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from lab import course
from lab.draw import render
from lab.learning import progress, record
from lab.model.results import Status
from lab.model.steps import Step
from lab.notebook.panel import room
from lab.sandbox import engine
from lab.sandbox.buildkit.journal import BuildProgress
from lab.sandbox.overview import Overview

MIME = "application/vnd.lab.panel+json"
STALE = "passed before this step was changed"
_MARKS = {status.label: status.mark for status in Status} | {STALE: "↻"}
KINDS = {"whole": "", "gap": "with a gap", "own": "exercise", "repair": "repair"}
LinkTo = Callable[[str, str], str]  # (notebook, step) → attributes of an <a>; "" where nothing can be linked


@dataclass(frozen=True)
class Row:
    """One step in the list: `kind` as the step has it, `state` a status in words, `here` the one to do next.

    `how` says with which help it passed, how its prediction went, and whether it is good, too.
    """

    step: str
    goal: str
    kind: str
    state: str
    here: bool = False
    how: str = ""

    @property
    def note(self) -> str:
        """What is said of its kind beside its goal; "" for a step that is given whole."""
        return KINDS[self.kind]

    @property
    def mark(self) -> str:
        """The sign before it; the words say the same to those who do not see it."""
        return _MARKS[self.state]


@dataclass(frozen=True)
class View:
    """All that the panel says. Counts are of steps that passed; `then` is the next lesson with an open step."""

    lesson: str
    title: str
    rows: tuple[Row, ...]
    done: int
    course_done: int
    course_total: int
    lessons: int
    then: str = ""
    then_title: str = ""
    machine: str = ""
    problem: str = ""
    build: str = ""
    build_share: float | None = None
    room: room.Room | None = None

    @property
    def next_row(self) -> Row | None:
        """The step to do next in this lesson."""
        return next((row for row in self.rows if row.here), None)

    def to_json(self) -> dict[str, Any]:
        """Plain values, for views of other kinds."""
        return asdict(self)


def view(
    lesson: course.Lesson,
    entries: Mapping[str, progress.Entry],
    found: Overview | None,
    platform: str = "",
    joined: room.Room | None = None,
) -> View:
    """The panel of a lesson, from the kept progress and from what is up (None: not asked yet)."""
    states = {step.name: state_of(step, entries) for step in course.steps().values()}
    passed = Status.PASSED.label
    here = next((step.name for step in lesson.steps if states[step.name] != passed), "")
    later = next((one for one in _in_order(lesson) if any(states[s.name] != passed for s in one.steps)), None)
    build, share = _build(found.buildkit if found else None)
    return View(
        lesson=lesson.name,
        title=f"{lesson.number} · {lesson.question}",
        rows=tuple(_of(step, states[step.name], entries, here) for step in lesson.steps),
        done=sum(states[step.name] == passed for step in lesson.steps),
        course_done=sum(state == passed for state in states.values()),
        course_total=len(states),
        lessons=len(course.lessons()),
        then=later.name if later else "",
        then_title=f"{later.number} · {later.question}" if later else "",
        machine=machine_line(found, platform) if found and not found.problem else "",
        problem=f"{found.problem} {found.remedy}".strip() if found and found.problem else "",
        build=build,
        build_share=share,
        room=joined,
    )


def state_of(step: Step, entries: Mapping[str, progress.Entry]) -> str:
    """How a step stands, in words: a pass stays a pass, and is told stale where the step was changed since."""
    entry = entries.get(step.name, progress.Entry())
    if progress.is_stale(entry, step):
        return STALE
    last = entry.last if entry.last in _MARKS else Status.NOT_ATTEMPTED.label
    return Status.PASSED.label if entry.passed else last


def _of(step: Step, state: str, entries: Mapping[str, progress.Entry], here: str) -> Row:
    entry = entries.get(step.name, progress.Entry())
    how = " · ".join(record.how(entry)) if entry.passed else ""
    return Row(step.name, step.goal, step.kind, state, step.name == here, how)


def _in_order(lesson: course.Lesson) -> list[course.Lesson]:
    """The other lessons, those after this one first."""
    return sorted((one for one in course.lessons() if one != lesson), key=lambda one: one.number < lesson.number)


def machine_line(found: Overview, platform: str) -> str:
    """The machine and what is up on it, in one line."""
    emulated = ", ".join(dict.fromkeys(one.name.rpartition("-")[2] for one in found.emulators))
    parts = [
        f"this machine {platform}" if platform else "",
        f"Docker engine {found.version} ({engine.whose(found.engine)})" if found.engine else "",
        f"emulators: {emulated or 'none'}",
        f"builders: {', '.join(found.builders) or 'none'}",
        f"registry {found.registry}",
    ]
    return " · ".join(filter(None, parts))


def _build(now: BuildProgress | None) -> tuple[str, float | None]:
    if now is None or now.state not in ("building", "failed"):
        return "", None
    if now.state == "failed":
        return f"BuildKit's image could not be made: {now.error} {now.remedy}".strip(), None
    left = now.seconds_left
    whole = now.seconds_elapsed + (left or 0)
    return now.waiting, now.seconds_elapsed / whole if whole and left is not None else None


# --- text -------------------------------------------------------------------------------------------------------------


def _line(row: Row) -> str:
    note = f" ({row.note})" if row.note else ""
    how = f"   [{row.how}]" if row.how else ""
    return f"  {row.mark} {row.step}{note}: {row.goal}{how}{'   <- next' * row.here}"


def as_text(shown: View) -> str:
    """For a terminal and for those who read a notebook as text."""
    lines = [f"Lesson {shown.title}   {shown.done} of {len(shown.rows)} steps", *map(_line, shown.rows)]
    if not shown.next_row:
        lines.append(f"Lesson done. Next lesson: {shown.then}" if shown.then else "All steps have passed.")
    lines.append(f"Course: {shown.course_done} of {shown.course_total} steps")
    return "\n".join([*lines, *filter(None, (shown.problem, shown.machine, shown.build)), *room.as_text(shown.room)])


# --- HTML -------------------------------------------------------------------------------------------------------------


def as_html(shown: View, link: LinkTo | None = None) -> str:
    """The panel as HTML without script. `link` makes steps and lessons clickable where the page can follow."""
    link = link or (lambda _notebook, _step: "")
    parts = [
        '<div class="lab-panel" role="region" aria-label="Progress of this lesson">',
        f'<div class="lab-head"><strong>{html.escape(shown.title)}</strong></div>',
        _bar("This lesson", shown.done, len(shown.rows)),
        _bar("Course", shown.course_done, shown.course_total),
        f'<ol class="lab-steps">{"".join(_row(row, shown.lesson, link) for row in shown.rows)}</ol>',
        f'<div class="lab-next">{_next(shown, link)}</div>',
    ]
    if shown.problem:
        parts.append(f'<div class="lab-problem"><strong>Blocked:</strong> {render.inline(shown.problem)}</div>')
    if shown.build:
        share = shown.build_share
        bar = "" if share is None else _progress("BuildKit's image", round(share * 100), 100)
        parts.append(f'<div class="lab-build">{render.inline(shown.build)} {bar}</div>')
    if shown.machine:
        parts.append(f'<div class="lab-machine"><small>{html.escape(shown.machine)}</small></div>')
    return "".join([*parts, room.as_html(shown.room), "</div>"])


def _bar(name: str, done: int, total: int) -> str:
    return (
        f'<div class="lab-bar"><span>{name}</span> {_progress(name, done, total)} '
        f"<span>{done} of {total} steps</span></div>"
    )


def _progress(name: str, done: int, total: int) -> str:
    label = html.escape(name, quote=True)
    return f'<progress max="{total}" value="{done}" aria-label="{label}">{done} of {total}</progress>'


def _row(row: Row, lesson: str, link: LinkTo) -> str:
    goal = render.inline(row.goal)
    if attributes := link(f"{lesson}.ipynb", row.step):
        goal = f"<a {attributes}>{goal}</a>"
    kind = f" <em>({row.note})</em>" if row.note else ""
    current = ' aria-current="step"' if row.here else ""
    how = f" <small>{row.how}</small>" if row.how else ""
    return (
        f'<li class="lab-{row.state.replace(" ", "-")}"{current}>'
        f'<span class="lab-mark" aria-hidden="true">{row.mark}</span> '
        f'<span>{goal}{kind} <span class="lab-state">{row.state}</span>{how}</span></li>'
    )


_NEXT_STEP = "<strong>Next:</strong> {step}: run its cell with Shift + Enter."
_NEXT_GAP = "<strong>Next:</strong> {step}: fill the gaps in its cell, then run it with Shift + Enter."
_NEXT_OWN = "<strong>Next:</strong> {step}: write your own commands into its cell."
_NEXT_REPAIR = "<strong>Next:</strong> {step}: find what is broken, and mend it."
_NEXT = {"whole": _NEXT_STEP, "gap": _NEXT_GAP, "own": _NEXT_OWN, "repair": _NEXT_REPAIR}


def _next(shown: View, link: LinkTo) -> str:
    if row := shown.next_row:
        words, attributes = html.escape(row.step), link(f"{shown.lesson}.ipynb", row.step)
        return _NEXT[row.kind].format(step=_a(attributes, f"<code>{words}</code>"))
    if shown.then:
        attributes = link(f"{shown.then}.ipynb", "")
        return f"<strong>This lesson is done.</strong> Next: {_a(attributes, html.escape(shown.then_title))}"
    return "<strong>All steps of the course have passed.</strong>"


def _a(attributes: str, inner: str) -> str:
    return f"<a {attributes}>{inner}</a>" if attributes else inner


def command_link(path: str, step: str) -> str:
    """Attributes of a link that JupyterLab follows inside of the page: to a notebook, and to a step's cell in it."""
    target = {"path": path, "id": f"#cell-id={step}" if step else ""}
    data = html.escape(json.dumps(target), quote=True)
    return f'href="#" data-commandlinker-command="rendermime:handle-local-link" data-commandlinker-args="{data}"'
