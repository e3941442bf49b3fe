"""A tag that was to be pushed: there, built and not pushed, under another name, or nowhere."""

import dataclasses

import pytest

from lab.course._pushed import NOT_PUSHED, OTHER_NAME, Unpushed, names_built, nearest, pushed
from lab.errors import Blocked, NotThere
from lab.model.facts import Call

REF = "localhost:5000/build-test"
NAME = f"{REF}:latest"
BUILT = "docker buildx build --platform linux/amd64,linux/arm64 -t"


def nothing(_world):
    raise NotThere("There is no such tag.")


@pytest.fixture
def world(world, tmp_path):
    """A world whose engine has the images that stand in a file; there is no file yet."""
    docker = tmp_path / "docker"
    docker.write_text(f'#!/bin/sh\ncat "{tmp_path}/images"\n')
    docker.chmod(0o755)
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(tmp_path)}
    return dataclasses.replace(world, registry="localhost:5000", env=env)


@pytest.fixture
def has(tmp_path):
    """Give the engine images."""
    return lambda *images: (tmp_path / "images").write_text("".join(f"{one}\n" for one in images))


def found(world, of="build-test", **more):
    return pushed(nothing, of, "any", **more)(world)


def test_what_is_in_the_registry_is_what_the_probe_found(world, fact):
    """Then the engine is not asked: it has no list here, and would be blocked."""
    index = fact.index("linux/amd64")
    assert pushed(lambda _world: index, "build-test", "any")(world) is index


@pytest.mark.parametrize("image", [NAME, "build-test:latest", "localhost:5000/bulid-test:latest"])
def test_a_build_in_any_terminal_left_its_image_in_the_engine(world, has, image):
    """Of that name, or of one that is almost the same: no call was noted, and still it is told."""
    has("busybox:1.38", image)
    assert found(world).problem.template == (NOT_PUSHED if image == NAME else OTHER_NAME)
    assert found(world).built == (image,)


def test_nothing_like_it_was_not_tried(world, has):
    """Other images say nothing about this one."""
    has("busybox:1.38", "localhost:5000/hello:latest", "<none>:<none>")
    with pytest.raises(NotThere):
        found(world)


def test_another_repository_of_the_course_is_no_slip(world, has):
    """Lesson 7's name is lesson 2's with one more letter."""
    has("localhost:5000/buildx-test:latest")
    assert found(world).built == ("localhost:5000/buildx-test:latest",)
    with pytest.raises(NotThere):
        found(world, besides=("buildx-test",))


def test_an_engine_that_lists_nothing_is_blocked(world):
    """No file, so `cat` fails."""
    with pytest.raises(Blocked):
        found(world)


def test_a_builder_in_a_container_leaves_no_image_and_is_seen_by_its_calls(world, fact):
    """It built, and perhaps pushed, under the names that the calls gave; the engine need not be asked."""
    world.keep(fact.printed("", 0, f"{BUILT} {REF} .", "docker build --tag=other .", "docker push x"))
    assert found(world).built == (REF, "other")
    assert found(world).problem.template == NOT_PUSHED
    world.keep(fact.printed("", 0, f"{BUILT} localhost:5000/mistake --push ."))
    assert found(world).problem.template == OTHER_NAME


@pytest.mark.parametrize("how", ["-t {} --push", "-t {} --output type=image,push=true", "-o type=registry,name={}"])
def test_what_was_pushed_and_removed_since_is_not_there(world, fact, how):
    """Then the step is as if it had not been tried."""
    world.keep(fact.printed("", 0, f"docker buildx build {how.format(REF)} ."))
    with pytest.raises(NotThere):
        found(world)


def test_a_build_that_failed_built_nothing(fact):
    """Only what worked has a name."""
    failed = Call(program="docker", words=("build", "-t", "x"), exit_status=1)
    assert not list(names_built(dataclasses.replace(fact.printed(""), calls=(failed,))))


def test_what_was_found_is_said(world, has):
    """Found against wanted, with the whole name."""
    has("build-test:pi")
    problem = found(world, "build-test:pi").problem
    assert problem.values == {"found": "build-test:pi", "wanted": f"{REF}:pi", "ref": f"{REF}:pi"}
    assert Unpushed(reference=NAME, built=(REF,)).problem.template == NOT_PUSHED


@pytest.mark.parametrize("slip", ["localhost:5000/bulid-test", "x/buildtest:latest", "build-test", "me/build_test"])
def test_a_slip_is_near(slip):
    """Two letters in the wrong order, a dash that is missing, another registry."""
    assert nearest(NAME, ["busybox:1.38", slip]) == slip


@pytest.mark.parametrize("other", [NAME, f"{REF}:pi", "localhost:5000/buildx-test:latest", "busybox", "<none>:<none>"])
def test_another_name_of_the_course_is_no_slip(other):
    """The same repository with another tag, and what `besides` names."""
    assert nearest(NAME, [other], ("buildx-test",)) == ""
