"""K09: version 1.1 was released, and this machine still says 1.0."""

from __future__ import annotations

import json
from dataclasses import dataclass

from lab.course._scene import missing, name
from lab.course.clinic import _rows, _scenes
from lab.course.clinic._bench import Bench
from lab.course.clinic._case import Symptom, case, picked
from lab.course.leftovers import Tag
from lab.errors import BadInput, NotThere
from lab.model.digests import brief
from lab.model.facts import Evidence, Fact, Images, Index
from lab.model.steps import Problem, Proof, Verdict, step
from lab.model.world import World
from lab.probes import engine, needs, registry

PARROT = "parrot"
OLD, NEW = ("echo", "version 1.0"), ("echo", "version 1.1")

GONE = "This machine has no image called {ref} any more: run the team's script."
STILL_OLD = "The image that this machine calls {ref} is still the old one."
NOT_RELEASED = "The tag {ref} is still the old image in the registry: what this machine has, nobody else gets."
COPY_DIFFERS = "This machine's {ref} says 1.1, but it is not the image of that name in the registry."
REBUILT = "The tag {ref} is not the image that was released as 1.1: somebody has built it again."
MENDED = "{ref} is the released image, {digest}, in the registry and on this machine."

_LOCAL, _REMOTE = "local", "registry"
_DECIDED = {
    _LOCAL: "The engine's own copy has another digest than the tag in the registry: `docker run` does not look there "
    "for what it has already.",
    _REMOTE: "In the registry, the tag that is run still stands for the old digest: 1.1 was pushed under a name of its "
    "own, and nobody moved the tag.",
}
# It has a layer of its own: where a Dockerfile only sets what an image starts, BuildKit makes the same bytes each time.
_DOCKERFILE = 'FROM busybox:1.38\nRUN echo {version} > /etc/parrot\nCMD ["echo", "version {version}"]\n'
_RUN = '#!/bin/sh\n# How this machine starts it, every morning.\ndocker run --rm "$REGISTRY/parrot"\n'
_BENCH = Bench(
    PARROT,
    texts=lambda _world: {"run.sh": _RUN, "source/Dockerfile": _DOCKERFILE.format(version="1.0")},
)


@dataclass(frozen=True, kw_only=True)
class Kept(Fact):
    """What the engine calls by that name: what it starts, and the digests that it has of registries."""

    starts: tuple[str, ...]
    digests: tuple[str, ...]


def kept(world: World) -> Kept:
    """What this machine has: no digests where it was never in a registry, nothing to start where it is gone."""
    try:
        found = engine.image(f"{PARROT}:latest")(world)
    except NotThere:
        return Kept(starts=(), digests=())
    form = ("--format", "{{json .RepoDigests}}", f"{world.registry}/{PARROT}:latest")
    _, out, _, evidence = engine.docker(world, "image", "inspect", *form)
    try:
        digests = json.loads(out or "[]") or []
    except ValueError as error:
        raise BadInput("`docker image inspect` does not say where the image is from.") from error
    return Kept(
        starts=(*found.entrypoint, *found.cmd),
        digests=tuple(str(one).rpartition("@")[2] for one in digests),
        evidence=(*found.evidence, Evidence(evidence.asked, out.strip())),
    )


def scene(world: World) -> None:
    """1.0 was run here for weeks; 1.1 has been pushed. Blocked where it cannot be."""
    _BENCH.lay(world)
    if not missing(world, PARROT):
        return
    place, here = _BENCH.place(world) / "source", [_scenes.here(world)]
    _scenes.rebuild(world, f"{PARROT}:latest", here, place, text=_DOCKERFILE.format(version="1.0"))
    _scenes.docker(world, "pull", "--quiet", f"{world.registry}/{PARROT}:latest")
    _scenes.rebuild(world, f"{PARROT}:1.1", here, place, text=_DOCKERFILE.format(version="1.1"))
    engine.docker(world, "image", "rm", f"{world.registry}/{PARROT}:1.1")
    if picked(world, PARROT, tuple(_DECIDED)) == _LOCAL:
        name(world, f"{PARROT}:latest", f"{PARROT}:1.1")


@case(
    number=9,
    hurts="Version 1.1 was released this morning. This machine still runs 1.0.",
    minutes=6,
    entry="stale-local-image",
    lessons=("one-platform", "inside-the-index"),
    symptom=Symptom(
        story="“It is released. I have seen the push with my own eyes. Restart it, or build it without the cache.”",
        script="sh files/clinic/parrot/run.sh",
        sign=r"version 1\.0",
    ),
    causes=_DECIDED,
    points=(
        "You compared digests, not names or dates.",
        "There are two places where the tag could be old: the registry, and the engine.",
        "A tag is a name that somebody has to move; a digest is the image.",
    ),
)
@step(
    kept,
    registry.images(PARROT),
    registry.index(f"{PARROT}:1.1"),
    solution="""
        docker buildx imagetools create -t $REGISTRY/parrot $REGISTRY/parrot:1.1
        docker pull $REGISTRY/parrot
        sh files/clinic/parrot/run.sh
    """,
    hints=[
        "Where does `docker run` look first for an image?",
        "Compare three digests: that of the engine's copy, that of the tag which is run, and that of the tag `1.1`.",
        "What differs has to be moved or fetched; nothing has to be built.",
    ],
    needs=[needs.engine, needs.reach],
    prepare=scene,
    makes=[Tag(PARROT), Tag("parrot:1.1"), _BENCH],
)
def parrot(own: Kept, images: Images, released: Index) -> Verdict:
    """Mend it, so that files/clinic/parrot/run.sh runs the released 1.1, here and wherever $REGISTRY/parrot is run."""
    ref, wanted = images.index.reference, " ".join(NEW)
    if not own.starts:
        return Problem(GONE, found="no image", wanted=wanted, ref=ref)
    if own.starts != NEW:
        return Problem(STILL_OLD, found=" ".join(own.starts), wanted=wanted, ref=ref)
    if problem := _rows.other_image(images, NEW):
        found = problem.values["found"]
        return Problem(NOT_RELEASED, found=found, wanted=wanted, ref=ref)
    same = {row.digest for row in released.images}
    if {row.digest for row in images.index.images} != same:
        found, digest = brief(images.index.digest), brief(released.digest)
        return Problem(REBUILT, found=found, wanted=digest, ref=ref)
    if not {images.index.digest, released.digest, *same} & set(own.digests):
        found = ", ".join(map(brief, own.digests)) or "no digest of a registry"
        return Problem(COPY_DIFFERS, found=found, wanted=brief(images.index.digest), ref=ref)
    return Proof(MENDED, ref=ref, digest=brief(released.digest))
