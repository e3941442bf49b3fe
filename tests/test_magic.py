"""The notebook's side, in a real IPython and in a real kernel: one cell, one result, no traceback."""

import json
import os

import nbclient
import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from support.stand_ins import sandbox_up
from traitlets.config import Config

import lab
from lab import course
from lab.draw import render
from lab.learning import progress
from lab.model.results import MIME
from lab.notebook import magic, panel, scratch
from lab.notebook.panel import page, view
from lab.sandbox import state
from lab.terminal import shell


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A sandbox that says it is up, and a folder with the lessons."""
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    monkeypatch.delenv("IPYTHONDIR", raising=False)
    monkeypatch.setenv("LAB_WORKSPACE", str(tmp_path / "lessons"))
    sandbox_up(tmp_path / "lessons")
    return tmp_path / "lessons"


@pytest.fixture
def ipython(folder, monkeypatch):
    """An IPython in which nothing is kept on the disk, with the lab loaded."""
    InteractiveShell.clear_instance()
    found = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    magic._state.clear()
    yield found
    scratch.leave(found)
    panel.close_panel()
    InteractiveShell.clear_instance()


def runs(ipython, cell):
    """What a cell printed, and the MIME bundles that it showed."""
    with capture_output() as seen:
        result = ipython.run_cell(cell)
    assert result.error_before_exec is None
    return seen.stdout, [output.data for output in seen.outputs]


def loaded(ipython):
    return runs(ipython, "%load_ext lab")[1]


def test_loading_shows_the_panel(ipython):
    """Steps with their states, as HTML, text and data."""
    (shown,) = loaded(ipython)
    assert {view.MIME, "text/html", "text/plain"} <= set(shown)
    assert "uname" in shown["text/plain"]
    assert "not attempted" in shown["text/html"]


def test_loading_twice_shows_it_twice(ipython):
    """A first cell that is run again, or copied, is no dead cell."""
    assert loaded(ipython)
    assert loaded(ipython)


def test_a_cell_runs_and_its_result_stands_under_it(ipython):
    """Output first, then one result in three forms."""
    loaded(ipython)
    printed, shown = runs(ipython, "%%step uname\nuname -m")
    assert "x86_64" in printed or "aarch64" in printed
    assert [bundle[MIME]["status"] for bundle in shown if MIME in bundle] == ["passed"]
    assert all("text/html" in bundle and "text/plain" in bundle for bundle in shown)


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("%%step unmae\nuname -m", "Did you mean 'uname'?"),
        ("%%step\nuname -m", "takes one name"),
        ("%%step uname again\nuname -m", "takes one name"),
        ("%%step name-programs\n", "Did you mean 'name_programs'?"),
        ('lab.check("unmae")', "Did you mean 'uname'?"),
        ("lab.hint(3)", "A step's name is a text"),
        ("lab.check()", "Which step?"),
        ('lab.solution("name_programs")', "3 hints are left"),
    ],
)
def test_a_slip_gets_one_calm_line(ipython, cell, says):
    """The nearest right name, or what to type; nothing was run and nothing is lost."""
    ipython.push({"lab": lab})
    loaded(ipython)
    printed, shown = runs(ipython, cell)
    assert printed == ""
    assert says in shown[-1]["text/plain"]
    assert shown[-1][render.ERROR_MIME]["exit_status"] == 2
    assert len(shown[-1]["text/plain"].splitlines()) == 1


@pytest.mark.parametrize("cell", ["%%step uname", "%%step uname\n", "%%step uname\n\n  \n", "%%step uname\n# soon"])
def test_an_empty_cell_is_not_attempted(ipython, cell):
    """A cell that was split, or not filled in yet."""
    loaded(ipython)
    assert runs(ipython, cell)[1][-1][MIME]["status"] == "not attempted"


def test_no_sandbox_is_blocked_with_what_to_do(ipython, folder):
    """The lesson is open, nothing is up: say it, in the panel and under the cell."""
    state._file().unlink()
    assert "lab up" in loaded(ipython)[0]["text/plain"]
    shown = runs(ipython, "%%step uname\nuname -m")[1]
    assert shown[-1][render.ERROR_MIME]["exit_status"] == 3


def test_the_panel_follows_the_step_without_a_second_one(ipython, monkeypatch):
    """One handle is updated: no stale bar is left above a new one."""
    sent = []
    monkeypatch.setattr("IPython.core.displaypub.DisplayPublisher.publish", lambda _self, **sent_: sent.append(sent_))
    ipython.run_cell("%load_ext lab")
    ipython.run_cell("%%step uname\nuname -m")
    panels = [one for one in sent if view.MIME in one["data"]]
    assert [one.get("update", False) for one in panels] == [False, True]
    assert len({one["transient"]["display_id"] for one in panels}) == 1
    assert panels[-1]["data"][view.MIME]["done"] == 1


def test_a_step_of_another_lesson_tells_which_lesson_this_is(ipython):
    """A renamed notebook says it with its first step."""
    loaded(ipython)
    runs(ipython, "%%step predict\n# nothing")
    assert panel._open[0].lesson.stem == "one-platform"


def test_hints_solution_and_reset_from_a_cell(ipython, folder):
    """The verbs of a notebook, for the step that was run last."""
    ipython.push({"lab": lab})
    loaded(ipython)
    runs(ipython, "%%step name_programs\n# Your commands go here.")
    step = course.step("name_programs")
    assert f"1. {step.hints[0]}" in runs(ipython, "lab.hint()")[0]
    assert runs(ipython, "lab.solution(now=True)")[0] == step.solution + "\n"
    (folder / "files/machine/answers.txt").write_text("mine\n")
    assert "yours is kept as" in runs(ipython, "lab.reset()")[0]


def test_a_hint_speaks_of_what_was_typed(ipython):
    """The shell's own words, in plain ones."""
    ipython.push({"lab": lab})
    loaded(ipython)
    runs(ipython, "%%step uname\nunmae -m")
    assert "not know the command 'unmae'" in runs(ipython, "lab.hint()")[0]


def test_our_own_mistake_in_the_panel_leaves_the_lesson_usable(ipython, monkeypatch):
    """One calm line with the log's place, and `%%step` works."""
    monkeypatch.setattr(panel, "open_panel", lambda: 1 / 0)
    (shown,) = loaded(ipython)
    assert "everything else works" in shown["text/plain"]
    assert runs(ipython, "%%step uname\nuname -m")[1][-1][MIME]["status"] == "passed"


def test_an_interrupt_keeps_what_was_printed_and_says_so(ipython, monkeypatch):
    """The cell ends with a result, not with a traceback."""

    def stopped(step, body, world, show):
        show("half of it\n")
        raise KeyboardInterrupt

    monkeypatch.setattr(shell, "run", stopped)
    loaded(ipython)
    printed, _ = runs(ipython, "%%step uname\nsleep 9")
    assert printed == "half of it\n(interrupted)\n"


def test_where_a_page_is_live(ipython, monkeypatch):
    """Jupyter's server names the notebook; a headless run has no page that could show a widget."""
    assert not page.is_live()
    monkeypatch.setenv("JPY_SESSION_NAME", "/x/01-machine.ipynb")
    assert page.is_live()


# --- a real kernel, as a headless run has it --------------------------------------------------------------------------


def executed(cells, folder, tmp_path, monkeypatch):
    """The outputs of these cells, run by nbclient in a kernel of their own."""
    if "IPYTHONDIR" not in os.environ:
        monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    short = tmp_path.parent / "k"
    short.mkdir(exist_ok=True)
    config = Config({"KernelManager": {"transport": "ipc", "ip": str(short / "s")}})
    client = nbclient.NotebookClient(
        notebook, timeout=60, allow_errors=True, store_widget_state=False, coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}}, config=config,
    )  # fmt: skip
    client.execute()
    return [cell.outputs for cell in notebook.cells]


def test_a_headless_run_holds_html_and_no_widget(folder, tmp_path, monkeypatch):
    """What the site shows: the panel as it stood in the end, each result, no traceback, no widget without a page."""
    cells = ["%load_ext lab", "%%step uname\nuname -m", "%%step unmae\n", "import lab\nlab.hint('uname')", "1/0"]
    outputs = executed(cells, folder, tmp_path, monkeypatch)
    assert "widget-view" not in json.dumps(outputs)
    (top,) = outputs[0]
    assert top.data[view.MIME]["done"] == 1
    assert outputs[1][-1].data[MIME]["status"] == "passed"
    assert "Did you mean" in outputs[2][0].data["text/plain"]
    assert [one.output_type for one in outputs[3]] == ["stream"]
    assert outputs[4][0].ename == "ZeroDivisionError"  # the learner's own Python stays Python


def test_a_step_works_in_a_kernel_that_loaded_nothing_else(folder, tmp_path, monkeypatch):
    """After a restart the first cell need not be run again: the lab's start-up file knows `%%step`."""
    from lab.notebook import server

    own = server._own_folders(tmp_path / "own")
    monkeypatch.setenv("IPYTHONDIR", own["IPYTHONDIR"])
    outputs = executed(["%%step uname\nuname -m"], folder, tmp_path, monkeypatch)
    assert outputs[0][-1].data[MIME]["status"] == "passed"


def test_progress_is_kept_for_the_next_kernel(ipython):
    """A restarted kernel asks nothing again that was finished."""
    loaded(ipython)
    runs(ipython, "%%step uname\nuname -m")
    from lab import paths

    assert progress.passed(paths.learner(), "uname")
    assert loaded(ipython)[0][view.MIME]["done"] == 1


def test_explain_reads_the_error_that_was_printed_last(world, monkeypatch, capsys):
    """`lab.explain()` takes the last try's output; with nothing run yet it says so in one line."""
    from lab.model.facts import Transcript
    from lab.notebook import magic

    shown = []
    monkeypatch.setattr(magic, "this_world", lambda: world)
    monkeypatch.setattr("IPython.display.display", lambda *things, **_options: shown.extend(things))
    magic.explain()
    output = "exec /bin/sh: exec format error\n"
    world.keep(Transcript(step="a", command="docker run x", output=output, exit_status=1))
    magic.explain()
    assert any(getattr(thing, "known", False) for thing in shown)


def test_loading_brings_lab_itself(ipython):
    """The texts say `lab.hint()`; a name of the learner's own is not taken."""
    loaded(ipython)
    assert ipython.user_ns["lab"] is lab
    ipython.push({"lab": 7})
    loaded(ipython)
    assert ipython.user_ns["lab"] == 7


@pytest.mark.parametrize("cell", ["!echo $REGISTRY $DOCKER_HOST", "%%bash\necho $REGISTRY $DOCKER_HOST"])
def test_a_cell_that_is_no_step_is_in_the_sandbox_too(ipython, capfd, cell):
    """`!docker` never means the learner's own engine."""
    loaded(ipython)
    printed = runs(ipython, cell)[0] + capfd.readouterr().out
    assert printed.strip() == "localhost:1 unix:///nowhere/docker.sock"


def test_without_a_sandbox_no_engine_answers_in_a_cell(ipython, monkeypatch):
    """The learner's own would otherwise be met by accident; it is theirs again when the lab is unloaded."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///theirs.sock")
    loaded(ipython)
    state._file().unlink()
    runs(ipython, "1")
    assert os.environ["DOCKER_HOST"] == f"unix://{state.socket()}"
    assert "REGISTRY" not in os.environ
    scratch.leave(ipython)
    assert os.environ["DOCKER_HOST"] == "unix:///theirs.sock"


def test_an_untouched_cell_is_no_try(ipython, folder):
    """Not "failed", though answers or the world are there; an answer that was written counts."""
    loaded(ipython)
    cell = "%%step name_programs\n# Your commands go here."

    def status():
        return [bundle[MIME]["status"] for bundle in runs(ipython, cell)[1] if MIME in bundle]

    assert status() == ["not attempted"]
    (folder / "files" / "machine" / "answers.txt").write_text("abacus linux/386\nlantern x\ncompass y\n")
    assert status() == ["failed"]
