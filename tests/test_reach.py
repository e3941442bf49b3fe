"""What tags lead to: through indexes, shared images and what is missing."""

import dataclasses
import json
from argparse import Namespace

import pytest
from support import fake_registry

from lab.errors import BadInput, Blocked, NotThere
from lab.images import build
from lab.images.reach import by_tag, reached
from lab.probes import reach
from lab.verbs import look


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


def test_every_page_of_tags_is_read(world, server):
    """A tag on the second page holds its images, too; a page that leads nowhere new is the last."""
    for tag in ("1", "2"):
        server.add("shop", tag, build.index([ONE] if tag == "1" else [TWO]))

    def page(handler):
        second = "last=1" in handler.path
        body = json.dumps({"name": "shop", "tags": ["2"] if second else ["1"]}).encode()
        handler.send(200, {"Link": '</v2/shop/tags/list?last=1&n=1>; rel="next"'}, body)

    server.faults["tags/list"] = page
    assert reach.of(world, "shop").by(TWO.digest) == ("2",)


def test_more_tags_than_anybody_follows_are_refused(world, server):
    """Rather than an answer that is not whole."""
    many = json.dumps({"name": "shop", "tags": [f"v{number}" for number in range(501)]}).encode()
    server.faults["tags/list"] = fake_registry.status(200, many)
    with pytest.raises(Blocked, match="more than 500 tags"):
        reach.of(world, "shop")


@pytest.fixture
def shown(world, server, monkeypatch, capsys):
    """What `lab show --reach` prints of a repository with two tags."""
    server.add("shop", "1", build.index([ONE]))
    server.add("shop", "2", build.index([ONE, TWO]))
    monkeypatch.setattr(look, "_world", lambda _tag: world)

    def show(name, *, as_json=False):
        assert look.show(Namespace(tag=name, reach=True, programs=False, tree=False, json=as_json)) == 0
        return capsys.readouterr().out

    return show


def test_the_verb_says_which_tags_lead_where(shown):
    """For a repository all that is reached, for a digest its tags or that there is none."""
    lines = dict(line.split("  ") for line in shown("shop").splitlines())
    assert (lines[ONE.digest], lines[TWO.digest]) == ("1, 2", "2")
    assert shown(f"shop@{TWO.digest}") == f"2 leads to {TWO.digest}.\n"
    assert shown(f"shop@{ONE.digest}") == f"1, 2 lead to {ONE.digest}.\n"
    assert shown(f"shop@{LEFT_OVER.digest}") == f"No tag leads to {LEFT_OVER.digest}.\n"
    assert ONE.digest in json.loads(shown("shop", as_json=True))["1"]


def test_the_verb_says_where_there_is_nothing(shown):
    """A slip in the name is not a repository that may be deleted."""
    with pytest.raises(NotThere, match="no tag of 'shpo'"):
        shown("shpo")
