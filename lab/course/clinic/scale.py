"""K06: a build for a third platform does not find its base."""

from __future__ import annotations

from lab.course.clinic import _rows, _scenes
from lab.course.clinic._bench import Bench
from lab.course.clinic._case import Symptom, case
from lab.course.leftovers import Tag
from lab.model.digests import brief
from lab.model.facts import Binaries, Images
from lab.model.steps import Proof, Verdict, step
from lab.model.world import World
from lab.probes import needs, registry

SCALE, BASE = "scale", "scale-base"
STARTS = ("uname", "-m")
THREE = _rows.PAIR | {_rows.V7}

MENDED = "{ref} is one index, {digest}, with {rows}, and each base is of its platform."

_DOCKERFILE = """\
FROM {registry}/scale-base:1
COPY weights.txt /weights.txt
CMD ["uname", "-m"]
"""
_BASE = "FROM busybox:1.38\nLABEL version={version}\n"
_BENCH = Bench(
    SCALE,
    texts=lambda world: {"Dockerfile": _DOCKERFILE.format(registry=world.registry), "weights.txt": "1 2 5 10\n"},
)


def scene(world: World) -> None:
    """Version 1 of the team's base has two platforms, version 2 has more; the image has two. Blocked if not so."""
    _BENCH.lay(world)
    place = _BENCH.place(world)
    _scenes.build(world, f"{BASE}:1", sorted(_rows.PAIR), place, text=_BASE.format(version=1))
    _scenes.build(world, f"{BASE}:2", sorted(THREE), place, text=_BASE.format(version=2))
    _scenes.build(world, SCALE, sorted(_rows.PAIR), place, text=_DOCKERFILE.format(registry=world.registry))


@case(
    number=6,
    hurts="The image has to run on a Raspberry Pi (linux/arm/v7), too. The build for it fails at its first line.",
    minutes=6,
    entry="no-match-for-platform",
    lessons=("multi-platform", "one-platform"),
    symptom=Symptom(
        story="“I only added a platform to the list. The base is ours, and we have never had trouble with it.”",
        script="docker buildx build --platform linux/amd64,linux/arm64,linux/arm/v7 --output type=cacheonly "
        "files/clinic/scale",
        sign="no match for platform in manifest",
    ),
    causes="The registry's list for `scale-base:1` has no row for linux/arm/v7; the one for `scale-base:2` has.",
    points=(
        "The builder looks for the base of each platform, and refuses where there is none.",
        "You asked the registry which platforms the base offers.",
        "Another version of the base, or another base, has the row.",
    ),
)
@step(
    registry.images(SCALE),
    registry.binaries(SCALE, "/bin/busybox"),
    solution="""
        cd files/clinic/scale
        sed -i 's/scale-base:1/scale-base:2/' Dockerfile
        docker buildx build --platform linux/amd64,linux/arm64,linux/arm/v7 -t $REGISTRY/scale --push .
    """,
    hints=[
        "Which image was looked for, and for which platform?",
        "Ask the registry for the rows of that image, and for its other tags: `curl` can, and so can `lab show`.",
        "The team has published a second version of its base.",
    ],
    needs=[needs.engine, needs.several_at_once, needs.reach],
    prepare=scene,
    makes=[Tag(SCALE), Tag("scale-base:1"), Tag("scale-base:2"), _BENCH],
)
def scale(images: Images, binaries: Binaries) -> Verdict:
    """Mend files/clinic/scale and push $REGISTRY/scale for amd64, arm64 and arm/v7."""
    index = images.index
    problem = _rows.absent(index, THREE, had=_rows.PAIR) or _rows.other_image(images, STARTS)
    problem = problem or _rows.foreign(binaries, of=THREE)
    return problem or Proof(MENDED, ref=index.reference, digest=brief(index.digest), rows=_rows.rows(index))
