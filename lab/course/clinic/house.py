"""K01: a server cannot pull the team's image."""

from __future__ import annotations

from lab.course.clinic import _rows, _scenes
from lab.course.clinic._bench import DOCKERFILE, Bench
from lab.course.clinic._case import Symptom, case
from lab.course.leftovers import Tag
from lab.model.digests import brief
from lab.model.facts import Binaries, Images, Machine
from lab.model.steps import Proof, Verdict, step
from lab.model.world import World
from lab.probes import host, needs, registry

HOUSE = "house"
STARTS = ("/hello",)

MENDED = "{ref} is one index, {digest}, with {rows}, and each program is for its platform."

_BENCH = Bench(
    HOUSE,
    texts=lambda _world: {"Dockerfile": DOCKERFILE},
    programs=(("hello-amd64", "amd64"), ("hello-arm64", "arm64")),
)


def plain_build(world: World) -> None:
    """A colleague with the other kind of machine builds and pushes. Blocked where it cannot be."""
    _BENCH.lay(world)
    _scenes.build(world, HOUSE, [_scenes.other(world)], _BENCH.place(world), index=True)


@case(
    number=1,
    hurts="A server cannot pull the team's image. On a colleague's laptop it works.",
    minutes=6,
    entry="no-match-for-platform",
    lessons=("mismatch", "multi-platform"),
    symptom=Symptom(
        story="“I built it, I pushed it, it runs here. Your server must be broken.”",
        script="docker pull $REGISTRY/house",
        sign="no matching manifest",
    ),
    causes="The registry's list for `house` has one row, and it is for the colleague's kind of machine: a build that "
    "names no platform builds for the machine that builds.",
    points=(
        "You asked the registry, and not the Dockerfile, which platforms there are.",
        "The list had one row, for the other platform.",
        "Nothing is wrong with the server or with the Dockerfile.",
    ),
)
@step(
    host.machine(),
    registry.images(HOUSE),
    registry.binaries(HOUSE),
    solution="docker buildx build --platform linux/amd64,linux/arm64 -t $REGISTRY/house --push files/clinic/house",
    hints=[
        "Who refused: the engine, the registry, or the kernel? What is it looking for?",
        "Ask the registry which platforms it has under this tag.",
        "The colleague's machine must go on working: a push replaces the whole tag.",
    ],
    needs=[needs.engine, needs.several_at_once, needs.reach],
    prepare=plain_build,
    makes=[Tag(HOUSE), _BENCH],
)
def house(machine: Machine, images: Images, binaries: Binaries) -> Verdict:
    """Mend the tag $REGISTRY/house, so that amd64 and arm64 machines pull and run it. Its files: files/clinic/house."""
    index = images.index
    had = _rows.PAIR - {machine.linux}
    problem = _rows.absent(index, _rows.PAIR, had) or _rows.other_image(images, STARTS) or _rows.foreign(binaries)
    return problem or Proof(MENDED, ref=index.reference, digest=brief(index.digest), rows=_rows.rows(index))
