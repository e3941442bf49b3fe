"""One step becomes one result; what is down is blocked, what is ours is a bug, and a pass is kept."""

import dataclasses
from pathlib import Path

import pytest

from lab import course, progress, runner
from lab.errors import BadInput, Blocked, NotThere
from lab.facts import Machine
from lab.platforms import Platform
from lab.results import Result, Status
from lab.steps import Problem, step

WRONG = "The machine {name} is another one."
PC = Machine(name="x86_64", platform=Platform("linux", "amd64"))


def raises(error):
    def probe(_world):
        raise error

    return probe


def make(*probes, needs=(), after=()):
    @step(*probes, solution="true", needs=needs, after=after)
    def sample(machine: Machine) -> Problem | None:
        """Do something."""
        return (
            None if machine == PC else Problem(WRONG, name=machine.name, found=machine.platform, wanted="linux/amd64")
        )

    return sample


def test_a_true_fact_passes_and_is_kept(world):
    """The pass is in the progress file at once."""
    sample = make(lambda _world: PC)
    assert runner.check(sample, world).status is Status.PASSED
    assert progress.passed(world.home, "sample")


def test_a_wrong_fact_fails_with_found_and_wanted(world):
    """The message is a template with values; it reads as a sentence."""
    mac = Machine(name="arm64", platform=Platform("darwin", "arm64"))
    result = runner.check(make(lambda _world: mac), world)
    assert result.status is Status.FAILED
    assert result.message == WRONG
    assert result.text == "The machine arm64 is another one."
    assert (result.values["found"], result.values["wanted"]) == ("darwin/arm64", "linux/amd64")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotThere("No tag yet."), Status.NOT_ATTEMPTED),
        (Blocked("The engine is off."), Status.BLOCKED),
        (BadInput("Half a JSON."), Status.FAILED),
        (ZeroDivisionError("ours"), Status.BUG),
        (RecursionError("ours"), Status.BUG),
    ],
)
def test_each_kind_of_error_has_its_status(world, error, status):
    """Never a traceback, never a wrong word for what happened."""
    assert runner.check(make(raises(error)), world).status is status


def test_our_own_mistake_is_logged(world):
    """The result names a file that holds the traceback."""
    result = runner.check(make(raises(ZeroDivisionError("ours"))), world)
    assert "ZeroDivisionError: ours" in Path(result.values["log"]).read_text()


def test_a_need_turns_a_failure_into_blocked(world):
    """Where something is down, the learner is not told that they are wrong."""
    sample = make(raises(NotThere("Nothing.")), needs=[raises(Blocked("The emulator is missing."))])
    result = runner.check(sample, world)
    assert (result.status, result.text) == (Status.BLOCKED, "The emulator is missing.")


def test_a_need_is_not_asked_when_the_step_passes(world):
    """A check that passes never waits for what it does not need."""
    sample = make(lambda _world: PC, needs=[raises(Blocked("never asked"))])
    assert runner.check(sample, world).status is Status.PASSED


def test_a_missing_earlier_step_blocks(world):
    """Not attempted because something earlier is missing: say what comes first."""
    first = make(lambda _world: PC)
    later = dataclasses.replace(make(raises(NotThere("Nothing."))), name="later", after=("sample",))
    assert runner.check(later, world).values == {"earlier": "sample"}
    runner.check(first, world)
    assert runner.check(later, world).status is Status.NOT_ATTEMPTED


def test_a_pass_stays_when_the_world_moves_on(world):
    """Nothing that was finished is asked again."""
    sample = make(lambda _world: PC)
    runner.check(sample, world)
    gone = dataclasses.replace(sample, probes=(raises(NotThere("Gone.")),))
    assert runner.check(gone, world).status is Status.NOT_ATTEMPTED
    assert progress.passed(world.home, "sample")


def test_a_changed_step_makes_the_pass_stale(world):
    """When a step asks for something else, its old pass is marked, not lost."""
    sample = make(lambda _world: PC)
    runner.check(sample, world)
    entry = progress.read(world.home)["sample"]
    assert not progress.is_stale(entry, sample)
    assert progress.is_stale(entry, dataclasses.replace(sample, goal="Do something else."))


def test_results_survive_json():
    """A stored result can be shown again by any view."""
    result = Result(step="a", lesson="b", status=Status.BLOCKED, goal="g", message="{x}", values={"x": "y"})
    assert Result.from_json(result.to_json()) == result


@pytest.mark.parametrize("data", [None, [], {}, {"status": "fine"}, {"status": "passed"}, 3, {"status": []}])
def test_what_is_no_result_is_refused(data):
    """Half a JSON gives one clear line."""
    with pytest.raises(BadInput):
        Result.from_json(data)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"steps": 3}', '{"steps": {"a": 1}}', "\0\0", "[" * 100_000])
def test_a_damaged_progress_file_loses_nothing(world, content):
    """It is set aside under another name, and the course goes on."""
    world.home.mkdir(parents=True)
    (world.home / "progress.json").write_text(content)
    assert all(not entry.passed for entry in progress.read(world.home).values())
    runner.check(make(lambda _world: PC), world)
    assert progress.passed(world.home, "sample")
    kept = [path.read_text() for path in world.home.glob("progress.json*damaged*")]
    assert kept == ([content] if content not in ('{"steps": 3}', '{"steps": {"a": 1}}', "[]") else [])


def test_the_course_knows_what_follows():
    """After a pass the next step is named, across lessons; after the last there is none."""
    names = list(course.steps())
    assert course.after(names[0]) == names[1]
    assert course.after(names[-1]) == ""
