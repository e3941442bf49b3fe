"""The panel, the cards and the clock as live widgets: they follow the world, and send only what changed."""

import threading
import time

import ipywidgets
import pytest
from support.stand_ins import sandbox_up

from lab import course, paths
from lab.errors import Blocked
from lab.learning import progress, runner, watch
from lab.model.results import Result, Status
from lab.notebook.files import VIEW
from lab.notebook.panel import buttons, cards, page, top, view
from lab.notebook.panel.stages import Stages
from lab.probes.here import learners_folder, this_world
from lab.sandbox import overview

LESSON = course.lesson("machine")
FIRST = course.step("uname")


# --- live -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def live(tmp_path, monkeypatch):
    """A page that shows widgets, a sandbox that says it is up; what is displayed is kept in a list."""
    shown = []
    folder = tmp_path / "lessons"
    monkeypatch.setenv("LAB_WORKSPACE", str(folder))
    monkeypatch.setenv("JPY_SESSION_NAME", str(folder / "01-machine.ipynb"))
    monkeypatch.setattr(page, "display", lambda bundle, **options: shown.append((bundle, options)))
    monkeypatch.setattr(watch, "_EVERY", 0.02)
    sandbox_up(folder)
    yield shown
    cards._cards.clear()
    ipywidgets.Widget.close_all()


@pytest.fixture
def panel(live):
    made = top.Panel(LESSON, live=True)
    made.open()
    yield made
    made.close()


def html_of(made):
    return made._box._html.value


def until(true, seconds=5.0):
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    return true()


def test_the_panel_looks_at_no_file_of_the_disk(live, monkeypatch):
    """It asks after each cell what is up; the sizes, which it does not show, would mean a look at tens of thousands."""
    monkeypatch.setattr(overview, "disk_usage", lambda *_folder: pytest.fail("a size was asked for"))
    made = top.Panel(LESSON, live=False)
    made.open()
    made.close()
    assert made._found is not None


def test_a_check_in_a_terminal_shows_within_a_second(panel):
    """Another process writes progress.json; the panel follows by itself."""
    assert "0 of 6 steps" in html_of(panel)
    result = Result(step="uname", lesson="machine", status=Status.PASSED, goal="", when="2026")
    progress.record(paths.learner(), FIRST, result)
    assert until(lambda: "1 of 6 steps" in html_of(panel), 1.0)


def test_nothing_is_sent_where_nothing_changed(panel):
    """Evidence that is open stays open, a screen reader is not interrupted."""
    until(lambda: panel._found is not None)
    panel.refresh()
    changes = []
    panel._box._html.observe(changes.append, "value")
    panel.refresh()
    assert changes == []


def test_a_closed_panel_stops_following(panel):
    """No thread is left behind."""
    panel.close()
    assert not [one for one in threading.enumerate() if one.name == "lab-watch"]


def test_a_widget_goes_with_html_and_text(panel, live):
    """Where no widget can be shown, the same is said."""
    (bundle, _), *_ = live
    assert {VIEW, view.MIME, "text/html", "text/plain"} == set(bundle)
    assert "glimpse" in bundle["text/html"]


def press(card, words):
    button = next(one for one in card.widget.children[2].children if one.description.startswith(words))
    assert not button.disabled
    button.click()


@pytest.fixture
def card(live):
    """The card of the exercise, as it is before anything was done."""
    step = course.step("name_programs")
    cards.show(step, runner.check(step, this_world()))
    return cards.shown()[0]


def text_of(card):
    return "".join(place.value for place in (card._html, card._extra, card._said))


def test_hints_come_one_at_a_time_and_stay(card):
    """After the last one the button rests, and the solution may be seen."""
    hints = card.step.hints
    for number in range(len(hints)):
        assert card._solution.disabled
        press(card, "Hint")
        assert text_of(card).count("<li>") == number + 1
    assert card._hint.disabled
    press(card, "Show a solution")
    assert "One way to do it" in text_of(card)


def test_check_again_looks_at_the_world(card, live):
    """The file is written elsewhere; the button sees it."""
    assert "not attempted" in text_of(card)
    (learners_folder() / "files/machine/answers.txt").write_text("abacus linux/386\nlantern x\ncompass y\n")
    press(card, "Check again")
    assert "failed" in text_of(card)
    assert "linux/386" in text_of(card)


def test_a_reset_asks_first_and_keeps_a_copy(card, live):
    """One press only asks; the second one does it."""
    answers = learners_folder() / "files/machine/answers.txt"
    answers.write_text("mine\n")
    press(card, "Reset")
    assert answers.read_text() == "mine\n"
    press(card, "Press again")
    assert answers.read_text() != "mine\n"
    assert "yours is kept as" in text_of(card)
    press(card, "Reset")
    assert answers.read_text() != "mine\n"


def test_a_reset_that_was_not_meant_is_forgotten(card, monkeypatch):
    """After some seconds the button is what it was."""
    monkeypatch.setattr(buttons, "_PATIENCE", 0.05)
    press(card, "Reset")
    button = card.widget.children[2].children[3]
    assert until(lambda: button.description == "Reset this step")


def test_what_a_button_cannot_do_is_said_beside_it(card, monkeypatch):
    """Blocked, with what to do; our own mistake, calmly, with the log's place; never a traceback."""

    def down():
        raise Blocked("No sandbox is up.", "Run `lab up`.")

    monkeypatch.setattr(cards, "this_world", down)
    press(card, "Check again")
    assert "No sandbox is up." in text_of(card)
    monkeypatch.setattr(cards, "this_world", lambda: 1 / 0)
    press(card, "Check again")
    assert "not your fault" in text_of(card)
    assert "Traceback" not in text_of(card)


def test_a_card_says_when_it_was_looked_at_elsewhere(card):
    """A result that is older than the last look says so, instead of standing against the panel."""
    result = Result(step=card.step.name, lesson="machine", status=Status.PASSED, goal="", when="2026")
    progress.record(paths.learner(), card.step, result)
    card.refresh()
    assert "This step changed since then. It is now: <strong>passed</strong>" in text_of(card)


def test_a_passed_step_links_to_the_next(live):
    """The name is a link where the page can follow it, plain where the notebook is not there."""
    result = runner.check(FIRST, this_world())
    result = Result(**{**vars(result), "status": Status.PASSED, "next_step": "engine_platform"})
    assert "data-commandlinker-command" in cards._following(result)
    (learners_folder() / "01-machine.ipynb").unlink()
    assert cards._following(result) == "Next: <code>engine_platform</code>"


# --- while a command runs ---------------------------------------------------------------------------------------------

LOG = """\
#0 building with "multi-builder" instance using docker-container driver

#1 [internal] load build definition from Dockerfile
#1 transferring dockerfile: 100B done
#1 DONE 0.0s

#5 [linux/arm64 2/3] RUN make
#6 [linux/amd64 2/3] RUN make
#5 0.123 compiling
#6 CACHED
"""


def test_the_stages_at_work_are_named():
    """Done ones are counted; what a RUN prints is no stage."""
    stages = Stages()
    for place in range(0, len(LOG), 7):  # the pipe cuts where it likes
        stages.feed(LOG[place : place + 7])
    assert (stages.done, stages.total) == (2, 4)
    assert stages.line().endswith("· [linux/arm64 2/3] RUN make")


def test_output_that_is_no_build_has_no_stages():
    """`uname -m`, a comment, a heading: nothing is made up."""
    stages = Stages()
    stages.feed("x86_64\n# a comment\n#12\n##1 two\n#x [a] b\n")
    assert stages.line() == ""


def test_a_build_that_failed_has_come_to_its_end():
    """An error ends a stage as well."""
    stages = Stages()
    stages.feed("#5 [2/3] RUN false\n#5 ERROR: exit code: 1\n")
    assert (stages.done, stages.total) == (1, 1)


def test_the_clock_runs_only_for_what_takes_long(live, monkeypatch):
    """A quick command shows none; a long one shows time and stages; afterwards the line is gone."""
    from lab.notebook.panel import clock as module

    lines = []
    monkeypatch.setattr(page, "views", lambda widget: lines.append(widget) or {})
    monkeypatch.setattr(module, "_EVERY", 0.01)
    with module.running() as follow:
        follow("x")
    assert len(live) == 1
    monkeypatch.setattr(module, "_AFTER", 0.01)
    seen = []
    monkeypatch.setattr(module, "as_html", lambda seconds, stages: seen.append((seconds, stages)) or "")
    with module.running() as follow:
        follow("#5 [linux/arm64 2/3] RUN make\n")
        assert until(lambda: any("RUN make" in stages for _, stages in seen))
    assert all(line.comm is None for line in lines)


def test_the_line_reads_as_a_clock():
    """Minutes and seconds, and what BuildKit prints is text."""
    assert "at work for 2:05" in running_html(125.9, "")
    assert "&lt;b&gt;" in running_html(1, "<b>")


def running_html(seconds, stages):
    from lab.notebook.panel.clock import as_html

    return as_html(seconds, stages)
