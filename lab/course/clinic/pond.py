"""K22: a mirror does not know the digest that everybody has written down."""

from __future__ import annotations

from dataclasses import dataclass

from lab.course._scene import missing, name
from lab.course.clinic import _rows, _scenes
from lab.course.clinic._bench import DOCKERFILE, Bench, Note
from lab.course.clinic._case import Symptom, case, picked
from lab.course.leftovers import Tag
from lab.model.digests import brief
from lab.model.facts import Fact, Index
from lab.model.steps import Problem, Proof, Verdict, step
from lab.model.world import World
from lab.probes import host, needs, registry
from lab.probes.published import Published, looked_up

POND = "pond"
SOURCE, MIRROR = "pond:1", "pond-mirror:1"
PINNED = "pinned.txt"

SOURCE_MOVED = "{ref} is no longer what the mirror was to copy."
NOTHING_THERE = "The mirror has no {ref} any more."
ROWS_LOST = "The mirror's {ref} still lacks a platform of its source."
COPY_DIFFERS = "The mirror's {ref} has both platforms, but its images are others than the source's."
LIST_DIFFERS = "The mirror's {ref} has the images of its source under a list of its own: the digest is another one."
PIN_MOVED = "The mirror is right, but {path} names another digest now, and everybody has the old one."
MENDED = "{ref} is {source}, digest for digest: {digest}, with {rows}. The pin holds."

_SPARSE, _RELISTED = "sparse", "relisted"
_DECIDED = {
    _SPARSE: "The mirror's tag is one plain image, where its source is an index: the tool has copied what fits its own "
    "machine, and left the list behind.",
    _RELISTED: "The mirror has both images, digest for digest, and the list above them is a new one: the images were "
    "copied one by one, and joined again in another order.",
}
CAUSES = tuple(_DECIDED)
_DIGEST = Note("pond-digest")
_BENCH = Bench(
    POND,
    texts=lambda _world: {"Dockerfile": DOCKERFILE},
    programs=(("hello-amd64", "amd64"), ("hello-arm64", "arm64")),
    noted=(PINNED,),
)


def cause_of(world: World) -> str:
    """What is behind this learner's case."""
    return picked(world, POND, CAUSES)


def scene(world: World) -> None:
    """A source, its mirror as a sparse copy leaves it, and the digest that is written down. Blocked where it cannot."""
    _BENCH.lay(world)
    _scenes.build(world, SOURCE, sorted(_rows.PAIR), _BENCH.place(world), options=("--provenance=false",))
    source = registry.index(SOURCE)(world)
    _DIGEST.write(world, source.digest)
    pin = _BENCH.place(world) / PINNED
    if not pin.exists():
        pin.write_text(f"{_DIGEST.read(world)}\n", encoding="utf-8")
    if missing(world, MIRROR):
        _copy(world, source)


def _copy(world: World, source: Index) -> None:
    """As a tool does that was not told to copy all of it."""
    here = source.manifest(_scenes.here(world))
    sparse = [here] if here and cause_of(world) == _SPARSE else list(reversed(source.images))
    name(world, MIRROR, *(f"{POND}@{row.digest}" for row in sparse))
    if here and len(sparse) == 1:
        _scenes.point(world, MIRROR, here.digest)


@dataclass(frozen=True, kw_only=True)
class Pin(Fact):
    """The digest that was written down when the image was copied, and what stands in the file now."""

    written: str
    now: str


def pin(world: World) -> Pin:
    """Read both. NotThere where the file is gone."""
    text = host.text(f"{_BENCH.folder}/{PINNED}")(world)
    return Pin(written=_DIGEST.read(world), now=text.content.strip(), evidence=text.evidence)


@case(
    number=22,
    hurts="Servers pull from a mirror now. The mirror has the image, and says that it does not.",
    minutes=8,
    entry="digest-not-found",
    lessons=("inside-the-index", "release"),
    symptom=Symptom(
        story="“The mirror is a copy of `pond:1`, made by our tool; it said that all went well. We pin by digest, as "
        "one should, and changed nothing but the name in front of the @.”",
        script="docker buildx imagetools inspect $REGISTRY/pond-mirror:1 | head -3\n"
        "docker pull --quiet $REGISTRY/pond-mirror@$(cat files/clinic/pond/pinned.txt)",
        sign="(?i)not found|manifest unknown",
    ),
    causes=_DECIDED,
    points=(
        "You compared the digests behind the two tags, and did not only ask whether they are there.",
        "The pinned digest is that of the list; a list that is made anew has another one.",
        "A copy is whole when it has the same digest; whatever the list names comes along then.",
    ),
)
@step(
    registry.index(SOURCE),
    looked_up(MIRROR),
    pin,
    solution="docker buildx imagetools create -t $REGISTRY/pond-mirror:1 $REGISTRY/pond:1",
    hints=[
        "Of what is the pinned digest: of an image, or of a list? Ask the source.",
        "What does the mirror have under its tag, and what is its digest?",
        "It has to be copied from registry to registry as it is, list and all: then the digest is the same.",
    ],
    needs=[needs.engine, needs.several_at_once, needs.reach],
    prepare=scene,
    makes=[Tag(MIRROR), Tag(SOURCE), _DIGEST, _BENCH],
)
def pond(source: Index, mirror: Published, pinned: Pin) -> Verdict:
    """Make $REGISTRY/pond-mirror:1 a whole copy of $REGISTRY/pond:1, so that the digest in its pinned.txt holds."""
    if source.digest != pinned.written:
        found, wanted = brief(source.digest), brief(pinned.written)
        return Problem(SOURCE_MOVED, found=found, wanted=wanted, ref=source.reference)
    if mirror.index is None:
        return Problem(NOTHING_THERE, found="no such tag", wanted=brief(source.digest), ref=mirror.reference)
    templates = {"lost": ROWS_LOST, "other_images": COPY_DIFFERS, "other_list": LIST_DIFFERS}
    if problem := _rows.not_a_copy(mirror.index, source, **templates):
        return problem
    if pinned.now != pinned.written:
        path = f"{_BENCH.folder}/{PINNED}"
        return Problem(PIN_MOVED, found=brief(pinned.now), wanted=brief(pinned.written), path=path)
    known = {"source": source.reference, "digest": brief(source.digest), "rows": _rows.rows(mirror.index)}
    return Proof(MENDED, ref=mirror.reference, **known)
