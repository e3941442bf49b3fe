"""A Docker engine and its builders, asked through the `docker` command as a learner would.

The commands are run with `--format` or read as they print; a start of the command costs far less than importing a
client library, and its text is the evidence that a learner can repeat.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from lab.errors import BadInput, Blocked, NotThere
from lab.facts import Builder, Builders, Engine, Evidence, Image, Tool
from lab.probes._buildx import as_json, as_table, builder_from_text, builders_from_json, readable
from lab.probes._command import ask
from lab.steps import Probe
from lab.world import World

__all__ = [
    "builder", "builder_from_text", "builders", "builders_from_json", "docker", "image",
    "image_from_json", "info", "is_down", "known_builders", "version", "versions", "with_current",
]  # fmt: skip

_NEWER_BUILDX = "Install a newer one: `docker buildx version` says which one you have."
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


def docker(world: World, *arguments: str, limit: float = 20.0) -> tuple[int, str, str, Evidence]:
    """Run `docker …` in the sandbox's environment; Blocked where the engine does not answer."""
    status, out, err, evidence = ask(["docker", *arguments], world.env, limit=limit)
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


def is_down(text: str) -> bool:
    """Is this how docker and buildx say that no engine answers?"""
    return any(sign in text.lower() for sign in _DOWN)


def info() -> Probe[Engine]:
    """The engine: version, platform, image store."""

    def probe(world: World) -> Engine:
        status, out, err, evidence = docker(world, "info", "--format", "{{json .}}")
        data = as_table(as_json(out, "docker info"), "docker info")
        if status or not data.get("ServerVersion"):
            reason = err.strip() or "; ".join(map(str, data.get("ServerErrors") or [])) or "no reason given"
            raise Blocked(f"The Docker engine does not answer: {reason}", "`lab up` starts it again.")
        with readable("docker info"):
            return Engine.from_json(data, (Evidence(evidence.asked, _brief(data)),))

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


def builders() -> Probe[Builders]:
    """All builders of the sandbox's buildx, with the platforms of each node unfolded."""
    return known_builders


def known_builders(world: World) -> Builders:
    """What `docker buildx ls` lists."""
    status, out, err, evidence = docker(world, "buildx", "ls", "--format", "json", limit=60)
    if status and "unknown flag" in err:
        raise Blocked("This buildx is older than 0.13: it cannot list its builders for a program.", _NEWER_BUILDX)
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
