"""The panel and the cards: what they say, that they are honest, and that they send only what changed."""

import dataclasses
import json
import re
import threading
import time
from html.parser import HTMLParser

import ipywidgets
import pytest
from pretend import sandbox_up

from lab import course, paths
from lab.errors import Blocked
from lab.learning import progress, runner, watch
from lab.learning.progress import Entry
from lab.model.results import Result, Status
from lab.notebook.files import VIEW, bring_back, put_away
from lab.notebook.panel import buttons, cards, page, top, view
from lab.notebook.panel.stages import Stages
from lab.notebook.panel.style import STYLE
from lab.probes.here import learners_folder, this_world
from lab.sandbox.buildkit.journal import BuildProgress
from lab.sandbox.overview import Status as Overview

LESSON = course.lesson("machine")
FIRST = course.step("uname")
UP = Overview(engine="private", version="28", registry="localhost:1", builders=("default",))


def passed(*names):
    return {name: Entry(passed="2026", version=course.step(name).version, last="passed") for name in names}


# --- what it says -----------------------------------------------------------------------------------------------------


def test_each_step_has_its_state_in_words_and_the_next_one_is_marked():
    """Passed, failed, not attempted; the first that is open is next."""
    entries = {**passed("glimpse", "uname"), "engine_platform": Entry(last="failed", tries=1)}
    shown = view.view(LESSON, entries, UP, "linux/amd64")
    assert [row.state for row in shown.rows] == ["passed", "passed", "failed", *["not attempted"] * 3]
    assert [row.here for row in shown.rows] == [False, False, True, False, False, False]
    assert (shown.done, shown.course_done) == (2, 2)
    for text in (view.as_text(shown), view.as_html(shown)):
        assert all(word in text for word in ("engine_platform", "2 of 6 steps", "linux/amd64", "28"))


def test_a_pass_of_an_older_form_is_told_stale():
    """It is not counted as done, and not called failed."""
    shown = view.view(LESSON, passed("glimpse") | {"uname": Entry(passed="2026", version="old", last="passed")}, UP)
    assert shown.rows[1].state == view.STALE
    assert shown.done == 1
    assert shown.rows[1].here


def test_a_pass_stays_when_a_later_look_fails():
    """What was finished is not asked again."""
    entry = Entry(passed="2026", version=FIRST.version, last="failed")
    assert view.state_of(FIRST, {"uname": entry}) == "passed"


def test_an_unknown_state_in_the_file_counts_as_not_attempted():
    """Somebody edited progress.json by hand."""
    assert view.state_of(FIRST, {"uname": Entry(last="<b>")}) == "not attempted"


def test_after_a_lesson_the_next_open_one_is_named():
    """Later lessons first, then those that were left out, then the end."""
    mine = passed(*(step.name for step in LESSON.steps))
    assert view.view(LESSON, mine, UP).then == course.lessons()[1].name
    all_but_first = passed(*(name for name in course.steps() if name not in mine))
    last = course.lessons()[-1]
    assert view.view(last, all_but_first, UP).then == course.lessons()[0].name
    done = view.view(last, passed(*course.steps()), UP)
    assert "All steps of the course have passed" in view.as_html(done)
    assert "All steps have passed" in view.as_text(done)


def test_what_is_down_is_said_with_what_to_do():
    """No sandbox: the panel names it, and no machine line is made up."""
    shown = view.view(LESSON, {}, Overview(problem="No sandbox is up.", remedy="Run `lab up`."))
    assert "<code>lab up</code>" in view.as_html(shown)
    assert "No sandbox is up." in view.as_text(shown)
    assert shown.machine == ""


@pytest.mark.parametrize(
    ("build", "says", "bar"),
    [
        (BuildProgress("building", phase="compile", seconds_elapsed=30, seconds_left=70), "about 70 s left", True),
        (BuildProgress("building", phase="compile"), "in the background", False),
        (BuildProgress("failed", error="No network.", remedy="Try again."), "No network. Try again.", False),
        (BuildProgress("ready"), "", False),
        (BuildProgress("hub"), "", False),
    ],
)
def test_the_background_build_is_shown_while_it_runs(build, says, bar):
    """With a bar where it is known how far; gone when it is done."""
    shown = view.view(LESSON, {}, Overview(engine="private", buildkit=build))
    text = view.as_html(shown)
    assert says in text
    assert ('value="30" aria-label="BuildKit' in text) is bar
    assert ("lab-build" in text) is bool(says)


class Reader(HTMLParser):
    """The elements of a piece of HTML."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def elements(text):
    reader = Reader()
    reader.feed(text)
    return reader.found


def test_people_who_do_not_see_the_colours_lose_nothing():
    """Each bar has a name, each mark has words beside it, the current step is announced, the panel is a region."""
    found = elements(view.as_html(view.view(LESSON, {}, UP)))
    assert all(attrs.get("aria-label") for tag, attrs in found if tag == "progress")
    assert [attrs for tag, attrs in found if tag == "li" and attrs.get("aria-current") == "step"]
    assert [attrs for _, attrs in found if attrs.get("role") == "region" and attrs.get("aria-label")]
    assert all(attrs.get("aria-hidden") for _, attrs in found if attrs.get("class") == "lab-mark")


def test_the_html_is_small_and_asks_for_nothing():
    """A few kilobytes, no script, no address of another host; a link only where the page can follow it."""
    text = view.as_html(view.view(LESSON, {}, UP))
    assert len(text) < 4000
    assert not {tag for tag, _ in elements(text)} & {"script", "a", "img", "link"}
    assert "http" not in text + STYLE


def test_a_link_leads_to_the_steps_cell():
    """By a command that JupyterLab knows; the path is data, whatever a learner called the file."""
    attributes = view.command_link('a "b" <c>.ipynb', "uname")
    ((_, attrs),) = elements(f"<a {attributes}>x</a>")
    data = json.loads(attrs["data-commandlinker-args"])
    assert data == {"path": 'a "b" <c>.ipynb', "id": "#cell-id=uname"}


@pytest.mark.parametrize(
    ("name", "lesson"),
    [
        ("01-machine.ipynb", "machine"),
        ("02-one-platform-Copy1.ipynb", "one-platform"),
        ("my notes.ipynb", None),
        ("01.ipynb", None),
    ],
)
def test_a_notebooks_name_tells_its_lesson(tmp_path, name, lesson):
    """Also that of a copy; a renamed one tells it with its first step."""
    found = page.lesson_of(tmp_path / name)
    assert (found.stem if found else None) == lesson


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


# --- notebooks on the disk --------------------------------------------------------------------------------------------


def notebook(mark, **metadata):
    data = {VIEW: {"model_id": "m"}, "text/html": f"{page.SAVED}<b>x</b>", "text/plain": "x"}
    output = {"output_type": "display_data", "data": data, "metadata": {"lab_kernel": mark, **metadata}}
    return {"cells": [{"cell_type": "code", "outputs": [output]}, {"cell_type": "markdown"}]}


def data_of(one):
    return one["cells"][0]["outputs"][0]["data"]


def test_on_the_disk_there_is_no_widget():
    """GitHub, nbconvert and the next kernel show HTML, and it says that it is a copy."""
    saved = data_of(put_away(notebook(page.kernel_mark())))
    assert VIEW not in saved
    assert "Run the cell again" in saved["text/html"]


def test_a_browser_that_comes_back_gets_the_widget_again():
    """While the kernel lives, a reload loses nothing."""
    before = notebook(page.kernel_mark())
    there = bring_back(put_away(json.loads(json.dumps(before))))
    assert data_of(there) == data_of(before)


@pytest.mark.parametrize("mark", ["", "0-", "999999999-1", "1-0", "abc", None, "-1-2", f"{2**70}-1"])
def test_a_dead_kernels_widget_stays_away(mark):
    """A restart, a reboot, another machine, or nonsense in the file: HTML, never `model not found`."""
    there = data_of(bring_back(put_away(notebook(mark))))
    assert VIEW not in there
    assert "Run the cell again" in there["text/html"]


def test_a_clock_is_not_saved():
    """It belongs to the moment."""
    assert put_away(notebook("", lab="live"))["cells"][0]["outputs"] == []


def test_widgets_of_others_are_left_alone():
    """A learner's own slider in a notebook is theirs."""
    own = notebook("")
    data_of(own)["text/html"] = "<b>x</b>"
    assert VIEW in data_of(put_away(own))


@pytest.mark.parametrize("broken", [{}, {"cells": None}, {"cells": [{}]}, {"cells": [{"outputs": None}]}, [], "x"])
def test_what_is_no_notebook_is_handed_on(broken):
    """Jupyter itself says what is wrong with it."""
    assert bring_back(put_away(broken)) == broken


# --- colours ----------------------------------------------------------------------------------------------------------


def luminance(colour):
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [x / 12.92 if x <= 0.03928 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
    return sum(weight * x for weight, x in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("theme", "ground"), [(0, "#ffffff"), (1, "#111111")])
def test_states_can_be_read_on_both_themes(theme, ground):
    """WCAG AA for text: 4.5 to 1, on JupyterLab's light and dark ground."""
    tables = re.findall(r"--lab-passed:#.*?(?=color:var|})", STYLE)
    colours = re.findall(r"--lab-\w+:(#[0-9a-f]{6})", tables[theme])
    assert len(colours) == 5
    assert all(contrast(colour, ground) >= 4.5 for colour in colours)


def test_a_row_says_with_which_help_it_passed():
    """Hints, a prediction and the second mark, in text and HTML; nothing for a step that is still open."""
    entry = progress.Entry(passed="2026-11-25", last="passed", hints=2, predicted="wrong", good=True)
    entries = {"uname": entry, "own_header": progress.Entry(hints=1)}
    now = view.view(course.lesson("machine"), entries, None)
    rows = {row.step: row.how for row in now.rows}
    assert (rows["uname"], rows["own_header"]) == ("2 hints · predicted wrong · ★ right and good", "")
    assert rows["uname"] in view.as_text(now)
    assert rows["uname"] in view.as_html(now)


@pytest.mark.parametrize(
    ("kind", "note", "says"),
    [
        ({"gap": "uname ____"}, "(with a gap)", "fill the gaps in its cell"),
        ({"exercise": True}, "(exercise)", "write your own commands"),
        ({"exercise": True, "repair": True}, "(repair)", "find what is broken"),
    ],
)
def test_a_row_says_what_its_step_leaves_to_the_learner(kind, note, says):
    """And the panel's last line says how to begin with it."""
    lesson = course.lesson("machine")
    first = dataclasses.replace(lesson.steps[0], **kind)
    now = view.view(dataclasses.replace(lesson, steps=(first, *lesson.steps[1:])), {}, None)
    assert note in view.as_text(now)
    assert says in view.as_html(now)
