"""The notebook's side: `%load_ext lab`, `%%step NAME`, and the verbs `lab.check()`, `lab.hint()`, `lab.solution()`.

The body of a cell runs as a shell script; its output comes line by line; the step's result stands under it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from lab import course, paths, progress, render, runner, shell, world
from lab.errors import LabError, UsageError

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from lab.steps import Step

_state: dict[str, str] = {}


def load_ipython_extension(ipython: InteractiveShell) -> None:
    """Register `%%step` (what `%load_ext lab` calls)."""
    ipython.register_magic_function(step, "cell", "step")  # type: ignore[no-untyped-call]
    ipython.set_custom_exc((LabError,), _show_error)  # type: ignore[no-untyped-call]


def step(line: str, cell: str) -> None:
    """Run the cell as a shell script in the sandbox, then check the step that the line names."""
    try:
        wanted = course.step(_name(line))
        _state["last"] = wanted.name
        here = world.here()
        if wanted.prepare:
            wanted.prepare(here)
        shell.run(wanted.name, cell, here, _write)
        _display(render.bundle(runner.check(wanted, here)))
    except LabError as error:
        _say(error)


def check(name: str = "") -> None:
    """Check a step again (the last one that was run, where no name is given)."""
    try:
        wanted = _wanted(name)
        _display(render.bundle(runner.check(wanted, world.here())))
    except LabError as error:
        _say(error)


def hint(name: str = "") -> None:
    """Show one more hint; the earlier ones stay."""
    try:
        wanted = _wanted(name)
        shown = progress.show_hint(paths.learner(), wanted)
        lines = [f"{number}. {text}" for number, text in enumerate(wanted.hints[:shown], 1)]
        left = len(wanted.hints) - shown
        more = f"{left} more." if left else "That was the last one; lab.solution() shows a way."
        _write("\n".join([*lines, more]) + "\n")
    except LabError as error:
        _say(error)


def solution(name: str = "") -> None:
    """Show one way to do a step. Others are as good."""
    try:
        _write(_wanted(name).solution + "\n")
    except LabError as error:
        _say(error)


def _wanted(name: str) -> Step:
    if not (name or _state.get("last")):
        raise UsageError("Which step?", 'Give its name, as in lab.hint("uname"), or run its cell first.')
    return course.step(name or _state["last"])


def _name(line: str) -> str:
    words = line.split()
    if len(words) != 1:
        raise UsageError(f"%%step takes one name, not {line!r}.", "The first line of a step's cell is `%%step NAME`.")
    return words[0]


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _display(bundle: dict[str, Any]) -> None:
    from IPython.display import display

    display(bundle, raw=True)  # type: ignore[no-untyped-call]


def _say(error: LabError) -> None:
    """Show an error of ours as one calm line; it carries its exit status for those who run notebooks headless."""
    _display(render.error_bundle(error))


def _show_error(_shell: Any, _kind: Any, error: LabError, _trace: Any, tb_offset: Any = None) -> None:
    del tb_offset
    _say(error)
