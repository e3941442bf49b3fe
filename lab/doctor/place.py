"""Which Docker `lab doctor` means: the sandbox's where one is up, else the learner's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab import paths
from lab.doctor.facts import Trouble, Whose
from lab.errors import LabError
from lab.model.world import World
from lab.probes.here import this_world
from lab.sandbox import engine, state
from lab.sandbox.host.run import printed

_DEFAULT_HOST = "unix:///var/run/docker.sock"


@dataclass(frozen=True)
class Place:
    """Which engine is meant: the sandbox's, or the learner's own.

    `port` is that of the lab's registry, `bridge` the address at which containers reach it. `remote`: see EngineRef.
    """

    world: World
    whose: Whose
    host: str
    remote: bool | None
    port: int | None
    sandbox: Trouble | None
    bridge: str | None = None


def chosen() -> Place:
    """The sandbox; the learner's own Docker where none is up, with the reason."""
    try:
        now = state.read()
        world = this_world()
    except LabError as error:
        return own(Trouble(error.message, error.remedy))
    assert now  # noqa: S101  # `here` has read it
    return Place(world, engine.of(now.engine).code, now.engine.host, now.engine.remote, now.port, None, now.address)


def own(why: Trouble | None = None) -> Place:
    """The learner's own Docker, also when `lab` runs inside the sandbox's environment."""
    from lab.sandbox.engine.search import outside

    env = outside()
    if env.get("LAB_SANDBOX"):
        for name in ("BUILDX_CONFIG", "REGISTRY", "LAB_SANDBOX"):
            env.pop(name, None)
    world = World(env=env, registry="", workspace=Path.cwd(), home=paths.learner())
    said = why or Trouble("With --own, your own engine is checked, not the sandbox.")
    return Place(world, "learner", "", None, None, said)


def address(place: Place) -> str:
    """The engine's address; costs a command where a context says it."""
    env = place.world.env
    if place.host or env.get("DOCKER_HOST"):
        return place.host or env["DOCKER_HOST"]
    command = ("context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
    return printed(["docker", *command], env) or _DEFAULT_HOST


def names(place: Place, address: str, about: Mapping[str, Any]) -> frozenset[str]:
    """What builders may call this engine: its context's name, or its address. `about` is what `docker info` says."""
    context = str((about.get("ClientInfo") or {}).get("Context") or "default")
    return frozenset({context, address, place.world.env.get("DOCKER_CONTEXT") or context})
