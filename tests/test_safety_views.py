"""Nothing from outside becomes markup, or moves a terminal."""

import re
from html.parser import HTMLParser

import pytest

from lab import course, explainer
from lab.audit.report import ERROR, Finding, Report
from lab.draw import render
from lab.draw.bars import bars
from lab.draw.hub import hub
from lab.draw.tree import tree
from lab.errors import LabError, shown
from lab.explainer import views
from lab.learning import tour
from lab.learning.progress import Entry
from lab.model.facts import Evidence, Index, Manifest
from lab.model.platforms import Platform
from lab.model.results import Result, Status
from lab.model.steps import Problem
from lab.notebook.panel import cards, clock, view
from lab.sandbox.overview import Overview

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\" onload='y' javascript:z <a href=//evil.example>"
ESCAPES = "\x1b]0;owned\x07\x1b[2J\r\x9b31m\u202e"
ALLOWED = set(
    "div span strong small code pre p ul ol li table thead tbody tr th td details summary a b em figure figcaption svg "
    "g rect text title desc path line polyline circle defs tspan br time progress h1 h2 section marker polygon style "
    "html head meta body pattern".split()
)


class Tags(HTMLParser):
    """The tags and attributes of a piece of HTML."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes = set(), []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs


def safe(text):
    """Only tags of ours, no handler, no address that asks another host or runs a script."""
    found = Tags(text)
    assert found.tags <= ALLOWED, found.tags - ALLOWED
    for name, value in found.attributes:
        assert not name.startswith("on"), name
        assert name not in {"srcdoc", "formaction", "action", "src"}, name
        if name in {"href", "xlink:href"}:
            assert value.startswith(("#", "https://github.com/")), value
    return True


def hostile_result(status=Status.FAILED):
    return Result(
        step=EVIL, lesson="machine", status=status, goal=EVIL, message="It is {found}. " + EVIL.replace("{", ""),
        values={"found": EVIL, "wanted": EVIL}, remedy=EVIL, evidence=(Evidence(EVIL, EVIL),), next_step=EVIL,
    )  # fmt: skip


def hostile_index():
    row = Manifest(digest="sha256:" + "a" * 64, platform=Platform("linux", "amd64"), annotations=((EVIL, EVIL),))
    return Index(reference=EVIL, digest=EVIL, media_type=EVIL, is_index=True, manifests=(row,))


def hostile_view():
    lesson = course.lesson("machine")
    overview = Overview(engine="private", version=EVIL, registry=EVIL, builders=(EVIL,), problem=EVIL, remedy=EVIL)
    return view.view(lesson, {"uname": Entry(last=EVIL, tries=1)}, overview, EVIL)


MAKERS = {
    "result": lambda: "".join(render.as_html(hostile_result(status)) for status in Status),
    "error": lambda: render.error_bundle(LabError(EVIL, EVIL))["text/html"],
    "hints": lambda: cards.hints_html(course.step("uname"), 9, EVIL),
    "clock": lambda: clock.as_html(3.0, EVIL),
    "panel": lambda: view.as_html(hostile_view()),
    "explanation": lambda: views.as_html(explainer.explain(f"exec /x: exec format error {EVIL}")),
    "no explanation": lambda: views.as_html(explainer.explain(EVIL)),
    "bars": lambda: bars(EVIL, [(EVIL, 1.0), ("b", 2.0)]).html,
    "hub": lambda: hub(hostile_index(), []).html,
    "tree": lambda: tree(hostile_index(), []).html,
    "tour's report": lambda: tour._report([], {EVIL: EVIL}),
}


@pytest.mark.parametrize("maker", MAKERS)
def test_what_comes_from_outside_is_text_in_every_view(maker):
    """Names of images, messages of engines, logs, versions: read by people, never by the browser."""
    made = MAKERS[maker]()
    assert safe(made)
    assert "alert" in made or maker in {"tree", "hub", "panel", "no explanation"}


@pytest.mark.parametrize(
    "text",
    ["<script>x</script>", "<b onclick=x>y</b>", '<a href="javascript:x">y</a>', "<img src=x>", '<a href="//h">y</a>'],
)
def test_the_look_at_markup_can_fail(text):
    """Each kind of attack is seen where it is let through."""
    with pytest.raises(AssertionError):
        safe(text)


def on_a_terminal():
    problem = Problem("It is {found}.", found=ESCAPES, wanted=ESCAPES)
    yield render.as_text(hostile_result())
    yield render.as_text(
        Result(step="s", lesson="l", status=Status.FAILED, goal="g", message=problem.template, values=problem.values)
    )
    yield str(LabError(ESCAPES, ESCAPES))
    yield Report(reference=ESCAPES, blocked=ESCAPES, remedy=ESCAPES).as_text()
    yield Finding("label", ERROR, "linux/amd64", problem, (ESCAPES,)).text
    yield explainer.explain(f"exec /x: exec format error {ESCAPES}").as_text()
    yield explainer.explain(ESCAPES).as_text()


def test_what_comes_from_outside_moves_no_terminal():
    """No title, no colour, no cursor, no turned text: a name is a name."""
    for text in on_a_terminal():
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text), ascii(text)
    assert shown("a\tb\nc é 日本") == "a\tb\nc é 日本"
