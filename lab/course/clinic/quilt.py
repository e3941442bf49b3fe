"""K24: a list that was joined of two kinds of images."""

from __future__ import annotations

from lab.course._scene import missing, name
from lab.course.clinic import _rows, _scenes
from lab.course.clinic._bench import DOCKERFILE, Bench
from lab.course.clinic._case import Symptom, case
from lab.course.leftovers import Tag
from lab.model.digests import brief
from lab.model.facts import Binaries, Images, Index, Manifest
from lab.model.steps import Problem, Proof, Verdict, step
from lab.model.world import World
from lab.probes import needs, registry

QUILT = "quilt"
STARTS = ("/hello",)
_PARTS = ("quilt:amd64", "quilt:arm64")
_OCI, _DOCKER = "OCI", "Docker"

NO_LIST = "{ref} is one image now, and no list."
STILL_MIXED = "{ref} still lists images of two formats."
OTHER_LIST = "The images under {ref} are of one format now, and the list itself is of the other."
MENDED = "{ref} is one {format} list, {digest}, of {format} images: {rows}."

_JOBS = """\
#!/bin/sh
# Two jobs and a merge, as they have been since the second machine came. Each job is another team's.
set -e
cd "$(dirname "$0")"
docker buildx build --platform linux/amd64 --provenance=false \\
  --output "type=image,name=$REGISTRY/quilt:amd64,push=true,oci-mediatypes=false" .
docker buildx build --platform linux/arm64 --provenance=false \\
  --output "type=image,name=$REGISTRY/quilt:arm64,push=true,oci-mediatypes=true" .
docker buildx imagetools create -t "$REGISTRY/quilt:1" "$REGISTRY/quilt:amd64" "$REGISTRY/quilt:arm64"
"""
_STORE = """\
#!/bin/sh
# Stands for a company's store of images, which is strict, and is simulated: it takes lists of Docker's format or of
# OCI's, and reads in the raw list of what kind each entry is. Docker itself pulls both, and so says nothing.
raw=$(docker buildx imagetools inspect --raw "$1")
kinds=$(echo "$raw" | grep -o '"mediaType": *"application/vnd\\.[a-z]*' | sort -u | wc -l)
if [ "$kinds" -gt 1 ]; then
  echo "manifest invalid: $1 refers to manifests of another media type than its own"
  exit 1
fi
echo "accepted: $1"
"""
_BENCH = Bench(
    QUILT,
    texts=lambda _world: {"Dockerfile": DOCKERFILE, "jobs.sh": _JOBS, "store.sh": _STORE},
    programs=(("hello-amd64", "amd64"), ("hello-arm64", "arm64")),
)


def scene(world: World) -> None:
    """What the two jobs and their merge leave in the registry. Blocked where it cannot be."""
    _BENCH.lay(world)
    for tag, platform, oci in zip(_PARTS, sorted(_rows.PAIR), ("false", "true"), strict=True):
        if missing(world, tag):
            own = _scenes.builder(world, dear=True)
            output = f"type=image,name={world.registry}/{tag},push=true,oci-mediatypes={oci}"
            options = ("--quiet", *own, "--platform", str(platform), "--provenance=false", "--output", output)
            _scenes.docker(world, "buildx", "build", *options, str(_BENCH.place(world)))
    if missing(world, "quilt:1"):
        name(world, "quilt:1", *_PARTS)


@case(
    number=24,
    hurts="Docker pulls the tag on every machine. The company's strict store of images refuses it.",
    minutes=10,
    entry="registry-refuses-index",
    lessons=("inside-the-index", "every-push"),
    symptom=Symptom(
        story="“Each team's image is taken when it comes alone. Joined, they are refused. The store is simulated here, "
        "by store.sh; the jobs are in jobs.sh.”",
        script="for tag in amd64 arm64 1; do sh files/clinic/quilt/store.sh $REGISTRY/quilt:$tag; done",
        sign="(?:accepted: \\S+\\s+){2}manifest invalid",
    ),
    causes="In the raw list, the two rows have different media types: one image has Docker's format, and the other one "
    "OCI's.",
    points=(
        "You read the raw list, and the media type of each row in it.",
        "Joining changes no image: what is joined is listed as it is.",
        "The format is chosen where an image is built, and both jobs have to choose the same.",
    ),
)
@step(
    registry.images("quilt:1"),
    registry.binaries("quilt:1"),
    solution="""
        cd files/clinic/quilt
        sed -i 's/oci-mediatypes=false/oci-mediatypes=true/' jobs.sh
        sh jobs.sh
    """,
    hints=[
        "The store reads media types. Which are there in the raw document of the list?",
        "Do the two jobs write images of the same format? Compare their options.",
        "One of the two images has to be built again, and the list joined anew.",
    ],
    needs=[needs.engine, needs.several_at_once, needs.reach],
    prepare=scene,
    makes=[Tag("quilt:1"), *map(Tag, _PARTS), _BENCH],
)
def quilt(images: Images, programs: Binaries) -> Verdict:
    """Make $REGISTRY/quilt:1 a list of one format, with both platforms. The jobs that push it: files/clinic/quilt."""
    index = images.index
    problem = _rows.absent(index, _rows.PAIR, had=_rows.PAIR) or _rows.other_image(images, STARTS)
    if problem := problem or _rows.foreign(programs) or _mixed(index):
        return problem
    rows, digest = _rows.rows(index), brief(index.digest)
    return Proof(MENDED, ref=index.reference, digest=digest, rows=rows, format=_format(index))


def _mixed(index: Index) -> Problem | None:
    """A problem where a list and what is in it are not of one format."""
    if not index.is_index:
        return Problem(NO_LIST, found=_format(index), wanted="a list of both images", ref=index.reference)
    rows = {_format(row) for row in index.manifests}
    found = ", ".join(f"{row.platform} {_format(row)}" for row in index.images)
    if len(rows) > 1:
        return Problem(STILL_MIXED, found=found, wanted="one format", ref=index.reference)
    if rows != {_format(index)}:
        told = f"{_format(index)} list, {found}"
        return Problem(OTHER_LIST, found=told, wanted="one format", ref=index.reference)
    return None


def _format(what: Index | Manifest) -> str:
    return _DOCKER if "vnd.docker." in what.media_type else _OCI
