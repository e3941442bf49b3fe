"""What a notebook asks, in a real IPython: with a page as widgets, without one as HTML that folds open."""

import dataclasses

import nbformat
import pytest
from test_magic import executed, folder, ipython, loaded, runs  # noqa: F401 - fixtures

from lab import course, paths
from lab.course import recall
from lab.draw import render
from lab.learning import predictions, progress, questions, recalls, reset, runner, tour
from lab.model.results import MIME, Result, Status
from lab.model.steps import Prediction, Proof, Truth
from lab.notebook.panel import asked
from lab.probes.here import this_world

QUESTION = recall.Question(
    name="who", lesson="machine", about="machine", ask="Who decides, `docker` or the engine?",
    options=("The client.", "The engine."), answer="The engine.", because="It starts the container.", source="uname",
)  # fmt: skip
FRAME = recall.Frame(
    lesson="machine", goals=("Say it.",), explain="Why two?", model="Because of <two>.", points=("one", "two", "three")
)


@pytest.fixture
def changed(monkeypatch):
    """The step `uname` with a prediction and a gap; questions and a reflection for its lesson."""
    step = course.step("uname")
    ask = Prediction(
        question="What will `uname` say?",
        options=("x86_64", "amd64"),
        truth=lambda *_facts: Truth("x86_64", "The kernel says {name}.", name="x86_64"),
    )
    found = course.step
    fake = dataclasses.replace(step, predict=ask, gap="uname ____", check=lambda *_facts: Proof("It is so."))
    monkeypatch.setattr(course, "step", lambda name: fake if name == "uname" else found(name))
    monkeypatch.setattr(recall, "opening", lambda lesson: (QUESTION,) if lesson == "machine" else ())
    monkeypatch.setattr(recall, "questions", lambda: (QUESTION,))
    monkeypatch.setattr(recall, "frame", lambda _lesson: FRAME)
    return fake


@pytest.fixture
def live(ipython, monkeypatch):  # noqa: F811
    """A page that can show widgets."""
    monkeypatch.setenv("JPY_SESSION_NAME", "/x/01-machine.ipynb")
    loaded(ipython)
    asked._shown.clear()
    return ipython


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("%predict uname", "What will `uname` say?"),
        ("%recap machine", "2) The engine."),
        ("%reflect machine", "In your own words: Why two?"),
    ],
)
def test_without_a_page_it_folds_open(ipython, changed, cell, says):  # noqa: F811
    """HTML without a script and text; no widget that nobody could press."""
    loaded(ipython)
    ((shown),) = runs(ipython, cell)[1]
    assert says in shown["text/plain"]
    assert shown["text/html"].startswith("<details")
    assert set(shown) == {questions.MIME, "text/html", "text/plain"}


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("%predict", "One name is needed"),
        ("%predict name_programs", "asks for no prediction"),
        ("%recap machnie", "Did you mean 'machine'?"),
        ("%reflect a b", "One name is needed"),
    ],
)
def test_a_slip_gets_one_calm_line(ipython, cell, says):  # noqa: F811
    """What is not there is said in one line."""
    loaded(ipython)
    ((shown),) = runs(ipython, cell)[1]
    assert says in shown["text/plain"]
    assert shown[render.ERROR_MIME]["exit_status"] == 2


def test_an_untouched_gap_is_not_attempted_and_bash_never_sees_it(ipython, changed):  # noqa: F811
    """Its own calm text, and no output at all."""
    loaded(ipython)
    printed, shown = runs(ipython, "%%step uname\nuname ____")
    result = Result.from_json(shown[-1][MIME])
    assert (printed, result.status, result.text) == ("", Status.NOT_ATTEMPTED, runner.GAP)


def pressed(box, words):
    """Press the button with those words, wherever it lies in the box; the box's own texts after it."""
    button(box, words).click()
    return " ".join(str(one.value) for one in everything(box) if type(one).__name__ == "HTML")


def button(box, words):
    (found,) = [one for one in everything(box) if type(one).__name__ == "Button" and one.description == words]
    return found


def everything(box):
    for child in box.children:
        yield child
        yield from everything(child) if hasattr(child, "children") else ()


def line(box):
    return next(one for one in everything(box) if type(one).__name__ in ("Text", "Textarea"))


def chosen(box):
    return [one.description for one in everything(box) if "lab-said" in one._dom_classes]


def test_a_prediction_is_kept_changed_and_then_told(live, changed):
    """One press keeps it, another one changes it; after a pass it stands beside what it was; a reset asks again."""
    box = asked._Prediction(changed)
    asked._shown["uname"] = box.refresh
    for choice in ("x86_64", "amd64"):
        assert f"Kept: “{choice}”." in pressed(box.widget, choice)
        assert chosen(box.widget) == [choice]
    runs(live, "%%step uname\nuname -m")
    assert "You said “amd64”. It was “x86_64”. The kernel says x86_64." in box._said.value
    assert button(box.widget, "x86_64").disabled
    list(reset.undo([changed], this_world()))
    asked.refresh()
    assert (button(box.widget, "x86_64").disabled, chosen(box.widget), box._said.value) == (False, [], "")


def test_one_value_is_typed_and_kept(live, changed):
    """Where there is nothing to choose from, one line; an empty one keeps nothing."""
    asks = dataclasses.replace(changed.predict, options=())
    box = asked._Prediction(dataclasses.replace(changed, predict=asks))
    assert "Write your answer first." in pressed(box.widget, "Keep")
    line(box.widget).value = "  aarch64 "
    assert "Kept: “aarch64”." in pressed(box.widget, "Keep")
    assert predictions.said(paths.learner(), "uname") == "aarch64"


def test_the_card_says_what_was_said_and_that_it_is_good(live, changed):
    """Both in the text and in the HTML of the result."""
    predictions.say(paths.learner(), changed, "x86_64")
    shown = Result.from_json(runs(live, "%%step uname\nuname -m")[1][-1][MIME])
    good = type(shown)(**vars(shown) | {"good": {"reached": "yes", "because": "Nothing is emulated."}})
    for text in (render.as_text(good), render.as_html(good)):
        assert "You said “x86_64”, and so it was. The kernel says x86_64." in text
        assert "★ Right and good: Nothing is emulated." in text
    better = type(shown)(**vars(shown) | {"good": {"reached": "no", "because": "One RUN is emulated."}})
    assert "☆ Right. It can still become better: One RUN is emulated." in render.as_text(better)


def test_a_recalled_answer_is_told_at_once_and_kept(live, changed):
    """Wrong, with the right one and its reason; then right."""
    box = asked._recall(QUESTION)
    assert "It is: The engine. It starts the container." in pressed(box, "The client.")
    assert recalls.answers(paths.learner()) == {"who": False}
    assert "Right. It starts the container." in pressed(box, "The engine.")
    assert recalls.answers(paths.learner()) == {"who": True}


def test_own_words_are_kept_and_compared(live, changed):
    """No words keep nothing; with words come the model and three points to tick."""
    box = asked._reflection(FRAME)
    assert "There are no words to keep." in pressed(box, "Keep, and compare")
    line(box).value = "two of them"
    assert "Because of &lt;two&gt;." in pressed(box, "Keep, and compare")
    assert recalls.reflection(paths.learner(), "machine") == "two of them"
    assert [one.description for one in everything(box) if type(one).__name__ == "Checkbox"] == ["one", "two", "three"]


def test_a_page_that_was_saved_keeps_the_folded_form(live, changed):
    """A widget goes with HTML, which remains where no kernel is."""
    ((shown),) = runs(live, "%predict uname")[1]
    assert any("widget-view" in name for name in shown)
    assert "<details" in shown["text/html"]


def test_after_a_pass_the_cell_that_is_run_again_tells_the_answer(ipython, changed):  # noqa: F811
    """A notebook that is opened later still says it; a pass without an answer kept no wrong one."""
    loaded(ipython)
    runs(ipython, "%%step uname\nuname -m")
    ((shown),) = runs(ipython, "%predict uname")[1]
    assert "It is “x86_64”. The kernel says x86_64." in shown["text/plain"]
    assert progress.read(paths.learner())["uname"].was == "x86_64"


def test_a_tour_gives_what_a_cell_leaves_to_the_learner(changed, monkeypatch):
    """A gap is filled, a whole command stays, and a cell that asks is no step."""
    monkeypatch.setattr(course, "steps", lambda: {"uname": changed})
    cells = [nbformat.v4.new_code_cell(text) for text in ("%%step uname\nuname ____", "%predict uname", "%%step x\ny")]
    solved = tour.solved(nbformat.v4.new_notebook(cells=cells))
    assert [cell.source for cell in solved.cells] == ["%%step uname\nuname -m", "%predict uname", "%%step x\ny"]


def test_cells_that_ask_run_headless(folder, tmp_path, monkeypatch):  # noqa: F811
    """In a kernel of nbclient: HTML, text and data; no widget, no error of Python's."""
    outputs = executed(["%load_ext lab", "%reflect no-such", "%predict uname"], folder, tmp_path, monkeypatch)
    assert [[one.output_type for one in cell] for cell in outputs[1:]] == [["display_data"]] * 2
    assert "There is no lesson 'no-such'" in outputs[1][0].data["text/plain"]
