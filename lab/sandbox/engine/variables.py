"""What the environment of a sandbox's commands is, whoever's engine it has."""

from __future__ import annotations

import os

from lab.sandbox import state
from lab.sandbox.engine import buildx_store
from lab.sandbox.host.process import MARK
from lab.sandbox.model import NODES, Sandbox

# What a learner's shell may hold that would lead the sandbox's commands elsewhere.
_MISLEADING = ("BUILDX_BUILDER", "DOCKER_DEFAULT_PLATFORM", "DOCKER_BUILDKIT", MARK)
PORT = 1234  # where BuildKit listens by custom
# What would hand the notebook server's own key to whoever reads a cell's output.
_SECRET = ("JUPYTER_TOKEN", "JUPYTERHUB_API_TOKEN", "JPY_API_TOKEN")


def common(box: Sandbox) -> dict[str, str]:
    """os.environ without what misleads, with the sandbox's registry and builders."""
    dropped = {*_MISLEADING, *_SECRET}
    environment = {name: value for name, value in os.environ.items() if name not in dropped}
    addresses = {_variable(name): f"tcp://{state.node_address(place)}:{PORT}" for place, name in enumerate(NODES, 1)}
    return (
        environment
        | addresses
        | {
            buildx_store.VARIABLE: str(buildx_store.folder(box.home)),
            "BUILDX_REMOTE": str(buildx_store.remote_folder(box.home)),
            "NODES": str(box.home / "nodes"),
            "REGISTRY": box.registry,
            "BUILDKIT_PROGRESS": "plain",
            "DOCKER_CLI_HINTS": "false",
            "LAB_SANDBOX": "1",
        }
    )


def _variable(name: str) -> str:
    return name.upper().replace("-", "_")
