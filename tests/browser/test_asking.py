"""Predicting, filling a gap, being wrong and right, recalling, own words: by keyboard alone, in a real Chromium."""

import json
import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

# The first step of the course, made to ask: what a lesson asks changes, how it is asked does not.
ASKS = """
import dataclasses
from lab import course
from lab.course import recall
from lab.model.steps import Prediction, Truth

asks = Prediction(
    question="Which word will `uname -m` print on this machine?",
    options=("x86_64 or aarch64: the kernel's own word", "linux/amd64: Docker's word", "the name of this computer"),
    truth=lambda *_: Truth("x86_64 or aarch64: the kernel's own word", "The kernel uses words of its own."),
)
found, fake = course.step, dataclasses.replace(course.step("uname"), predict=asks, gap="uname ____")
course.step = lambda name: fake if name == "uname" else found(name)
question = recall.Question(
    name="who", lesson="machine", about="machine", ask="Who starts a container: `docker`, or the engine?",
    options=("The client, which is `docker`.", "The engine."), answer="The engine.",
    because="The client only sends a request.", source="engine_platform",
)
recall.opening = lambda _lesson: (question, dataclasses.replace(question, name="again", ask="And who stops it?"))
recall.questions = lambda: recall.opening("")
frame = recall.Frame(
    lesson="machine", goals=("Say it.",), explain="Explain to a colleague why the engine's word counts.",
    model="The engine runs the program.", points=("It names the engine.", "It names the kernel.", "It is short."),
)
recall.frame = lambda _lesson: frame
"""
CELLS = {
    "ask": "%predict uname",
    "uname": "%%step uname\nuname ____",
    "re": "%recap machine",
    "words": "%reflect machine",
}


@pytest.fixture
def asking(lesson):
    """A notebook whose first step asks."""
    startup = Path(lesson.server.env["LAB_HOME"]) / "jupyter" / "ipython" / "profile_default" / "startup" / "10-ask.py"
    startup.write_text(ASKS)
    path = lesson.server.folder / "01-machine.ipynb"
    notebook = json.loads(path.read_text())
    kept = [cell for cell in notebook["cells"] if "".join(cell["source"]) == "%load_ext lab"]
    made = [dict(kept[0], id=name, source=text) for name, text in CELLS.items()]
    path.write_text(json.dumps(notebook | {"cells": [*kept, *made]}))
    yield lesson
    startup.unlink()


def shown(lesson, text):
    """What stands under a cell that asks."""
    return lesson.cell(text).locator(".jp-OutputArea .lab-box").first


def choose(lesson, box, number):
    """Choose by keyboard: Tab from the first answer to the one that is meant, then Enter."""
    answers = box.locator(".lab-answers button")
    answers.first.focus()
    for _ in range(number - 1):
        lesson.page.keyboard.press("Tab")
    expect(answers.nth(number - 1)).to_be_focused()
    lesson.page.keyboard.press("Enter")


def test_predict_fill_be_wrong_then_told(asking):
    """The gap as it is was no try; filled, the step passes, and what was said stands beside what it was."""
    asking.open("01-machine.ipynb")
    asking.load()
    asking.run("%predict uname")
    box = shown(asking, "%predict uname")
    choose(asking, box, 2)
    expect(box).to_contain_text("Kept: “linux/amd64: Docker's word”.")
    asking.run("%%step uname")
    expect(asking.card("uname")).to_contain_text("not attempted")
    expect(asking.card("uname")).to_contain_text("still has a gap")
    asking.run("%%step uname", "%%step uname\nuname -m")
    wrong = "You said “linux/amd64: Docker's word”. It was “x86_64 or aarch64: the kernel's own word”."
    expect(asking.card("uname")).to_contain_text(f"{wrong} The kernel uses words of its own.")
    expect(box).to_contain_text(wrong)
    expect(box.locator(".lab-answers button").first).to_be_disabled()
    assert asking.errors == []


def test_predict_and_be_right(asking):
    """The first answer, kept; a reload of the page loses nothing."""
    asking.open("01-machine.ipynb")
    asking.load()
    asking.run("%predict uname")
    choose(asking, shown(asking, "%predict uname"), 1)
    expect(shown(asking, "%predict uname")).to_contain_text("Kept:")
    asking.run("%%step uname", "%%step uname\nuname -m")
    expect(asking.card("uname")).to_contain_text("and so it was. The kernel uses words of its own.")


def test_recall_and_own_words_by_keyboard(asking):
    """Wrong, with the reason; right; then words of one's own, a model and points to tick."""
    asking.open("01-machine.ipynb")
    asking.load()
    asking.run("%recap machine")
    first = shown(asking, "%recap machine").locator(".lab-box").first
    choose(asking, first, 1)
    expect(first).to_contain_text("It is: The engine. The client only sends a request.")
    choose(asking, first, 2)
    expect(first).to_contain_text("Right. The client only sends a request.")
    asking.run("%reflect machine")
    box = shown(asking, "%reflect machine")
    box.get_by_role("textbox").focus()
    asking.page.keyboard.type("because it runs it")
    asking.page.keyboard.press("Tab")
    asking.page.keyboard.press("Enter")
    expect(box).to_contain_text("The engine runs the program.")
    tick = box.get_by_role("checkbox").first
    tick.press("Space")
    expect(tick).to_be_checked()


@pytest.mark.parametrize(
    ("theme", "width"), [("JupyterLab Light", 1280), ("JupyterLab Dark", 1280), ("JupyterLab Light", 480)]
)
def test_everybody_can_answer(asking, axe, theme, width):
    """axe-core finds nothing serious in what is asked; nothing is cut off, by theme and in a narrow window."""
    asking.theme(theme)
    asking.page.set_viewport_size({"width": width, "height": 1400})
    asking.open("01-machine.ipynb")
    asking.page.keyboard.press("Control+b")
    asking.load()
    for text in ("%predict uname", "%recap machine", "%reflect machine"):
        asking.run(text)
        shown(asking, text).wait_for()
    choose(asking, shown(asking, "%predict uname"), 2)
    choose(asking, shown(asking, "%recap machine").locator(".lab-box").first, 1)
    expect(shown(asking, "%recap machine")).to_contain_text("It is: The engine.")
    box = shown(asking, "%reflect machine")
    box.get_by_role("textbox").fill("because it runs it")
    box.get_by_role("button", name="Keep, and compare").press("Enter")
    expect(box).to_contain_text("The engine runs the program.")
    asking.page.wait_for_timeout(700)  # JupyterLab fades its colours
    if where := os.environ.get("LAB_SHOTS"):
        name = f"asking-{theme.split()[1].lower()}-{width}.png"
        asking.page.locator(".jp-NotebookPanel").screenshot(path=Path(where) / name)
    wide = asking.page.evaluate(
        "[...document.querySelectorAll('.lab-card,.lab-buttons,.lab-answers button,.lab-tick')]"
        ".filter(e => e.scrollWidth > e.clientWidth + 2).map(e => e.className)"
    )
    assert wide == []
    asking.page.add_script_tag(path=str(axe))
    found = asking.page.evaluate("axe.run({include: [['.lab-box']]})")
    serious = [one for one in found["violations"] if one["impact"] in ("serious", "critical")]
    assert not serious, [(one["id"], [node["html"] for node in one["nodes"]]) for one in serious]
