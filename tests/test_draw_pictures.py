"""What the timeline, the tree, the hub's table and the builders show."""

import re
from dataclasses import replace

import pytest
from support.drawings import HOSTILE, build, drawn, farm, inspected, long_build, many, recorded

from lab.draw import svg
from lab.draw.builders import NO_BUILDKIT, card
from lab.draw.hub import LABEL, hub
from lab.draw.parts import parts
from lab.draw.timeline import timeline
from lab.draw.tree import tree
from lab.model.digests import digits
from lab.model.facts import ATTESTATION, Evidence, Index, Manifest
from lab.model.platforms import Platform


@pytest.mark.parametrize(
    ("name", "marks", "without"),
    [
        ("copy", set(), {"emulated", "cached", "FAILED", "cross-compiled"}),
        ("cached", {"cached"}, {"emulated", "FAILED"}),
        ("emulated", {"emulated"}, {"FAILED", "cross-compiled"}),
        ("cross", {"cross-compiled"}, {"emulated", "FAILED"}),
        ("failing", {"FAILED", "stopped"}, {"cross-compiled"}),
        ("no-emulator", {"FAILED", "not run", "exec format error"}, {"emulated", "cross-compiled"}),
    ],
)
def test_a_timeline_marks_what_was_special(name, marks, without):
    """In words, in text and drawing alike; and only what was."""
    picture = timeline(build(name))
    drawing = " ".join(drawn(picture).itertext())
    assert {mark for mark in marks if mark in picture.text and mark in drawing} == marks
    assert not {word for word in without if word in picture.text}


@pytest.mark.parametrize(
    ("name", "failed", "warned"),
    [
        ("check-error", True, True),
        ("check-warned", False, True),
        ("check-passed", False, False),
        ("failing", False, False),
    ],
)
def test_a_timeline_says_what_a_build_check_found(name, failed, warned):
    """A check breaks the build and none of its steps, so the steps alone would look well."""
    text = " ".join(timeline(build(name)).text.split())
    assert ("The build failed: failed to build: failed to solve: lint violation" in text) == failed
    assert ("BuildKit warned: InvalidBaseImagePlatform" in text) == warned


def test_a_timeline_has_a_lane_for_each_platform():
    """Lanes in order, each step under its own."""
    lines = timeline(build("emulated")).text.split("\n")
    lanes = [line for line in lines if re.fullmatch(r"linux/\S+|for all platforms", line)]
    assert lanes == ["for all platforms", "linux/amd64", "linux/arm/v7", "linux/arm64"]
    assert lines.count("linux/arm64") == 1
    assert sum("4/4 RUN" in line for line in lines) == 3


def test_a_long_build_keeps_its_longest_steps_and_says_so():
    """Thirty are drawn; the slowest is among them, and the rest is counted."""
    text = timeline(long_build(300)).text
    assert "270 shorter steps are left out" in text
    assert "2.99 s" in text


def test_an_unknown_machine_gets_no_emulated_mark():
    """Where it is not known what built, nothing is called emulated."""
    assert "emulated" not in timeline(replace(build("emulated"), native=None)).text


def test_a_tree_shows_what_is_shared():
    """The layer that COPY made is the same for all platforms: drawn once, said in each image's text."""
    picture = tree(*recorded("run"))
    words = [node.text for node in drawn(picture).iter() if node.tag.endswith("text")]
    assert words.count("layer 2, shared") == 1
    assert words.count("layer 1") == 3
    assert picture.text.count("9da10bde8aef") == 3
    assert "shared with linux/amd64, linux/arm/v7" in picture.text


def test_different_layers_are_not_called_shared():
    """Two images that have no layer in common."""
    assert "shared" not in tree(*recorded("x")).text


def test_a_tree_draws_attestations_apart():
    """Each names the platform that it is for."""
    picture = tree(*recorded("run"))
    drawing = [node.text for node in drawn(picture).iter() if node.tag.endswith("text")]
    assert drawing.count("attestation") == 3
    for platform in ("linux/arm64", "linux/amd64", "linux/arm/v7"):
        assert f"for {platform}" in drawing
        assert f"for {platform}; nothing runs from it" in picture.text


def test_an_attestation_stands_in_the_column_of_manifests_with_its_digest():
    """It is a manifest: in the column of configurations and layers there are only those."""
    index, images = recorded("run")
    digests = {digits(row.digest) for row in index.manifests if row.is_attestation}
    places = {
        node.text: float(node.get("x")) for node in drawn(tree(index, images)).iter() if node.tag.endswith("text")
    }
    assert digests
    assert {places[digest] for digest in digests} == {places["attestation"]}
    assert places["attestation"] < places["configuration, layers"]


def test_sizes_are_those_of_the_manifest():
    """The registry's own numbers; without a manifest among the evidence no size is made up."""
    index, images = recorded("pi")
    assert parts(images[0]).size == 1035128 + 126
    bare = replace(images[0], evidence=())
    assert parts(bare).size is None
    assert "not known" in hub(index, (bare,)).text
    broken = replace(images[0], evidence=(Evidence(images[0].evidence[0].asked, "{"),))
    assert parts(broken).size is None


def test_a_tag_without_an_index():
    """One image and no list: no box for an index that is not there."""
    index, images = recorded("pi")
    alone = replace(index, is_index=False, manifests=index.images)
    picture = tree(alone, images)
    assert "index" not in [node.text for node in drawn(picture).iter() if node.tag.endswith("text")]
    assert picture.text.startswith("manifest")


def test_the_hubs_table():
    """Rows for platforms with size and short digest; attestations are counted, not listed."""
    picture = hub(*recorded("run"))
    rows = re.findall(r"<tr>(.*?)</tr>", picture.html)
    assert len(rows) == 4
    assert "unknown" not in picture.html
    assert "3 attestations are not shown" in picture.text
    assert re.search(r"linux/arm64 +1\.04 MB +5d9ef586e1a6", picture.text)


@pytest.mark.parametrize(("tag", "labelled"), [("run", True), ("x", True), ("pi", False)])
def test_the_label_is_for_several_platforms(tag, labelled):
    """One platform and its attestation are not multi-platform."""
    picture = hub(*recorded(tag))
    assert (LABEL in picture.text, LABEL in picture.html) == (labelled, labelled)


@pytest.mark.parametrize(
    ("reference", "head"),
    [
        ("localhost:5000/build-test:pi", ("localhost:5000/build-test", "pi")),
        ("localhost:5000/build-test", ("localhost:5000/build-test", "aaaaaaaaaaaa")),
        (f"localhost:5000/x@sha256:{'b' * 64}", ("localhost:5000/x", "bbbbbbbbbbbb")),
    ],
)
def test_names_with_ports_and_digests(reference, head):
    """A port is not a tag; what was asked for by digest shows the digest."""
    index, images = recorded("pi")
    text = hub(replace(index, reference=reference, digest=f"sha256:{'a' * 64}"), images).text
    lines = text.split("\n")
    assert (lines[0], lines[2]) == head


def test_hostile_names_stay_text():
    """A platform, a reference or an annotation is anything that somebody pushed."""
    row = Manifest(digest=HOSTILE, platform=Platform(HOSTILE, HOSTILE))
    note = Manifest(
        digest=HOSTILE,
        platform=None,
        annotations=((ATTESTATION, "x"), ("vnd.docker.reference.digest", f"sha256:{HOSTILE}")),
    )
    index = Index(reference=HOSTILE, digest=HOSTILE, media_type=HOSTILE, is_index=True, manifests=(row, note))
    for picture in (hub(index, ()), tree(index, ())):
        assert "<script" not in picture.html
        assert "onload='" not in picture.html
        assert "\x1b" not in picture.text + picture.html
        assert "\n" not in picture.html


def test_an_empty_index_is_said_to_be_empty():
    """No rows: nothing is invented."""
    index, _ = many(0, 0)
    assert "none" in hub(index, ()).text
    assert "nothing that runs" in tree(index, ()).title


@pytest.mark.parametrize(
    ("size", "said"),
    [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (1035254, "1.04 MB"), (99_960_000, "100 MB"), (5 * 10**12, "5000 GB")],
)
def test_amounts(size, said):
    """Decimal units, three digits."""
    assert svg.amount(size) == said


def test_a_builder_that_never_ran_has_a_node_and_no_buildkit():
    """What `create` wrote down is there; the rest has a dashed outline."""
    picture = card(inspected("inactive"))
    assert "node multi-builder0, inactive" in picture.text
    assert f"{NO_BUILDKIT}, no platforms" in picture.text
    assert picture.html.count("stroke-dasharray") == 2
    assert "stroke-dasharray" not in card(inspected("running")).html


def test_a_builder_with_many_nodes_is_cut():
    """Eight are drawn, the others are counted; the star is the current builder's."""
    picture = card(farm(40))
    assert "builder farm*, docker-container, the current one" in picture.text
    assert "and 32 more nodes" in picture.text
    assert "farm7" in picture.text
    assert "farm8" not in picture.html
