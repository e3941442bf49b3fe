"""One step becomes one result; what is down is blocked, what is ours is a bug, and a pass is kept."""

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lab import course, paths, progress, runner
from lab.errors import BadInput, Blocked, NotThere
from lab.facts import Evidence, Machine
from lab.platforms import Platform
from lab.results import Result, Status
from lab.steps import Problem, Proof, Verdict, step

RIGHT = "A {name} is it."
WRONG = "The machine {name} is another one."
PC = Machine(name="x86_64", platform=Platform("linux", "amd64"))


def raises(error):
    def probe(_world):
        raise error

    return probe


def in_the(world):
    """Probes and needs are asked of the world that the check is for, and of no other."""

    def ask(given):
        assert given is world
        return PC

    return ask


def make(*probes, needs=(), after=()):
    @step(*probes, solution="true", needs=needs, after=after)
    def sample(machine: Machine) -> Verdict:
        """Do something."""
        if machine == PC:
            return Proof(RIGHT, name=machine.name)
        return Problem(WRONG, name=machine.name, found=machine.platform, wanted="linux/amd64")

    return sample


def test_a_true_fact_passes_and_is_kept(world):
    """The pass is in the progress file at once."""
    sample = make(lambda _world: PC)
    assert runner.check(sample, world).status is Status.PASSED
    assert progress.passed(world.home, "sample")


def test_what_was_run_without_a_command_is_no_failed_try(world):
    """An exercise's untouched cell, where the world holds what earlier steps made; a pass is a pass."""
    wrong = dataclasses.replace(make(lambda _world: PC), check=lambda _machine: Problem("No."))
    assert runner.check_untried(wrong, world).status is Status.NOT_ATTEMPTED
    assert progress.read(world.home)["sample"].tries == 0
    assert runner.check_untried(make(lambda _world: PC), world).status is Status.PASSED


def test_what_two_probes_asked_alike_is_shown_once(world):
    """The same command and answer twice would only be longer."""
    seen = dataclasses.replace(PC, evidence=(Evidence("uname -m", "x86_64"),))
    twice = dataclasses.replace(
        make(lambda _world: seen), probes=(lambda _world: seen,) * 2, check=lambda *_facts: None
    )
    assert runner.look(twice, world).evidence == seen.evidence


def test_probes_and_needs_are_asked_of_the_same_world(world):
    """A failing check asks its needs; where they stand, it stays failed, with what the check said and no remedy."""
    assert runner.look(make(in_the(world)), world).status is Status.PASSED
    refused = dataclasses.replace(make(in_the(world), needs=[in_the(world)]), check=lambda _machine: Problem("No."))
    result = runner.look(refused, world)
    assert (result.status, result.text, result.remedy) == (Status.FAILED, "No.", "")


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


def test_a_result_says_all_that_a_view_shows(world):
    """Which step of which lesson, its goal, when and for how long it was looked at, and on what evidence."""
    first = Evidence("uname -m", "x86_64")
    second = Evidence("uname -s", "Linux")
    sample = make(lambda _world: dataclasses.replace(PC, evidence=(first, second)))
    before = datetime.now(UTC).replace(microsecond=0)
    result = runner.look(sample, world)
    assert (result.step, result.lesson, result.goal) == ("sample", sample.lesson, "Do something.")
    assert (result.message, result.text, result.values, result.remedy) == (RIGHT, "A x86_64 is it.", {"name": "x86_64"}, "")
    assert (result.evidence, result.picture, result.next_step) == ((first, second), None, "")
    when = datetime.fromisoformat(result.when)
    assert (when.microsecond, when.utcoffset()) == (0, timedelta(0))
    assert before <= when <= datetime.now(UTC)


def test_the_time_is_that_of_the_look(world, monkeypatch):
    """In seconds, to the millisecond."""
    clock = iter([10.0, 11.23456])
    monkeypatch.setattr(runner.time, "perf_counter", lambda: next(clock))
    assert runner.look(make(lambda _world: PC), world).seconds == 1.235


def test_what_comes_next_is_said_after_a_pass_only(world):
    """The step that follows in the course."""
    uname = dataclasses.replace(make(lambda _world: PC), name="uname")
    assert runner.look(uname, world).next_step == course.after("uname")
    failing = dataclasses.replace(uname, probes=(lambda _world: dataclasses.replace(PC, name="other"),))
    assert runner.look(failing, world).next_step == ""


def test_a_look_is_not_remembered(world):
    """Those who look again and again leave no trace."""
    assert runner.look(make(lambda _world: PC), world).status is Status.PASSED
    assert not progress.passed(world.home, "sample")


class Drawing:
    """A picture of a fact, as `step(picture=…)` takes it."""

    def __init__(self, machine):
        self.machine = machine

    def to_json(self):
        if self.machine.name == "spoilt":
            raise ValueError("no picture")
        return {"of": self.machine.name}


@pytest.mark.parametrize(
    ("machine", "status", "picture"),
    [
        (PC, Status.PASSED, {"of": "x86_64"}),
        (Machine(name="arm64", platform=PC.platform), Status.FAILED, {"of": "arm64"}),
        (Machine(name="spoilt", platform=PC.platform), Status.FAILED, None),
    ],
)
def test_the_facts_are_drawn(world, machine, status, picture):
    """Passed or failed; a picture that cannot be drawn spoils no result, and its traceback is kept."""
    sample = dataclasses.replace(make(lambda _world: machine), picture=Drawing)
    result = runner.look(sample, world)
    assert (result.status, result.picture) == (status, picture)
    logs = [path.read_text() for path in (paths.home() / "log").glob("*picture-sample*")]
    assert ["ValueError: no picture" in log for log in logs] == ([True] if machine.name == "spoilt" else [])


def test_nothing_is_drawn_of_a_part_of_the_facts(world):
    """Where the second probe found nothing, or what it needs is down, there is no picture."""
    probes = (lambda _world: PC, raises(BadInput("Half a JSON.")))
    sample = dataclasses.replace(make(*probes), picture=lambda *_facts: pytest.fail("drawn"))
    result = runner.look(sample, world)
    assert (result.status, result.text, result.picture) == (Status.FAILED, "Half a JSON.", None)
    down = dataclasses.replace(make(lambda _world: PC), picture=lambda *_facts: pytest.fail("drawn"))
    down = dataclasses.replace(down, check=lambda _machine: Problem("no"), needs=(raises(Blocked("Down.")),))
    assert runner.look(down, world).picture is None


@pytest.mark.parametrize(
    ("error", "status", "text", "remedy"),
    [
        (NotThere("No tag yet.", "Push it."), Status.NOT_ATTEMPTED, "No tag yet.", "Push it."),
        (NotThere(""), Status.NOT_ATTEMPTED, runner.NOT_YET, ""),
        (Blocked("The engine is off.", "Start it."), Status.BLOCKED, "The engine is off.", "Start it."),
        (BadInput("Half a JSON.", "Look."), Status.FAILED, "Half a JSON.", "Look."),
    ],
)
def test_an_error_brings_its_words(world, error, status, text, remedy):
    """What it says, what helps; braces in it are no template."""
    result = runner.look(make(raises(error)), world)
    assert (result.status, result.text, result.remedy, result.message) == (status, text, remedy, "{reason}")


def test_an_earlier_step_that_is_missing_is_named_and_the_first_of_them(world):
    """In the order in which the step names them."""
    later = dataclasses.replace(make(raises(NotThere("Nothing."))), name="later", after=("sample", "other"))
    result = runner.look(later, world)
    assert (result.status, result.message, result.remedy) == (Status.BLOCKED, runner.EARLIER_FIRST, "")
    assert result.text == "Do step 'sample' first: this step builds on what it makes."
    runner.check(make(lambda _world: PC), world)
    assert runner.look(later, world).values == {"earlier": "other"}


def scene(world, error):
    def prepare(given):
        assert given is world
        if error:
            raise error

    return dataclasses.replace(make(lambda _world: PC), prepare=prepare)


def test_a_scene_that_could_be_set_says_nothing(world):
    """None: go on; so too where there is none to set."""
    assert runner.prepare(make(lambda _world: PC), world) is None
    assert runner.prepare(scene(world, None), world) is None


@pytest.mark.parametrize("error", [Blocked("The registry {is} off.", "Start it."), BadInput("Bad.", "Look.")])
def test_a_scene_that_cannot_be_set_blocks(world, error):
    """With the reason, whatever it was; never as the learner's mistake."""
    result = runner.prepare(scene(world, error), world)
    assert (result.step, result.goal, result.status) == ("sample", "Do something.", Status.BLOCKED)
    assert result.lesson == scene(world, None).lesson
    assert (result.text, result.remedy, result.message) == (error.message, error.remedy, "{reason}")


def test_a_mistake_of_ours_in_a_scene_is_logged(world):
    """The same net as under a check."""
    result = runner.prepare(scene(world, ZeroDivisionError("ours")), world)
    log = next((paths.home() / "log").glob("*sample*"))
    assert (result.status, result.remedy) == (Status.BUG, "")
    assert result.text == f"An internal error of the lab, not your fault. Details: {log}"
    assert "ZeroDivisionError: ours" in log.read_text()


def test_our_own_mistake_is_logged(world):
    """The result names a file that holds the traceback."""
    result = runner.check(make(raises(ZeroDivisionError("ours"))), world)
    log = Path(result.values["log"])
    assert "ZeroDivisionError: ours" in log.read_text()
    assert "sample" in log.name
    assert (result.text, result.remedy) == (runner.OUR_BUG.format(log=log), "")


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
