"""A tag that may not be in the registry: that is a fact, too, where a builder could not push it."""

from __future__ import annotations

from dataclasses import dataclass

from lab.errors import NotThere
from lab.model.facts import Fact, Index
from lab.model.steps import Probe
from lab.model.world import World
from lab.probes import registry


@dataclass(frozen=True, kw_only=True)
class Published(Fact):
    """A tag in the registry. `index` is None where it is not there."""

    reference: str
    index: Index | None = None


def looked_up(of: str) -> Probe[Published]:
    """A probe of a tag that may be missing."""

    def probe(world: World) -> Published:
        name = str(registry.reference(world, of))
        try:
            found = registry.index(of)(world)
        except NotThere:
            return Published(reference=name)
        return Published(reference=name, index=found, evidence=found.evidence)

    return probe
