"""The terminal's pages: with rich on a terminal, as plain lines where the output goes elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from lab import course, sandbox
from lab.errors import LabError
from lab.learning import progress
from lab.model.results import Status
from lab.model.steps import Step
from lab.notebook.panel import view as panel_view
from lab.sandbox import engine
from lab.sandbox.model import Code
from lab.verbs import room

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_STYLES = {
    Status.PASSED.label: "green",
    Status.FAILED.label: "red",
    Status.BLOCKED.label: "yellow",
    Status.BUG.label: "magenta",
    panel_view.STALE: "yellow",
}
_OWN_ENGINE = """\
 The sandbox is up on an engine of the lab's own. $REGISTRY is {registry}.
 `lab status` shows details, `lab --help` lists all verbs."""
_YOUR_ENGINE = """\
 The sandbox is up on your engine. $REGISTRY is {registry}.
 `lab status` shows details, `lab --help` lists all verbs."""
_SANDBOX_ON: Mapping[Code, str] = {"private": _OWN_ENGINE, "learner": _YOUR_ENGINE}
Entries = Mapping[str, progress.Entry]


def home(step: Step | None, entries: Entries) -> None:
    """Where the learner is: the lesson of the next open step, its steps, what to do."""
    lesson = course.lesson(step.lesson) if step else course.lessons()[-1]
    shown = panel_view.view(lesson, entries, None)
    if not _fancy():
        print(panel_view.as_text(shown))
    else:
        console = _console()
        console.print(f"\n [bold]Lesson {_safe(shown.title)}[/]")
        console.print(_bars([("this lesson", shown.done, len(shown.rows)), *_course(shown)]))
        console.print(_steps(shown))
    print("\n".join(["", *_advice(step), _sandbox(), *room.from_teacher()]))


def lessons(entries: Entries) -> None:
    """Every lesson with its steps."""
    console = _console() if _fancy() else None
    for lesson in course.lessons():
        shown = panel_view.view(lesson, entries, None)
        head = f"{lesson.name}  {lesson.question}  {shown.done}/{len(shown.rows)}"
        if console:
            console.print(f"[bold]{_safe(head)}[/]")
            console.print(_steps(shown, current=False))
            continue
        print(head)
        for row in shown.rows:
            print(f"  {row.mark} {row.step}{f' ({row.note})' if row.note else ''}: {row.goal}")


def _fancy() -> bool:
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False)  # keeps NO_COLOR itself


def _safe(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def _course(shown: panel_view.View) -> list[tuple[str, int, int]]:
    return [("course", shown.course_done, shown.course_total)]


def _bars(rows: list[tuple[str, int, int]]) -> Table:
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    table = Table.grid(padding=(0, 1))
    for name, done, total in rows:
        bar = ProgressBar(total=total, completed=done, width=30, complete_style="green", finished_style="green")
        table.add_row(f" {name}", bar, f"{done} of {total} steps")
    return table


def _steps(shown: panel_view.View, *, current: bool = True) -> Table:
    from rich.table import Table

    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column()
    for row in shown.rows:
        style = _STYLES.get(row.state, "")
        here = current and row.here
        mark = f"[{style}]{row.mark}[/]" if style else row.mark
        name = f"[bold]{row.step}[/]" if here else row.step
        kind = f"({row.note}) " if row.note else ""
        table.add_row(f" {'[bold]▸[/]' if here else ' '} {mark}", name, _safe(kind + row.goal))
    return table


def _advice(step: Step | None) -> list[str]:
    from lab.terminal import recorder

    if step is None:
        return [" All steps have passed. `lab reset` starts over."]
    inside = recorder.session() is not None
    how = "Type its commands, then `lab check`." if inside else "`lab shell` to do it here, `lab learn` for JupyterLab."
    return [f" Next: {step.name}. `lab next` says what to do. {how}"]


def _sandbox() -> str:
    try:
        box = sandbox.load()
    except LabError as error:
        return f" {error}"
    return _SANDBOX_ON[engine.of(box.engine).code].format(registry=box.registry)
