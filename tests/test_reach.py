"""What tags lead to: through indexes, shared images and what is missing."""

import dataclasses

import pytest
from support import fake_registry

from lab.errors import BadInput, Blocked
from lab.images import build
from lab.images.reach import by_tag, reached
from lab.probes import reach


def image(text, platform="linux/amd64"):
    return build.image([build.layer({text: (b"", 0o644)})], platform=platform)


ONE, TWO, LEFT_OVER = image("one"), image("two", "linux/arm64"), image("left over")


@pytest.fixture
def server():
    with fake_registry.running() as running:
        yield running


@pytest.fixture
def world(world, server):
    return dataclasses.replace(world, registry=server.address)


@pytest.mark.parametrize(
    ("start", "found"),
    [("image", {"image"}), ("list", {"list", "image", "other"}), ("lists", {"lists", "list", "image", "other"})],
)
def test_an_index_leads_to_its_rows_and_theirs(start, found):
    """An index may list an index."""
    rows = {"image": (), "other": (), "list": ("image", "other", "gone"), "lists": ("list",)}
    assert reached(start, rows.get) == found


def test_an_index_of_itself_comes_to_an_end():
    """No digest can do that, and no registry has to be honest."""
    assert reached("a", {"a": ("b",), "b": ("a",)}.get) == {"a", "b"}
    assert reached("gone", {}.get) == frozenset()


def test_each_manifest_is_asked_for_once():
    """However many tags lead to it."""
    asked = []

    def rows(digest):
        asked.append(digest)
        return ("image",) if digest.startswith("list") else ()

    assert by_tag({"1": "list1", "2": "list2", "latest": "list2"}, rows) == {
        "1": {"list1", "image"},
        "2": {"list2", "image"},
        "latest": {"list2", "image"},
    }
    assert sorted(asked) == ["image", "list1", "list2"]


def test_a_repository_is_followed_from_its_tags(world, server):
    """A shared image is reached by two tags, one that no index lists by none; what is not there is told."""
    server.add("shop", "1", build.index([ONE]))
    server.add("shop", "2", build.index([ONE, TWO]))
    server.manifests["shop", LEFT_OVER.digest] = (LEFT_OVER.digest, LEFT_OVER)
    found = reach.of(world, "shop", [ONE.digest, LEFT_OVER.digest, f"sha256:{'0' * 64}"])
    assert [tag for tag, _ in found.tags] == ["1", "2"]
    assert (found.by(ONE.digest), found.by(TWO.digest), found.by(LEFT_OVER.digest)) == (("1", "2"), ("2",), ())
    assert found.there == {ONE.digest, LEFT_OVER.digest}
    assert found.evidence


def test_a_row_that_was_deleted_is_not_reached(world, server):
    """The index still lists it, and nobody gets it."""
    server.add("shop", "2", build.index([ONE, TWO]))
    reach.delete(world, "shop", [TWO.digest, TWO.digest])
    found = reach.of(world, "shop", [ONE.digest, TWO.digest])
    assert found.by(ONE.digest) == ("2",)
    assert found.by(TWO.digest) == ()
    assert found.there == {ONE.digest}


def test_a_repository_that_is_not_there_has_no_tags(world):
    """That is no error."""
    assert reach.of(world, "nothing").tags == ()


def test_half_a_document_and_a_registry_in_trouble_are_one_clear_line(world, server):
    """No traceback for what a registry sends."""
    server.add("shop", "1", build.index([ONE], extra={"manifests": ["sha256:0"]}))
    with pytest.raises(BadInput, match="no list of rows"):
        reach.of(world, "shop")
    server.faults["manifests/1"] = fake_registry.status(418)
    with pytest.raises(Blocked, match="answers 418"):
        reach.of(world, "shop")
