"""The map of the notes: each of their commands, and the step of the course that runs it and prints what they show.

The notes' commands are data (`docs/reference/notes.toml`); the steps are found by looking at the course's solutions
and at what was printed in the run.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.errors import BadInput
from lab.site.runs import Run
from lab.steps import Step

PAGE = """---
title: The notes' commands
description: Every command of the notes that this course began with, and the step that runs it.
---
# The notes' commands

This course began with one learner's notes on `docker buildx`.
Each command and each output in them has a step here, which was run on a real engine and printed what the notes show.
The table is made from the course itself: a command without such a step would stop the build of this site.

| In the notes | What they show | Lesson | Step |
|---|---|---|---|
{rows}
{slips}
"""


@dataclass(frozen=True)
class Row:
    """A command of the notes: what a step's solution must have, and what its output must match."""

    notes: str
    shows: str
    words: str
    prints: str
    slip: str = ""


def rows(path: Path) -> tuple[Row, ...]:
    """The notes' commands; BadInput where the file is not of that form."""
    try:
        return tuple(Row(**row) for row in tomllib.loads(path.read_text(encoding="utf-8"))["row"])
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise BadInput(f"{str(path)!r} is no list of the notes' commands: {error}.") from error


def page(all_rows: Sequence[Row], runs: Sequence[Run]) -> str:
    """The map as a page; BadInput where a command has no step."""
    slips = "".join(f"\n- `{row.notes}`: {row.slip}" for row in all_rows if row.slip)
    return PAGE.format(
        rows="\n".join(_line(row, *found(row, runs)) for row in all_rows),
        slips=f"\n## Where the notes slipped\n{slips}" if slips else "",
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


def _line(row: Row, run: Run, step: Step) -> str:
    lesson = run.lesson
    place = f"../lessons/{lesson.stem}.md"
    return (
        f"| `{row.notes}` | {row.shows} | [{lesson.number} · {lesson.question}]({place}) "
        f"| [`{step.name}`]({place}#{step.name}) |"
    )
