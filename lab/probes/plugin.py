"""buildx itself, where `docker buildx …` would start it.

Before docker runs a plugin it starts it once to ask who it is, so each `docker buildx …` is three programs one after
another (0.24 s of processor for `ls`; the plugin alone takes 0.08 and prints the same). Checks ask buildx often, so
they start the very plugin that docker would have chosen. Where it cannot be found, docker is asked as before.

Source: docker/cli, `cli-plugins/manager/manager.go` and `manager_unix.go` (which folders, in which order);
docker/buildx, `cmd/buildx/main.go` (`runStandalone`).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_NAME = "docker-buildx"


def direct(command: Sequence[str], env: Mapping[str, str]) -> list[str]:
    """The same command; `docker buildx …` without docker in between, where its plugin can be found."""
    if tuple(command[:2]) == ("docker", "buildx") and (plugin := _find(env)):
        return [str(plugin), *command[2:]]
    return list(command)


def _find(env: Mapping[str, str]) -> Path | None:
    docker = shutil.which("docker", path=env.get("PATH"))
    if not docker:  # then `docker buildx` cannot be run, and a check must say so
        return None
    return next((one for folder in _folders(Path(docker), env) if os.access(one := folder / _NAME, os.X_OK)), None)


def _folders(docker: Path, env: Mapping[str, str]) -> Iterator[Path]:
    """In the order of docker itself: what its settings name, the folder of its settings, the system of that docker."""
    settings = Path(env.get("DOCKER_CONFIG") or Path(env.get("HOME", "/")) / ".docker")
    try:
        extra = json.loads((settings / "config.json").read_text()).get("cliPluginsExtraDirs") or []
        yield from map(Path, extra)
    except (OSError, ValueError, AttributeError, TypeError):
        pass  # what docker makes of such a file is its own business
    yield settings / "cli-plugins"
    for name in ("lib", "libexec"):
        yield docker.parent.parent / name / "docker" / "cli-plugins"
