"""A tag that may be missing is a fact in both cases."""

import dataclasses

import pytest
from support import fake_registry

from lab.images import build
from lab.probes.published import Published, looked_up


@pytest.fixture
def server():
    with fake_registry.running() as running:
        yield running


def test_a_tag_may_be_missing_where_a_builder_could_not_push_it(world, server):
    """Its name is told, and where it is there its index."""
    world = dataclasses.replace(world, registry=server.address)
    assert looked_up("shop")(world) == Published(reference=f"{server.address}/shop:latest")
    server.add("shop", "latest", build.image([build.layer({})], platform="linux/amd64"))
    assert looked_up("shop")(world).index
