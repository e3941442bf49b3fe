"""Builders that a case is about: made once, by the scene, with what is wrong with them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lab.course.clinic import _scenes
from lab.course.leftovers import BuilderNamed
from lab.errors import Blocked
from lab.model.facts import Fact
from lab.model.steps import Probe
from lab.model.world import World
from lab.probes import engine
from lab.sandbox.engine import adapt_new_builders, has_foreign_builder

__all__ = ["BuilderNamed", "Set", "make", "set_up"]

_OPTIONS = re.compile(r"^Driver Options:\s*(.+)$", re.MULTILINE)
_NETWORK = re.compile(r'network="?([\w-]+)')


@dataclass(frozen=True, kw_only=True)
class Set(Fact):
    """How a builder was made: its driver, and the network that it was given ("" for one of its own)."""

    name: str
    driver: str = ""
    network: str = ""


def make(world: World, name: str, *options: str) -> None:
    """A container builder of that name, where there is none. Blocked where it would take one of the learner's own."""
    if has_foreign_builder(name):
        raise Blocked(
            f"Your engine has a builder of yours called {name!r}.",
            "Rename yours, or leave this case out of your round.",
        )
    if engine.known_builders(world).named(name) is None:
        _scenes.docker(world, "buildx", "create", "--name", name, "--driver", "docker-container", *options)
        adapt_new_builders()


def set_up(name: str) -> Probe[Set]:
    """A probe of how that builder was made; no driver where there is none of that name."""

    def probe(world: World) -> Set:
        status, out, _, evidence = engine.docker(world, "buildx", "inspect", name, limit=60)
        if status:
            return Set(name=name, evidence=(evidence,))
        options = _OPTIONS.search(out)
        network = _NETWORK.search(options[1]) if options else None
        driver = re.search(r"^Driver:\s*(\S+)", out, re.MULTILINE)
        return Set(
            name=name,
            driver=driver[1] if driver else "",
            network=network[1] if network else "",
            evidence=(evidence,),
        )

    return probe
