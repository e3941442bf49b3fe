"""K08: a builder does not take the registry's word, and everybody else does."""

from __future__ import annotations

import tempfile
from pathlib import Path

from lab.course.clinic import _builders, _rows
from lab.course.clinic._bench import Bench
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

CELLAR, BUILDER = "cellar", "cellar-builder"

NO_BUILDER = "There is no builder called {name} any more."
NOTHING_PUSHED = "The registry has no {ref} yet: {name} has neither fetched the base nor pushed."
ONE_ROW = "The tag {ref} lacks a platform."
OTHER_BUILDER = "The tag {ref} is there, but {name} did not push it: it still does not take the registry's word."
MENDED = "{name} has fetched its base from the registry and pushed {ref}, {digest}, with {rows}."

_DOCKERFILE = """\
FROM {registry}/library/busybox:1.38
COPY jam.txt /jam.txt
CMD ["cat", "/jam.txt"]
"""
_SETTINGS = "# The team's own settings for its builders.\ndebug = false\n"
_BENCH = Bench(
    CELLAR,
    texts=lambda world: {
        "Dockerfile": _DOCKERFILE.format(registry=world.registry),
        "jam.txt": "plum, quince\n",
        "builder.toml": _SETTINGS,
    },
)


def asks_for_a_certificate(world: World) -> None:
    """The registry has a certificate: BuildKit asks none of a registry on localhost."""
    if world.registry.startswith(("localhost", "127.")) or not world.registry.rpartition(":")[2].isdigit():
        raise Blocked(
            "This case needs the lab's own engine: only there the registry has a certificate of its own.",
            "`lab down`, then `lab up --private`.",
        )


def scene(world: World) -> None:
    """A builder with settings of its own, which say nothing of the registry. Blocked where it cannot be."""
    asks_for_a_certificate(world)
    _BENCH.lay(world)
    with tempfile.TemporaryDirectory(prefix="lab-clinic-") as folder:
        settings = Path(folder) / "builder.toml"
        settings.write_text(_SETTINGS, encoding="utf-8")
        _builders.make(world, BUILDER, "--driver-opt", "network=host", "--buildkitd-config", str(settings))


@case(
    number=8,
    hurts="The engine pulls from the registry and pushes to it. A new builder refuses to talk to it.",
    minutes=10,
    entry="builder-does-not-trust-ca",
    lessons=("new-builder", "builders"),
    symptom=Symptom(
        story="“The registry is the same for all, and the engine trusts it, look at its configuration. We only gave "
        "the builder a settings file of our own.”",
        script="docker pull --quiet $REGISTRY/library/busybox:1.38\n"
        "docker buildx build --builder cellar-builder --platform linux/amd64,linux/arm64 \\\n"
        "  -t $REGISTRY/cellar --push files/clinic/cellar",
        sign="certificate signed by unknown authority|HTTP response to HTTPS client|failed to verify certificate",
    ),
    causes="`docker buildx inspect` shows the settings that the builder was made with, and the registry is not in "
    "them: a builder does not read the engine's configuration.",
    points=(
        "You compared two configurations: the engine's, and the builder's.",
        "A settings file of one's own replaces the default one; it does not add to it.",
        "What a builder was made with stays with it.",
    ),
)
@step(
    _builders.set_up(BUILDER),
    history.exported(BUILDER),
    looked_up(CELLAR),
    solution="""
        docker buildx rm cellar-builder
        docker buildx create --name cellar-builder --driver docker-container --driver-opt network=host
        docker buildx build --builder cellar-builder --platform linux/amd64,linux/arm64 \\
          -t $REGISTRY/cellar --push files/clinic/cellar
    """,
    hints=[
        "Who refuses whom, and at which step: where the base is fetched, or where the result is pushed?",
        "Show the builder in full: it lists the settings that it was given.",
        "In this sandbox a builder that is made without a file of one's own gets settings that know the registry.",
    ],
    needs=[asks_for_a_certificate, needs.engine, needs.buildkit, needs.history],
    prepare=scene,
    makes=[Tag(CELLAR), BuilderNamed(BUILDER), _BENCH],
)
def cellar(made: Set, done: Exported, tag: Published) -> Verdict:
    """Make cellar-builder build files/clinic/cellar for amd64 and arm64, and push it as $REGISTRY/cellar."""
    if not made.driver:
        return Problem(NO_BUILDER, found="no such builder", wanted=BUILDER, name=BUILDER)
    if tag.index is None:
        found = f"{done.worked} builds worked, {done.refused} did not"
        return Problem(NOTHING_PUSHED, found=found, wanted="the tag in the registry", name=BUILDER, ref=tag.reference)
    index = tag.index
    if not index.platforms >= _rows.PAIR:
        return Problem(ONE_ROW, found=listed(index.platforms), wanted=listed(_rows.PAIR), ref=tag.reference)
    if index.digest not in done.digests:
        made_of_it = ", ".join(map(brief, done.digests)) or "nothing"
        wanted = brief(index.digest)
        return Problem(
            OTHER_BUILDER, found=f"from {BUILDER}: {made_of_it}", wanted=wanted, ref=tag.reference, name=BUILDER
        )
    return Proof(MENDED, name=BUILDER, ref=tag.reference, digest=brief(index.digest), rows=_rows.rows(index))
