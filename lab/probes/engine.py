"""A Docker engine and its builders, asked through the `docker` command as a learner would.

The commands are run with `--format` or read as they print; a start of the command costs far less than importing a
client library, and its text is the evidence that a learner can repeat.
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lab.errors import BadInput, Blocked, NotThere
from lab.model.facts import Builder, Builders, Containers, Engine, Evidence, Image, Ran, Tool
from lab.model.steps import Probe
from lab.model.world import World
from lab.probes.buildx import as_json, as_table, builder_from_text, builders_from_json, readable
from lab.probes.command import ask
from lab.probes.host import transcript
from lab.sandbox.host import http

__all__ = [
    "builder", "builder_from_text", "builders", "builders_from_json", "check_answers", "containers",
    "containers_between", "containers_from_events", "docker", "image",
    "image_from_json", "info", "is_down", "known_builders", "version", "versions", "with_current",
]  # fmt: skip

NEWER_BUILDX = "Install a newer one: `docker buildx version` says which one you have."
_DOWN = (
    "cannot connect to the docker daemon",
    "failed to connect to the docker api",
    "error during connect",
    "is the docker daemon running",
    "connection refused",
    "permission denied while trying to connect",
    "no such file or directory: connect",
    "context deadline exceeded",
)


def docker(
    world: World, *arguments: str, limit: float = 20.0, folder: Path | None = None
) -> tuple[int, str, str, Evidence]:
    """Run `docker …` in the sandbox's environment; Blocked where the engine does not answer."""
    status, out, err, evidence = ask(["docker", *arguments], world.env, limit=limit, folder=folder)
    if status and is_down(err):
        raise Blocked("The Docker engine does not answer.", "`lab up` starts it again.")
    return status, out, err, evidence


def versions(world: World) -> dict[str, str]:
    """What a run ran on, for the stamp on its pages: engine, image store, buildx, platform."""
    engine = info()(world)
    _, out, _, _ = docker(world, "buildx", "version")
    words = out.split()
    running = [node.buildkit for one in known_builders(world).known for node in one.nodes if node.buildkit]
    told = [version for version in running if "unknown" not in version]
    return {
        "engine": engine.version,
        "store": engine.store,
        "buildx": words[1] if len(words) > 1 else "unknown",
        "platform": str(engine.platform),
    } | ({"buildkit": told[0]} if told else {})


def check_answers(world: World) -> None:
    """Raises Blocked where the engine does not answer."""
    if _straight(world, "/_ping"):
        return
    status, _, err, _ = docker(world, "version", "--format", "{{.Server.Version}}")
    if status:
        raise Blocked(f"The Docker engine does not answer: {err.strip()}", "`lab up` starts it again.")


def _straight(world: World, path: str) -> str:
    """What an engine on a unix socket answers; "" where none does, or where it is elsewhere: then docker is asked.

    The same answer as through docker, without its start (and, for `info`, that of each of its plugins).
    Source: Docker Engine API, `GET /_ping` and `GET /info`.
    """
    kind, _, socket = world.env.get("DOCKER_HOST", "").partition("unix://")
    answer = http.get(Path(socket), path) if socket and not kind else None
    return answer.body.decode(errors="replace") if answer and answer.status == 200 else ""


def is_down(text: str) -> bool:
    """Is this how docker and buildx say that no engine answers?"""
    return any(sign in text.lower() for sign in _DOWN)


def info() -> Probe[Engine]:
    """The engine: version, platform, image store."""
    command = ("info", "--format", "{{json .}}")

    def probe(world: World) -> Engine:
        status, err, out = 0, "", _straight(world, "/info")
        if not out:
            status, out, err, _ = docker(world, *command)
        data = as_table(as_json(out, "docker info"), "docker info")
        if status or not data.get("ServerVersion"):
            reason = err.strip() or "; ".join(map(str, data.get("ServerErrors") or [])) or "no reason given"
            raise Blocked(f"The Docker engine does not answer: {reason}", "`lab up` starts it again.")
        with readable("docker info"):
            return Engine.from_json(data, (Evidence(shlex.join(("docker", *command)), _brief(data)),))

    return probe


def image(reference: str) -> Probe[Image]:
    """An image in the engine's own store; NotThere where it has none of that name."""

    def probe(world: World) -> Image:
        name = f"{world.registry}/{reference}"
        status, out, err, evidence = docker(world, "image", "inspect", name)
        if status:
            if "no such image" in err.lower():
                raise NotThere(f"The engine has no image {name!r}.")
            raise Blocked(f"The engine does not say what {name!r} is: {err.strip()}")
        with readable("docker image inspect"):
            return image_from_json(as_json(out, "docker image inspect"), name, (evidence,))

    return probe


def image_from_json(data: Any, name: str, evidence: tuple[Evidence, ...] = ()) -> Image:
    """Read what `docker image inspect NAME` answers: a list of one image."""
    if not isinstance(data, list) or not data or not isinstance(data[0], dict):
        raise BadInput(f"`docker image inspect {name}` answered something that is not a list of images.")
    first = data[0]
    config = first.get("Config") or {}
    layers = (first.get("RootFS") or {}).get("Layers") or ()
    return Image.from_json(
        {
            "os": first.get("Os"),
            "architecture": first.get("Architecture"),
            "variant": first.get("Variant") or "",
            "config": config,
            "created": first.get("Created") or "",
        },
        reference=name,
        digest=str(first.get("Id", "")),
        layers=tuple(map(str, layers)),
        evidence=evidence,
    )


@dataclass(frozen=True)
class ContainersOf:
    """A probe of the containers that ran while the step was tried, by the engine's own record; asked once and kept.

    The engine remembers its last 256 events, so they are asked for as soon as the step is checked.
    """

    step: str

    def __call__(self, world: World) -> Containers:
        """Those that the step's latest try ran."""
        tried = transcript(self.step)(world)
        if tried.containers is None:
            found = containers_between(world, tried.began, tried.ended)
            world.keep(replace(tried, containers=found.ran))
            return found
        ran = "\n".join(f"{one.image} (exit status {one.exit_status})" for one in tried.containers)
        return Containers(ran=tried.containers, evidence=(Evidence("docker events", ran),))


def containers(step: str) -> Probe[Containers]:
    """The containers that ran while the step was tried."""
    return ContainersOf(step)


def containers_between(world: World, began: float, ended: float) -> Containers:
    """The containers that were created between two moments (in seconds since 1970), and how they ended."""
    since, until = f"{began - world.skew:.6f}", f"{ended + world.skew:.6f}"
    span = ("--since", since, "--until", until, "--filter", "type=container")
    status, out, err, evidence = docker(world, "events", *span, "--format", "{{json .}}")
    if status:
        raise Blocked(f"The Docker engine does not say which containers ran: {err.strip()}")
    found = containers_from_events(out)
    ran = "\n".join(f"{one.image} (exit status {one.exit_status})" for one in found)
    return Containers(ran=found, evidence=(Evidence(evidence.asked.replace(" --format '{{json .}}'", ""), ran),))


def containers_from_events(text: str) -> tuple[Ran, ...]:
    """Read what `docker events --format '{{json .}}'` prints: a container is there from `create` to `die`."""
    found: dict[str, Ran] = {}
    for line in text.splitlines():
        event = as_table(as_json(line, "docker events"), "docker events")
        actor = as_table(event.get("Actor"), "docker events")
        told = as_table(actor.get("Attributes"), "docker events")
        name = str(actor.get("ID"))
        if event.get("Action") == "create":
            found[name] = Ran(image=str(told.get("image")), when=float(event.get("timeNano") or 0) / 1e9)
        elif event.get("Action") == "die" and name in found and str(told.get("exitCode", "")).isdigit():
            found[name] = replace(found[name], exit_status=int(told["exitCode"]))
    return tuple(found.values())


def builders() -> Probe[Builders]:
    """All builders of the sandbox's buildx, with the platforms of each node unfolded."""
    return known_builders


def known_builders(world: World) -> Builders:
    """What `docker buildx ls` lists."""
    status, out, err, evidence = docker(world, "buildx", "ls", "--format", "json", limit=60)
    if status and "unknown flag" in err:
        raise Blocked("This buildx is older than 0.13: it cannot list its builders for a program.", NEWER_BUILDX)
    if status:
        raise Blocked(f"`docker buildx ls` does not answer: {err.strip()}", "Is the buildx plugin installed?")
    found = builders_from_json(out, (evidence,))
    for one in found.known:
        if is_down(one.error):
            raise Blocked("The Docker engine does not answer.", "`lab up` starts it again.")
    if found.current or not found.known:
        return found
    # before buildx 0.15 only the table has the star
    _, table, _, evidence = docker(world, "buildx", "ls", limit=60)
    return with_current(found, table, evidence)


def with_current(found: Builders, table: str, evidence: Evidence) -> Builders:
    """The same builders, the current one being that with a star in the table of `docker buildx ls`."""
    starred = {line.split()[0].removesuffix("*") for line in table.splitlines() if re.match(r"\S+\*\s", line)}
    known = tuple(replace(one, current=one.name in starred) for one in found.known)
    return replace(found, known=known, evidence=(*found.evidence, evidence))


def builder(name: str) -> Probe[Builder]:
    """One builder, read as `docker buildx inspect` prints it; NotThere where there is none of that name."""

    def probe(world: World) -> Builder:
        status, out, err, evidence = docker(world, "buildx", "inspect", name, limit=60)
        if status:
            if "no builder" in err.lower():
                raise NotThere(f"There is no builder {name!r}.")
            raise Blocked(f"`docker buildx inspect {name}` does not answer: {err.strip()}")
        return builder_from_text(out, (evidence,))

    return probe


def version() -> Probe[Tool]:
    """The version of buildx."""

    def probe(world: World) -> Tool:
        status, out, err, evidence = docker(world, "buildx", "version")
        words = out.split()
        if status or len(words) < 2:
            raise Blocked(f"`docker buildx version` does not answer: {err.strip()}", "Is the buildx plugin installed?")
        return Tool(name="buildx", version=words[1], evidence=(evidence,))

    return probe


def _brief(info: dict[str, Any]) -> str:
    keys = ("ServerVersion", "OSType", "Architecture", "Driver", "DriverStatus", "OperatingSystem")
    return json.dumps({key: info.get(key) for key in keys}, indent=1)
