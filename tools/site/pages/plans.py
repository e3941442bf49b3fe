"""The plans for a group: half a day, a day and a term, with the minutes that lessons and cases say that they take."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lab import course
from lab.course import capstone, clinic
from lab.errors import BadInput
from pages.lesson import minutes

PLACE = "workshop/plan.md"
_MINUTES = re.compile(r"takes about (\d+) minutes")
_STEP = 5  # minutes that a plan counts in

HEAD = """---
title: Plans
description: Plans for teaching the course in half a day, in a day, and in a term, with minutes for a room.
---
# Plans

“Alone” is what a lesson takes one person who knows Docker a little. “In the room” is half as much again, rounded up to
five minutes: people ask, and you collect predictions before you look at results together.
"""
_PLAN = """## {name}

{about}

| Part | Alone | In the room |
|---|---:|---:|
{rows}
| **All** | **{alone}** | **{room}** |

{after}
"""
TERM = """## A term

One lesson a week, a case of the clinic as homework, and the capstone at the end: {weeks} weeks.
A case needs no lesson to be done before; each stands in the week of the last lesson that it draws on.

| Week | Lesson | In the room | At home: cases of the clinic |
|---:|---|---:|---|
{rows}
| {last} | [The capstone](../capstone/index.md) | {capstone} | in three sittings; the first together |

`lab report --skills` shows what each of them has proven, and [an exam](exams.md) can be made of the same steps.
"""


def page(file: Path) -> str:
    """The page; BadInput where a plan takes longer than it may, or names what is not there."""
    plans = tomllib.loads(file.read_text(encoding="utf-8"))["plan"]
    return "\n".join([HEAD, *(_plan(one) for one in plans), _term()])


def room(alone: int) -> int:
    """So many minutes for one person alone, as minutes for a room."""
    return -(-alone * 3 // 2 // _STEP) * _STEP


def _plan(plan: dict[str, Any]) -> str:
    rows, alone, together = [], 0, 0
    for part in plan["part"]:
        text, one, many = _part(part)
        rows.append(f"| {text} | {one or ''} | {many} |")
        alone, together = alone + one, together + many
    if together > plan["hours"] * 60:
        raise BadInput(f"The plan {plan['name']!r} takes {together} minutes, and may take {plan['hours']} hours.")
    values = {name: plan[name] for name in ("name", "about", "after")}
    return _PLAN.format(rows="\n".join(rows), alone=alone, room=hours(together), **values)


def _part(part: dict[str, Any]) -> tuple[str, int, int]:
    """A part in words, its minutes for one person alone, and those in a room."""
    name = part["name"]
    if "minutes" in part:
        return name, 0, int(part["minutes"])
    lessons = [course.lesson(stem) for stem in part.get("lessons", ())]
    cases = [_case(case) for case in part.get("cases", ())]
    links = [f"[{one.number} · {one.question}](../lessons/{one.stem}.md)" for one in lessons] + list(
        map(_linked, cases)
    )
    each = [*map(minutes, lessons), *(one.minutes for one in cases)]
    return f"{name}<br>{'<br>'.join(links)}", sum(each), sum(map(room, each))


def _case(name: str) -> clinic.Case:
    found = clinic.named(name)
    if found is None:
        raise BadInput(f"There is no case {name!r} in the clinic.")
    return found


def _linked(case: clinic.Case) -> str:
    return f"[{case.code} {case.name}](../clinic/{case.name}.md)"


def _term() -> str:
    rows = list(_weeks())
    return TERM.format(weeks=len(rows) + 1, rows="\n".join(rows), last=len(rows) + 1, capstone=hours(room(_capstone())))


def _weeks() -> Iterator[str]:
    numbers = {lesson.stem: lesson.number for lesson in course.lessons()}
    for lesson in course.lessons():
        due = [one for one in clinic.cases() if max(numbers[stem] for stem in one.lessons) == lesson.number]
        cases = ", ".join(f"{_linked(one)} ({one.minutes})" for one in due) or "none yet: `lab recap` asks again"
        link = f"[{lesson.number} · {lesson.question}](../lessons/{lesson.stem}.md)"
        yield f"| {lesson.number} | {link} | {room(minutes(lesson))} | {cases} |"


def _capstone() -> int:
    """The minutes that its notebook says."""
    found = _MINUTES.search((course.lessons_dir() / capstone.NOTEBOOK).read_text(encoding="utf-8"))
    if not found:
        raise BadInput(f"The notebook {capstone.NOTEBOOK!r} does not say how long it takes.")
    return int(found[1])


def hours(count: int) -> str:
    """So many minutes as hours and minutes: `3 h 40`."""
    return f"{count // 60} h {count % 60:02}"
