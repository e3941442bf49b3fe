"""Commands on the user's engine: that very one, whatever they switch to, with the lab's own folder of builders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.errors import Blocked
from lab.sandbox import state
from lab.sandbox.engine import buildx_store
from lab.sandbox.engine.search import outside
from lab.sandbox.host.run import attempt
from lab.sandbox.model import EngineRef

if TYPE_CHECKING:
    from python_on_whales import DockerClient

LABEL = "multiplatform-lab"  # of what the lab makes there; its value is the lab's key
LIMIT = 120.0  # seconds for one thing that the lab does on the engine


def answers(engine: EngineRef) -> bool:
    """Whether that very engine answers."""
    return bool(answer(engine, "version", "--format", "{{.Server.Version}}"))


def answer(engine: EngineRef, *arguments: str) -> str | None:
    """What a `docker` command prints for that very engine; None where it fails or takes too long."""
    return attempt([engine.docker, *arguments], environment(engine))[0]


def rows(engine: EngineRef, *command: str) -> list[str]:
    """The lines that a `docker` command prints. Raises Blocked where the engine does not answer."""
    said = answer(engine, *command)
    if said is None:
        raise Blocked(f"Your Docker engine at {engine.host} does not answer.", "Start it, then run `lab up` again.")
    return said.splitlines()


def table(engine: EngineRef, columns: int, *command: str) -> list[list[str]]:
    """The same, each line split at its tabs. Raises Blocked also where it has another number of `columns`."""
    found = [line.split("\t") for line in rows(engine, *command)]
    if any(len(fields) != columns for fields in found):
        raise Blocked(
            f"`docker {' '.join(command[:2])}` printed a list in a form that the lab does not know.",
            "Please report this.",
        )
    return found


def client(engine: EngineRef, limit: float = LIMIT) -> DockerClient:
    """python-on-whales on that very engine; each of its commands ends within `limit` seconds."""
    from lab.sandbox.host.client import bound

    return bound(engine.docker, environment(engine), limit)


def environment(engine: EngineRef) -> dict[str, str]:
    """The user's environment, for that very engine, with the lab's own folder of builders."""
    return engine.pinned(outside()) | {buildx_store.VARIABLE: str(buildx_store.folder())}


def mark() -> dict[str, str]:
    """The label of what this very lab makes."""
    return {LABEL: state.key()}
