"""What is wrong with the lighthouse, for this learner: six of ten faults, by the learner's number."""

from __future__ import annotations

from lab.course._seeded import shuffled
from lab.model.platforms import Platform
from lab.model.world import World

ARGUMENT, STAGE, PINNED, GOARM, TOOLS, BASE, KEY, RACE, PROMOTE, CLEANER = FAULTS = (
    "argument", "stage", "pinned", "goarm", "tools", "base", "key", "race", "promote", "cleaner",
)  # fmt: skip
HOW_MANY = 6

IMAGES = ("lamp", "horn", "log")
AMD, ARM, V6 = (Platform.parse(f"linux/{name}") for name in ("amd64", "arm64", "arm/v6"))
THREE = frozenset({AMD, ARM, V6})
OLD = (AMD, ARM)  # what version 1 has


def planted(world: World) -> frozenset[str]:
    """The faults of this learner."""
    return frozenset(shuffled(world, "lighthouse", FAULTS)[:HOW_MANY])


def here(world: World) -> Platform:
    """The platform of whoever has built version 1: this machine's own, where all seems well."""
    return Platform.parse(world.env["HERE"])


def repository(image: str) -> str:
    """Where an image of the lighthouse is in `$REGISTRY`."""
    return f"lighthouse/{image}"
