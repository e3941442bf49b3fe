"""Run lessons headless, as a learner with the solutions would, and keep what was really printed.

The executed notebooks are what the site shows. Progress goes to a folder of the tour's own, so that a learner's
stays as it is.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lab import course, sandbox
from lab.course import workspace
from lab.draw import render
from lab.errors import Blocked
from lab.learning import reset
from lab.learning.tour import folder as tour_folder
from lab.learning.tour.kernels import kernels
from lab.model.results import MIME, Result, Status
from lab.probes import needs
from lab.probes.here import environment_of, this_world
from lab.probes.needs import NO_CONSENT
from lab.sandbox import buildkit, golang
from lab.storage import write_text

_CELL_LIMIT = 900  # seconds for one cell; a build of BuildKit's image may be waited for


@dataclass(frozen=True)
class Run:
    """One lesson that was run: its executed notebook and its results in order."""

    lesson: course.Lesson
    notebook: Any
    results: tuple[Result, ...]
    errors: tuple[str, ...]


def tour(
    lessons: list[course.Lesson],
    output: Path,
    show: Callable[[Result], None],
    *,
    emulators: bool,
    stamp: Callable[[], Mapping[str, str]],
) -> list[Run]:
    """Run the lessons one after the other in a copy of their own and write notebooks and report to `output`.

    What the steps make is removed before and after. `emulators` is consent to register them; without it the steps that
    need them are blocked. `stamp`, asked when all have run, is what goes into each notebook (versions, platform).
    """
    _try_to_write(output)
    with tour_folder.made() as place:
        folder = place / "lessons"
        consent = "yes" if emulators else "no"
        env = {"LAB_WORKSPACE": str(folder), "LAB_LEARNER": str(place / "learner"), NO_CONSENT: consent}
        there = any(handler.own for handler in sandbox.registered())
        with environment_of(env):
            workspace.start(folder)
            steps = [step for lesson in lessons for step in lesson.steps]
            list(reset.undo(steps, this_world()))
            try:
                with kernels(folder, place, len(lessons)) as started:
                    runs = [_run(lesson, kernel, folder, show) for lesson, kernel in zip(lessons, started, strict=True)]
                stamped = stamp()
            finally:
                list(reset.undo(steps, this_world()))
                if there:  # they were somebody's wish before the tour
                    sandbox.up(emulators=True)
    for run in runs:
        _write(run, output, stamped)
    write_text(output / "report.html", _report(runs, stamped))
    return runs


def wait_for_images(lessons: list[course.Lesson], say: Callable[[str], None]) -> None:
    """Wait for what steps need and the background still makes; what cannot be had blocks those steps later."""
    for need, image in ((needs.buildkit, buildkit), (needs.golang, golang)):
        needed = any(need in step.needs for lesson in lessons for step in lesson.steps)
        if needed and (now := image.progress()).state == "building":
            say(now.waiting)
            image.wait(_CELL_LIMIT)


def solved(notebook: Any) -> Any:
    """The notebook with the solution in each cell that leaves something to the learner."""
    for cell in notebook.cells:
        name = step_name(cell.source) if cell.cell_type == "code" else ""
        if name in course.steps() and course.steps()[name].kind != "whole":
            cell.source = f"%%step {name}\n{course.steps()[name].solution}"
    return notebook


def step_name(source: str) -> str:
    """The step that a cell's first line names, or ""."""
    first = source.partition("\n")[0].split()
    return first[1] if first[:1] == ["%%step"] and len(first) > 1 else ""


def results_of(outputs: list[Any]) -> list[Result]:
    """The results among a cell's outputs."""
    return [Result.from_json(o["data"][MIME]) for o in outputs if MIME in (o.get("data") or {})]


def execute(notebook: Any, folder: Path, place: Path, done: Callable[[Any], None]) -> None:
    """Run a notebook's cells in a new kernel that works in `folder`; `done` gets each cell when it has run."""
    with kernels(folder, place, 1) as started:
        execute_in(next(started), notebook, done)


def execute_in(kernel: Any, notebook: Any, done: Callable[[Any], None]) -> None:
    """The same in a kernel that was started. Blocked where a cell does not end or the kernel dies."""
    import nbclient

    def executed(cell: Any, cell_index: int, execute_reply: Any) -> None:
        del cell_index, execute_reply
        done(cell)

    client = nbclient.NotebookClient(
        notebook,
        km=kernel,
        shutdown_kernel="immediate",
        timeout=_CELL_LIMIT,
        coalesce_streams=True,
        store_widget_state=False,
        allow_errors=True,
        on_cell_executed=executed,
    )
    try:
        client.execute(cleanup_kc=True)  # the kernel is ended too
    except nbclient.exceptions.CellTimeoutError as error:
        raise Blocked(f"A cell did not end within {_CELL_LIMIT} s.", "`lab status` says how the engine is.") from error
    except nbclient.exceptions.DeadKernelError as error:
        raise Blocked("The notebook's kernel died.", "Is there enough memory?") from error


def _run(lesson: course.Lesson, kernel: Any, folder: Path, show: Callable[[Result], None]) -> Run:
    import nbformat

    notebook = solved(nbformat.read(folder / lesson.notebook.name, as_version=4))
    results: list[Result] = []
    errors: list[str] = []

    def done(cell: Any) -> None:
        outputs = cell.get("outputs", [])
        for result in results_of(outputs):
            results.append(result)
            show(result)
        errors.extend(f"{o.ename}: {o.evalue}" for o in outputs if o.output_type == "error")
        errors.extend(o["data"]["text/plain"] for o in outputs if render.ERROR_MIME in (o.get("data") or {}))

    execute_in(kernel, notebook, done)
    return Run(lesson, notebook, tuple(results), tuple(errors))


def statuses(runs: list[Run]) -> list[Status]:
    """Each step's last status; a step that left no result, or a cell's own error, counts as our bug."""
    found = []
    for run in runs:
        last = {result.step: result.status for result in run.results}
        found += [last.get(step.name, Status.BUG) for step in run.lesson.steps]
        found += [Status.BUG] * len(run.errors)
    return found


def _write(run: Run, output: Path, stamp: Mapping[str, str]) -> None:
    import nbformat

    when = datetime.now(UTC).isoformat(timespec="seconds")
    run.notebook.metadata["lab"] = {**stamp, "date": when, "source": course.fingerprint(run.lesson)}
    write_text(output / run.lesson.notebook.name, nbformat.writes(run.notebook) + "\n")


def _try_to_write(output: Path) -> None:
    """Blocked where the folder takes nothing, before any lesson is run for it."""
    write_text(output / ".room", "x" * 65536)
    (output / ".room").unlink()


def _report(runs: list[Run], stamp: Mapping[str, str]) -> str:
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(template_name="basic", exclude_input_prompt=True, exclude_output_prompt=True)
    rows = "".join(
        f"<tr><td>{html.escape(run.lesson.name)}</td><td>{html.escape(result.step)}</td>"
        f"<td>{result.status.mark} {result.status.label}</td><td>{result.seconds:.2f} s</td></tr>"
        for run in runs
        for result in run.results
    )
    bodies = "".join(
        f'<section id="{html.escape(run.lesson.name)}">{exporter.from_notebook_node(run.notebook)[0]}</section>'
        for run in runs
    )
    facts = " · ".join(f"{html.escape(name)} {html.escape(value)}" for name, value in stamp.items())
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>lab tour</title>'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        "style-src 'unsafe-inline'\"><style>body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;"
        "padding:0 1rem}pre{overflow-x:auto}table{border-collapse:collapse}td,th{padding:.2em .8em;text-align:left}"
        "</style></head><body><h1>lab tour</h1>"
        f"<p>{facts}</p><table><tr><th>lesson</th><th>step</th><th>result</th><th>check</th></tr>{rows}</table>"
        f"{bodies}</body></html>\n"
    )
