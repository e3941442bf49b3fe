"""K13: a platform that takes one plain image refuses what everybody else pulls."""

from __future__ import annotations

from lab.course._scene import missing, name
from lab.course.clinic import _rows, _scenes
from lab.course.clinic._bench import DOCKERFILE, Bench
from lab.course.clinic._case import Symptom, case
from lab.course.leftovers import Tag
from lab.model.digests import brief
from lab.model.facts import Binaries, Image, Images
from lab.model.platforms import listed
from lab.model.steps import Problem, Proof, Verdict, step
from lab.model.world import World
from lab.probes import needs, registry

GATE = "gate"
LATEST, LAMBDA = "fn:latest", "fn:lambda"

STILL_A_LIST = "{ref} is still an index: the consumer takes one plain image, and no list."
WRONG_PLATFORM = "{ref} is one plain image, but not for the platform that the consumer runs on."
LOST_NOTES = "{ref} has lost its attestations: everybody else relied on them."
LOST_ROWS = "{ref} has lost a platform that everybody else pulls."
OTHER_FILES = "{ref} is not the image that {latest} has for {platform}: its files are others."
MENDED = "{ref} is one plain image, {digest}, of the same files as {latest}, which still has {rows} and attestations."

_GATE = """\
#!/bin/sh
# Stands for a service that runs functions, and takes one plain image for linux/amd64. It is simulated: it looks at the
# type of what the registry has, and answers as such a service does.
type=$(docker buildx imagetools inspect --raw "$1" | grep -o '"mediaType": *"[^"]*"' | head -1)
case $type in
*index*|*manifest.list*)
  echo "InvalidParameterValueException: the image manifest, config or layer media type for the source image $1" \\
    "is not supported."
  exit 1;;
esac
echo "accepted: $1"
"""
_BENCH = Bench(
    GATE,
    texts=lambda _world: {"Dockerfile": DOCKERFILE, "gate.sh": _GATE},
    programs=(("hello-amd64", "amd64"), ("hello-arm64", "arm64")),
)


def scene(world: World) -> None:
    """An attested index, under two names. Blocked where it cannot be."""
    _BENCH.lay(world)
    attested = ("--provenance=mode=min",)
    _scenes.build(world, LATEST, sorted(_rows.PAIR), _BENCH.place(world), options=attested)
    if missing(world, LAMBDA):
        name(world, LAMBDA, LATEST)


def _shown(image: Image, programs: Binaries) -> tuple[object, ...]:
    """What an image starts, and how it was made; its layers may bear other dates where another builder made them."""
    return image.entrypoint, image.cmd, image.env, image.history, programs.of(_rows.AMD)


def _said(programs: Binaries) -> str:
    program = programs.of(_rows.AMD)
    return f"{program.path}, {program.platform or program.kind}" if program else "no program"


@case(
    number=13,
    hurts="A service that runs functions refuses the image. Docker pulls it everywhere.",
    minutes=8,
    entry="lambda-media-type",
    lessons=("inside-the-index",),
    symptom=Symptom(
        story="“Everybody else pulls `fn:latest` and reads its attestations, so leave that one as it is. The service "
        "takes `fn:lambda`, for amd64. Its gate is simulated here, by gate.sh.”",
        script="sh files/clinic/gate/gate.sh $REGISTRY/fn:lambda",
        sign="is not supported",
    ),
    causes="The media type behind the tag is that of an index. The service wants a manifest: one image, without "
    "attestations beside it.",
    points=(
        "You looked at the media type of what the tag stands for.",
        "Attestations make an index of a single image, too.",
        "One consumer's wish does not change what all the others get.",
    ),
)
@step(
    registry.images(LAMBDA),
    registry.images(LATEST),
    registry.binaries(LAMBDA),
    registry.binaries(LATEST),
    solution="""
        docker buildx build --platform linux/amd64 --provenance=false --sbom=false \\
          -t $REGISTRY/fn:lambda --push files/clinic/gate
    """,
    hints=[
        "Ask the registry for the raw document behind the tag: what is its media type?",
        "What makes an index of a build for one platform? Look at the rows that are no image.",
        "Only `fn:lambda` is to change: a build of its own, for one platform, with nothing attached.",
    ],
    needs=[needs.engine, needs.several_at_once, needs.reach],
    prepare=scene,
    makes=[Tag(LAMBDA), Tag(LATEST), _BENCH],
)
def gate(plain: Images, latest: Images, served: Binaries, programs: Binaries) -> Verdict:
    """Let $REGISTRY/fn:lambda be one plain image for linux/amd64, and leave $REGISTRY/fn:latest as it is."""
    one, whole = plain.index, latest.index
    attested = any(row.is_attestation for row in whole.manifests)
    if not whole.platforms >= _rows.PAIR:
        return Problem(LOST_ROWS, found=listed(whole.platforms), wanted=listed(_rows.PAIR), ref=whole.reference)
    if not attested:
        return Problem(LOST_NOTES, found="no attestation", wanted="one for each image", ref=whole.reference)
    if one.is_index:
        found = f"an index with {len(one.manifests)} rows"
        return Problem(STILL_A_LIST, found=found, wanted="one manifest", ref=one.reference)
    if one.platforms != {_rows.AMD}:
        return Problem(WRONG_PLATFORM, found=listed(one.platforms), wanted=_rows.AMD, ref=one.reference)
    theirs = next(image for row, image in latest.pairs if row.platform == _rows.AMD)
    if _shown(plain.images[0], served) != _shown(theirs, programs):
        found, wanted = _said(served), _said(programs)
        return Problem(
            OTHER_FILES, found=found, wanted=wanted, ref=one.reference, latest=whole.reference, platform=_rows.AMD
        )
    rows, digest = _rows.rows(whole), brief(one.digest)
    return Proof(MENDED, ref=one.reference, digest=digest, latest=whole.reference, rows=rows)
