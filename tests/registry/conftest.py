"""A registry that can be told to misbehave, and a world whose registry it is."""

from __future__ import annotations

import dataclasses

import pytest
from support import fake_registry
from support.registry_images import image, two_platforms


@pytest.fixture
def server():
    with fake_registry.running() as running:
        running.add("hello", "multi", two_platforms())
        running.add("hello", "one", image("linux/arm64", "hello-arm64"))
        yield running


@pytest.fixture
def world(world, server, tmp_path):
    return dataclasses.replace(world, registry=server.address, env={"PATH": str(tmp_path), "HOME": str(tmp_path)})
