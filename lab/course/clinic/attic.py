"""K10: a base that `docker images` lists is not found."""

from __future__ import annotations

from dataclasses import dataclass

from lab.course.clinic import _builders, _rows, _scenes
from lab.course.clinic._bench import Bench
from lab.course.clinic._case import Symptom, case
from lab.course.leftovers import BuilderNamed, Tag
from lab.errors import NotThere
from lab.model.digests import brief
from lab.model.facts import Fact, Images
from lab.model.steps import Problem, Proof, Verdict, step
from lab.model.world import World
from lab.probes import engine, needs, registry

ATTIC, BASE, BUILDER = "attic", "attic-base:1", "attic-builder"
STARTS = ("cat", "/chest.txt")

NOTHING_PUSHED = "The registry has no {ref} yet."
BASE_UNSEEN = "The registry has no {base}: whoever builds elsewhere still does not find the base."
BASE_LACKS = "The base {base} has no image for {platform} in the registry."
OTHER_BASE = "The image for {platform} under {ref} does not stand on {base}, but on something else."
MENDED = "{ref} is one index, {digest}, with {rows}; each stands on {base} as the registry has it."

_BASE = "FROM busybox:1.38\nCOPY rules.txt /rules.txt\n"
_DOCKERFILE = """\
FROM attic-base:1
COPY chest.txt /chest.txt
CMD ["cat", "/chest.txt"]
"""
_BENCH = Bench(
    ATTIC,
    texts=lambda _world: {
        "Dockerfile": _DOCKERFILE,
        "chest.txt": "a hat, two maps\n",
        "base/Dockerfile": _BASE,
        "base/rules.txt": "Close the door.\n",
    },
)


@dataclass(frozen=True)
class LocalImage:
    """An image that only the engine has."""

    name: str

    def remove(self, world: World) -> str:
        """`docker image rm`, if there is such an image."""
        status, *_ = engine.docker(world, "image", "rm", "--force", self.name)
        return "" if status else f"image {self.name}"


@dataclass(frozen=True, kw_only=True)
class Stack(Fact):
    """An image and its base, as the registry has them; None where it does not."""

    image: Images | None
    base: Images | None
    ref: str
    base_ref: str


def stack(world: World) -> Stack:
    """Both tags, with the layers of their images."""
    found: list[Images | None] = []
    for tag in (ATTIC, BASE):
        try:
            found.append(registry.images(tag)(world))
        except NotThere:
            found.append(None)
    ref, base = (str(registry.reference(world, tag)) for tag in (ATTIC, BASE))
    return Stack(image=found[0], base=found[1], ref=ref, base_ref=base)


def scene(world: World) -> None:
    """The base was built on this machine and never pushed; the team builds with a builder. Blocked where it cannot."""
    _BENCH.lay(world)
    status, *_ = engine.docker(world, "image", "inspect", BASE)
    if status:
        own = _scenes.builder(world, dear=False)
        _scenes.docker(
            world, "buildx", "build", "--quiet", *own, "--load", "-t", BASE, str(_BENCH.place(world) / "base")
        )
    _builders.make(world, BUILDER, "--driver-opt", "network=host")


@case(
    number=10,
    hurts="The base is there, `docker images` lists it, and the build says that it does not exist.",
    minutes=10,
    entry="local-from-not-found",
    lessons=("new-builder", "multi-platform"),
    symptom=Symptom(
        story="“We build for two platforms now, with a builder of our own. The Dockerfile is the old one; it worked.”",
        script="docker image ls attic-base\n"
        "docker buildx build --builder attic-builder --platform linux/amd64,linux/arm64 --output type=cacheonly \\\n"
        "  files/clinic/attic",
        sign="failed to resolve source metadata|pull access denied",
    ),
    causes="The base is in the engine's store, and nowhere else. A container builder does not look there: it looks in "
    "a registry.",
    points=(
        "You asked who builds, and where that one looks for a base.",
        "An engine's images are no registry.",
        "The base itself has to be there for both platforms.",
    ),
)
@step(
    stack,
    solution="""
        cd files/clinic/attic
        build="docker buildx build --builder attic-builder --platform linux/amd64,linux/arm64 --push"
        $build -t $REGISTRY/attic-base:1 base
        sed -i "s|^FROM attic-base:1|FROM $REGISTRY/attic-base:1|" Dockerfile
        $build -t $REGISTRY/attic .
    """,
    hints=[
        "Two places can hold an image of that name. In which of them does this builder look?",
        "Its source is in the folder `base`. For which platforms does the engine's copy exist?",
        "Put the base where every builder finds it, for both platforms, and name it by that place.",
    ],
    needs=[needs.engine, needs.buildkit],
    prepare=scene,
    makes=[Tag(ATTIC), Tag(BASE), LocalImage(BASE), BuilderNamed(BUILDER), _BENCH],
)
def attic(found: Stack) -> Verdict:
    """Build files/clinic/attic for amd64 and arm64 and push $REGISTRY/attic, on the base $REGISTRY/attic-base:1."""
    if found.image is None:
        return Problem(NOTHING_PUSHED, found="no such tag", wanted=found.ref, ref=found.ref)
    index = found.image.index
    if problem := _rows.absent(index, _rows.PAIR):
        return problem
    if found.base is None:
        return Problem(BASE_UNSEEN, found="no such tag", wanted=found.base_ref, base=found.base_ref)
    layers = {row.platform: image.layers for row, image in found.base.pairs}
    for row, image in found.image.pairs:
        known = {"platform": row.platform, "ref": found.ref, "base": found.base_ref}
        base = layers.get(row.platform)
        if base is None:
            return Problem(BASE_LACKS, found="no such row", wanted=row.platform, **known)
        if image.layers[: len(base)] != base or len(image.layers) == len(base):
            lowest = brief(image.layers[0]) if image.layers else "no layers"
            return Problem(OTHER_BASE, found=lowest, wanted=", ".join(map(brief, base)), **known)
    return _rows.other_image(found.image, STARTS) or Proof(
        MENDED, ref=found.ref, digest=brief(index.digest), rows=_rows.rows(index), base=found.base_ref
    )
