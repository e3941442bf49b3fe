"""The pictures: the same facts in text and in a figure, which is safe and readable wherever it is put."""

import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.draw import Picture, svg
from lab.draw.bars import bars
from lab.draw.builders import NO_BUILDKIT, card
from lab.draw.hub import LABEL, hub
from lab.draw.parts import parts
from lab.draw.timeline import timeline
from lab.draw.tree import tree
from lab.errors import BadInput
from lab.events import BuildEvents, Vertex
from lab.facts import ATTESTATION, Builder, Evidence, Image, Index, Manifest, Node
from lab.platforms import Platform
from lab.probes.engine import builder_from_text

DATA = Path(__file__).parent / "data" / "buildx-0.29.1"
AMD64, ARM64, ARMV7 = (Platform.parse(name) for name in ("linux/amd64", "linux/arm64", "linux/arm/v7"))
HOSTILE = "<script>alert(1)</script>\" onload='x' &amp; ]]> \x1b[31m \n\n# heading"


def build(name):
    return BuildEvents.from_text((DATA / f"{name}.jsonl").read_text(), name, AMD64)


def recorded(tag):
    """A tag's index and images, out of the registry's raw answers."""
    data = json.loads((DATA / f"images-{tag}.json").read_text())
    said = {one["asked"].rpartition("/")[2]: one for one in data["evidence"]}
    top = json.loads(said[tag]["answer"])
    index = Index(
        reference=data["reference"],
        digest=data["digest"],
        media_type=top["mediaType"],
        is_index=True,
        manifests=tuple(map(Manifest.from_json, top["manifests"])),
    )
    images = []
    for row in index.images:
        manifest = json.loads(said[row.digest]["answer"])
        config = json.loads(said[manifest["config"]["digest"]]["answer"])
        layers = tuple(layer["digest"] for layer in manifest["layers"])
        evidence = (Evidence(**said[row.digest]),)
        images.append(
            Image.from_json(config, reference=data["reference"], digest=row.digest, layers=layers, evidence=evidence)
        )
    return index, tuple(images)


def many(count, layers):
    """An index of `count` platforms with `layers` layers each, all their own."""
    rows = tuple(Manifest(digest=f"sha256:{n:064x}", platform=Platform("linux", f"cpu{n}")) for n in range(count))
    index = Index(reference="host/name:tag", digest="sha256:" + "e" * 64, media_type="", is_index=True, manifests=rows)
    images = tuple(
        Image(
            reference="host/name:tag",
            digest=row.digest,
            platform=row.platform,
            layers=tuple(f"sha256:{row.digest[-4:]}{n:060x}" for n in range(layers)),
        )
        for row in rows
    )
    return index, images


def long_build(count):
    step = Vertex(
        digest="d",
        name="n",
        platform=ARM64,
        target=ARM64,
        kind="run",
        step="1/9",
        text="RUN make -j4 && make install && " * 9,
    )
    steps = tuple(
        replace(step, digest=str(n), started=float(n), completed=n + 0.5, seconds=n / 100) for n in range(count)
    )
    return BuildEvents(path="x", vertices=steps, seconds=float(count), native=AMD64)


def inspected(name):
    """A builder as `docker buildx inspect` printed it."""
    return builder_from_text((DATA / f"inspect-{name}.txt").read_text())


def farm(count, endpoint="tcp://farm.test:2375"):
    """A builder with many nodes, one in two running."""
    nodes = [Node(name=f"farm{n}", endpoint=endpoint, buildkit=f"v0.{n}" if n % 2 else "") for n in range(count)]
    return Builder(name="farm", driver="docker-container", nodes=tuple(nodes), current=True)


ALL = {
    "bars": lambda: bars("Native against emulated", [("native", 0.97), ("emulated", 5.42), ("crossed", 0.51)]),
    **{
        name: lambda name=name: timeline(build(name))
        for name in ("copy", "cached", "emulated", "cross", "failing", "no-emulator", "single")
    },
    **{f"tree {tag}": lambda tag=tag: tree(*recorded(tag)) for tag in ("run", "pi", "x")},
    **{f"hub {tag}": lambda tag=tag: hub(*recorded(tag)) for tag in ("run", "pi", "x")},
    "many bars": lambda: bars("b" * 300, [("r" * 300, n) for n in range(24)]),
    "many steps": lambda: timeline(long_build(300)),
    "many platforms": lambda: tree(*many(40, 30)),
    "many layers": lambda: tree(*many(1, 120)),
    "many rows": lambda: hub(*many(80, 1)),
    "hostile bars": lambda: bars(HOSTILE, [(HOSTILE, 1.0)]),
    **{f"builder {name}": lambda name=name: card(inspected(name)) for name in ("inactive", "running", "pinned")},
    "many nodes": lambda: card(farm(40)),
    "hostile nodes": lambda: card(replace(farm(2, HOSTILE), name=HOSTILE, driver=HOSTILE)),
}


def drawn(picture):
    return ET.fromstring(re.search(r"<svg.*</svg>", picture.html)[0])  # noqa: S314  # our own


@pytest.mark.parametrize("name", ALL)
def test_a_figure_is_one_safe_small_line(name):
    """One figure without script, address or line end (blank lines end a block of HTML in Markdown), below 20 KB."""
    html = ALL[name]().html
    assert html.startswith("<figure")
    assert html.endswith("</figure>")
    assert "\n" not in html
    assert len(html.encode()) < 20_000
    outside = html.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(
        r"<script|<style|<iframe|<img|<a |javascript:|\bhttps?:|\bsrc=|href=|\son\w+=\"|@import", outside
    )
    assert not re.search(r"url\((?!#lab-)", outside)


@pytest.mark.parametrize("name", ALL)
def test_the_text_fits_a_terminal(name):
    """80 columns; the text says something that the title alone does not."""
    picture = ALL[name]()
    lines = picture.text.split("\n")
    assert len(lines) > 1
    assert max(map(len, lines)) <= 80 or name in ("many bars", "hostile bars", "many layers")


@pytest.mark.parametrize("name", [name for name in ALL if "hub" not in name and name != "many rows"])
def test_a_drawing_is_an_image_with_a_description(name):
    """Screen readers find a title and all of the text; names within are this figure's own, each once."""
    picture = ALL[name]()
    root = drawn(picture)
    space = "{http://www.w3.org/2000/svg}"
    ids = [node.get("id") for node in root.iter() if node.get("id")]
    assert root.get("role") == "img"
    assert root.get("aria-labelledby").split() == [f"{ids[0][:-6]}-title", f"{ids[0][:-6]}-desc"]
    assert root.find(f"{space}title").text == picture.title
    spoken = root.find(f"{space}desc").text
    words = [word for word in re.sub(r"│.*│|[█;,]", " ", picture.text).split() if word]
    assert re.sub(r"[;,]", " ", spoken).split() == words
    assert len(set(ids)) == len(ids)
    assert all(one.startswith("lab-") for one in ids)
    used = set(re.findall(r"url\(#([^)]+)\)", picture.html))
    assert used <= set(ids)


@pytest.mark.parametrize("name", [name for name in ALL if "hub" not in name and name != "many rows"])
def test_everything_stays_inside_of_the_drawing(name):
    """No box, no line and no (estimated) text leaves the picture, so that nothing is cut off."""
    root = drawn(ALL[name]())
    _, _, width, height = map(float, root.get("viewBox").split())
    for node in root.iter():
        if node.tag.endswith("rect"):
            assert float(node.get("x")) >= 0
            assert float(node.get("x")) + float(node.get("width")) <= width + 0.2
            assert float(node.get("y")) + float(node.get("height")) <= height
        elif node.tag.endswith("text"):
            long = len(node.text or "") * float(node.get("font-size")) * 0.5
            left = float(node.get("x")) - (long if node.get("text-anchor") == "end" else 0)
            assert left >= -1
            assert left + long <= width + 1, node.text
            assert 0 < float(node.get("y")) <= height


@pytest.mark.parametrize("name", ALL)
def test_the_same_facts_give_the_same_picture(name):
    """Letter for letter, so that a page made twice does not change; and it survives JSON."""
    picture = ALL[name]()
    assert ALL[name]() == picture
    assert Picture.from_json(json.loads(json.dumps(picture.to_json()))) == picture


@pytest.mark.parametrize("data", [None, [], {}, {"title": "a", "text": "b"}, {"title": "a", "text": "b", "html": 7}])
def test_what_is_no_picture_is_refused(data):
    """BadInput, not a KeyError."""
    with pytest.raises(BadInput):
        Picture.from_json(data)


def luminance(colour):
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    r, g, b = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one, other):
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def mixed(tone, ground, share):
    return "#" + "".join(
        f"{round(int(tone[i : i + 2], 16) * share + int(ground[i : i + 2], 16) * (1 - share)):02x}" for i in (1, 3, 5)
    )


@pytest.mark.parametrize("ground", ["#ffffff", "#111111", "#1e1e1e", "#0d1117"])
@pytest.mark.parametrize("tone", [svg.BLUE, svg.ORANGE, svg.RED, svg.GREEN, svg.GREY])
def test_tones_are_seen_on_light_and_dark(tone, ground):
    """AA: 3 to 1 for shapes, 4.5 to 1 for text on a pale fill, on white and on the usual dark grounds."""
    ink = "#1f2328" if ground == "#ffffff" else "#e0e0e0"
    assert contrast(tone, ground) >= 3
    assert contrast(ink, mixed(tone, ground, 0.28)) >= 4.5


# --- bars --------------------------------------------------------------------------------------------------------------


def test_bars_give_values_and_ratios():
    """Each row has its value; all but the first say how many times the first they are."""
    text = bars("Loop", [("native", 0.5), ("emulated", 4.0), ("crossed", 0.25)]).text
    native, emulated, crossed = text.split("\n")[1:4]
    assert "0.50 s" in native
    assert "times" not in native
    assert "8.0 times" in emulated
    assert "0.5 times" in crossed
    assert emulated.count("█") == 8 * native.count("█") or emulated.count("█") > 6 * native.count("█")


def test_bars_in_another_unit_and_from_nothing():
    """MB instead of seconds; nothing is so many times nothing."""
    text = bars("Size", [("a", 0.0), ("b", 12.0)], unit="MB").text
    assert "12 MB" in text
    assert "times" not in text


@pytest.mark.parametrize("rows", [[], [("a", -1.0)], [("a", float("nan"))], [("a", float("inf"))], [("a", 1.0)] * 25])
def test_what_cannot_be_drawn_is_refused(rows):
    """BadInput for no rows, too many, and what is no length."""
    with pytest.raises(BadInput):
        bars("t", rows)


@given(st.text(max_size=60), st.lists(st.tuples(st.text(max_size=60), st.floats(0, 1e300)), min_size=1, max_size=24))
@settings(max_examples=60, deadline=None)
def test_any_label_is_escaped(title, rows):
    """Whatever a label holds, the figure stays well-formed and on one line."""
    html = bars(title, rows).html
    assert "\n" not in html
    ET.fromstring(html.replace("<details>", "<details xmlns='x'>"))  # noqa: S314  # our own


# --- timeline ----------------------------------------------------------------------------------------------------------


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


# --- tree and hub ------------------------------------------------------------------------------------------------------


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
    digests = {svg.short(row.digest) for row in index.manifests if row.is_attestation}
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


# --- builders ---------------------------------------------------------------------------------------------------------


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
