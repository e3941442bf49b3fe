"""The lab's registry as a container on the user's engine, where its program cannot be had or would not be reached."""

from __future__ import annotations

from lab.sandbox import registry, state
from lab.sandbox.engine import commands
from lab.sandbox.engine.cleanup import unless_gone
from lab.sandbox.host.client import told
from lab.sandbox.images import REGISTRY
from lab.sandbox.model import EngineRef

_PULL_LIMIT = 300.0


def name() -> str:
    """The name of the container and of its volume."""
    return f"lab-registry-{state.key()}"


def ensure(engine: EngineRef, port: int) -> None:
    """Start it on that port of loopback, unless it answers there. Raises Blocked."""
    if not registry.answers(registry.LOOPBACK, port):
        _start(engine, port)
        registry.wait(registry.LOOPBACK, port)
    state.remember(port=port)


def _start(engine: EngineRef, port: int) -> None:
    docker, mark = commands.client(engine, _PULL_LIMIT), commands.mark()
    remedy = "Check the network (its image comes from Docker Hub), then run `lab up` again."
    with told("The registry cannot be started on your engine", remedy):
        unless_gone(docker.container.remove, name(), force=True)
        if not docker.image.exists(REGISTRY):
            docker.image.pull(REGISTRY, quiet=True)
        docker.volume.create(name(), labels=mark)
        docker.container.create(
            REGISTRY,
            name=name(),
            labels=mark,
            publish=[(f"127.0.0.1:{port}", 5000)],
            envs={"REGISTRY_STORAGE_DELETE_ENABLED": "true", "REGISTRY_HTTP_HEADERS": f"{{X-Lab: [{state.key()}]}}"},
            volumes=[(name(), "/var/lib/registry")],
        )
        docker.container.start(name())
