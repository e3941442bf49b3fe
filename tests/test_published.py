"""A tag that was to be pushed: there, only in the engine, under a name like it, or nowhere."""

import dataclasses

import pytest
from support import fake_registry

from lab.errors import Blocked, NotThere
from lab.images import build
from lab.probes.published import nearest, published

NAME = "localhost:5000/build-test:latest"


@pytest.fixture
def server():
    with fake_registry.running() as running:
        yield running


@pytest.fixture
def world(world, server, tmp_path):
    """A world with an empty registry and an engine that has the images that stand in a file."""
    docker = tmp_path / "docker"
    docker.write_text(f'#!/bin/sh\ncat "{tmp_path}/images"\n')
    docker.chmod(0o755)
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(tmp_path)}
    return dataclasses.replace(world, registry=server.address, env=env)


def has(world, tmp_path, *images):
    (tmp_path / "images").write_text("".join(f"{one}\n" for one in images))
    return world


def test_what_is_in_the_registry_is_its_index(world, server):
    """Then the engine is not asked: it has no list here, and would be blocked."""
    server.add("build-test", "latest", build.image([build.layer({})], platform="linux/amd64"))
    found = published("build-test")(world)
    assert found.index
    assert (found.built, found.near) == (False, "")


def test_built_and_not_pushed_is_in_the_engine_alone(world, server, tmp_path):
    """With and without a tag it is the same name."""
    found = published("build-test")(has(world, tmp_path, "busybox:1.38", f"{server.address}/build-test:latest"))
    assert (found.index, found.built) == (None, True)


def test_a_name_that_is_almost_it_is_told(world, server, tmp_path):
    """Misspelt, or without `$REGISTRY`."""
    found = published("build-test:pi")(has(world, tmp_path, f"{server.address}/build-test:latest", "build-test:pi"))
    assert (found.index, found.built, found.near) == (None, False, "build-test:pi")


def test_nothing_like_it_was_not_tried(world, server, tmp_path):
    """Other images say nothing about this one."""
    with pytest.raises(NotThere):
        published("build-test")(has(world, tmp_path, "busybox:1.38", f"{server.address}/hello:latest", "<none>:<none>"))


def test_an_engine_that_lists_nothing_is_blocked(world):
    """No file, so `cat` fails."""
    with pytest.raises(Blocked):
        published("build-test")(world)


@pytest.mark.parametrize(
    "slip",
    [
        "localhost:5000/bulid-test:latest",
        "localhost:5000/buildtest:latest",
        "build-test:latest",
        "me/build_test:latest",
    ],
)
def test_a_slip_is_near(slip):
    """Two letters in the wrong order, a dash that is missing, another registry."""
    assert nearest(NAME, ["busybox:1.38", slip]) == slip


@pytest.mark.parametrize(
    "other",
    [NAME, "localhost:5000/build-test:pi", "localhost:5000/buildx-test:latest", "busybox:1.38", "<none>:<none>"],
)
def test_another_name_of_the_course_is_no_slip(other):
    """The same repository with another tag, and what `besides` names."""
    assert nearest(NAME, [other], ("buildx-test",)) == ""
