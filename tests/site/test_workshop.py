"""The teacher's pages: plans, slides, exercises with their usual mistakes, exams."""

import re
from pathlib import Path

import pytest
from pages import plans, slides, teach
from support import site_build

from lab import course
from lab.errors import BadInput
from lab.learning.tour.runs import Run

TESTS = site_build.ROOT / "tests"
WORKSHOP = site_build.ROOT / "docs" / "workshop"
LESSONS = course.lessons()
SAID = """
## test_one
push: The tag any:latest is not for linux/arm64.
  found: linux/amd64
 wanted: linux/arm64
push: passes: any:latest is in the registry.
pull: Nothing was pulled.
  found: no container
 wanted: a pull
"""


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
def test_a_page_has_each_step_with_its_mistakes(lesson):
    """Every step's goal, every wrong end that is tested, and the solution, folded; no place of a message is left open."""
    page = teach.page(lesson, TESTS)
    text = page.markdown + "".join(page.blocks.values())
    for step in lesson.steps:
        assert step.goal in text
        wrong = teach.ways(lesson.stem, TESTS)[step.name].wrong
        block = next(
            value for token, value in page.blocks.items() if f"{token}\n{{: #{step.name}-more }}" in page.markdown
        )
        assert block.count("<li>") == len({template for _, template in wrong}) > 0
        assert block.count("<details") == block.count("<li>") + 1
    sentences = re.findall(r"<li><p>(.*?)</p>", text)
    assert not [one for one in sentences if re.search(r"\{\w*\}", one)]
    assert "```sh" in page.plain


@pytest.mark.parametrize(
    ("step", "template", "told"),
    [
        ("push", "The tag {ref} is not for {wanted}.", ("The tag any:latest is not for linux/arm64.", "linux/amd64")),
        ("pull", "The tag {ref} is not for {wanted}.", ("The tag … is not for ….", "")),
        ("push", "Nothing was pulled.", ("Nothing was pulled.", "")),
        ("pull", "Nothing was pulled.", ("Nothing was pulled.", "no container")),
        ("push", "{image} is in the registry.", ("… is in the registry.", "")),
    ],
)
def test_a_message_is_read_as_a_learner_reads_it(step, template, told):
    """With what was found, where a test of that step has said it; what passes is no mistake."""
    assert teach.spoken(step, template, SAID)[:2] == told


def test_exams_name_the_steps_that_differ():
    """Those that are tried for several numbers, each linked to what it wants."""
    page = teach.exams((WORKSHOP / "exams.md").read_text(encoding="utf-8"), TESTS)
    named = re.findall(r"^\| \d+ \| \[`(\w+)`\]", page, re.MULTILINE)
    assert named == [step.name for lesson in LESSONS for step in teach.seeded(lesson, TESTS)]
    assert {"which_runs", "mend_team"} <= set(named)
    assert f"These {len(named)} steps" in page
    assert teach.HERE not in page


def test_plans_count_the_minutes_of_the_course():
    """Every lesson once in the term; the sums are those of the parts."""
    page = plans.page(WORKSHOP / "plans.toml")
    term = page.partition("## A term")[2]
    assert re.findall(r"^\| \d+ \| \[(\d+) ", term, re.MULTILINE) == [str(lesson.number) for lesson in LESSONS]
    half = page.partition("## Half a day")[2].partition("## A day")[0]
    room = [int(one) for one in re.findall(r"\| (\d+) \|$", half, re.MULTILINE)]
    assert f"**{plans.hours(sum(room))}**" in half


@pytest.mark.parametrize(("alone", "room"), [(10, 15), (12, 20), (15, 25), (20, 30), (0, 0)])
def test_a_room_takes_half_as_much_again(alone, room):
    """Rounded up to five minutes."""
    assert plans.room(alone) == room


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("minutes = 61", "'Short' takes 61 minutes, and may take 1 hours"),
        ('lessons = ["machine", "mismatch", "emulation"]', "'Short' takes 70 minutes"),
        ('lessons = ["machin"]', "'machin'"),
        ('cases = ["nowhere"]', "'nowhere'"),
    ],
)
def test_a_plan_that_cannot_be_kept_stops_the_site(tmp_path, part, said):
    """A lesson that became longer, or was renamed, is noticed."""
    head = '[[plan]]\nname = "Short"\nhours = 1\nabout = "x"\nafter = "y"\n[[plan.part]]\nname = "z"\n'
    (tmp_path / "plans.toml").write_text(head + part + "\n")
    with pytest.raises(Exception, match=re.escape(said)) as problem:
        plans.page(tmp_path / "plans.toml")
    assert hasattr(problem.value, "exit_status")


def test_each_lesson_has_a_slide_with_its_picture():
    """Its question, a prediction of its own to ask, and a drawing."""
    page = slides.page(WORKSHOP / "slides.toml", [Run(lesson) for lesson in LESSONS])
    assert len(page.blocks) == len(LESSONS) + 1
    for lesson, block in zip(LESSONS, list(page.blocks.values())[1:], strict=True):
        assert lesson.question.replace("'", "&#x27;") in block or lesson.question in block
        assert f'id="{lesson.stem}"' in block
        assert '<svg role="img" aria-label="Diagram.' in block


def test_the_notes_have_what_the_real_run_brought():
    """Folded, so that the slide does not give it away."""
    lesson = course.lesson("inside-the-index")
    told = site_build.passed("which_one", predicted={"question": "?", "said": "", "was": "neither", "because": "So."})
    run = Run(lesson, {}, {"which_one": site_build.outputs("which_one", told)})
    section = slides.page(WORKSHOP / "slides.toml", [run]).blocks["LABBLOCK1X"]
    assert "neither. So." in section.partition("<details")[2]
    assert "neither. So." not in section.partition("<details")[0]


def test_a_lesson_without_a_picture_stops_the_site():
    """Nobody shows an empty slide."""
    slide = slides.Slide(lesson="release", ask="promote", say="x", answer="y")
    with pytest.raises(BadInput, match="has no diagram for its slide"):
        slides.picture(slide, course.lesson("release"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('ask = "cost"', 'ask = "mend_bell"'), "'mend_bell', which predicts nothing"),
        (('"emulation"', '"x"'), "no slide"),
    ],
)
def test_a_slide_that_asks_nothing_stops_the_site(tmp_path, change, said):
    """As does a lesson without one."""
    text = (WORKSHOP / "slides.toml").read_text(encoding="utf-8")
    assert change[0] in text
    (tmp_path / "slides.toml").write_text(text.replace(*change), encoding="utf-8")
    with pytest.raises(BadInput, match=said):
        slides.read(Path(tmp_path / "slides.toml"))
