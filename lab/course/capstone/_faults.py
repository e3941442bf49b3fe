"""What is wrong with the lighthouse, for this learner: six of ten faults, by the learner's number."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from lab.course._seeded import shuffled
from lab.errors import BadInput
from lab.model.platforms import Platform
from lab.model.world import World
from lab.storage import read_json, write_json

ARGUMENT, STAGE, PINNED, GOARM, TOOLS, BASE, KEY, RACE, PROMOTE, CLEANER = FAULTS = (
    "argument", "stage", "pinned", "goarm", "tools", "base", "key", "race", "promote", "cleaner",
)  # fmt: skip
HOW_MANY = 6
_BEGUN = "capstone.json"

IMAGES = ("lamp", "horn", "log")
AMD, ARM, V6 = (Platform.parse(f"linux/{name}") for name in ("amd64", "arm64", "arm/v6"))
THREE = frozenset({AMD, ARM, V6})
OLD = (AMD, ARM)  # what version 1 has


@dataclass(frozen=True)
class Begun:
    """When a learner began, and with which number: another one counts after a reset only."""

    when: datetime
    seed: int


def begun(home: Path) -> Begun | None:
    """The beginning; None where there is none."""
    try:
        kept = read_json(home / _BEGUN)
        return Begun(datetime.fromisoformat(str(kept["began"])).astimezone(UTC), int(kept["seed"])) if kept else None
    except (BadInput, KeyError, TypeError, ValueError):
        return None


def begin(world: World) -> None:
    """Note that a learner begins now, where that is not noted."""
    if begun(world.home) is None:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        write_json(world.home / _BEGUN, {"began": now, "seed": world.seed})


def forget(home: Path) -> None:
    """Nobody has begun."""
    (home / _BEGUN).unlink(missing_ok=True)


def planted(world: World) -> frozenset[str]:
    """The faults of this learner."""
    began = begun(world.home)
    own = replace(world, seed=began.seed) if began else world
    return frozenset(shuffled(own, "lighthouse", FAULTS)[:HOW_MANY])


def here(world: World) -> Platform:
    """The platform of whoever has built version 1: this machine's own, where all seems well."""
    return Platform.parse(world.env["HERE"])


def repository(image: str) -> str:
    """Where an image of the lighthouse is in `$REGISTRY`."""
    return f"lighthouse/{image}"
