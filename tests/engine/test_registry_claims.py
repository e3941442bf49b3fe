"""What lesson 13 says of registries is so in the one that the lab runs: deletion, tags, and its own cleaner."""

import shutil
import subprocess

import pytest

from lab import paths
from lab.course import _depot
from lab.probes import reach
from lab.probes.here import this_world
from lab.sandbox.packages.programs import find


@pytest.fixture
def stock(box):
    """A depot that is whole, and is gone afterwards."""
    world = this_world()
    yield _depot.push_depot(world, "claims")
    _depot.empty(world, "claims")


def test_the_registrys_own_cleaner_deletes_the_images_of_every_index(box, stock, tmp_path):
    """`garbage-collect --delete-untagged` keeps the indexes that have a tag, and none of what they list."""
    held = tmp_path / "images"
    shutil.copytree(paths.sandbox() / "registry" / "images", held)
    settings = tmp_path / "registry.yml"
    settings.write_text(
        f"version: 0.1\nstorage:\n  filesystem: {{rootdirectory: {held}}}\n  delete: {{enabled: true}}\n"
        "http: {addr: 127.0.0.1:0}\n"
    )
    command = [find(box.engine.programs, "docker-registry"), "garbage-collect", "--delete-untagged", settings]
    subprocess.run(command, check=True, capture_output=True, timeout=60, env={"OTEL_TRACES_EXPORTER": "none"})
    revisions = held / "docker/registry/v2/repositories/claims/_manifests/revisions/sha256"
    left = {f"sha256:{one.parent.name}" for one in revisions.glob("*/link")}
    assert left == {index.digest for index in stock.tags.values()}


def test_a_digest_goes_with_all_its_tags_and_without_its_images(box, stock):
    """And an image goes though an index lists it: nothing in the registry minds."""
    world = this_world()
    (old, first), (new, second) = stock.tags.items()
    _depot.push(world, "claims", {"latest": second}, ())
    reach.delete(world, "claims", [second.digest])
    images = [one.digest for one in second.manifests]
    found = reach.of(world, "claims", images)
    assert [tag for tag, _ in found.tags] == [old]
    assert found.there == set(images)
    reach.delete(world, "claims", [first.manifests[0].digest])
    (left,) = reach.of(world, "claims").tags
    assert first.digest in left[1]
    assert first.manifests[0].digest not in left[1]
    assert new not in left
