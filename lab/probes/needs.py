"""What a step cannot do without. Asked only where the step does not pass; raises Blocked with the reason."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass

from lab.errors import Blocked
from lab.model.facts import Fact
from lab.model.steps import Need, Probe
from lab.model.world import World
from lab.probes.engine import NEWER_BUILDX, check_answers, docker

BASE = "busybox:1.38"
NO_HISTORY = "This buildx is older than 0.20: it cannot say what a builder has built."
NO_CONSENT = "LAB_EMULATORS"  # "no" in a run where nobody could be asked about emulators
REFUSED = "exec format error"


@dataclass(frozen=True, kw_only=True)
class Emulation(Fact):
    """Whether the engine runs programs of a platform: by its own processor, or by an emulator."""

    platform: str
    runs: bool


def emulation() -> Probe[Emulation]:
    """Run a program of `$OTHER` and see. Blocked where the base image cannot be had."""

    def probe(world: World) -> Emulation:
        platform = world.env["OTHER"]
        status, _, err, evidence = docker(world, "run", "--rm", "--platform", platform, BASE, "uname", "-m", limit=60)
        if status and REFUSED not in err:
            raise Blocked(f"A container for {platform} cannot be started: {err.strip()[-300:]}")
        return Emulation(platform=platform, runs=not status, evidence=(evidence,))

    return probe


def engine(world: World) -> None:
    """The engine answers."""
    check_answers(world)


def several_platforms(world: World) -> None:
    """The engine keeps images for several platforms under one tag, so its own builder can build them at once."""
    from lab.probes import engine as engines

    if engines.info()(world).store == "classic":
        raise Blocked(
            "This engine has the classic image store: its own builder builds for one platform at a time.",
            "Go on with the next step: lesson 6 makes a builder that builds for several.",
        )


def several_at_once(world: World) -> None:
    """The current builder builds for several platforms in one build."""
    from lab.probes import engine as engines

    current = engines.known_builders(world).current
    if current and current.driver == "docker" and engines.info()(world).store == "classic":
        raise Blocked(
            f"The builder {current.name} builds for one platform at a time: its engine has the classic image store.",
            "Do lesson 6 again: there you make a builder that builds for several.",
        )


def emulator(world: World) -> None:
    """Programs of `$OTHER` run here."""
    found = emulation()(world)
    if not found.runs:
        raise Blocked(
            f"No emulator for {found.platform} is registered here.", "`lab up --emulators` registers them; lesson 4."
        )


def consent(world: World) -> None:
    """Somebody may agree to emulators: not in a headless run that was not told so."""
    del world
    if os.environ.get(NO_CONSENT) == "no":
        raise Blocked("This run may not register emulators: nobody agreed to it.", "Run it with --emulators to agree.")


def emulators_agreed(world: World) -> None:
    """The learner has let emulators in: the step registers one with the kernel by itself."""
    from lab.sandbox.emulators import unopened

    del world
    unopened.check_agreed()


def reach(world: World) -> None:
    """The current builder reaches `$REGISTRY`."""
    from lab.sandbox.engine import builders, buildx_store

    name = buildx_store.current()
    if builders.cannot_reach_registry(name):
        raise Blocked(
            f"The builder {name} has a network of its own: in there, {world.registry} is the builder itself.",
            f"`docker buildx rm {name}`, then do lesson 6 again: there it gets the host's network before it starts.",
        )


def buildkit(world: World) -> None:
    """BuildKit's image is there, so that a new builder can start."""
    from lab.sandbox import buildkit as image

    del world
    image.check_ready()


def nodes(world: World) -> None:
    """BuildKit nodes of the lab's own can be had: the engine is on this very machine."""
    from lab.sandbox import nodes as places

    del world
    places.check_possible()


def imagetools(option: str) -> Need:
    """`docker buildx imagetools create` has that option."""

    def need(world: World) -> None:
        _, out, err, _ = docker(world, "buildx", "imagetools", "create", "--help")
        if not re.search(rf"{option}\b", out + err):
            raise Blocked(
                f"This buildx is too old: its `imagetools create` has no option {option}.",
                NEWER_BUILDX,
            )

    return need


def history(world: World) -> None:
    """Buildx can say what a builder has built."""
    _, out, err, _ = docker(world, "buildx", "history", "ls", "--help")
    if not re.search(r"--format\b", out + err):
        raise Blocked(NO_HISTORY, NEWER_BUILDX)


def own_registry(world: World) -> None:
    """`$REGISTRY` is the lab's own: the step keeps other people's images there, or deletes."""
    if "/" in world.registry:
        raise Blocked(
            f"{world.registry} is an account of yours, and this step deletes things in a registry.",
            "Run `lab up` without --registry: then `$REGISTRY` is the lab's own.",
        )


def curl(world: World) -> None:
    """There is a program that asks a registry for whatever it is told."""
    if shutil.which("curl", path=world.env.get("PATH")) is None:
        raise Blocked("The program curl is not installed here.", "Install it with your system's own package manager.")


def golang(world: World) -> None:
    """The base image `golang` is there, or comes from Docker Hub."""
    from lab.sandbox import golang as image

    del world
    image.check_ready()
