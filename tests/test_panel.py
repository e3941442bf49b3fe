"""The panel: what it says, that it is honest, small, and can be read by everybody."""

import dataclasses
import json
import re
from html.parser import HTMLParser

import pytest

from lab import course
from lab.learning import progress
from lab.learning.progress import Entry
from lab.notebook.panel import page, view
from lab.notebook.panel.style import STYLE
from lab.sandbox.buildkit.journal import BuildProgress
from lab.sandbox.overview import Overview

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
