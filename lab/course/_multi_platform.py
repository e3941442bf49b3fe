"""Lesson 7, beside its steps: what it asks before they are run, and how it names what was found."""

from __future__ import annotations

from dataclasses import dataclass

from lab.course import _scene
from lab.course._seeded import shuffled
from lab.course._text import counted
from lab.errors import NotThere
from lab.events import BuildEvents, Vertex, emulated
from lab.model.digests import brief, digits
from lab.model.facts import Engine, Fact, Image, Images, Index, Transcript
from lab.model.platforms import Platform
from lab.model.steps import Prediction, Problem, Proof, Truth, Verdict
from lab.model.world import World
from lab.probes import engine

BOTH = "both"
STORE_KEEPS = "The {store} image store of engine {version} keeps an index: {digest} is now {image}."
STORE_CANNOT = "The {store} image store of engine {version} cannot keep an index, so the build was refused."
ONE_FOR_BOTH = "one image that runs on both"
LAST_ONE = "the image that was pushed last"
A_LIST = "a list with an image for each"
BEHIND = "{ref} stands for {digest}, with {count}: {rows}."
ATTESTED_IMAGE = "vnd.docker.reference.digest"
EACH_ATTESTED = "Each of the {count} images under {ref} has its attestation: anyone can ask how it was made."
NOT_ATTESTED = "Under {ref}, the image for {platform} has no attestation: nobody can ask how it was made."
ENTRIES = "The registry lists {images} and {others} under {ref}."
LANES = "The two platforms have {count}, and {emulated} of them ran a program for another platform than the builder's."


def named_rows(index: Index) -> str:
    """`linux/amd64 (1a2b…), linux/arm64 (3c4d…)`: the images of an index, each with 12 digits of its digest."""
    return ", ".join(f"{row.platform} ({digits(row.digest)})" for row in index.images)


def _behind(found: Images) -> Truth:
    """What a tag stands for: one image, the one that was left over, or a list."""
    index = found.index
    answer = (LAST_ONE if index.is_index else ONE_FOR_BOTH) if len(index.images) == 1 else A_LIST
    count = counted(len(index.images), "image")
    return Truth(answer, BEHIND, ref=index.reference, digest=brief(index.digest), count=count, rows=named_rows(index))


WHAT_IT_STANDS_FOR = Prediction(
    question="One build, two platforms, one tag: what does the tag stand for afterwards?",
    options=(ONE_FOR_BOTH, LAST_ONE, A_LIST),
    truth=_behind,
)


@dataclass(frozen=True, kw_only=True)
class Kept(Fact):
    """What the engine's own store has under a name; None where it has nothing."""

    name: str
    image: Image | None


def what_is_kept(world: World) -> Kept:
    try:
        found = engine.image(BOTH)(world)
    except NotThere:
        return Kept(name=f"{world.registry}/{BOTH}", image=None)
    return Kept(name=found.reference, image=found, evidence=found.evidence)


def _keeps(server: Engine, kept: Kept, _printed: Transcript) -> Truth:
    """Whether the engine has the index; its store is the reason."""
    known = {"store": server.store, "version": server.version, "image": kept.name}
    if kept.image is None:
        return Truth("no", STORE_CANNOT, **known)
    return Truth("yes", STORE_KEEPS, digest=brief(kept.image.digest), **known)


WILL_IT_KEEP_BOTH = Prediction(
    question="Can your engine keep images for two platforms under one name?", options=("yes", "no"), truth=_keeps
)


def emulated_steps(found: BuildEvents) -> int:
    """How many steps of a build an emulator had to run."""
    return sum(emulated(one, found.native) for one in found.vertices) if found.native else 0


def _lanes(found: BuildEvents) -> Truth:
    """How many of the Dockerfile's steps an emulator had to run."""
    steps = [one for one in found.vertices if one.step and one.target]
    count = emulated_steps(found)
    answer = "none" if not count else "all" if count == len(steps) else "some"
    return Truth(answer, LANES, count=counted(len(steps), "step"), emulated=count)


HOW_MANY_EMULATED = Prediction(
    question="How many steps of this build, for two platforms, need an emulator?",
    options=("none", "some", "all"),
    truth=_lanes,
)


def _entries(images: Images, _printed: Transcript) -> Truth:
    """How long the list is: attestations are entries, too."""
    index = images.index
    runs, others = len(index.images), len(index.manifests) - len(index.images)
    parts = {"images": counted(runs, "image"), "others": counted(others, "attestation")}
    return Truth(len(index.manifests), ENTRIES, ref=index.reference, **parts)


HOW_MANY_ENTRIES = Prediction(
    question="You built for two platforms. How many entries does the registry list under the tag?", truth=_entries
)


TEAM = "team"
PAIR = frozenset({Platform.parse("linux/amd64"), Platform.parse("linux/arm64")})
COPIED = "greeting.txt"


def copies_the_greeting(vertex: Vertex) -> bool:
    return vertex.kind == "copy" and COPIED in vertex.text


def steps_for(found: BuildEvents, platform: Platform) -> str:
    own = [one.text for one in found.vertices if one.target == platform and one.step]
    return "; ".join(own) or "no steps"


@dataclass(frozen=True, kw_only=True)
class Scene(Fact):
    """Which platform the second push of the exercise took away, and which one it left."""

    lost: Platform
    left: Platform


def scene_of(world: World) -> Scene:
    lost, left = shuffled(world, "mend_team", sorted(PAIR))
    return Scene(lost=lost, left=left)


def two_pushes(world: World) -> None:
    """Two colleagues push the same tag, each for one platform. Blocked where it cannot be."""
    scene = scene_of(world)
    _scene.push_in_turn(world, TEAM, (scene.lost, scene.left), "multi-platform")


def each_attested(found: Images, *_others: Fact) -> Verdict:
    """Whether BuildKit has noted of each image how it was made."""
    index = found.index
    noted = {dict(row.annotations).get(ATTESTED_IMAGE) for row in index.manifests if row.is_attestation}
    for row in index.images:
        if row.digest not in noted:
            known = {"ref": index.reference, "platform": row.platform}
            return Problem(NOT_ATTESTED, found="no attestation", wanted="one for each image", **known)
    return Proof(EACH_ATTESTED, ref=index.reference, count=len(index.images))
