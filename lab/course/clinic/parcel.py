"""K07: a builder cannot push to the registry beside it."""

from __future__ import annotations

from lab.course.clinic import _builders, _rows
from lab.course.clinic._bench import DOCKERFILE, Bench
from lab.course.clinic._builders import Set
from lab.course.clinic._case import Symptom, case
from lab.course.leftovers import BuilderNamed, Tag
from lab.errors import Blocked
from lab.model.digests import brief
from lab.model.facts import Exported
from lab.model.platforms import listed
from lab.model.steps import Problem, Proof, Verdict, step
from lab.model.world import World
from lab.probes import history, needs
from lab.probes.published import Published, looked_up

PARCEL, BUILDER = "parcel", "parcel-builder"

NO_BUILDER = "There is no builder called {name} any more."
STILL_DEAF = "The builder {name} still has a network of its own: in there, localhost is the builder itself."
NOTHING_PUSHED = "The registry has no {ref} yet."
ONE_ROW = "The tag {ref} has lost a platform on its way."
OTHER_BUILDER = "The tag {ref} is there, but {name} did not push it: the builder that could not is as it was."
MENDED = "{name} works in the host's network and has pushed {ref}, {digest}, with {rows}."

_BENCH = Bench(
    PARCEL,
    texts=lambda _world: {"Dockerfile": DOCKERFILE},
    programs=(("hello-amd64", "amd64"), ("hello-arm64", "arm64")),
)


def on_this_machine(world: World) -> None:
    """The registry is on this machine, with a port of its own."""
    if not world.registry.rpartition(":")[2].isdigit():
        raise Blocked("This case needs a registry on this machine, and $REGISTRY is elsewhere.")


def scene(world: World) -> None:
    """A builder as `create` makes it, with a network of its own. Blocked where it cannot be."""
    on_this_machine(world)
    _BENCH.lay(world)
    _builders.make(world, BUILDER, "--driver-opt", "network=bridge")


@case(
    number=7,
    hurts="A new builder builds well, and cannot push. `curl` on the same machine reaches the registry.",
    minutes=10,
    entry="localhost-inside-the-builder",
    lessons=("new-builder", "builders"),
    symptom=Symptom(
        story="“The registry is on this very machine, at localhost. It answers, I have looked. Is the builder deaf?”",
        script="docker buildx build --builder parcel-builder --platform linux/amd64,linux/arm64 \\\n"
        "  -t localhost:${REGISTRY##*:}/parcel --push files/clinic/parcel",
        sign="connection refused|connect: cannot assign",
    ),
    causes="The builder is a container with a network of its own: `localhost` in there is the container, where no "
    "registry listens.",
    points=(
        "You asked from where the registry was called, and not only whether it answers.",
        "A container builder has a network of its own, unless it is made with the host's.",
        "How a builder was made cannot be changed; it can be made anew.",
    ),
)
@step(
    _builders.set_up(BUILDER),
    history.exported(BUILDER),
    looked_up(PARCEL),
    solution="""
        docker buildx rm parcel-builder
        docker buildx create --name parcel-builder --driver docker-container --driver-opt network=host
        docker buildx build --builder parcel-builder --platform linux/amd64,linux/arm64 \\
          -t localhost:${REGISTRY##*:}/parcel --push files/clinic/parcel
    """,
    hints=[
        "Which program opened the connection that was refused, and where does it run?",
        "Look at how the builder was made: its driver, and its options.",
        "A builder is made once. Under the same name it can be made anew, with the network of its host.",
    ],
    needs=[on_this_machine, needs.engine, needs.buildkit, needs.history],
    prepare=scene,
    makes=[Tag(PARCEL), BuilderNamed(BUILDER), _BENCH],
)
def parcel(made: Set, done: Exported, tag: Published) -> Verdict:
    """Make parcel-builder push files/clinic/parcel to the registry as `parcel`, for amd64 and arm64."""
    if not made.driver:
        return Problem(NO_BUILDER, found="no such builder", wanted=BUILDER, name=BUILDER)
    if tag.index is None:
        template = NOTHING_PUSHED if made.network == "host" else STILL_DEAF
        wanted = "the tag in the registry" if made.network == "host" else "the host's network"
        found = f"{done.worked} builds worked, {done.refused} did not"
        return Problem(template, found=found, wanted=wanted, name=BUILDER, ref=tag.reference)
    index = tag.index
    if not index.platforms >= _rows.PAIR:
        return Problem(ONE_ROW, found=listed(index.platforms), wanted=listed(_rows.PAIR), ref=tag.reference)
    if index.digest not in done.digests:
        made_of_it = ", ".join(map(brief, done.digests)) or "nothing"
        return Problem(
            OTHER_BUILDER,
            found=f"from {BUILDER}: {made_of_it}",
            wanted=brief(index.digest),
            ref=tag.reference,
            name=BUILDER,
        )
    if made.network != "host":
        return Problem(
            STILL_DEAF, found=made.network or "a network of its own", wanted="the host's network", name=BUILDER
        )
    return Proof(MENDED, name=BUILDER, ref=tag.reference, digest=brief(index.digest), rows=_rows.rows(index))
