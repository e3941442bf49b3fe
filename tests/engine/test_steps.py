"""Every step on a real engine: untouched does not pass, the solution does, so does another way, wrong ends say why."""

import importlib

import pytest

from lab import course
from lab.results import Status

LESSONS = course.lessons()
WAYS = {
    name: ways
    for lesson in LESSONS
    for name, ways in importlib.import_module(f"ways.{lesson.stem.replace('-', '_')}").WAYS.items()
}
STEPS = list(course.steps())
WRONG = [(name, script, message) for name in STEPS for script, message in WAYS[name].wrong]
EMULATED = {"linux/arm64", "linux/riscv64"}


@pytest.fixture(autouse=True)
def emulators_where_needed(request):
    """A step that says it needs an emulator gets one; the others run without."""
    name = request.node.callspec.params.get("name", "") if hasattr(request.node, "callspec") else ""
    if name and any(getattr(need, "emulates", False) for need in course.step(name).needs):
        request.getfixturevalue("emulators")


def test_every_step_has_its_ways():
    """No step without another correct way and two wrong ends."""
    assert set(WAYS) == set(STEPS)
    assert all(len(ways.wrong) >= 2 and ways.other for ways in WAYS.values())


@pytest.mark.parametrize("name", STEPS)
def test_untouched_does_not_pass(name, learner):
    """A cell that nobody filled in, run as it is, passes nothing."""
    learner.comes_to(name)
    assert learner.looks_at(name).status is not Status.PASSED
    assert learner.does(name, "# Your commands go here.").status in (Status.NOT_ATTEMPTED, Status.FAILED)


@pytest.mark.parametrize(("name", "script", "message"), WRONG)
def test_a_wrong_end_says_what_is_wrong(name, script, message, learner):
    """Each wrong end fails, with its own message and nobody else's."""
    learner.comes_to(name)
    result = learner.does(name, script)
    learner.untouched(*WAYS[name].spoils)
    assert (result.status, result.message) == (Status.FAILED, message), f"{result.text}\n{learner.output}"
    assert result.text


@pytest.mark.parametrize("name", STEPS)
def test_another_correct_way_passes(name, learner):
    """The world is looked at, not the words of the command."""
    learner.comes_to(name)
    result = learner.does(name, WAYS[name].other)
    assert result.status is Status.PASSED, f"{result.text} {result.values}\n{learner.output}"


@pytest.mark.parametrize("name", STEPS)
def test_the_solution_passes(name, learner):
    """What the notebook shows works, on this engine, today."""
    learner.comes_to(name)
    result = learner.does(name, course.step(name).solution)
    assert result.status is Status.PASSED, f"{result.text} {result.values}\n{learner.output}"
