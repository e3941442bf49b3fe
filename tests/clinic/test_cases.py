"""The clinic's own rules: what every case keeps."""

import importlib
import json
import pkgutil
import re
from pathlib import Path

import pytest

from lab import course
from lab.course import clinic
from lab.explainer.data import entries
from lab.model.platforms import Platform
from lab.model.steps import PLACE

ROOT = Path(__file__).parent.parent.parent
CASES = clinic.cases()
MODULES = [one.name for one in pkgutil.iter_modules(clinic.__path__)]


def case_of(one):
    return one.name


def cells(case):
    """(id, source) of its notebook's cells."""
    notebook = json.loads((course.lessons_dir() / case.notebook).read_text(encoding="utf-8"))
    return [(cell["id"], "".join(cell["source"])) for cell in notebook["cells"]]


def test_cases_are_no_lesson():
    """Neither steps of the course nor lessons; their names are nobody else's."""
    assert not {one.name for one in CASES} & set(course.steps())
    assert course.WARD not in {lesson.stem for lesson in course.lessons()}
    assert all(one.step.lesson == course.WARD and one.step.kind == "repair" for one in CASES)
    assert len({one.name for one in CASES}) == len({one.number for one in CASES}) == len(CASES)


def test_a_case_is_found_by_its_names():
    """As people write it: number, name, notebook."""
    for one in CASES:
        for name in (one.name, one.code, one.code.lower(), f"{one.code}-{one.name}", f"k{one.number}"):
            assert clinic.named(name) is one
            assert course.step(name) is one.step
    assert clinic.named("purple") is None
    assert course.find(["clinic"]) == [one.step for one in CASES]


@pytest.mark.parametrize("case", CASES, ids=case_of)
def test_a_case_is_whole(case):
    """What hurts, a story, hints, a goal, points, lessons that are there, and the guide's entry, which leads back."""
    assert case.hurts.endswith((".", "?"))
    assert case.symptom.story
    assert re.compile(case.symptom.sign)
    assert case.step.goal.endswith(".")
    assert len(case.step.hints) >= 2
    assert len(case.points) == 3
    assert 3 <= case.minutes <= 12
    assert case.step.prepare
    assert all(case.causes.values())
    assert set(case.lessons) <= {lesson.stem for lesson in course.lessons()}
    entry = next(one for one in entries() if one.id == case.entry)
    assert case.name in entry.practise


def test_the_guide_leads_to_cases_that_lead_back():
    """No `practise` without a case of that entry."""
    led = {(one.id, name) for one in entries() for name in one.practise}
    assert led == {(one.entry, one.name) for one in CASES}


@pytest.mark.parametrize("case", CASES, ids=case_of)
def test_a_cases_notebook_has_its_cells(case):
    """The symptom, an empty cell with the step's name as its id, and what decided it."""
    found = dict(cells(case))
    assert found["title"].startswith(f"# {case.code} · {case.name}\n")
    assert f"This takes about {case.minutes} minutes." in found["title"]
    assert found["load"] == "%load_ext lab"
    assert found["symptom"] == f"%case {case.name}"
    assert found[case.name] == f"%%step {case.name}\n{PLACE}"
    assert found["reflect"] == f"%reflect {case.name}"
    assert case.step.goal in found["mend-text"]


def test_no_notebook_without_a_case():
    """And none for two."""
    there = {path.relative_to(course.lessons_dir()).as_posix() for path in course.lessons_dir().glob("clinic/*.ipynb")}
    assert there == {one.notebook for one in CASES}


@pytest.mark.parametrize("case", CASES, ids=case_of)
def test_hints_do_not_give_the_command_away(case):
    """The solution is shown when it is asked for, not before."""
    lines = [line.strip() for line in case.step.solution.splitlines()]
    for line in (line for line in lines if re.match(r"(docker|lab|sed)\b", line) and len(line.split()) > 1):
        assert not any(line in text for text in (*case.step.hints, case.hurts, case.symptom.story))


@pytest.mark.parametrize("name", MODULES)
def test_every_message_is_brought_about_by_a_test(name):
    """A message that no test has seen may be wrong, or never come."""
    module = importlib.import_module(f"lab.course.clinic.{name}")
    messages = {key for key, v in vars(module).items() if re.fullmatch(r"[A-Z][A-Z_]+", key) and _is_message(v)}
    tested = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "clinic").glob("test_*.py"))
    assert not [one for one in messages if not re.search(rf"\b{one}\b", tested)]


def _is_message(value):
    return isinstance(value, str) and " " in value and value.endswith(".")


@pytest.mark.parametrize("case", CASES, ids=case_of)
def test_the_symptom_was_recorded_on_a_real_engine(case):
    """The site shows what was printed, and it is what the case says that it prints."""
    (recorded,) = (ROOT / "tests" / "data").glob(f"engine-*/clinic/{case.name}.txt")
    assert case.symptom.shows(recorded.read_text(encoding="utf-8"), Platform.parse("linux/arm64"))


def test_some_symptoms_have_several_causes():
    """The search is learned, and not the answer: each cause is met by some learner, and has its own fact."""
    several = [one for one in CASES if len(one.causes) > 1]
    assert len({one.purpose for one in several}) >= 4
    for one in several:
        assert {one.fact(seed) for seed in range(60)} == set(one.causes.values())
