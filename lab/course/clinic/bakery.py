"""K05: a build that warns of its base, and an image that is dead on one platform."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lab.course.clinic import _rows, _scenes
from lab.course.clinic._bench import Bench
from lab.course.clinic._case import Symptom, case
from lab.course.leftovers import Tag
from lab.errors import BadInput, NotThere
from lab.images.reference import parse
from lab.model.digests import brief
from lab.model.facts import Binaries, Fact, Images, Index
from lab.model.platforms import listed
from lab.model.steps import Probe, Problem, Proof, Verdict, step
from lab.model.world import World
from lab.probes import host, needs, registry

BAKERY = "bakery"
BASE = "library/busybox:1.38"
STARTS = ("cat", "/bread.txt")

NO_BASE = "The Dockerfile has no FROM line that can be read."
NOT_PINNED = "The base is no longer pinned: {base} may be another image tomorrow."
NO_SUCH_BASE = "The registry does not have the base that the Dockerfile names, {base}."
PINNED_ONE = "The base is pinned to the image of one platform: that digest is a row of the list, not the list."
MENDED = "The base is pinned to an index, {pinned}; {ref} is one index, {digest}, with {rows}, all true."

_DOCKERFILE = """\
# Pinned: nobody changes our base without us.
FROM {base}@{digest}
COPY bread.txt /bread.txt
CMD ["cat", "/bread.txt"]
"""
_FROM = re.compile(r"^FROM\s+(?:--\S+\s+)*(\S+)", re.IGNORECASE | re.MULTILINE)


def _pinned_to_one(world: World) -> str:
    row = registry.index(BASE)(world).manifest(_scenes.other(world))
    if row is None:
        raise NotThere(f"The base has no image for {_scenes.other(world)}.")
    return _DOCKERFILE.format(base=f"{world.registry}/{BASE}", digest=row.digest)


_BENCH = Bench(BAKERY, texts=lambda world: {"Dockerfile": _pinned_to_one(world), "bread.txt": "rye, wheat, oat\n"})


@dataclass(frozen=True, kw_only=True)
class Base(Fact):
    """The base that a Dockerfile names last, and what the registry has there (None: nothing)."""

    name: str
    index: Index | None = None


def base(folder: str) -> Probe[Base]:
    """A probe of the last FROM line of a Dockerfile."""

    def probe(world: World) -> Base:
        text = host.text(f"{folder}/Dockerfile")(world)
        names = _FROM.findall(text.content)
        name = names[-1] if names else ""
        try:
            found = registry.index(str(parse(name)))(world) if name else None
        except (NotThere, BadInput):
            found = None
        return Base(name=name, index=found, evidence=text.evidence)

    return probe


def scene(world: World) -> None:
    """The team builds on its pinned base, and pushes. Blocked where it cannot be."""
    _scenes.stock(world, BASE, needs.BASE, sorted(_rows.PAIR))
    _BENCH.lay(world)
    _scenes.build(world, BAKERY, sorted(_rows.PAIR), _BENCH.place(world), text=_pinned_to_one(world))


@case(
    number=5,
    hurts="The build warns of its base and goes on. On your kind of machine, the image does not start.",
    minutes=8,
    entry="wrong-base-platform-accepted",
    lessons=("inside-the-index",),
    symptom=Symptom(
        story="“We pin our base, as one should. The warning has been there since then, and it is only a warning.”",
        script="docker build --platform $HERE --output type=cacheonly files/clinic/bakery\n"
        "docker run --rm --quiet --pull always --platform $HERE $REGISTRY/bakery uname -m",
        sign="exec format error|@OTHER@",
    ),
    causes="The digest behind the `@` is that of one row, not that of the list: a row has one platform, whatever the "
    "build is for.",
    points=(
        "You asked the registry what that digest is: an image, or a list.",
        "The list has a digest of its own, and rows with others.",
        "Pinning is right; it is the list that has to be pinned.",
    ),
)
@step(
    base(_BENCH.folder),
    registry.images(BAKERY),
    registry.binaries(BAKERY, "/bin/busybox"),
    solution="""
        cd files/clinic/bakery
        base=$REGISTRY/library/busybox:1.38
        digest=$(docker buildx imagetools inspect $base | sed -n 's/^Digest: *//p')
        sed -i "s|^FROM .*|FROM $base@$digest|" Dockerfile
        docker buildx build --platform linux/amd64,linux/arm64 -t $REGISTRY/bakery --push .
    """,
    hints=[
        "Read the warning: which platform was wanted, and which one was pulled?",
        "Ask the registry what the digest in the FROM line stands for, and what the tag before it stands for.",
        "An index has a digest, too.",
    ],
    needs=[needs.engine, needs.several_at_once, needs.reach],
    prepare=scene,
    makes=[Tag(BAKERY), _BENCH],
)
def bakery(found: Base, images: Images, binaries: Binaries) -> Verdict:
    """Mend files/clinic/bakery, so that its base stays pinned, and push $REGISTRY/bakery for amd64 and arm64."""
    problem = _unpinned(found)
    index = images.index
    problem = problem or _rows.absent(index, _rows.PAIR, had=_rows.PAIR) or _rows.other_image(images, STARTS)
    problem = problem or _rows.foreign(binaries)
    if problem or found.index is None:
        return problem or Problem(NO_BASE, found=found.name, wanted="a base")
    pinned, digest = brief(found.index.digest), brief(index.digest)
    return Proof(MENDED, pinned=pinned, ref=index.reference, digest=digest, rows=_rows.rows(index))


def _unpinned(found: Base) -> Problem | None:
    wanted = f"a base pinned to an index with {listed(_rows.PAIR)}"
    if not found.name:
        return Problem(NO_BASE, found="no FROM", wanted=wanted)
    if "@sha256:" not in found.name:
        return Problem(NOT_PINNED, found="no digest", wanted=wanted, base=found.name)
    if found.index is None:
        return Problem(NO_SUCH_BASE, found="nothing", wanted=wanted, base=found.name)
    if not found.index.is_index:
        return Problem(PINNED_ONE, found=f"an image for {listed(found.index.platforms)}", wanted=wanted)
    return None
