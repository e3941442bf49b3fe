"""Which versions of the depot of lesson 13 may go: what is there, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass

from lab.course import _depot
from lab.course._given import Given
from lab.course._text import counted
from lab.errors import NotThere
from lab.model.facts import Fact
from lab.model.steps import Problem, Truth
from lab.model.world import World
from lab.probes import needs, reach
from lab.probes.host import Answers

IN_USE = "Versions are marked to go, and a tag leads to them: an index that has the tag lists them."
STILL_ATTESTS = "An attestation is marked to go, and an index that has a tag lists it."
LEFT_OVER = "Versions are marked to be kept, and no tag leads to them."
DEAD = "No tag leads to {names}."
VERSIONS = Given("files/release/versions.txt", lambda world: _depot.depot(world).listed)


@dataclass(frozen=True, kw_only=True)
class Kept(Fact):
    """The versions of the depot that have no tag, by name, with the tags that lead to each; and the depot's tags."""

    versions: tuple[tuple[str, tuple[str, ...]], ...]
    attestation: str
    tags: tuple[str, ...]


def depot_found(world: World) -> Kept:
    stock = _depot.depot(world)
    found = reach.of(world, _depot.DEPOT)
    if not found.tags:
        raise NotThere("The depot is not there yet. Run the step's cell once.")
    led = {name: found.by(manifest.digest) for name, manifest in stock.untagged.items()}
    return Kept(
        versions=tuple(led.items()),
        attestation=next(name for name, tags in led.items() if tags and stock.untagged[name].digest in stock.notes),
        tags=tuple(tag for tag, _ in found.tags),
        evidence=found.evidence,
    )


def fill_depot(world: World) -> None:
    """The depot and the list of what it keeps without a tag. Blocked where it cannot be."""
    needs.own_registry(world)
    _depot.push_depot(world)
    VERSIONS.lay(world)


def dead(kept: Kept, _answers: Answers) -> Truth:
    """How many versions no tag leads to."""
    names = [name for name, tags in kept.versions if not tags]
    return Truth(len(names), DEAD, names=", ".join(names))


def badly_marked(led: dict[str, tuple[str, ...]], said: dict[str, str], attestation: str) -> Problem | None:
    """What is marked to go and must stay, or the other way round; never which one it is."""
    gone = [name for name, tags in led.items() if tags and said[name] == "go"]
    if gone == [attestation]:
        return Problem(STILL_ATTESTS, found="an attestation that is listed, marked `go`", wanted="none")
    if gone:
        return Problem(IN_USE, found=f"{counted(len(gone), 'version')} in use, marked `go`", wanted="none")
    if kept := [name for name, tags in led.items() if not tags and said[name] == "keep"]:
        return Problem(LEFT_OVER, found=f"{counted(len(kept), 'version')} left over, marked `keep`", wanted="none")
    return None
