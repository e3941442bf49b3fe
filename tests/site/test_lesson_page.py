"""A lesson's page: commands, outputs, results, and what is folded until a reader asks for it."""

import json
import re
import tomllib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pages import cell, lesson
from support import site_build

from lab import course
from lab.course import recall
from lab.errors import BadInput
from lab.learning.tour import runs
from lab.model.results import MIME
from lab.model.steps import Prediction

MACHINE = course.lesson("machine")


def test_a_guided_step_shows_command_output_and_result(run):
    """The copy button sits on the command alone: no %%step line, and outputs are no `code`."""
    card = next(c for c in lesson.page(run).blocks.values() if 'id="uname"' in c)
    code = re.findall(r"<pre><span></span><code>(.*?)</code></pre>", card, re.DOTALL)[0]
    assert re.sub("<[^>]+>", "", code).strip() == "uname -m"
    assert '<pre class="lab-output lab-wrap"' in card
    assert "✔" in card
    assert "%%step" not in card


def test_an_exercise_hides_its_solution(run):
    """Hints and one way to do it are folded; before them stands no command."""
    card = next(c for c in lesson.page(run).blocks.values() if 'id="name_programs"' in c)
    before, _, folded = card.partition('<details class="lab-solution">')
    assert "answers.txt" in folded
    assert "<pre" not in before
    assert before.count("<details><summary>Hint") == len(course.step("name_programs").hints)


def test_a_gap_shows_its_blanks_and_folds_the_rest():
    """What the run did is the solution, and it stands folded under the command with its gap."""
    step = replace(course.step("uname"), gap="uname ____")
    card = cell.card(step, "uname ____", [], executed=True)
    before, _, folded = card.partition('<details class="lab-solution">')
    assert "____" in re.sub("<[^>]+>", "", before)
    assert "uname -m" in re.sub("<[^>]+>", "", folded)
    assert "Fill the gap" in before


ASKED = """
[[question]]
name = "who"
lesson = "machine"
about = "machine"
ask = "Who decides?"
options = ["The client.", "The engine."]
answer = "The engine."
because = "It starts <the> container."
source = "uname"
[[lesson]]
lesson = "machine"
goals = ["Say it."]
explain = "Why two?"
model = "Because."
points = ["one", "two", "three"]
"""


def test_what_a_cell_asks_folds_open_with_its_answer(run, monkeypatch):
    """A prediction with the answer of the real run, recall with reasons, own words with a model; no script."""
    monkeypatch.setattr(recall, "_read", lambda: tomllib.loads(ASKED))
    recall.questions.cache_clear()
    recall.frames.cache_clear()
    predicted = {"question": "What?", "said": "", "was": "x86_64", "because": "The kernel says so."}
    asks = Prediction(question="What will it say?", options=("x86_64", "amd64"), truth=lambda: None)
    monkeypatch.setattr(course, "step", lambda _name: replace(course.steps()["uname"], predict=asks))
    run.outputs["uname"] = [
        {"output_type": "display_data", "data": {MIME: site_build.passed("uname", predicted=predicted).to_json()}}
    ]
    blocks = {text: lesson._asked(text, run) for text in ("%predict uname", "%recap machine", "%reflect machine")}
    recall.questions.cache_clear()
    recall.frames.cache_clear()
    shown = [block["text/html"] for block in blocks.values()]
    assert "<summary>The answer</summary><p>It is “x86_64”. The kernel says so.</p>" in shown[0]
    assert "<strong>The engine.</strong></p><p>It starts &lt;the&gt; container." in shown[1]
    assert "<li>three</li>" in shown[2]
    assert all(one.startswith("<details") and "<script" not in one for one in shown)
    assert lesson._asked("%%step uname\nuname -m", run) == {}


def test_a_page_says_how_long_where_and_when(run):
    """Minutes, the notebook for download, engine, buildx, host and day."""
    page = lesson.page(run)
    facts = f"{lesson.minutes(MACHINE)} minutes · {len(MACHINE.steps)} steps · [Notebook](01-machine.ipynb)"
    assert facts in page.markdown
    assert (
        "25 November 2026: Docker engine 28.5.2 (containerd image store), buildx 0.29.1, on linux/amd64"
        in page.markdown
    )
    assert "25 November 2026" in page.plain


def test_headings_carry_the_cells_id_and_links_lead_to_pages(run):
    """Anchors match in every language; a link to the next notebook becomes one to its page."""
    page = lesson.page(run)
    assert "## Many names for the same thing {#names}" in page.markdown
    assert "](one-platform.md)" in page.markdown
    assert ".ipynb)" not in page.plain


def test_an_author_sees_that_a_page_was_not_executed():
    """`mkdocs serve` shows it, with a mark on the page and on each step."""
    page = lesson.page(runs.Run(MACHINE))
    assert "Not executed" in page.markdown
    steps = [block for block in page.blocks.values() if block.startswith('<section class="lab-step"')]
    assert len(steps) == len(course.lesson("machine").steps)
    assert all("Not executed" in block for block in steps)


def test_a_callout_becomes_an_admonition(tmp_path):
    """`> [!TIP]` is a quote in Jupyter and a tip on the site; a plain quote stays one."""
    cells = ["# T\n\nThis takes about 5 minutes.", "## Part\n\n> [!TIP]\n> Do **this**.\n>\n> - one\n\n> a quote"]
    source = {
        "cells": [{"cell_type": "markdown", "id": n, "source": t} for n, t in zip(("title", "x"), cells, strict=True)]
    }
    path = tmp_path / "09-x.ipynb"
    path.write_text(json.dumps(source), encoding="utf-8")
    page = lesson.page(runs.Run(replace(MACHINE, notebook=path)))
    assert "!!! tip\n\n    Do **this**.\n\n    - one\n" in page.markdown
    assert "> a quote" in page.markdown


def test_a_lesson_must_say_how_long_it_takes(tmp_path):
    """Else its page could not."""
    path = tmp_path / "09-x.ipynb"
    path.write_text('{"cells": [{"cell_type": "markdown", "source": ["This takes long."]}]}', encoding="utf-8")
    with pytest.raises(BadInput, match="does not say how long"):
        lesson.minutes(replace(MACHINE, notebook=path))


@given(st.text())
def test_nothing_that_was_printed_becomes_markup(text):
    """Tags in an output are text, and the text is all there."""
    shown = "".join(cell.shown("x", "", [{"output_type": "stream", "text": text}]))
    assert re.findall(r"<(?!/?(?:pre|span)\b)", shown) == []
    assert shown.count("<pre") == 1


def test_colours_stay_and_cursor_moves_go():
    """ANSI colours become classes, which light and dark pages colour themselves."""
    (shown,) = cell.shown("x", "", [{"output_type": "stream", "text": "\033[2K\033[31mred\033[0m \033[1Aplain"}])
    assert '<span class="ansi-red-fg">red</span> plain' in shown


def test_a_result_takes_the_pages_colours_and_drops_what_stands_above():
    """No inline style, no evidence that repeats the command, no pointer to the next step; a picture as it was drawn."""
    result = site_build.passed("uname", picture={"html": '<svg style="color:red"></svg><pre>t</pre>', "text": "t"})
    shown = cell.result(result, "uname -m")
    picture, _, block = shown.partition("lab-result")
    assert 'style="color:red"' in picture
    assert '<pre tabindex="0">t' in picture
    assert "style=" not in block
    assert "docker info" in block
    assert '{"x": "&lt;y&gt;"}' in block
    assert "the command's own output" not in block
    assert "later" not in block


def test_long_evidence_is_cut_and_says_so():
    """A page stays light, and nobody takes a part for the whole."""
    one = site_build.passed("uname").evidence[0]
    shown = cell.result(site_build.passed("uname", evidence=(replace(one, answer="y" * 9000),)))
    assert len(shown) < 3500
    assert "more characters)" in shown
