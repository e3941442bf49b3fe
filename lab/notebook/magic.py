"""The notebook's side: `%load_ext lab`, `%%step NAME`, and the verbs `lab.check()`, `lab.hint()`, `lab.solution()`.

The body of a cell runs as a shell script; its output comes line by line; the step's result stands under it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from lab import course, paths
from lab.draw import render
from lab.errors import LabError, UsageError
from lab.learning import hints, progress, runner
from lab.learning.capstone import refuse_early
from lab.log import keep_traceback
from lab.notebook import asks, panel, scratch
from lab.notebook.panel import page
from lab.probes.here import this_world
from lab.terminal import shell

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from lab.model.steps import Step

_state: dict[str, str] = {}
_EXTENSION = "lab"


def load_ipython_extension(ipython: InteractiveShell) -> None:
    """Register `%%step`, follow the sandbox and show the panel (what `%load_ext lab` calls)."""
    register(ipython)
    scratch.follow(ipython)
    try:
        panel.open_panel()
    except LabError as error:
        _say(error)
    except Exception:  # noqa: BLE001 - a lesson without its panel is still a lesson
        _say(UsageError("The panel cannot be shown; everything else works.", f"Details: {keep_traceback('panel')}"))


def unload_ipython_extension(ipython: InteractiveShell) -> None:
    """Close the panel (what `%reload_ext lab` calls first)."""
    scratch.leave(ipython)
    panel.close_panel()


def register(ipython: Any) -> None:
    """Make `%%step` and `lab` known, so that a restarted kernel has them before the first cell is run again."""
    import lab

    if "lab" not in ipython.user_ns:
        ipython.push({"lab": lab}, interactive=False)
    if page.lesson_of(page.notebook()):
        scratch.follow(ipython)
    ipython.register_magic_function(step, "cell", "step")
    for magic in (asks.predict, asks.recap, asks.reflect, asks.case, asks.capstone):
        ipython.register_magic_function(magic, "line", magic.__name__)
    ipython.set_custom_exc((LabError,), _show_error)
    ipython.events.register("post_run_cell", _let_load_again)
    cleanups = ipython.input_transformers_cleanup
    if _with_body not in cleanups:
        cleanups.append(_with_body)


def _with_body(lines: list[str]) -> list[str]:
    """A step's cell with nothing in it (it was split, say) is no try; IPython itself would refuse it."""
    empty = lines and lines[0].startswith("%%step") and not any(line.strip() for line in lines[1:])
    return [lines[0].rstrip("\n") + "\n", "# nothing\n"] if empty else lines


def step(line: str, cell: str) -> None:
    """Run the cell as a shell script in the sandbox, then check the step that the line names."""
    try:
        wanted = course.step(_name(line))
        _state["last"] = wanted.name
        here = this_world()
        if blocked := runner.prepare(wanted, here):
            panel.show_card(wanted, blocked)
            return
        if wanted.untouched(cell):
            panel.show_card(wanted, runner.check_untried(wanted, here, cell))
            return
        with panel.running() as follow:

            def show(text: str) -> None:
                _write(text)
                follow(text)

            shell.run(wanted.name, cell, here, show)
        panel.show_card(wanted, runner.check(wanted, here))
    except LabError as error:
        _say(error)
    except KeyboardInterrupt:
        _write("(interrupted)\n")


def check(name: str = "") -> None:
    """Check a step again (the last one that was run, where no name is given)."""
    try:
        wanted = _wanted(name)
        panel.show_card(wanted, runner.check(wanted, this_world()))
    except LabError as error:
        _say(error)


def hint(name: str = "") -> None:
    """Show one more hint; the earlier ones stay."""
    try:
        wanted = _wanted(name)
        refuse_early(wanted)
        shown = progress.show_hint(paths.learner(), wanted)
        _write("\n".join(hints.lines(wanted, shown, hints.latest(wanted), "lab.solution()")) + "\n")
    except LabError as error:
        _say(error)


def solution(name: str = "", *, now: bool = False) -> None:
    """Show one way to do a step, others are as good. An exercise's comes after its hints, or with `now=True`."""
    try:
        wanted = _wanted(name)
        refuse_early(wanted)
        if not now:
            hints.refuse_early_solution(wanted, "lab.hint()", f"lab.solution({wanted.name!r}, now=True)")
        progress.show_solution(paths.learner(), wanted)
        _write(wanted.solution + "\n")
    except LabError as error:
        _say(error)


def explain(text: str = "") -> None:
    """Say what an error means: the one in `text`, or the one that was printed last."""
    from IPython.display import display

    from lab.explainer import explain as explained

    try:
        display(explained(text or this_world().latest().output))
    except LabError as error:
        _say(error)


def reset(name: str = "") -> None:
    """Undo a step, or a whole lesson: what it made goes, files are restored, a copy of yours is kept."""
    from lab.learning.reset import told, undo

    try:
        steps = course.find([name]) if name else [_wanted(name)]
        said = [*undo(steps, this_world()), told(len(steps))]
        _write("\n".join(said) + "\n")
    except LabError as error:
        _say(error)


def _wanted(name: str) -> Step:
    if not isinstance(name, str):
        raise UsageError(f"A step's name is a text, not {name!r}.", 'An example: lab.hint("uname")')
    if not (name or _state.get("last")):
        raise UsageError("Which step?", 'Give its name, as in lab.hint("uname"), or run its cell first.')
    return course.step(name or _state["last"])


def _name(line: str) -> str:
    words = line.split()
    if len(words) != 1:
        raise UsageError(f"%%step takes one name, not {line!r}.", "The first line of a step's cell is `%%step NAME`.")
    return words[0]


def _let_load_again(*_result: Any) -> None:
    """A first cell that is run again shows its panel again; IPython would only say that it was loaded before."""
    from IPython.core import getipython

    ipython: Any = getipython.get_ipython()
    if ipython:
        ipython.extension_manager.loaded.discard(_EXTENSION)


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _say(error: LabError) -> None:
    """Show an error of ours as one calm line; it carries its exit status for those who run notebooks headless."""
    page.display(render.error_bundle(error))


def _show_error(_shell: Any, _kind: Any, error: LabError, _trace: Any, tb_offset: Any = None) -> None:
    del tb_offset
    _say(error)
