"""Facts to draw: recordings of builds, builders and indexes."""

import json
import re
from dataclasses import replace
from xml.etree import ElementTree as ET

from support.places import DATA

from lab.events import BuildEvents, Vertex
from lab.model.facts import Builder, Evidence, Image, Index, Manifest, Node
from lab.model.platforms import Platform
from lab.probes.engine import builder_from_text

BUILDX = DATA / "buildx-0.29.1"
AMD64, ARM64, ARMV7 = (Platform.parse(name) for name in ("linux/amd64", "linux/arm64", "linux/arm/v7"))
HOSTILE = "<script>alert(1)</script>\" onload='x' &amp; ]]> \x1b[31m \n\n# heading"


def build(name):
    return BuildEvents.from_text((BUILDX / f"{name}.jsonl").read_text(), name, AMD64)


def recorded(tag):
    """A tag's index and images, out of the registry's raw answers."""
    data = json.loads((BUILDX / f"images-{tag}.json").read_text())
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
    return builder_from_text((BUILDX / f"inspect-{name}.txt").read_text())


def farm(count, endpoint="tcp://farm.test:2375"):
    """A builder with many nodes, one in two running."""
    nodes = [Node(name=f"farm{n}", endpoint=endpoint, buildkit=f"v0.{n}" if n % 2 else "") for n in range(count)]
    return Builder(name="farm", driver="docker-container", nodes=tuple(nodes), current=True)


def drawn(picture):
    return ET.fromstring(re.search(r"<svg.*</svg>", picture.html)[0])  # noqa: S314  # our own
