"""The learner's own Docker engine: found, used, and left as it was."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab import paths
from lab.errors import Blocked
from lab.sandbox import private, state
from lab.sandbox.model import EngineRef

LABEL = "multiplatform-lab"
_REGISTRY_IMAGE = "registry:3"


def find() -> EngineRef | None:
    """The engine that answers to the learner's own `docker` command; None where there is none."""
    environment = outside()
    docker = shutil.which("docker", path=environment.get("PATH"))
    if not docker:
        return None
    about = _json(ask(docker, "info", "--format", "{{json .}}", env=environment))
    if not about.get("ServerVersion"):
        return None
    host = environment.get("DOCKER_HOST") or ask(
        docker, "context", "inspect", "--format", "{{.Endpoints.docker.Host}}", env=environment
    )
    context = None if environment.get("DOCKER_HOST") else ask(docker, "context", "show", env=environment)
    return EngineRef("learner", host, Path(docker), context or None, remote=is_remote(host, about))


def answers(engine: EngineRef) -> bool:
    """Whether that very engine answers."""
    return bool(ask(engine.docker, "version", "--format", "{{.Server.Version}}", env=_environment(engine)))


def is_remote(host: str, about: Mapping[str, Any]) -> bool:
    """Whether the engine's `localhost` is not this machine's, from its address and what `docker info` says."""
    desktop = "desktop" in str(about.get("OperatingSystem", "")).lower()
    rootless = any("rootless" in str(option) for option in about.get("SecurityOptions") or ())
    return sys.platform != "linux" or not host.startswith("unix://") or desktop or rootless


def outside() -> dict[str, str]:
    """The learner's environment, also when `lab` runs inside the sandbox's own (a notebook's terminal)."""
    environment = dict(os.environ)
    if environment.get("DOCKER_HOST") == f"unix://{private.socket()}":
        for name in ("DOCKER_HOST", "DOCKER_CONFIG"):
            environment.pop(name, None)
    cache = str(paths.cache())
    parts = environment.get("PATH", os.defpath).split(os.pathsep)
    environment["PATH"] = os.pathsep.join(part for part in parts if not part.startswith(cache))
    return environment


def ask(docker: str | Path, *arguments: str, env: Mapping[str, str], timeout: float = 15.0) -> str:
    """What a `docker` command prints, without the last newline; empty where it fails or takes too long."""
    try:
        done = subprocess.run(
            [str(docker), *arguments], env=env, capture_output=True, text=True, timeout=timeout, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def start_registry(engine: EngineRef, port: int) -> None:
    """Run the registry as a labelled container, where its program cannot be had. Raises Blocked."""
    name, environment = registry_name(), _environment(engine)
    ask(engine.docker, "rm", "--force", name, env=environment)
    command = [
        str(engine.docker), "run", "--detach", "--name", name, "--label", f"{LABEL}={state.key()}",
        "--publish", f"127.0.0.1:{port}:5000", "--env", "REGISTRY_STORAGE_DELETE_ENABLED=true",
        "--env", f"REGISTRY_HTTP_HEADERS={{X-Lab: [{state.key()}]}}",
        "--volume", f"{name}:/var/lib/registry", _REGISTRY_IMAGE,
    ]  # fmt: skip
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Blocked("The registry's image could not be had in five minutes.", "Check the network.") from error
    if done.returncode:
        raise Blocked(
            f"The registry cannot be started on your engine: {_refusal(done.stderr)}",
            "Check the network (its image comes from Docker Hub), then run `lab up` again.",
        )


def _refusal(stderr: str) -> str:
    """The line that says why, among those of a pull and the advice after it."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return next((line for line in lines if "rror" in line), (lines or ["no reason given"])[-1])


def registry_name() -> str:
    """The name of the registry's container and of its volume."""
    return f"lab-registry-{state.key()}"


def leftovers(engine: EngineRef, port: int | None) -> list[list[str]]:
    """The `docker` commands that remove what the lab made on the learner's engine, and nothing else.

    Builders of the lab's own buildx folder with their volumes; labelled containers and volumes; the tags of images
    that name the lab's own registry.
    """
    environment = _environment(engine)
    found = []
    folder = paths.sandbox() / "buildx" / "instances"
    if folder.is_dir():
        found += [["buildx", "rm", "--force", one.name] for one in sorted(folder.iterdir())]
    mark = f"label={LABEL}={state.key()}"
    containers = ask(engine.docker, "ps", "--all", "--quiet", "--filter", mark, env=environment).split()
    found += [["rm", "--force", "--volumes", name] for name in containers]
    if ask(engine.docker, "volume", "ls", "--quiet", "--filter", f"name=^{registry_name()}$", env=environment):
        found.append(["volume", "rm", "--force", registry_name()])
    own = f"reference=localhost:{port}/*" if port else "reference=none/none"
    names = ask(engine.docker, "images", "--format", "{{.Repository}}:{{.Tag}}", "--filter", own, env=environment)
    tags = sorted({name for name in names.splitlines() if not name.endswith(":<none>")})
    return found + [["image", "rm", name] for name in tags]


def run(engine: EngineRef, command: list[str]) -> None:
    """Run one of `leftovers`' commands; what is gone already is no error."""
    environment = _environment(engine)
    ask(engine.docker, *command, env=environment, timeout=120)


def _environment(engine: EngineRef) -> dict[str, str]:
    return engine.pinned(outside()) | {"BUILDX_CONFIG": str(paths.sandbox() / "buildx")}


def _json(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}
