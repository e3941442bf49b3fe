"""The notebooks as a learner runs them, and each check against the work of others."""

import dataclasses
import os
import signal

import nbformat
import pytest
from support.nightly import by_day, nightly
from support.steps import asks, emulates

from lab import course, sandbox
from lab.learning import runner, tour
from lab.model.results import Status
from lab.sandbox import state
from lab.sandbox.engine import daemon
from lab.sandbox.host import process as processes

LESSONS = course.lessons()
NAMES = [lesson.name for lesson in LESSONS]


@pytest.fixture
def lesson(request):
    """The lesson that the test is about, with emulators where one of its steps needs them."""
    found = course.lesson(request.param)
    if any(map(emulates, found.steps)):
        request.getfixturevalue("emulators")
    return found


# A list of builders is another one after them.
BUILDER_STEPS = ("create_builder", "remove_builder", "mend_builder", "limited_builder")


def twice(notebook):
    """Each cell that leaves something to the learner first as it is, then again with the solution, as a learner gets there."""
    cells = []
    for cell in notebook.cells:
        cells.append(cell)
        name = tour.step_name(cell.source) if cell.cell_type == "code" else ""
        if name in course.steps() and course.steps()[name].kind != "whole":
            solution = f"%%step {name}\n{course.steps()[name].solution}"
            cells.append(nbformat.v4.new_code_cell(solution, id=f"{name}-solved"))
    notebook.cells = cells
    return notebook


@pytest.mark.parametrize("lesson", NAMES, indirect=True)
def test_the_notebook_runs_as_a_learner_runs_it(lesson, learner, tmp_path):
    """From top to bottom: what is whole passes, an untouched gap or exercise does not, and passes when it is solved."""
    learner.untouched(*(step.name for step in lesson.steps), *BUILDER_STEPS)
    learner.has_done(*{name for step in lesson.steps for name in step.after if course.step(name) not in lesson.steps})
    notebook = twice(nbformat.read(learner.world.workspace / lesson.notebook.name, as_version=4))
    seen, said = {}, {}

    def done(cell):
        outputs = cell.get("outputs", [])
        assert not [output for output in outputs if output.output_type == "error"], outputs
        for result in tour.results_of(outputs):
            seen.setdefault(result.step, []).append(result)
            said[result.step] = "".join(one.get("text", "") for one in outputs) + result.text

    place = tmp_path / "k"
    place.mkdir()
    tour.execute(notebook, learner.world.workspace, place, done)
    for step in lesson.steps:
        assert seen[step.name][-1].status is Status.PASSED, f"{step.name}: {said[step.name]}"
        if step.kind != "whole":
            assert seen[step.name][0].status is not Status.PASSED, step.name
        if step.predict:
            was = (seen[step.name][-1].predicted or {}).get("was")
            assert was, f"The truth of {step.predict.question!r} was not found."
            assert was in (step.predict.options or (was,))


@nightly
@pytest.mark.parametrize("lesson", NAMES, indirect=True)
def test_no_check_belongs_to_another_step(lesson, learner):
    """After a lesson's work, and only that, no step of another lesson passes; nor one of its own before its turn."""
    learner.untouched(*course.steps())
    if any(map(emulates, lesson.steps)):  # undoing lesson 4 took them away
        sandbox.up(private=True, emulators=True)
    done = set()
    for step in lesson.steps:
        assert learner.looks_at(step.name).status is not Status.PASSED, step.name
        learner.has_done(*step.after, step.name)
        done |= {step.name, *step.after}
    for name in set(course.steps()) - done:  # what a step needs decides only whether it is blocked or wrong
        step = dataclasses.replace(course.step(name), needs=())
        assert runner.look(step, learner.world).status is not Status.PASSED, name


OFF = {"DOCKER_HOST": "unix:///nonexistent/docker.sock"}


@pytest.mark.parametrize("name", by_day(list(course.steps()), 6))
def test_what_is_down_is_blocked_and_never_wrong(name, learner):
    """With neither engine nor registry, a step that asks one of them is blocked, with a reason and what helps."""
    learner.untouched(name)
    learner.world = dataclasses.replace(
        learner.world, env={**learner.world.env, **OFF}, registry="localhost:1", mirror=None
    )
    result = learner.does(name, "echo tried")
    step = course.step(name)
    outside = step.needs or step.after or asks(step, "registry")
    if result.status is Status.BLOCKED:
        assert result.text
        assert result.remedy or result.text.startswith("Do step")
    else:
        assert not outside or result.status is Status.NOT_ATTEMPTED, f"{result.status}: {result.text}"


def test_an_engine_that_died_is_blocked_until_up_mends_it(box, learner):
    """Killed in the middle of a lesson: the next check says so, `lab up` starts it again, nothing is lost."""
    learner.has_done("create_builder")
    for one in processes.find(state.key()):
        if one.role == daemon.ROLE:
            os.kill(one.pid, signal.SIGKILL)
    result = learner.looks_at("create_builder")
    assert result.status is Status.BLOCKED
    assert "does not answer" in result.text
    assert "lab up" in result.remedy
    sandbox.up(private=True)
    assert learner.looks_at("create_builder").status is Status.PASSED
