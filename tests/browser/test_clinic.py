"""A case of the clinic in JupyterLab, from the symptom to what decided it."""

from playwright.sync_api import expect
from support.nightly import nightly

from lab.course import clinic

CASE = clinic.named("house")
SYMPTOM, STEP, DECIDED = f"%case {CASE.name}", f"%%step {CASE.name}", f"%reflect {CASE.name}"


@nightly
def test_a_case_is_mended_in_its_notebook(lesson):
    """It hurts; untouched is no try; a wrong repair is told; mended, it hurts no more, and what decided it is asked."""
    lesson.server.lab("reset", CASE.name)
    lesson.open(CASE.notebook)
    lesson.run("%load_ext lab")  # a case has no panel: it belongs to no lesson
    lesson.run(SYMPTOM)
    expect(lesson.cell(SYMPTOM).locator(".jp-OutputArea")).to_contain_text("no matching manifest", timeout=60_000)
    expect(lesson.cell(SYMPTOM).locator(".jp-OutputArea")).to_contain_text(CASE.symptom.story)
    lesson.run(STEP)
    expect(lesson.card(CASE.name)).to_contain_text("not attempted")
    lesson.run(DECIDED)
    expect(lesson.cell(DECIDED).locator(".jp-OutputArea")).to_contain_text("asked when the case has passed")
    here = "docker build -q --platform $HERE -t $REGISTRY/house --push files/clinic/house"
    lesson.run(STEP, f"{STEP}\n{here}")
    expect(lesson.card(CASE.name)).to_contain_text("failed", timeout=60_000)
    expect(lesson.card(CASE.name)).to_contain_text("but what it had for")
    lesson.run(STEP, f"{STEP}\n{CASE.step.solution}")
    expect(lesson.card(CASE.name)).to_contain_text("passed", timeout=60_000)
    lesson.run(SYMPTOM)
    expect(lesson.cell(SYMPTOM).locator(".jp-OutputArea")).to_contain_text("does not hurt any more", timeout=60_000)
    says_what_decided_it(lesson)
    assert "Traceback" not in lesson.page.locator(".jp-Notebook").inner_text()
    assert lesson.errors == []
    assert "1 of " in lesson.server.lab("clinic")


def says_what_decided_it(lesson):
    """The question, words of one's own by keyboard, and what they are compared with."""
    lesson.run(DECIDED)
    box = lesson.cell(DECIDED).locator(".jp-OutputArea .lab-box").first
    expect(box).to_contain_text(clinic.QUESTION)
    box.get_by_role("textbox").focus()
    lesson.page.keyboard.type("the registry's list had one row")
    lesson.page.keyboard.press("Tab")
    lesson.page.keyboard.press("Enter")
    expect(box).to_contain_text("The registry's list for")
    expect(box.get_by_role("checkbox")).to_have_count(len(CASE.points))
