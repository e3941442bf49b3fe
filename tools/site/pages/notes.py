"""The map of the notes: each of their commands, pictures and claims, what is so, and where the course has it.

The notes are data (`docs/reference/notes.toml`). A command's step is found by looking at the course's solutions and
at what was printed in the run; that of a claim is named there, and a name that leads nowhere stops the build.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab import course
from lab.errors import BadInput
from lab.learning.tour.runs import Run
from lab.model.steps import Step

PAGE = """---
title: The notes, point by point
description: Every point of the notes that this course began with, what is so, and where it is taught.
---
# The notes, point by point

This course began with one learner's notes on `docker buildx`. Here is each of their points, in their order.

A command or a picture has a step here, which was run on a real engine and printed what the notes show: without such a
step, this site is not built. A point with a ✎ is one in which the notes are wrong or out of date.

| In the notes | What is so | Where |
|---|---|---|
{rows}

## Corrections

{slips}
"""


@dataclass(frozen=True)
class Row:
    """A point of the notes; the file says what each field means. With `words`, it has a step that runs them."""

    notes: str
    shows: str = ""
    words: str = ""
    prints: str = ""
    so: str = ""
    slip: bool = False
    at: tuple[str, ...] = ()


def rows(path: Path) -> tuple[Row, ...]:
    """The notes' points; BadInput where the file is not of that form."""
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))["row"]
        return tuple(Row(**{**row, "at": tuple(row.get("at", ()))}) for row in read)
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(f"{str(path)!r} is not a list of the notes' points: {error}.") from error


def page(all_rows: Sequence[Row], runs: Sequence[Run]) -> str:
    """The map as a page; BadInput where a command has no step, or a place does not exist."""
    return PAGE.format(
        rows="\n".join(_line(row, runs) for row in all_rows),
        slips="\n".join(f"- {row.notes}: {row.so}" for row in all_rows if row.slip),
    )


def found(row: Row, runs: Sequence[Run]) -> tuple[Run, Step]:
    """The first step whose solution has the command and, where it was run, whose output is what the notes show."""
    near = []
    for run in runs:
        for step in run.lesson.steps:
            if any(_has(command, row.words.split()) for command in commands(step.solution)):
                if not run.stamp or re.search(row.prints, run.printed.get(step.name, ""), re.MULTILINE):
                    return run, step
                near.append(step.name)
    if near:
        raise BadInput(f"The notes' {row.notes!r} is run by {', '.join(near)}, but none prints {row.prints!r}.")
    raise BadInput(f"No step runs the notes' {row.notes!r} ({row.words!r}).", "Give it a step, or mend notes.toml.")


def commands(script: str) -> Iterator[list[str]]:
    """The commands of a script, each as its words; a line that ends in a backslash goes on."""
    for line in script.replace("\\\n", " ").splitlines():
        try:
            yield shlex.split(line, comments=True)
        except ValueError:
            yield line.split()


def _has(command: Sequence[str], words: Sequence[str]) -> bool:
    """Are the words there, in this order? Other options may stand between them."""
    left = iter(command)
    return all(word in left for word in words)


def _line(row: Row, runs: Sequence[Run]) -> str:
    told = " ".join(filter(None, [f"They show: {row.shows}." if row.shows else "", row.so]))
    places = [_step(found(row, runs)[1])] if row.words else [place(one) for one in row.at]
    mark = "✎ " if row.slip else ""
    return f"| {mark}{row.notes} | {told} | {', '.join(places) or 'here'} |"


def place(at: str) -> str:
    """A link to where the course has a point; BadInput where there is no such lesson, step or page."""
    kind, _, name = at.partition(" ")
    if kind == "step" and name in course.steps():
        return _step(course.step(name))
    if kind == "lesson" and name in {one.stem for one in course.lessons()}:
        return _lesson(course.lesson(name))
    if kind == "page" and name.startswith("reference/"):
        return f"[{name.removeprefix('reference/').removesuffix('.md')}]({name.removeprefix('reference/')})"
    raise BadInput(f"The notes' map names {at!r}, which is not a step, a lesson or a reference page.")


def _step(step: Step) -> str:
    stem = course.lesson(step.lesson).stem
    return f"[`{step.name}`](../lessons/{stem}.md#{step.name})"


def _lesson(lesson: course.Lesson) -> str:
    return f"[lesson&nbsp;{lesson.number}](../lessons/{lesson.stem}.md)"
