"""Panel and cards in a column as narrow as a phone's: words stay whole, lines hang where they began."""

import pytest

from lab import course, render
from lab.panel import view
from lab.panel.style import STYLE
from lab.results import Result, Status

FAILED = Result(
    step="own_header",
    lesson="machine",
    status=Status.FAILED,
    goal="Read it.",
    message="It is something else.",
    values={"found": f"sha256:{'0123456789' * 6}", "wanted": "the header of files/machine/sample"},
)


@pytest.fixture
def column(chromium):
    """A page of 260 pixels with the first lesson's panel and a card that failed."""
    page = chromium.new_page(viewport={"width": 260, "height": 900})
    panel = view.as_html(view.view(course.lesson("machine"), {}, None))
    page.set_content(
        f'<body style="margin:0">{STYLE}{panel}<div class="lab-card">{render.as_html(FAILED)}</div></body>'
    )
    yield page
    page.close()


def lines(page, selector):
    """The rectangles of each line of an element's text."""
    script = """one => {
      const range = document.createRange(); range.selectNodeContents(one);
      return [...range.getClientRects()].map(r => [Math.round(r.left), Math.round(r.top)]);
    }"""
    return page.locator(selector).first.evaluate(script)


@pytest.mark.parametrize("word", ["found", "wanted"])
def test_found_and_wanted_stay_whole(column, word):
    """A long digest breaks, and the word before it does not."""
    assert len(lines(column, f"th:text-is('{word}')")) == 1


def test_the_lines_of_a_step_begin_below_each_other(column):
    """A goal that is wrapped hangs at its own beginning, right of the mark."""
    row = lines(column, ".lab-steps li > span:last-child")
    assert len({top for _, top in row}) > 1
    assert min(left for left, _ in row) == row[0][0]


def test_nothing_is_wider_than_the_column(column):
    """No scrolling to the side."""
    assert column.evaluate("document.documentElement.scrollWidth") <= 260
