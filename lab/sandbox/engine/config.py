"""The configuration that the sandbox's commands read: the Docker command's, buildx's and every new builder's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lab import paths
from lab.errors import BadInput
from lab.sandbox import certificates
from lab.sandbox.engine import buildx_store
from lab.sandbox.model import EngineRef
from lab.sandbox.packages.programs import find
from lab.storage import read_json, write_json


def write(engine: EngineRef, *, port: int | None, address: str | None) -> None:
    """Write them. `port` is that of the lab's registry, `address` that of the lab's bridge."""
    settings = paths.sandbox() / "docker" / "config.json"
    if engine.programs:
        write_json(settings, _client_settings(settings, find(engine.programs, "docker-buildx").parent))
    buildx_store.write_defaults(builder_settings(port, address))


def builder_settings(port: int | None, address: str | None) -> str:
    """The settings of every builder that is created without some of its own.

    A builder is a container: it reaches the lab's registry by the bridge's address, over TLS; by `localhost`, where it
    speaks plain HTTP, only if it shares the host's network. Docker Hub's names are looked for in that registry first.
    """
    head = "# Read by every `docker buildx create` that names no --buildkitd-config.\n"
    return "\n".join([head, *registries(port, address, str(certificates.authority()))])


def registries(port: int | None, address: str | None, authority: str) -> list[str]:
    """What BuildKit has to know of the lab's registry; `authority` is its certificate's place, as BuildKit sees it."""
    lines = []
    if port:
        lines.append(f'[registry."localhost:{port}"]\n  http = true\n')
    if address and port:
        lines.append(f'[registry."{address}:{port}"]\n  ca = [{json.dumps(authority)}]\n')
        lines.append(f'[registry."docker.io"]\n  mirrors = ["{address}:{port}"]\n')
    return lines


def _client_settings(path: Path, plugins: Path) -> dict[str, Any]:
    """The Docker command's settings as they are (a learner may have logged in), with buildx's place in them."""
    try:
        settings = read_json(path)
    except BadInput:
        settings = None
    return {**(settings if isinstance(settings, dict) else {}), "cliPluginsExtraDirs": [str(plugins)]}
