"""The learner does the work: what the course asks to be predicted, filled in, found, mended and recalled."""

import json
import re

import pytest

from lab import course
from lab.course import recall
from lab.learning import figures

LESSONS = course.lessons()
STEMS = [lesson.stem for lesson in LESSONS]
STEPS = list(course.steps().values())
GROUPS = ("buildx", "manifest", "image", "container", "context", "system")
TOOLS = ("docker", "lab", "uname", "od", "curl", "file", "readelf")


def code_cells(lesson):
    """(id, source) of each code cell."""
    cells = json.loads(lesson.notebook.read_text(encoding="utf-8"))["cells"]
    return [(cell["id"], "".join(cell["source"]).strip()) for cell in cells if cell["cell_type"] == "code"]


def kinds_of(script):
    """The kinds of commands in a script by their first words: `docker run`, `docker buildx build`, `lab show`, `od`."""
    simple = re.split(r"\n|;|&&|\|\|?|\$\(|`|\bdo\b|\bthen\b", script.replace("\\\n", " "))
    found = set()
    for command in simple:
        words = [word for word in command.split() if not re.match(r"[A-Za-z_]+=|[!({]|sudo$", word)]
        if words and words[0] in TOOLS:
            subs = [word for word in words[1:] if re.fullmatch(r"[a-z]+", word)]
            depth = 0 if words[0] not in ("docker", "lab") else 2 if subs[:1] and subs[0] in GROUPS else 1
            found.add(" ".join([words[0], *subs[:depth]]))
    return found


@pytest.mark.parametrize(
    ("script", "kinds"),
    [
        ("uname -m", {"uname"}),
        ("docker run --rm x uname -m", {"docker run"}),
        ("docker buildx build \\\n  --push . && lab show x", {"docker buildx build", "lab show"}),
        ("for p in a b; do docker manifest inspect $p | od -An; done", {"docker manifest inspect", "od"}),
        ("X=1 docker buildx use y", {"docker buildx use"}),
        ("echo docker run", set()),
    ],
)
def test_the_kinds_of_a_script(script, kinds):
    """By the first two words, three where the second is a group of commands."""
    assert kinds_of(script) == kinds


@pytest.mark.parametrize("step", [step for step in STEPS if step.predict], ids=lambda s: s.name)
def test_a_prediction_is_asked_right_above_its_step(step):
    """The cell before the step's own, and two to five answers or one value."""
    cells = code_cells(course.lesson(step.lesson.replace("_", "-")))
    place = next(number for number, (name, _) in enumerate(cells) if name == step.name)
    assert cells[place - 1] == (f"{step.name}-predict", f"%predict {step.name}")
    assert len(step.predict.options) in (0, 2, 3, 4, 5)


def test_no_cell_asks_for_a_prediction_that_is_not_there():
    """Each `%predict` names a step that asks."""
    named = {text.split()[1] for lesson in LESSONS for _, text in code_cells(lesson) if text.startswith("%predict ")}
    assert named == {step.name for step in STEPS if step.predict}


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda one: one.name)
def test_a_lesson_opens_with_questions_and_ends_in_own_words(lesson):
    """Two or three questions (the first lesson may have none), goals, and one thing to explain, with three points."""
    asked, cells = recall.opening(lesson.stem), code_cells(lesson)
    assert len(asked) in ((0, 2, 3) if lesson.number == 1 else (2, 3))
    assert (("recap", f"%recap {lesson.stem}") in cells) == bool(asked)
    assert ("reflect", f"%reflect {lesson.stem}") in cells
    frame = recall.frame(lesson.stem)
    assert frame.goals
    assert len(frame.points) == 3


@pytest.mark.parametrize("one", recall.questions(), ids=lambda one: one.name)
def test_a_recall_question_has_its_answer_and_its_source(one):
    """About an earlier lesson (the first one looks at what people bring along), with a step or a document behind it."""
    assert one.answer in one.options
    assert 2 <= len(one.options) <= 5
    assert one.lesson in STEMS
    assert one.lesson == STEMS[0] or STEMS.index(one.about) < STEMS.index(one.lesson)
    assert one.source in course.steps() or one.source.startswith("https://")


def test_names_of_recall_questions_are_unique():
    """An answer is kept by its question's name; no name is a lesson's, as `lab recap` takes both."""
    names = [one.name for one in recall.questions()]
    assert len(set(names)) == len(names)
    assert not set(names) & set(STEMS)


def test_no_kind_of_command_stands_whole_more_than_twice():
    """A command is met whole, then with a gap, then as a goal."""
    where = {}
    for step in STEPS:
        if step.kind == "whole":
            for kind in kinds_of(step.cell):
                where.setdefault(kind, []).append(step.name)
    assert {kind: names for kind, names in where.items() if len(names) > 2} == {}


@pytest.mark.parametrize("lesson", LESSONS[2:], ids=lambda one: one.name)
def test_from_the_third_lesson_on_half_is_own_work(lesson):
    """Gaps, exercises and repairs; one repair at least."""
    found = figures.of_lesson(lesson)
    assert found.share >= 0.5
    assert found.repair >= 1


def test_the_course_is_the_learners_work():
    """Own work, predictions, repairs and recall questions, counted over all lessons."""
    found = figures.of_course()[-1]
    assert found.share >= 0.55
    assert found.predictions >= 14
    assert found.repair >= 9
    assert found.recall >= 24
