"""What `lab doctor` asks an engine: who it is, its builders, an image to make a container of. Each raises Blocked."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from typing import Any

from lab.errors import Blocked
from lab.facts import Builder
from lab.probes import engine
from lab.probes._command import ask
from lab.world import World

LIMIT = 15.0  # seconds for one command; buildx itself gives up on a builder after 20
_BUILDERS_LIMIT = 30.0
_FORMS = {
    "ServerVersion": str, "ClientInfo": dict, "SecurityOptions": list, "DriverStatus": list, "DockerRootDir": str,
    "OperatingSystem": str, "ServerErrors": list,
}  # fmt: skip


def info(world: World) -> dict[str, Any]:
    """What `docker info` says. Raises Blocked with its reason and what helps where no engine answers."""
    if not shutil.which("docker", path=world.env.get("PATH", os.defpath)):
        raise Blocked(
            "There is no `docker` command on this machine.",
            "`lab up` brings an engine of its own where it can; else install Docker.",
        )
    status, out, err, _ = ask(["docker", "info", "--format", "{{json .}}"], world.env, limit=LIMIT)
    data = _table(out)
    if status or not data.get("ServerVersion"):
        said = "; ".join(map(str, data.get("ServerErrors") or [])) or err.strip()
        raise Blocked(f"The Docker engine does not answer: {_short(said) or 'no reason given.'}", _remedy(said, world))
    return data


def _table(text: str) -> dict[str, Any]:
    """What is of another form than is known counts as not told: a newer Docker is no mistake."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    known = data.items() if isinstance(data, dict) else ()
    return {name: value for name, value in known if isinstance(value, _FORMS.get(name, object))}


def _short(text: str) -> str:
    return " ".join(text.split())[:240]


def _remedy(said: str, world: World) -> str:
    if world.registry:
        return "`lab up` starts it again."
    if "permission denied" in said.lower():
        return "Run this as root, or join the group `docker` (`sudo usermod -aG docker $USER`, then log in again)."
    return "Start it (Docker Desktop, or `sudo systemctl start docker`); `lab up` brings one of its own where it can."


def builders(world: World) -> tuple[Builder, ...]:
    """All builders that buildx lists, with their nodes. Raises Blocked."""
    command = ["docker", "buildx", "ls", "--format", "json"]
    status, out, err, _ = ask(command, world.env, limit=_BUILDERS_LIMIT)
    if status:
        old = "unknown flag" in err
        raise Blocked(
            "This buildx is too old to list its builders for programs." if old else f"`docker buildx`: {_short(err)}",
            "Install a buildx of 0.13 or newer." if old else "Install the buildx plugin (docker-buildx-plugin).",
        )
    return engine.builders_from_json(out).known


def any_image(world: World) -> str:
    """The id of an image that the engine has, "" where it has none: what is in it does not matter."""
    _, out, _, _ = ask(["docker", "image", "ls", "--quiet", "--no-trunc"], world.env, limit=LIMIT)
    return next(iter(out.split()), "")


def buildx(about: Mapping[str, Any]) -> str:
    """The plugin's version, as `docker info` has it; "" where there is none."""
    client = about.get("ClientInfo")
    plugins = client.get("Plugins") if isinstance(client, dict) else None
    known = [one for one in plugins if isinstance(one, dict)] if isinstance(plugins, list) else []
    return next((str(one.get("Version") or "?") for one in known if one.get("Name") == "buildx"), "")
