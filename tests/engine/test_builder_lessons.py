"""Lessons 5 and 6: what is another one for each learner holds for several of them, and what was asked has its answer."""

import dataclasses
import importlib

import pytest
from support.nightly import nightly

from lab import course
from lab.model.platforms import Platform
from lab.model.results import Status

WAYS = {
    name: ways
    for stem in ("builders", "new_builder")
    for name, ways in importlib.import_module(f"ways.{stem}").WAYS.items()
}
SEEDED = [(name, seed) for name, ways in WAYS.items() for seed in ways.tried]

# What test_steps tries for one seed is tried here for all of them.


@pytest.fixture
def somebody(learner):
    """A learner with another seed, who has come to a step."""

    def comes(name, seed):
        learner.untouched(name)
        learner.world = dataclasses.replace(learner.world, seed=seed)
        learner.comes_to(name)
        return learner

    return comes


@nightly
@pytest.mark.parametrize(("name", "seed"), SEEDED)
def test_each_learner_gets_there_in_two_ways(name, seed, somebody):
    """The solution and the other way pass for every seed; what was laid does not."""
    here = somebody(name, seed)
    assert here.does(name, "true").status is not Status.PASSED
    for script in (course.step(name).solution, WAYS[name].other):
        here.untouched(name)
        result = here.does(name, script)
        assert result.status is Status.PASSED, f"{result.text} {result.values}\n{here.output}"
    here.untouched(name)


@nightly
@pytest.mark.parametrize(("name", "seed"), SEEDED)
def test_each_learners_wrong_ends_fail_with_their_message(name, seed, somebody):
    """Whatever the seed is."""
    for script, message in WAYS[name].wrong:
        here = somebody(name, seed)
        result = here.does(name, script)
        assert (result.status, result.message) == (Status.FAILED, message), f"{script}\n{result.text}\n{here.output}"
    here.untouched(name)


@pytest.mark.parametrize(
    ("seed", "symptom"),
    [
        (1, "moby/buildkit:withdrawn: not found"),
        (2, "x509: certificate signed by unknown authority"),
        (7, "network is unreachable"),
    ],
)
def test_the_shops_builder_is_truly_broken(seed, symptom, somebody):
    """A push with it fails, as BuildKit or the engine says it."""
    here = somebody("mend_builder", seed)
    here.does("mend_builder", "docker buildx build --builder shop-builder -t $REGISTRY/shop --push files/new-builder")
    assert symptom in here.output


@pytest.mark.parametrize("seed", WAYS["mend_script"].tried)
def test_the_script_truly_fails_here(seed, somebody):
    """Buildx knows no such builder, and nothing is built."""
    here = somebody("mend_script", seed)
    here.does("mend_script", "sh files/builders/build.sh")
    assert "no builder" in here.output or "failed to find instance" in here.output
    assert "exporting" not in here.output


@pytest.mark.parametrize(
    ("name", "was"),
    [
        ("list_builders", "only what comes with an engine"),
        ("see_inactive", "none"),
        ("switch_builder", "it stays as it was"),
        ("who_built", "the engine's own builder"),
    ],
)
def test_what_was_asked_before_has_its_answer(name, was, learner):
    """As this engine, today, answers it."""
    learner.untouched("create_builder")
    learner.comes_to(name)
    result = learner.does(name, course.step(name).solution)
    assert result.status is Status.PASSED, f"{result.text}\n{learner.output}"
    assert result.predicted["was"] == was
    assert result.predicted["because"].endswith(".")


def test_whether_both_are_listed_is_read_from_the_list(learner):
    """With emulators both are, and without them one."""
    learner.comes_to("inspect_builder")
    result = learner.does("inspect_builder", "docker buildx inspect")
    listed = [platform in learner.output for platform in ("linux/amd64", "linux/arm64")]
    assert result.predicted["was"] == ("yes" if all(listed) else "no")
    assert str(Platform.parse("linux/amd64")) in learner.output or not all(listed)
