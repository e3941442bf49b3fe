"""The learner's own Docker engine: found, used, and left as it was."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab import paths
from lab.sandbox import private
from lab.sandbox.model import EngineRef

if TYPE_CHECKING:
    from python_on_whales import DockerClient

LABEL = "multiplatform-lab"
LIMIT = 120.0  # seconds for one thing that the lab does on the engine
_ABOUT = ("info", "--format", "{{json .}}")
_CONTEXT = ("context", "inspect", "--format", "{{json .}}")


@dataclass(frozen=True)
class Refusal:
    """Why no engine of the learner's is to be had: whether there is a `docker`, whom it asked, what that said."""

    docker: bool
    host: str
    said: str


def look() -> EngineRef | Refusal:
    """The engine that answers to the learner's own `docker` command, or why none does."""
    environment = outside()
    docker = shutil.which("docker", path=environment.get("PATH"))
    if not docker:
        return Refusal(docker=False, host="", said="")
    context = _json(ask(docker, *_CONTEXT, env=environment))
    host = environment.get("DOCKER_HOST") or str(_endpoint(context).get("Host", ""))
    said, complaint = _run(docker, *_ABOUT, env=environment)
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


def answers(engine: EngineRef) -> bool:
    """Whether that very engine answers."""
    return bool(answer(engine, "version", "--format", "{{.Server.Version}}"))


def answer(engine: EngineRef, *arguments: str) -> str | None:
    """What a `docker` command prints for that very engine; None where it fails or takes too long."""
    return _run(engine.docker, *arguments, env=environment(engine))[0]


def is_remote(host: str, about: Mapping[str, Any]) -> bool:
    """Whether the engine's `localhost` is not this machine's, from its address and what `docker info` says."""
    desktop = "desktop" in str(about.get("OperatingSystem", "")).lower()
    rootless = any("rootless" in str(option) for option in about.get("SecurityOptions") or ())
    return sys.platform != "linux" or not host.startswith("unix://") or desktop or rootless


def is_elsewhere(engine: EngineRef) -> bool:
    """Whether the engine is on another machine, so that nothing of it can be reached on this one's `localhost`."""
    scheme, _, rest = engine.host.partition("://")
    name = rest.rpartition("@")[2].partition("/")[0].rpartition(":")[0] or rest
    return scheme == "ssh" or (scheme == "tcp" and name not in ("localhost", "127.0.0.1", "[::1]"))


def outside() -> dict[str, str]:
    """The learner's environment, also when `lab` runs inside the sandbox's own (a notebook's terminal)."""
    found = dict(os.environ)
    if found.get("DOCKER_HOST") == f"unix://{private.socket()}":
        for name in ("DOCKER_HOST", "DOCKER_CONFIG"):
            found.pop(name, None)
    cache = str(paths.cache())
    parts = found.get("PATH", os.defpath).split(os.pathsep)
    found["PATH"] = os.pathsep.join(part for part in parts if not part.startswith(cache))
    return found


def ask(docker: str | Path, *arguments: str, env: Mapping[str, str], timeout: float = 15.0) -> str:
    """What a `docker` command prints, without the last newline; empty where it fails or takes too long."""
    return _run(docker, *arguments, env=env, timeout=timeout)[0] or ""


def _run(docker: str | Path, *arguments: str, env: Mapping[str, str], timeout: float = 15.0) -> tuple[str | None, str]:
    """What it prints (None where it fails), and what it complains of."""
    try:
        done = subprocess.run(
            [str(docker), *arguments], env=env, capture_output=True, text=True, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired:
        return None, f"It did not answer within {timeout:.0f} s."
    except OSError as error:
        return None, str(error)
    return (done.stdout.rstrip("\n") if done.returncode == 0 else None), done.stderr


def client(engine: EngineRef) -> DockerClient:
    """python-on-whales on that very engine; each of its commands ends in two minutes."""
    from lab.sandbox.client import bound

    return bound(engine.docker, environment(engine), LIMIT)


def environment(engine: EngineRef) -> dict[str, str]:
    """The learner's environment, for that very engine, with the lab's own folder of builders."""
    return engine.pinned(outside()) | {"BUILDX_CONFIG": str(paths.sandbox() / "buildx")}


def _json(text: str | None) -> dict[str, Any]:
    try:
        data = json.loads(text or "")
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}
