"""The volumes of lesson 13: what builders left behind, what a builder still needs, and what is no builder's at all.

They are empty, have the names that buildx gives, and a label of the lab's, so that nobody's own volumes are meant.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab.course._seeded import chosen
from lab.course.leftovers import BuilderNamed
from lab.errors import Blocked, NotThere
from lab.model.facts import Fact
from lab.model.world import World
from lab.probes import engine
from lab.sandbox import state
from lab.sandbox.engine import adapt_new_builders

BUILDER = "studio"
LABEL = "lab.lesson=release"
_GONE = (("winter", "harvest"), ("attic", "cellar"), ("garage", "shed"))


@dataclass(frozen=True, kw_only=True)
class Volumes(Fact):
    """The volumes of the lesson that are there; those that are left over, and those that somebody needs."""

    there: tuple[str, ...]
    left_over: tuple[str, ...]
    state: str
    data: str


@dataclass(frozen=True)
class Attic:
    """The builder and the volumes of the exercise."""

    name: str = BUILDER

    def make(self, world: World) -> None:
        """Set the scene once; what has to stay is put back each time. Blocked where it cannot be."""
        if engine.known_builders(world).named(self.name) is None:
            _docker(world, "buildx", "create", "--name", self.name)
            adapt_new_builders()
            for volume in _left_over(world):
                _create(world, volume)
        for volume in (_state(world), _data()):
            _create(world, volume)

    def remove(self, world: World) -> str:
        """Take the builder and all volumes with the label away."""
        for volume in _there(world):
            engine.docker(world, "volume", "rm", "--force", volume)
        return BuilderNamed(self.name).remove(world)


def volumes(world: World) -> Volumes:
    """What is there now; NotThere while the scene was not set."""
    there = _there(world)
    if engine.known_builders(world).named(BUILDER) is None:
        raise NotThere("The volumes are not there yet. Run the step's cell once.")
    return Volumes(there=there, left_over=_left_over(world), state=_state(world), data=_data())


def _left_over(world: World) -> tuple[str, ...]:
    return tuple(f"buildx_buildkit_{_own(name)}0_state" for name in chosen(world, "volumes", _GONE))


def _data() -> str:
    return _own("orders")


def _own(name: str) -> str:
    """A name that nobody else's volume has: with the key of this lab."""
    return f"lab-{state.key()}-{name}"


def _state(world: World) -> str:
    """The volume of the builder that is still there, by its node's name."""
    found = engine.builder(BUILDER)(world)
    return f"buildx_buildkit_{found.nodes[0].name}_state"


def _there(world: World) -> tuple[str, ...]:
    status, out, err, _ = engine.docker(
        world, "volume", "ls", "--quiet", "--filter", f"label={LABEL}", "--filter", f"label={_mark()}"
    )
    if status:
        raise Blocked(f"The Docker engine does not list its volumes: {err.strip()}", "`lab up` starts it again.")
    return tuple(out.split())


def _create(world: World, volume: str) -> None:
    _docker(world, "volume", "create", "--label", LABEL, "--label", _mark(), volume)


def _mark() -> str:
    """By this `lab down` finds it."""
    from lab.sandbox.engine import commands

    return f"{commands.LABEL}={state.key()}"


def _docker(world: World, *words: str) -> None:
    status, _, err, _ = engine.docker(world, *words, limit=60)
    if status:
        raise Blocked(f"The exercise could not be set: {err.strip()[-300:]}")
