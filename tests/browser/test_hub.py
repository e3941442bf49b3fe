"""A learner in a class's hub, in a real Chromium: from the first sign-in to a step that is passed."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from support.hub_class import Hub
from support.nightly import nightly

from lab import course, paths

pytestmark = nightly
STEP = "glimpse"


@pytest.fixture
def hub():
    """A hub of its own."""
    if os.geteuid():
        pytest.skip("A hub needs root.")
    place = Path(tempfile.mkdtemp(prefix="lab-hub-"))
    running = Hub(place / "home", paths.cache(), "--disk", "4")
    yield running
    running.close()
    shutil.rmtree(place)


def keep(page, name):
    """A picture, where somebody wants to look at it."""
    if where := os.environ.get("LAB_SHOTS"):
        page.screenshot(path=Path(where) / f"hub-{name}.png")


def test_from_the_sign_in_to_a_step_that_is_passed(chromium, hub):
    """The form says what to type; the room is made; the lesson runs in it; no other host is asked for anything."""
    page = chromium.new_page(viewport={"width": 1280, "height": 1000})
    page.set_default_timeout(180_000)
    hosts = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    page.goto(hub.root)
    keep(page, "door")
    page.get_by_label("Your name").fill("Ada")
    page.get_by_label("Your password").fill("a long password")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("This name is new here").wait_for()
    keep(page, "without-the-code")
    page.get_by_label("Your password").fill("a long password")
    page.get_by_label("Code of the class").fill(hub.code)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/user/ada/lab**")
    page.goto(f"{hub.root}/user/ada/lab/tree/01-machine.ipynb")
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    run(page, "%load_ext lab")
    page.locator(".lab-panel").wait_for()
    run(page, f"%%step {STEP}")
    card = page.locator(".jp-CodeCell", has_text=f"%%step {STEP}").first.locator(".lab-card").first
    card.wait_for()
    card.get_by_text("Passed").first.wait_for()
    keep(page, "passed")
    assert course.step(STEP).name == STEP
    assert hosts == {hub.root.removeprefix("http://")}
    page.close()


def run(page, text):
    """Run the cell that begins so."""
    editor = page.locator(".jp-CodeCell", has_text=text).first.locator(".cm-content")
    editor.click()
    page.keyboard.press("Control+Enter")
