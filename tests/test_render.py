"""A result reads the same as text and as HTML, and nothing that came from outside is ever markup."""

import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab import render
from lab.errors import Blocked
from lab.facts import Evidence
from lab.results import MIME, Result, Status

EVIL = '<script>alert("x")</script><img src=x onerror=y> & {found}'
VOID = {"img", "br", "hr", "input", "meta", "link"}


def result(status=Status.FAILED, **changes):
    values = {"found": "linux/arm64", "wanted": "linux/amd64"}
    return Result(
        **{
            "step": "sample",
            "lesson": "machine",
            "status": status,
            "goal": "Do `this` well.",
            "message": "It is {found}.",
            "values": values,
            "evidence": (Evidence("uname -m", "x86_64"),),
            **changes,
        }
    )


class Reader(HTMLParser):
    """Tags in order, and whether each is closed again."""

    def __init__(self):
        super().__init__()
        self.tags, self.open, self.text = [], [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def read(text):
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


@pytest.mark.parametrize("status", list(Status))
def test_text_and_html_say_the_same(status):
    """Mark, status in words, step, message: colour is never alone."""
    one = result(status, next_step="other")
    for shown in (render.as_text(one), read(render.as_html(one)).text):
        assert all(word in shown for word in (status.mark, status.label, "sample", "It is linux/arm64."))


def test_found_stands_against_wanted_only_where_it_failed():
    """What passed has nothing to compare."""
    assert "wanted: linux/amd64" in render.as_text(result())
    assert "wanted" not in render.as_text(result(Status.PASSED))


@given(st.text(min_size=1))
def test_nothing_from_outside_becomes_markup(text):
    """Whatever a registry or a program printed, the tags are ours alone."""
    safe, evil = result(), result(values={"found": text, "wanted": text}, evidence=(Evidence(text, text),))
    plain = [tag for tag, _ in read(render.as_html(safe)).tags]
    assert [tag for tag, _ in read(render.as_html(evil)).tags] == plain


def test_an_attack_is_shown_as_text():
    """Script, image and entity are read by people, not by the browser."""
    shown = render.as_html(result(message="{x}", values={"x": EVIL}, step=EVIL, remedy=EVIL, goal=EVIL))
    assert not re.search(r"<(script|img)", shown)
    assert EVIL in read(shown).text
    assert "<script" not in render.error_bundle(Blocked(EVIL, EVIL))["text/html"]


@given(st.text())
def test_inline_code_escapes_all_the_rest(text):
    """Backticks make code; nothing else makes anything."""
    reader = read(render.inline(text))
    assert {tag for tag, _ in reader.tags} <= {"code"}
    assert reader.text.replace("`", "") == text.replace("\r\n", "\n").replace("`", "") or "\r" in text or "\0" in text


def test_inline_code_is_code():
    """A near miss, one backtick, stays as it is."""
    assert render.inline("run `lab up` now") == "run <code>lab up</code> now"
    assert render.inline("one ` tick") == "one ` tick"


def test_the_html_needs_no_script_and_asks_no_host():
    """Small, still, and readable where nothing is loaded."""
    shown = render.as_html(result())
    reader = read(shown)
    assert not {tag for tag, _ in reader.tags} & {"script", "style", "link", "img", "iframe"}
    assert not [name for _, attrs in reader.tags for name in attrs if name.startswith("on") or name in ("src", "href")]
    assert len(shown) < 2000


def test_long_answers_are_cut_and_say_so():
    """A log of a megabyte does not fill the page."""
    shown = render.as_html(result(evidence=(Evidence("cat log", "x" * 1_000_000),)))
    assert len(shown) < 10_000
    assert "996000 more characters" in shown


def test_a_bundle_survives_as_data():
    """Another view can show it again from the JSON alone."""
    bundle = render.bundle(result())
    assert set(bundle) == {MIME, "text/html", "text/plain"}
    assert Result.from_json(bundle[MIME]) == result()


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("stream", "env", "wanted"),
    [
        (io.StringIO(), {}, False),
        (io.StringIO(), {"FORCE_COLOR": "1"}, True),
        (Terminal(), {}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": ""}, True),
    ],
)
def test_when_there_are_colours(stream, env, wanted):
    """On a terminal, unless NO_COLOR has a value."""
    assert render.wants_colour(stream, env) is wanted


def test_a_failed_try_that_printed_an_error_leads_to_the_error_guide():
    """The way to `lab explain` stands under a failure with an error in it, and nowhere else."""
    said = (Evidence("docker run x", "exec /x: exec format error"),)
    failed = Result(step="a", lesson="b", status=Status.FAILED, goal="g", message="No.", evidence=said)
    assert "lab explain --last" in render.as_text(failed)
    assert "lab.explain()" in render.as_html(failed)
    calm = replace(failed, evidence=(Evidence("uname -s", "Linux"),))
    assert "explain" not in render.as_text(calm) + render.as_html(calm)
    assert "explain" not in render.as_html(replace(failed, status=Status.PASSED))


def test_evidence_says_which_is_the_question_and_which_the_answer():
    """Two boxes with a label each; "found" stays one word in a narrow column."""
    failed = result(
        status=Status.FAILED, evidence=(Evidence("uname -m", "x86_64"),), values={"found": "a", "wanted": "b"}
    )
    shown = render.as_html(failed)
    assert re.search(r"Asked</div><pre><code>uname -m</code></pre><div[^>]*>Answer</div><pre>x86_64</pre>", shown)
    assert 'white-space:nowrap;vertical-align:top">found</th>' in shown
