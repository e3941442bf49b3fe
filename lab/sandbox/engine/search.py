"""The user's own Docker engine, looked for as their `docker` command finds it."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab import paths
from lab.sandbox import state
from lab.sandbox.host.run import attempt, printed
from lab.sandbox.model import EngineRef

_ABOUT = ("info", "--format", "{{json .}}")
_CONTEXT = ("context", "inspect", "--format", "{{json .}}")


@dataclass(frozen=True)
class Refusal:
    """Why no engine of the user's is to be had: whether there is a `docker`, whom it asked, what that said."""

    docker: bool
    host: str
    said: str


def look() -> EngineRef | Refusal:
    """The engine that answers to the user's own `docker` command, or why none does."""
    environment = outside()
    docker = shutil.which("docker", path=environment.get("PATH"))
    if not docker:
        return Refusal(docker=False, host="", said="")
    context = _json(printed([docker, *_CONTEXT], environment))
    host = environment.get("DOCKER_HOST") or str(_endpoint(context).get("Host", ""))
    said, complaint = attempt([docker, *_ABOUT], environment)
    about = _json(said)
    if not about.get("ServerVersion"):
        errors = about.get("ServerErrors")
        reason = "; ".join(map(str, errors)) if isinstance(errors, list) and errors else complaint
        return Refusal(docker=True, host=host, said=reason.strip())
    name = None if environment.get("DOCKER_HOST") else needed_context(context)
    return EngineRef("learner", host, Path(docker), name, remote=is_remote(host, about))


def needed_context(context: Mapping[str, Any]) -> str | None:
    """The context's name where its address alone does not do: it brings keys, or trusts without.

    An address is better otherwise: the engine's builder is then called `default`, as in the lessons, and not after the
    context (as with Docker Desktop's `desktop-linux`).
    """
    keys = context.get("TLSMaterial")
    special = (isinstance(keys, dict) and keys.get("docker")) or _endpoint(context).get("SkipTLSVerify")
    return str(context.get("Name")) if special else None


def _endpoint(context: Mapping[str, Any]) -> dict[str, Any]:
    endpoints = context.get("Endpoints")
    found = endpoints.get("docker") if isinstance(endpoints, dict) else None
    return found if isinstance(found, dict) else {}


def is_remote(host: str, about: Mapping[str, Any]) -> bool:
    """Whether the engine's `localhost` is not this machine's, from its address and what `docker info` says."""
    desktop = "desktop" in str(about.get("OperatingSystem", "")).lower()
    rootless = any("rootless" in str(option) for option in about.get("SecurityOptions") or ())
    return sys.platform != "linux" or not host.startswith("unix://") or desktop or rootless


def outside() -> dict[str, str]:
    """The user's environment, also when `lab` runs inside the sandbox's own (a notebook's terminal)."""
    found = dict(os.environ)
    if found.get("DOCKER_HOST") == f"unix://{state.socket()}":
        for name in ("DOCKER_HOST", "DOCKER_CONFIG"):
            found.pop(name, None)
    cache = str(paths.cache())
    parts = found.get("PATH", os.defpath).split(os.pathsep)
    found["PATH"] = os.pathsep.join(part for part in parts if not part.startswith(cache))
    return found


def _json(text: str | None) -> dict[str, Any]:
    try:
        data = json.loads(text or "")
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}
