"""What a learner sees in JupyterLab: the panel, cards, buttons, both themes, a browser and a kernel that come and go."""

import json
import os
from pathlib import Path

import pytest
from playwright.sync_api import expect
from support.nightly import by_day, nightly

from lab import course

PICTURES = Path(__file__).parents[2] / "docs" / "images"
EXERCISE = course.step("name_programs")
FIRST = course.lesson("machine").steps[0]
STEPS = len(course.lesson("machine").steps)


def test_a_guided_step_passes_and_the_panel_follows(lesson):
    """From the first cell to the first pass; the page asks no other host for anything, and nothing breaks."""
    lesson.open("01-machine.ipynb")
    lesson.load()
    expect(lesson.panel).to_contain_text(f"0 of {STEPS} steps")
    lesson.run("%%step uname")
    expect(lesson.card("uname")).to_contain_text("passed")
    expect(lesson.panel).to_contain_text(f"1 of {STEPS} steps")
    expect(lesson.panel.locator("[aria-current=step]")).to_contain_text(FIRST.goal[:30])  # it is still open
    assert lesson.hosts == {lesson.server.root.removeprefix("http://")}
    expect(lesson.page.get_by_role("tab", name="Table of Contents")).to_have_count(1)
    expect(lesson.page.get_by_role("tab", name="Extension Manager")).to_have_count(0)  # nothing can be installed
    assert lesson.errors == []


@nightly
def test_cells_that_are_no_step_work_in_the_sandbox(lesson):
    """`!docker` and `%%bash` mean the lab's engine and registry; `lab` is there without an import."""
    lesson.open("01-machine.ipynb")
    lesson.load()
    registry = json.loads(lesson.server.lab("status", "--json"))["registry"]
    lesson.run("%%step uname", "!echo at $REGISTRY; docker ps && echo the engine is up")
    expect(lesson.cell("!echo at").locator(".jp-OutputArea")).to_contain_text(f"at {registry}")
    expect(lesson.cell("!echo at").locator(".jp-OutputArea")).to_contain_text("is up")
    lesson.run("!echo at", "%%bash\necho in $REGISTRY")
    expect(lesson.cell("%%bash").locator(".jp-OutputArea")).to_contain_text(f"in {registry}")
    lesson.run("%%bash", "lab.hint('uname')")
    expect(lesson.cell("lab.hint").locator(".jp-OutputArea")).to_contain_text("1. ")


def test_an_exercise_fails_gives_hints_and_passes(lesson):
    """Not attempted, failed with found against wanted, hints one by one, the solution, passed: all by keyboard."""
    lesson.open("01-machine.ipynb")
    lesson.load()
    lesson.run("%%step name_programs")
    expect(lesson.card("name_programs")).to_contain_text("not attempted")
    lesson.run("%%step name_programs", "%%step name_programs\necho abacus linux/386 > files/machine/answers.txt")
    expect(lesson.card("name_programs")).to_contain_text("failed")
    expect(lesson.card("name_programs")).to_contain_text("1 answer")
    cell = lesson.cell("%%step name_programs")
    expect(cell.get_by_role("button", name="Show a solution")).to_be_disabled()
    for number in range(1, len(EXERCISE.hints) + 1):
        lesson.press("name_programs", "Hint")
        expect(cell.locator(".lab-card ol li")).to_have_count(number)
    lesson.press("name_programs", "Show a solution")
    expect(cell.locator(".lab-card pre", has_text=EXERCISE.solution.splitlines()[0].strip())).to_be_visible()
    lesson.run("%%step name_programs", f"%%step name_programs\n{EXERCISE.solution}")
    expect(lesson.card("name_programs")).to_contain_text("passed")


@nightly
def test_says_who_shows_command_and_raw_answer(lesson):
    """Evidence on request."""
    lesson.open("01-machine.ipynb")
    lesson.run("%%step uname")
    lesson.card("uname").locator("summary").click()
    expect(lesson.card("uname").locator("details pre").first).to_be_visible()


def test_a_reset_asks_and_undoes(lesson):
    """Two presses; the file is as new, the learner's own is beside it, the panel says not attempted."""
    lesson.open("01-machine.ipynb")
    lesson.load()
    lesson.run("%%step name_programs", f"%%step name_programs\n{EXERCISE.solution}")
    expect(lesson.card("name_programs")).to_contain_text("passed")
    lesson.press("name_programs", "Reset this step")
    lesson.press("name_programs", "Press again")
    expect(lesson.card("name_programs")).to_contain_text("not attempted")
    expect(lesson.panel).to_contain_text(f"0 of {STEPS} steps")
    assert list((lesson.server.folder / "files/machine").glob("answers.txt.mine-*"))


def test_what_is_done_in_a_terminal_shows_by_itself(lesson):
    """The panel follows by itself; nothing in the page is touched."""
    lesson.open("01-machine.ipynb")
    lesson.load()
    assert "passed" in lesson.server.lab("run", "uname", "uname -m")
    expect(lesson.panel).to_contain_text(f"1 of {STEPS} steps")


@nightly
def test_the_steps_lead_to_their_cells_and_the_end_to_the_next_lesson(lesson):
    """A click in the list shows the cell; no dialog asks anything."""
    lesson.open("01-machine.ipynb")
    lesson.load()
    target = lesson.cell("%%step name_programs")
    expect(target).not_to_be_in_viewport()
    lesson.panel.get_by_role("link", name="abacus").click()
    expect(target).to_be_in_viewport()
    assert lesson.page.locator(".jp-Dialog").count() == 0
    for step in course.lesson("machine").steps:
        lesson.server.lab("run", step.name, step.solution)
    lesson.panel.get_by_role("link", name="What did my build make?").click()
    expect(lesson.page.get_by_role("tab", name="02-one-platform.ipynb")).to_be_visible()


@nightly
def test_a_restarted_kernel_goes_on_where_it_was(lesson):
    """A step works at once, the panel comes back with its cell, nothing finished is asked again."""
    lesson.open("01-machine.ipynb")
    lesson.load()
    lesson.run("%%step uname")
    expect(lesson.card("uname")).to_contain_text("passed")
    lesson.restart()
    lesson.run("%%step engine_platform", f"%%step engine_platform\n{course.step('engine_platform').solution}")
    expect(lesson.card("engine_platform")).to_contain_text("passed")
    lesson.load()
    expect(lesson.panel).to_contain_text(f"2 of {STEPS} steps")


@nightly
def test_a_reopened_browser_finds_everything_alive(lesson):
    """After a reload the panel still follows and the buttons still work; with the kernel gone, text is left."""
    lesson.open("01-machine.ipynb")
    lesson.load()
    lesson.run("%%step uname")
    expect(lesson.card("uname")).to_contain_text("passed")
    lesson.page.keyboard.press("Control+s")
    expect(lesson.page.locator(".jp-Document .jp-mod-dirty, .lm-TabBar-tab.jp-mod-dirty")).to_have_count(0)
    lesson.page.reload()
    lesson.ready()
    lesson.press("uname", "Hint")
    expect(lesson.cell("%%step uname").locator(".lab-card ol li")).to_have_count(1)
    lesson.server.lab("run", "engine_platform", course.step("engine_platform").solution)
    expect(lesson.panel).to_contain_text(f"2 of {STEPS} steps")
    lesson.server.ask(f"sessions/{lesson.server.ask('sessions')[0]['id']}", "DELETE")
    lesson.page.goto("about:blank")
    lesson.open("01-machine.ipynb")
    expect(lesson.cell("%load_ext lab")).to_contain_text("Run the cell again")
    assert "model not found" not in lesson.page.locator(".jp-Notebook").inner_text()


@nightly
def test_a_misspelt_step_gets_the_nearest_name(lesson):
    """One line, no traceback."""
    lesson.open("01-machine.ipynb")
    cell = lesson.run("%%step uname", "%%step unmae\nuname -m")
    del cell
    expect(lesson.cell("%%step unmae")).to_contain_text("Did you mean 'uname'?")
    assert "Traceback" not in lesson.page.locator(".jp-Notebook").inner_text()


@nightly
def test_long_work_shows_its_clock_and_can_be_stopped(lesson):
    """Time and BuildKit's stages while it runs; the stop button ends it, with all that it started."""
    lesson.open("02-one-platform.ipynb")
    lesson.load()
    mark = f"sleep {7000 + os.getpid() % 1000}"
    body = f"%%step build_test\ndocker build -t $REGISTRY/build-test files/one-platform --push\necho all made\n{mark}"
    lesson.run("%%step build_test", body)
    live = lesson.cell("%%step build_test").locator(".lab-live")
    expect(live).to_contain_text("at work for 0:0")
    expect(live).to_contain_text("build steps done")
    expect(lesson.cell("%%step build_test").locator(".jp-OutputArea")).to_contain_text("all made", timeout=60_000)
    lesson.page.locator(
        '[data-jp-item-name="interrupt"] button, [data-jp-item-name="interrupt"] jp-button'
    ).first.click()
    expect(lesson.card("build_test")).to_contain_text("passed")
    expect(live).to_have_count(0)
    running = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert not [line for line in running if mark.replace(" ", "\0").encode() in line]


@pytest.mark.parametrize("theme", by_day(["JupyterLab Dark", "JupyterLab Light"], 2))
def test_everybody_can_read_and_use_it(lesson, axe, theme):
    """axe-core finds nothing serious in what the lab shows: passed, failed and blocked, hints and buttons, by theme."""
    lesson.theme(theme)
    lesson.open("01-machine.ipynb")
    expect(lesson.page.locator(f'body[data-jp-theme-name="{theme}"]')).to_have_count(1)
    lesson.load()
    lesson.run("%%step uname")
    lesson.run("%%step name_programs", "%%step name_programs\necho abacus linux/386 > files/machine/answers.txt")
    expect(lesson.card("name_programs")).to_contain_text("failed")
    lesson.press("name_programs", "Hint")
    lesson.card("uname").locator("summary").click()
    lesson.page.wait_for_timeout(700)  # JupyterLab fades its colours
    lesson.page.add_script_tag(path=str(axe))
    found = lesson.page.evaluate("axe.run({include: [['.lab-box']]})")
    serious = [one for one in found["violations"] if one["impact"] in ("serious", "critical")]
    assert not serious, [(one["id"], [node["html"] for node in one["nodes"]]) for one in serious]
    assert len(found["passes"]) > 5


@nightly
@pytest.mark.parametrize(("width", "zoom"), [(480, 1), (1280, 2), (800, 2)])
def test_narrow_windows_and_large_letters(lesson, width, zoom):
    """Nothing of the lab's is cut off or scrolls sideways."""
    lesson.page.set_viewport_size({"width": width, "height": 900})
    lesson.open("01-machine.ipynb")
    lesson.page.keyboard.press("Control+b")  # the file browser makes room
    lesson.load()
    lesson.run("%%step uname")
    expect(lesson.card("uname")).to_contain_text("passed")
    lesson.page.evaluate(f"document.body.style.zoom = {zoom}")
    lesson.page.wait_for_timeout(300)
    wide = lesson.page.evaluate(
        "[...document.querySelectorAll('.lab-panel,.lab-card,.lab-buttons')]"
        ".filter(e => e.scrollWidth > e.clientWidth + 2).map(e => e.className)"
    )
    assert wide == []


@nightly
def test_two_notebooks_at_once_share_one_progress(lesson):
    """A copy beside the lesson: what passes in one shows in the other."""
    folder = lesson.server.folder
    (folder / "01-machine-Copy1.ipynb").write_bytes((folder / "01-machine.ipynb").read_bytes())
    lesson.open("01-machine.ipynb")
    lesson.load()
    other = type(lesson)(lesson.page.context.browser.new_page(), lesson.server)
    try:
        other.open("01-machine-Copy1.ipynb", workspace="other")
        other.load()
        other.run("%%step uname")
        expect(other.card("uname")).to_contain_text("passed")
        expect(lesson.panel).to_contain_text(f"1 of {STEPS} steps")
    finally:
        other.page.close()


# --- pictures for the documentation, made only when they are asked for: LAB_PICTURES=1 --------------------------------

pictures = pytest.mark.skipif(not os.environ.get("LAB_PICTURES"), reason="LAB_PICTURES=1 makes them anew.")


@pictures
@pytest.mark.parametrize(("theme", "name"), [("JupyterLab Light", "lesson-light"), ("JupyterLab Dark", "lesson-dark")])
def test_picture_of_a_lesson(lesson, theme, name):
    """The panel, and lesson 3's warning with its result under it."""
    lesson.page.set_viewport_size({"width": 1280, "height": 1160})
    for step in [*course.lesson("machine").steps, *course.lesson("one-platform").steps]:
        lesson.server.lab("run", step.name, step.solution)
    lesson.theme(theme)
    lesson.open("03-mismatch.ipynb")
    lesson.load()
    lesson.page.keyboard.press("Control+b")
    for step in ("foreign_image", "plain_pull", "see_warning"):
        lesson.run(f"%%step {step}", f"%%step {step}\n{course.step(step).solution}")
        expect(lesson.card(step)).to_contain_text("passed", timeout=60_000)
    expect(lesson.panel).to_contain_text(f"3 of {len(course.lesson('mismatch').steps)} steps")
    lesson.cell("%%step see_warning").scroll_into_view_if_needed()
    lesson.page.mouse.move(5, 5)
    lesson.page.wait_for_timeout(700)
    PICTURES.mkdir(parents=True, exist_ok=True)
    lesson.page.locator(".jp-NotebookPanel").screenshot(path=PICTURES / f"{name}.png")


@pictures
def test_picture_of_a_panel(lesson):
    """The panel as it stands in the middle of a lesson."""
    lesson.open("01-machine.ipynb")
    lesson.page.keyboard.press("Control+b")
    lesson.load()
    lesson.run("%%step uname")
    lesson.run("%%step name_programs", "%%step name_programs\necho abacus linux/386 > files/machine/answers.txt")
    expect(lesson.card("name_programs")).to_contain_text("failed")
    lesson.panel.scroll_into_view_if_needed()
    lesson.page.mouse.move(5, 5)
    lesson.page.wait_for_timeout(700)
    lesson.page.locator(".jp-NotebookPanel").screenshot(path=PICTURES / "panel.png")


@pictures
def test_picture_of_the_terminal(lesson):
    """`lab shell`, as JupyterLab's own terminal shows it."""
    lesson.page.set_viewport_size({"width": 1100, "height": 700})
    lesson.server.lab("run", "glimpse", course.step("glimpse").solution)
    lesson.page.goto(f"{lesson.server.root}/lab/workspaces/terminal?token={lesson.server.token}")
    lesson.page.locator(".jp-LauncherCard", has_text="Terminal").click()
    lesson.page.locator(".jp-Terminal .xterm").wait_for()
    lesson.page.wait_for_timeout(8000)  # what it shows is a drawing: there is nothing to wait for
    for line in ("uname -m", "lab check", "unmae -a", "lab hint", "lab"):
        lesson.page.keyboard.type(line)
        lesson.page.keyboard.press("Enter")
        lesson.page.wait_for_timeout(6000)
    PICTURES.mkdir(parents=True, exist_ok=True)
    lesson.page.locator(".jp-Terminal").screenshot(path=PICTURES / "terminal.png")
