"""Every step on a real engine: untouched does not pass, the solution does, so does another way, wrong ends say why."""

import contextlib
import dataclasses
import importlib
import re

import pytest
from support.nightly import SLOW, by_day, nightly
from support.steps import asks, emulates

from lab import course
from lab.model.results import Status
from lab.probes import engine
from lab.probes.here import this_world
from lab.terminal import shell

LESSONS = course.lessons()
WAYS = {
    name: ways
    for lesson in LESSONS
    for name, ways in importlib.import_module(f"ways.{lesson.stem.replace('-', '_')}").WAYS.items()
}
STEPS = list(course.steps())
SEEDED = [(name, seed) for name in STEPS for seed in WAYS[name].tried or (None,)]
REPAIRS = [name for name in STEPS if course.step(name).repair]
# By day a step has its notebook (untouched it does not pass, solved it does). Of what is to be mended, each second
# shows its symptom; each twelfth is done in another way, and each twelfth comes to a wrong end. All have literal facts.
SOLVED = SEEDED if SLOW else by_day([(name, seed) for name, seed in SEEDED if name in REPAIRS], 2)
OTHER = [(name, seed) for name, seed in by_day(SEEDED, 12) if SLOW or not WAYS[name].costly]
WRONG = [(name, seed, *wrong) for name, seed in (SEEDED if SLOW else SEEDED[6::12]) for wrong in WAYS[name].failing]


@pytest.fixture(autouse=True)
def emulators_where_needed(request):
    """A step that says it needs an emulator gets one; the others run without."""
    name = request.node.callspec.params.get("name", "") if hasattr(request.node, "callspec") else ""
    if name and emulates(course.step(name)):
        request.getfixturevalue("emulators")


@pytest.fixture
def seed(request, learner, monkeypatch):
    """The learner's own number, for a step that is seeded; the commands of a try see it too."""
    if request.param is not None:
        monkeypatch.setenv("LAB_SEED", str(request.param))
        environment = {**learner.world.env, "LAB_SEED": str(request.param)}
        learner.world = dataclasses.replace(learner.world, seed=request.param, env=environment)
    return request.param


def test_every_step_has_its_ways():
    """No step without another correct way and two wrong ends; what is to be mended has a symptom."""
    assert set(WAYS) == set(STEPS)
    assert all(len(ways.wrong) >= 2 and ways.other for ways in WAYS.values())
    assert all(all(WAYS[name].symptom) for name in REPAIRS)


@pytest.mark.parametrize(("name", "seed", "script", "message"), WRONG, indirect=["seed"])
def test_a_wrong_end_says_what_is_wrong(name, seed, script, message, learner):
    """Each wrong end fails, with its own message and nobody else's."""
    learner.comes_to(name)
    result = learner.does(name, script)
    learner.untouched(*WAYS[name].spoils)
    assert (result.status, result.message) == (Status.FAILED, message), f"{result.text}\n{learner.output}"
    assert result.text


@pytest.mark.parametrize(("name", "seed"), OTHER, indirect=["seed"])
def test_another_correct_way_passes(name, seed, learner):
    """The world is looked at, not the words of the command."""
    learner.comes_to(name)
    result = learner.does(name, WAYS[name].other)
    assert result.status is Status.PASSED, f"{result.text} {result.values}\n{learner.output}"


@pytest.mark.parametrize(("name", "seed"), SOLVED, indirect=["seed"])
def test_only_the_work_passes(name, seed, learner, tmp_path):
    """An untouched cell does not; what is to be mended has its symptom; the solution passes, and mends; its words do not.

    What solves it works, on this engine, today, and a prediction is answered; the words, only printed, prove nothing.
    """
    learner.comes_to(name)
    assert learner.looks_at(name).status is not Status.PASSED
    assert learner.does(name, "# Your commands go here.").status in (Status.NOT_ATTEMPTED, Status.FAILED)
    with mended(name, learner):
        result = learner.does(name, course.step(name).solution)
        assert result.status is Status.PASSED, f"{result.text} {result.values}\n{learner.output}"
    if asked := course.step(name).predict:
        assert result.predicted, f"The truth of {asked.question!r} was not found."
        assert result.predicted["was"] in (asked.options or (result.predicted["was"],))
        assert result.predicted["was"]
    if asks(course.step(name), "transcript") or asks(course.step(name), "timings"):
        (tmp_path / "printed").write_text(learner.output)
        result = learner.does(name, f"cat {tmp_path}/printed")
        assert result.status is not Status.PASSED, f"{name}: {learner.output}"


@contextlib.contextmanager
def mended(name, learner):
    """A repair's symptom is there before the work, as the lesson shows it, and not after it."""
    if not course.step(name).repair:
        yield
        return
    script, words = WAYS[name].symptom
    result = learner.does(name, script)
    assert result.status is not Status.PASSED, result.text
    assert words in learner.output
    yield
    shell.run("symptom", script, learner.world, (after := []).append)
    assert words not in "".join(after)


# A tag of the course, or a file that a step is about; and something else of the same kind.
OTHERS = (
    (r"\$REGISTRY/[a-z-]+(:[a-z0-9]+)?", "$REGISTRY/decoy"),
    (r"lab show [a-z-]+(:[a-z0-9]+)?", "lab show decoy"),
    (r"files/machine/sample", "/bin/sh"),
)


def about_something_else(script):
    """The same commands, on another object."""
    for pattern, other in OTHERS:
        script = re.sub(pattern, other, script)
    return script


@pytest.fixture(scope="module")
def decoy(box):
    """An image for both platforms that no step is about."""
    world = this_world()
    build = ("build", "--platform", "linux/amd64,linux/arm64", "-t", f"{world.registry}/decoy", "--push")
    status, _, err, _ = engine.docker(world, *build, str(world.workspace / "files" / "one-platform"), limit=120)
    assert not status, err


@nightly
@pytest.mark.parametrize(
    "name", [n for n in STEPS if about_something_else(course.step(n).solution) != course.step(n).solution]
)
def test_the_right_command_on_another_object_does_not_pass(name, learner, decoy):
    """A step is about one image, registry, builder or file, and about no other one."""
    learner.comes_to(name)
    result = learner.does(name, about_something_else(course.step(name).solution))
    assert result.status is not Status.PASSED, f"{result.text}\n{learner.output}"


@nightly
@pytest.mark.parametrize("name", STEPS)
def test_what_the_lab_itself_prints_does_not_pass(name, learner):
    """Its hints, its solutions and its explanations are full of the right words."""
    learner.comes_to(name)
    verbs = (f"solution --now {name}", "explain 'exec format error: x86_64 aarch64 s390x'", "next", "list", "status")
    result = learner.does(name, "\n".join(f"lab {verb}" for verb in verbs))
    assert result.status is not Status.PASSED, f"{result.text}\n{learner.output}"
