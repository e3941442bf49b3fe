"""K11: what was tested on both platforms was released, and one of them cannot pull it."""

from __future__ import annotations

from lab.course._scene import missing
from lab.course.clinic import _rows, _scenes
from lab.course.clinic._bench import DOCKERFILE, Bench
from lab.course.clinic._case import Symptom, case
from lab.course.leftovers import Tag
from lab.model.digests import brief
from lab.model.facts import Index
from lab.model.platforms import listed
from lab.model.steps import Problem, Proof, Verdict, step
from lab.model.world import World
from lab.probes import needs, registry

FERRY = "ferry"
RC, STABLE = "ferry:rc", "ferry:stable"

RC_MOVED = "The tag {ref} is no longer what was tested: it lacks a platform."
ROWS_LOST = "The released tag {ref} still lacks a platform that was tested."
COPY_DIFFERS = "The released tag {ref} has both platforms, but it is not what was tested: its images are others."
LIST_DIFFERS = "The images under {ref} are those that were tested, but the list is another one."
MENDED = "{ref} is what was tested, digest for digest: {digest}, with {rows}."

_RELEASE = """\
#!/bin/sh
# What was tested becomes what is shipped: the very same image under another name.
set -e
docker pull "$REGISTRY/ferry:rc"
docker tag "$REGISTRY/ferry:rc" "$REGISTRY/ferry:stable"
docker push "$REGISTRY/ferry:stable"
"""
_BENCH = Bench(
    FERRY,
    texts=lambda _world: {"Dockerfile": DOCKERFILE, "release.sh": _RELEASE},
    programs=(("hello-amd64", "amd64"), ("hello-arm64", "arm64")),
)


def scene(world: World) -> None:
    """A candidate is pushed; what their script leaves of it on a machine like this one is released."""
    _BENCH.lay(world)
    _scenes.build(world, RC, sorted(_rows.PAIR), _BENCH.place(world))
    if missing(world, STABLE):
        row = registry.index(RC)(world).manifest(_scenes.here(world))
        _scenes.point(world, STABLE, row.digest if row else "")


@case(
    number=11,
    hurts="The candidate ran on both platforms. It was released, and the gate before the servers stops it.",
    minutes=8,
    entry="content-digest-not-found",
    lessons=("inside-the-index", "multi-platform"),
    symptom=Symptom(
        story="“Nothing was built again. We pulled what was tested, gave it its name, and pushed it. See release.sh.”",
        script="lab audit --need linux/amd64,linux/arm64 $REGISTRY/ferry:rc\n"
        "lab audit --need linux/amd64,linux/arm64 $REGISTRY/ferry:stable",
        sign="is needed, and there is no image for it",
    ),
    causes="The digests of `ferry:rc` and of `ferry:stable` differ: a pull takes one platform out of the list, and a "
    "push from the engine brings only that one back.",
    points=(
        "You compared the two tags in the registry: digest and rows.",
        "An engine pulls its own platform, not the list.",
        "A registry can give an image a second name without anybody pulling it.",
    ),
)
@step(
    registry.index(RC),
    registry.index(STABLE),
    solution="docker buildx imagetools create -t $REGISTRY/ferry:stable $REGISTRY/ferry:rc",
    hints=[
        "Compare what the registry has under the two tags.",
        "Which of the rows did `docker pull` bring to the machine that released?",
        "The copy has to be made from registry to registry, whole, with nothing built.",
    ],
    needs=[needs.engine, needs.several_at_once, needs.reach],
    prepare=scene,
    makes=[Tag(STABLE), Tag(RC), _BENCH],
)
def ferry(tested: Index, released: Index) -> Verdict:
    """Release what was tested: $REGISTRY/ferry:stable is $REGISTRY/ferry:rc, digest for digest."""
    if not tested.platforms >= _rows.PAIR:
        return Problem(RC_MOVED, found=listed(tested.platforms), wanted=listed(_rows.PAIR), ref=tested.reference)
    problem = _rows.not_a_copy(released, tested, lost=ROWS_LOST, other_images=COPY_DIFFERS, other_list=LIST_DIFFERS)
    digest, rows = brief(released.digest), _rows.rows(released)
    return problem or Proof(MENDED, ref=released.reference, digest=digest, rows=rows)
