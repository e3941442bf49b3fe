"""What the lab made goes into its registry without being sent: the blobs of the cache are linked."""

import os

import pytest

from lab import paths
from lab.errors import Blocked
from lab.images import build
from lab.sandbox import overview, provision, registry

REPOSITORY = "library/x"


@pytest.fixture
def image(tmp_path):
    """An index of one image whose blobs stand in files of the cache."""
    layer = build.layer({"bin/x": (b"x" * 10_000, 0o755)}, compress=False)
    folder = paths.cache() / "base-x"
    build.write_layout(folder, build.index([build.image([layer], platform="linux/amd64")]))
    return build.read_layout(folder)


@pytest.fixture
def pushed(monkeypatch):
    """The tags that were asked for."""
    tags = []
    monkeypatch.setattr(build, "push", lambda _mirror, _repository, tag, _image: tags.append(tag))
    return tags


def storage():
    """The registry's folder."""
    return registry.images(paths.sandbox()) / "docker/registry/v2"


def names(blob):
    """Where the registry looks for a blob, and for its place in the repository."""
    name = blob.digest.removeprefix("sha256:")
    kept = storage() / f"blobs/sha256/{name[:2]}/{name}/data"
    return kept, storage() / f"repositories/{REPOSITORY}/_layers/sha256/{name}/link"


def test_blobs_of_the_cache_are_linked(image, pushed):
    """The same file under two names, and in the repository the digest that it goes by; each tag is pushed."""
    provision.put("localhost:1", REPOSITORY, ("1.2", "latest"), image)
    blobs = image.manifests[0].blobs
    assert len(blobs) == 2
    for blob in blobs:
        kept, link = names(blob)
        assert kept.samefile(blob.content)
        assert link.read_text() == blob.digest
    assert pushed == ["1.2", "latest"]


def test_what_is_linked_is_counted_once(image, pushed):
    """It is the cache's: the sandbox takes no more room for it."""
    before = overview.status()
    provision.put("localhost:1", REPOSITORY, ("latest",), image)
    after = overview.status()
    assert after.cache_bytes == before.cache_bytes >= 10_000
    assert after.sandbox_bytes - before.sandbox_bytes < 10_000


def test_a_blob_that_the_registry_has_is_left_alone(image, pushed):
    """Somebody pushed it: it is not replaced, and the repository gets it too."""
    kept, link = names(image.manifests[0].blobs[1])
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"as it was")
    provision.put("localhost:1", REPOSITORY, ("latest",), image)
    assert kept.read_bytes() == b"as it was"
    assert link.exists()


def test_a_cache_on_another_disk_is_no_error(image, pushed, monkeypatch):
    """Nothing is said to be there that is not; it is sent."""

    def refused(*_words):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refused)
    provision.put("localhost:1", REPOSITORY, ("latest",), image)
    assert not [path for path in storage().rglob("*") if path.is_file()]
    assert pushed == ["latest"]


def test_what_is_in_memory_is_sent(pushed):
    """An image that was just made has no file yet."""
    made = build.image([build.layer({"x": (b"x", 0o644)})], platform="linux/amd64")
    provision.put("localhost:1", REPOSITORY, ("latest",), made)
    assert not storage().exists()
    assert pushed == ["latest"]


def test_a_registry_that_is_down_blocks(image):
    """Linked or not, its silence is said."""
    with pytest.raises(Blocked, match="does not answer"):
        provision.put("localhost:1", REPOSITORY, ("latest",), image)
