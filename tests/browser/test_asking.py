"""Predicting, filling a gap, being wrong and right, recalling, own words: by keyboard alone, in a real Chromium."""

import json
import os
import platform
from pathlib import Path

import pytest
from playwright.sync_api import expect
from support.nightly import nightly

from lab import course
from lab.course import recall

ASKS = course.step("engine_platform")  # a lesson's own step: it has a prediction and a gap
RIGHT = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "amd64")
FILLED = f"%%step {ASKS.name}\n{ASKS.solution}"
RECALLED = recall.opening("one-platform")[0]
FRAME = recall.frame("machine")
CELLS = {
    "ask": f"%predict {ASKS.name}",
    ASKS.name: f"%%step {ASKS.name}\n{ASKS.gap}",
    "re": "%recap one-platform",
    "words": "%reflect machine",
}


@pytest.fixture
def asking(lesson):
    """A notebook of what the course asks: a step's prediction and its gap, recall, own words."""
    path = lesson.server.folder / "01-machine.ipynb"
    notebook = json.loads(path.read_text())
    kept = [cell for cell in notebook["cells"] if "".join(cell["source"]) == "%load_ext lab"]
    made = [dict(kept[0], id=name, source=text) for name, text in CELLS.items()]
    path.write_text(json.dumps(notebook | {"cells": [*kept, *made]}))
    return lesson


def number(answer, options):
    """Where an answer stands among those that are offered, from 1 on."""
    return options.index(answer) + 1


def another(answer, options):
    """Where a wrong one stands."""
    return number(next(one for one in options if one != answer), options)


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
    asking.run(CELLS["ask"])
    box, wrong = shown(asking, CELLS["ask"]), another(RIGHT, ASKS.predict.options)
    said = ASKS.predict.options[wrong - 1]
    expect(box).to_contain_text(ASKS.predict.question)
    choose(asking, box, wrong)
    expect(box).to_contain_text(f"Kept: “{said}”.")
    asking.run("%%step")
    expect(asking.card(ASKS.name)).to_contain_text("not attempted")
    expect(asking.card(ASKS.name)).to_contain_text("still has a gap")
    asking.run("%%step", FILLED)
    told = f"You said “{said}”. It was “{RIGHT}”."
    expect(asking.card(ASKS.name)).to_contain_text(f"{told} The engine uses Docker's own name")
    expect(box).to_contain_text(told)
    expect(box.locator(".lab-answers button").first).to_be_disabled()
    assert asking.errors == []


@nightly
def test_predict_and_be_right(asking):
    """The right answer, kept until the step has run."""
    asking.open("01-machine.ipynb")
    asking.load()
    asking.run(CELLS["ask"])
    choose(asking, shown(asking, CELLS["ask"]), number(RIGHT, ASKS.predict.options))
    expect(shown(asking, CELLS["ask"])).to_contain_text("Kept:")
    asking.run("%%step", FILLED)
    expect(asking.card(ASKS.name)).to_contain_text("and so it was. The engine uses Docker's own name")


def test_recall_and_own_words_by_keyboard(asking):
    """Wrong, with the reason; right; then words of one's own, a model and points to tick."""
    asking.open("01-machine.ipynb")
    asking.load()
    asking.run(CELLS["re"])
    first = shown(asking, CELLS["re"]).locator(".lab-box").first
    choose(asking, first, another(RECALLED.answer, RECALLED.options))
    expect(first).to_contain_text(f"It is: {RECALLED.answer}")
    choose(asking, first, number(RECALLED.answer, RECALLED.options))
    expect(first).to_contain_text("Right.")
    asking.run(CELLS["words"])
    box = shown(asking, CELLS["words"])
    box.get_by_role("textbox").focus()
    asking.page.keyboard.type("because it runs it")
    asking.page.keyboard.press("Tab")
    asking.page.keyboard.press("Enter")
    expect(box).to_contain_text(FRAME.model.split("`")[0])
    tick = box.get_by_role("checkbox").first
    tick.press("Space")
    expect(tick).to_be_checked()


@nightly
@pytest.mark.parametrize(
    ("theme", "width"),
    [("JupyterLab Light", 480), ("JupyterLab Dark", 1280), ("JupyterLab Light", 1280)],
)
def test_everybody_can_answer(asking, axe, theme, width):
    """axe-core finds nothing serious in what is asked; nothing is cut off, by theme and in a narrow window."""
    asking.theme(theme)
    asking.page.set_viewport_size({"width": width, "height": 1400})
    asking.open("01-machine.ipynb")
    asking.page.keyboard.press("Control+b")
    asking.load()
    for text in (CELLS["ask"], CELLS["re"], CELLS["words"]):
        asking.run(text)
        shown(asking, text).wait_for()
    choose(asking, shown(asking, CELLS["ask"]), 2)
    wrong = another(RECALLED.answer, RECALLED.options)
    choose(asking, shown(asking, CELLS["re"]).locator(".lab-box").first, wrong)
    expect(shown(asking, CELLS["re"])).to_contain_text(f"It is: {RECALLED.answer}")
    box = shown(asking, CELLS["words"])
    box.get_by_role("textbox").fill("because it runs it")
    box.get_by_role("button", name="Keep, and compare").press("Enter")
    expect(box).to_contain_text(FRAME.model.split("`")[0])
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
