"""The course: its lessons and steps are found by any of their names, and a slip gets the nearest right one."""

import json
import shutil
from itertools import pairwise

import pytest

from lab import course
from lab.errors import UsageError

NAMES = [path.stem for path in sorted(course.lessons_dir().glob("*.ipynb"))]
STEPS = list(course.steps())


def test_lessons_stand_in_the_order_of_their_numbers():
    """Each has its notebook, its module's first line as its question, and its steps as they stand there."""
    assert [one.name for one in course.lessons()] == NAMES
    assert [one.number for one in course.lessons()] == list(range(1, len(NAMES) + 1))
    second = course.lessons()[1]
    assert (second.stem, second.name, second.notebook.name) == ("one-platform", NAMES[1], "02-one-platform.ipynb")
    assert second.question == course.one_platform.__doc__
    assert all(one.question.endswith("?") and "\n" not in one.question for one in course.lessons())
    assert [step.name for step in course.lessons()[0].steps[:2]] == ["glimpse", "uname"]


def test_a_package_brings_its_own_notebooks(tmp_path, monkeypatch):
    """Installed, they lie inside the package; in a checkout beside it."""
    package = tmp_path / "site-packages" / "lab"
    (package / "course").mkdir(parents=True)
    monkeypatch.setattr(course, "__file__", str(package / "course" / "__init__.py"))
    assert course.lessons_dir() == tmp_path / "site-packages" / "lessons"
    (package / "_lessons").mkdir()
    assert course.lessons_dir() == package / "_lessons"


@pytest.mark.parametrize(
    "name", ["2", "02", "one-platform", "one_platform", "02-one-platform", "02-one-platform.ipynb"]
)
def test_a_lesson_has_many_names(name):
    """Its number, its stem, its module, its notebook."""
    assert course.lesson(name).number == 2


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("one-platfrom", "Did you mean 'one-platform'?"),
        ("emulators", "Did you mean 'emulation'?"),
        ("multi", "Did you mean 'multi-platform'?"),
        ("99", "`lab list` shows all lessons."),
    ],
)
def test_a_lesson_that_is_not_there(name, remedy):
    """The nearest right name, if any is near."""
    with pytest.raises(UsageError) as refused:
        course.lesson(name)
    assert (refused.value.message, refused.value.remedy) == (f"There is no lesson {name!r}.", remedy)


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("multi_pusj", "Did you mean 'multi_push'?"),
        ("unam", "Did you mean 'uname'?"),
        ("rename", "Did you mean 'uname'?"),
        ("push", "Did you mean 'multi_push'?"),
        ("run", "Did you mean 'run_emulated'?"),
        ("ru", "`lab list` shows all steps."),
        ("look_at_index", "Did you mean 'see_index'?"),
        ("q", "`lab list` shows all steps."),
    ],
)
def test_a_step_that_is_not_there(name, remedy):
    """The nearest right name, if any is near."""
    with pytest.raises(UsageError) as refused:
        course.step(name)
    assert (refused.value.message, refused.value.remedy) == (f"There is no step {name!r}.", remedy)


@pytest.mark.parametrize("name", STEPS)
def test_every_step_is_found_by_its_name(name):
    """Quickly, from its lesson alone, it is the same one."""
    found = course.step(name)
    assert (found.name, found) == (name, course.steps()[name])
    assert course.find([name]) == [found]


def test_a_function_that_is_no_step_is_not_found():
    """A lesson's module defines more than steps."""
    with pytest.raises(UsageError):
        course.step("can_build")


def test_a_step_of_a_module_is_found_without_loading_the_other_lessons(monkeypatch):
    """A check of one step does not wait for all the others; a name that none defines needs them all."""
    name = course.lesson("multi-platform").name
    loaded = []
    real = course._lesson
    monkeypatch.setattr(course, "_lesson", lambda path: loaded.append(path.stem) or real(path))
    monkeypatch.setattr(course, "lessons", lambda: pytest.fail("all lessons were loaded"))
    monkeypatch.setattr(course, "steps", lambda: pytest.fail("all lessons were loaded"))
    assert [one.name for one in (course.step("multi_push"), *course.find(["multi_push"]))] == ["multi_push"] * 2
    assert set(loaded) == {name}


def test_a_step_that_is_made_in_another_way_is_found_too(monkeypatch):
    """Looking for `def name(` is the quick way, and not the only one."""
    monkeypatch.setattr(course, "_defines", lambda _source, _name: False)
    assert course.step("uname").name == "uname"
    assert [one.name for one in course.find(["uname", "multi_push"])] == ["uname", "multi_push"]
    assert course.after("uname") == "engine_platform"


def test_a_notebook_without_a_module_hides_no_step(tmp_path, monkeypatch):
    """Somebody's own notebook among the lessons does no harm to a check by name."""
    for notebook in course.lessons_dir().glob("*.ipynb"):
        shutil.copy(notebook, tmp_path)
    (tmp_path / "00-my-own.ipynb").write_text("{}")
    monkeypatch.setattr(course, "lessons_dir", lambda: tmp_path)
    assert course.step("uname").name == "uname"


def test_names_stand_for_steps_in_the_order_given():
    """A lesson stands for all of its steps; nothing stands for all there are."""
    assert [step.name for step in course.find([])] == STEPS
    second = [step.name for step in course.lesson("2").steps]
    assert [step.name for step in course.find(["multi_push", "2", "uname"])] == ["multi_push", *second, "uname"]
    with pytest.raises(UsageError, match="no step 'multi_pusj'"):
        course.find(["uname", "multi_pusj"])


@pytest.mark.parametrize(("name", "following"), [*pairwise(STEPS), (STEPS[-1], ""), ("nobody", "")])
def test_the_step_that_follows(name, following):
    """In this lesson or the next; none after the last."""
    assert course.after(name) == following


def test_the_next_step_of_the_same_lesson_needs_no_other_lesson(monkeypatch):
    """Only the last step of a lesson has to look at the lesson after it."""
    siblings = [step.name for step in course.lesson("1").steps]
    monkeypatch.setattr(course, "steps", lambda: pytest.fail("all lessons were loaded"))
    assert [course.after(name) for name in siblings[:-1]] == siblings[1:]


def test_a_fingerprint_changes_with_the_cells_and_with_nothing_else(tmp_path):
    """Outputs and metadata are no content: an executed copy has the fingerprint of its notebook."""
    one = course.lesson("1")
    known = course.fingerprint(one)
    assert len(known) == 16

    def changed(change):
        content = json.loads(one.notebook.read_text())
        change(content)
        copy = tmp_path / one.notebook.name
        copy.write_text(json.dumps(content))
        return course.fingerprint(course.Lesson(1, one.stem, one.question, copy, one.steps))

    assert changed(lambda notebook: notebook.update(metadata={"kernel": "other"})) == known
    assert changed(lambda notebook: notebook["cells"][1].update(outputs=[1], execution_count=7)) == known
    assert changed(lambda notebook: notebook["cells"][0].update(source=["# ", "Other"])) != known
    assert changed(lambda notebook: notebook["cells"][1].update(cell_type="markdown")) != known
    source = json.loads(one.notebook.read_text())["cells"][0]["source"]
    assert changed(lambda notebook: notebook["cells"][0].update(source="".join(source))) == known
