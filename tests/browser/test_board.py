"""The board as the teacher sees it, in a real Chromium: live, by keyboard, narrow and dark, asking its own machine alone."""

import json
import os
from pathlib import Path

import pytest
from playwright.sync_api import expect
from support.class_room import Board, Pupil
from support.nightly import by_day, nightly

from lab import course
from lab.board import client, sums
from lab.board.store import Store
from lab.board.told import Told
from lab.course import inside_the_index, multi_platform
from lab.model.results import Status

pytestmark = pytest.mark.browser
NAMES = list(course.steps())
CROSS = next(name for name in NAMES if sums.numbers()[name] == "6.3")


def sentence(module):
    """A sentence that a check of that lesson answers with."""
    return next(text for key, text in vars(module).items() if key.isupper() and text in sums.labels())


@pytest.fixture
def board(tmp_path, monkeypatch):
    """A running board, and no senders in the background."""
    monkeypatch.setenv("LAB_SENDER", "no")
    running = Board(tmp_path)
    yield running
    running.stop()


@pytest.fixture
def visit(chromium, board, request):
    """The teacher's page; afterwards nothing was asked of another host, and no script has complained."""
    opened, wrong = [], []

    def open_(width=1280, height=1000, scheme="light", anchor=None):
        context = chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, accept_downloads=True
        )
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on(
            "request",
            lambda one: wrong.append(one.url) if not one.url.startswith((board.page, "blob:", "data:")) else None,
        )
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: wrong.append(dialog.message))
        page.goto(f"{board.page}/#{board.token if anchor is None else anchor}")
        opened.append((context, page))
        return page

    yield open_
    if where := os.environ.get("LAB_SHOTS"):
        for number, (_, page) in enumerate(opened):
            page.evaluate("scrollTo(0, 0)")
            page.screenshot(path=Path(where) / f"{request.node.name}-{number}.png")
    for context, _ in opened:
        context.close()
    assert wrong == []


def play(board, tmp_path, count):
    """Thirty learners: eleven are stuck at 6.3, eight of them with the same sentence; some are blocked, one is done."""
    same, other = sentence(multi_platform), sentence(inside_the_index)
    before = NAMES[: NAMES.index(CROSS)]
    pupils = [Pupil(tmp_path / f"home-{number}", f"Learner {number:02}") for number in range(count)]
    for number, one in enumerate(pupils):
        one.join(board)
        if number < 11:
            one.checked(before[-1], Status.PASSED)
            one.checked(CROSS, Status.FAILED, same if number < 8 else other)
        elif number < 14:
            one.checked(NAMES[number], Status.BLOCKED, "{reason}", reason="The Docker engine does not answer.")
        elif number < 28:
            one.checked(NAMES[number], Status.PASSED)
        one.tell()
    return pupils


def test_a_class_of_thirty_as_its_teacher_sees_it(board, visit, tmp_path):
    """Sums, reasons, rows; a change is there within two seconds; buttons do what they say."""
    pupils = play(board, tmp_path, 30)
    page = visit()
    first = page.locator("#sums li").first
    first.wait_for()
    assert "11 of 30 are stuck at 6.3" in first.inner_text()
    assert f"8 with {sums.labels()[sentence(multi_platform)]}" in first.inner_text()
    assert page.locator("#learners tr").count() == 30
    assert page.locator("#state").inner_text() == "30 learners, 14 stuck"
    assert f"lab join {board.address} {board.code}" in page.locator("#join").inner_text()

    pupils[29].checked(NAMES[0], Status.FAILED, sentence(multi_platform))
    pupils[29].tell()
    expect(page.locator("#state")).to_have_text("30 learners, 15 stuck", timeout=4000)

    show = first.get_by_role("button")
    show.focus()
    page.keyboard.press("Enter")
    assert "Press again" in show.inner_text()
    page.keyboard.press("Enter")
    expect(show).to_have_attribute("aria-pressed", "true")
    pupils[20].tell()
    assert client.news(pupils[20].home).solutions == (CROSS,)

    row = page.locator("#learners tr", has_text="Learner 03")
    row.get_by_role("button").click()
    row.get_by_text("Reset offered").wait_for()
    pupils[3].tell()
    pupils[4].tell()
    assert (client.news(pupils[3].home).resets, client.news(pupils[4].home).resets) == ((CROSS,), ())

    with page.expect_download() as download:
        page.get_by_role("button", name="Export as CSV").click()
    assert Path(download.value.path()).read_text(encoding="utf-8").count("Learner ") == 30
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as JSON").click()
    assert len(json.loads(Path(download.value.path()).read_text(encoding="utf-8"))["learners"]) == 30

    page.get_by_role("button", name="Name").click()
    assert page.locator("#learners td.name").first.inner_text() == "Learner 00"
    page.locator("#all summary").click()
    expect(page.locator("#steps tr")).to_have_count(len(sums.numbers()))
    page.locator("#all summary").click()


def test_a_board_that_stops_is_said_and_found_again(board, visit, tmp_path):
    """What was there stays on the page; after the start it goes on by itself."""
    play(board, tmp_path, 2)
    page = visit()
    page.locator("#learners tr").first.wait_for()
    board.kill()
    page.get_by_text("The board does not answer").wait_for()
    assert page.locator("#learners tr").count() == 2
    board.start()
    page.get_by_text("2 learners").wait_for()


def test_without_its_key_the_page_shows_nothing(visit, board, tmp_path):
    """It says what to do."""
    play(board, tmp_path, 1)
    page = visit(anchor="wrong")
    page.get_by_text("this one lacks its key").wait_for()
    assert page.locator("#learners tr").count() == 0


def test_a_name_that_came_in_anyway_is_text(board, visit):
    """Even if the rule for names had a hole, the page would show letters."""
    board.stop()
    store = Store(board.home / "board")
    store.join("<img src=x onerror=alert(1)>", 1.0)
    store.close()
    board.start()
    page = visit()
    page.get_by_text("<img src=x onerror=alert(1)>").wait_for()
    assert page.locator("#learners img").count() == 0


def told(name, status, at):
    """One step as the board keeps it."""
    return Told(
        step=name, status=status, message="", passed=status == "passed", tries=1, hints=0, solved=False, since=at, at=at
    )


def test_of_three_hundred_only_what_changed_is_drawn(board, visit, tmp_path):
    """Sorted anew, and with one more, the rows are the same: that is what keeps a large class quick."""
    board.stop()
    store = Store(board.home / "board")
    for number in range(300):
        who, _, _ = store.join(f"Learner {number:03}", 1.0)
        done = [told(name, "passed", float(at)) for at, name in enumerate(NAMES[: number % 60])]
        store.take(who, [*done, told(NAMES[number % 60], "failed", 500.0)], 600.0)
    store.close()
    board.start()
    page = visit()
    expect(page.locator("#learners tr")).to_have_count(300)
    page.evaluate("document.querySelectorAll('#learners tr').forEach((row) => { row.seen = true; })")
    page.evaluate("by = 'passed'; draw(); by = 'held'; draw();")
    one = Pupil(tmp_path / "late", "Late")
    one.join(board)
    page.get_by_role("cell", name="Late", exact=True).wait_for(timeout=5000)
    assert page.evaluate("[...document.querySelectorAll('#learners tr')].filter((row) => row.seen).length") == 300


@pytest.mark.parametrize("scheme", by_day(["light", "dark"], 2))
def test_everybody_can_use_it(board, visit, tmp_path, axe, scheme):
    """axe-core finds nothing, in both schemes; on a phone nothing but the tables is wider than the page."""
    play(board, tmp_path, 12)
    page = visit(scheme=scheme)
    page.locator("#learners tr").first.wait_for()
    page.locator("#all summary").click()
    page.evaluate(axe.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run().then((found) => found.violations.map((one) => one.id + ': ' + one.nodes[0].html))")
    assert found == []
    narrow = visit(width=400, scheme=scheme)
    narrow.locator("#learners tr").first.wait_for()
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 400


@nightly
def test_a_learners_panel_follows_the_teacher(board, lesson):
    """In JupyterLab, on a real engine: joined in a terminal, seen on the board, the solution is in the panel."""
    assert "You have joined as Ada." in lesson.server.lab("join", board.address, board.code, "--name", "Ada", "--yes")
    try:
        lesson.open("01-machine.ipynb")
        lesson.load()
        expect(lesson.panel).to_contain_text("You are in a class, as Ada.")
        board.ask("show", {"step": "uname", "wanted": True})
        lesson.run("%%step glimpse")
        lesson.card("glimpse").wait_for(timeout=60_000)
        expect(lesson.panel).to_contain_text("Your teacher shows the solution of uname", timeout=20_000)
        assert board.row("Ada")["step"] in ("glimpse", "uname")
        if where := os.environ.get("LAB_SHOTS"):
            lesson.panel.screenshot(path=Path(where) / "panel-in-a-class.png")
    finally:
        lesson.server.lab("leave")
    expect(lesson.panel).not_to_contain_text("You are in a class")
    assert board.shown()["learners"] == []
