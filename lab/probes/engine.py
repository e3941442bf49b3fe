"""A Docker engine and its builders, asked through the `docker` command as a learner would.

The commands are run with `--format` or read as they print; a start of the command costs far less than importing a
client library, and its text is the evidence that a learner can repeat.
"""

from __future__ import annotations

import json
from typing import Any

from lab.errors import BadInput, Blocked, NotThere
from lab.facts import Builder, Engine, Evidence, Image, Node
from lab.platforms import Platform
from lab.probes._command import ask
from lab.steps import Probe
from lab.world import World

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
    if status and any(sign in err.lower() for sign in _DOWN):
        raise Blocked("The Docker engine does not answer.", "`lab up` starts it again.")
    return status, out, err, evidence


def answers(world: World) -> None:
    """A need: the engine answers. Raises Blocked where it does not."""
    status, _, err, _ = docker(world, "version", "--format", "{{.Server.Version}}")
    if status:
        raise Blocked(f"The Docker engine does not answer: {err.strip()}", "`lab up` starts it again.")


def versions(world: World) -> dict[str, str]:
    """What a run ran on, for the stamp on its pages: engine, image store, buildx, platform."""
    engine = info()(world)
    _, out, _, _ = docker(world, "buildx", "version")
    words = out.split()
    return {
        "engine": engine.version,
        "store": engine.store,
        "buildx": words[1] if len(words) > 1 else "unknown",
        "platform": str(engine.platform),
    }


def info() -> Probe:
    """The engine: version, platform, image store."""

    def probe(world: World) -> Engine:
        status, out, err, evidence = docker(world, "info", "--format", "{{json .}}")
        data = _json(out, "docker info")
        if status or not data.get("ServerVersion"):
            reason = err.strip() or "; ".join(map(str, data.get("ServerErrors") or [])) or "no reason given"
            raise Blocked(f"The Docker engine does not answer: {reason}", "`lab up` starts it again.")
        return Engine.from_json(data, (Evidence(evidence.asked, _brief(data)),))

    return probe


def image(reference: str) -> Probe:
    """An image in the engine's own store; NotThere where it has none of that name."""

    def probe(world: World) -> Image:
        name = f"{world.registry}/{reference}"
        status, out, err, evidence = docker(world, "image", "inspect", name)
        if status:
            if "no such image" in err.lower():
                raise NotThere(f"The engine has no image {name!r}.")
            raise Blocked(f"The engine does not say what {name!r} is: {err.strip()}")
        return image_from_json(_json(out, "docker image inspect"), name, (evidence,))

    return probe


def image_from_json(data: Any, name: str, evidence: tuple[Evidence, ...] = ()) -> Image:
    """Read what `docker image inspect NAME` answers: a list of one image."""
    if not isinstance(data, list) or not data or not isinstance(data[0], dict):
        raise BadInput(f"`docker image inspect {name}` answered something that is no list of images.")
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


def builder(name: str = "") -> Probe:
    """A builder with its nodes (the current one where no name is given); NotThere where there is none."""

    def probe(world: World) -> Builder:
        listed = builders_from_json(*_ls(world))
        for one in listed:
            if one.name == name or (not name and one.current):
                return one
        raise NotThere(f"There is no builder {name!r}.")

    return probe


def builders(world: World) -> tuple[Builder, ...]:
    """All builders that buildx knows."""
    return builders_from_json(*_ls(world))


def _ls(world: World) -> tuple[str, Evidence]:
    status, out, err, evidence = docker(world, "buildx", "ls", "--format", "json", limit=60)
    if status:
        raise Blocked(f"`docker buildx ls` does not answer: {err.strip()}", "Is the buildx plugin installed?")
    return out, evidence


def builders_from_json(text: str, evidence: Evidence) -> tuple[Builder, ...]:
    """Read what `docker buildx ls --format json` prints: one builder a line, each node's platforms whole."""
    found = []
    for line in filter(None, map(str.strip, text.splitlines())):
        data = _json(line, "docker buildx ls")
        nodes = tuple(_node(node) for node in data.get("Nodes") or [] if isinstance(node, dict))
        found.append(
            Builder(
                name=str(data.get("Name", "")),
                driver=str(data.get("Driver", "")),
                nodes=nodes,
                current=bool(data.get("Current", False)),
                evidence=(evidence,),
            )
        )
    return tuple(found)


def _node(data: dict[str, Any]) -> Node:
    given = data.get("Platforms") or []
    names = [p if isinstance(p, str) else _platform_name(p) for p in given]
    return Node(
        name=str(data.get("Name", "")),
        endpoint=str(data.get("Endpoint", "")),
        status=str(data.get("Status", "")),
        buildkit=str(data.get("Version", "")),
        platforms=tuple(Platform.parse(name.removesuffix("*")) for name in names),
        error=str(data.get("Err", "") or ""),
    )


def _platform_name(data: dict[str, Any]) -> str:
    return "/".join(filter(None, (data.get("os"), data.get("architecture"), data.get("variant"))))


def _json(text: str, command: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Blocked(f"`{command}` answered something that is no JSON.", "Is the engine all right?") from error


def _brief(info: dict[str, Any]) -> str:
    keys = ("ServerVersion", "OSType", "Architecture", "Driver", "DriverStatus", "OperatingSystem")
    return json.dumps({key: info.get(key) for key in keys}, indent=1)
