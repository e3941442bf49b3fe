"""Builders on the user's own engine: they reach `$REGISTRY`, and never meet a builder of the user's.

A builder is a container called after its node, on an engine where another builder may have the same name; and it has a
network of its own, in which `localhost` is the container itself. `docker buildx create` only writes a builder down, the
container comes later. In between the lab gives the node a name of its own and, where `$REGISTRY` is on localhost, the
host's network, in buildx's own file: `docker buildx inspect` shows both.
"""

from __future__ import annotations

from typing import Any

from lab.sandbox import state
from lab.sandbox.engine import buildx_store
from lab.sandbox.engine.buildx_store import CONTAINER, DRIVER, container
from lab.sandbox.model import EngineRef, Sandbox

_ENTITLEMENT = "--allow-insecure-entitlement=network.host"


def adapt_new(box: Sandbox) -> None:
    """Adapt the builders that were created since the last time; quick where there is none.

    One that runs already stays as it is: see `cannot_reach_registry`. Raises Blocked where buildx's files are held, or
    the engine does not answer.
    """
    if not any(_new_nodes(box.engine, data) for data in buildx_store.known().values()):
        return
    started = _started(box.engine)
    with buildx_store.lock():
        for name, data in buildx_store.known().items():
            new = [node for node in _new_nodes(box.engine, data) if not _is_ours(name, node, started)]
            for node in new:
                node["Name"] = prefix() + str(node["Name"])
                if box.create_opts:
                    _share_network(node)
            if new:
                buildx_store.write(name, data)


def cannot_reach_registry(name: str) -> bool:
    """Whether this builder was written down with a network of its own: `$REGISTRY` on localhost is out of its reach."""
    data = buildx_store.known().get(name)
    if data is None:
        return False
    box = state.load()
    return bool(box.create_opts) and any(not _shares_network(node) for node in _nodes_here(box.engine, data))


def name_taken(name: str, engine: EngineRef) -> bool:
    """Whether a container on the engine, none of the lab's, is already called as that builder's would be."""
    started, wanted = _started(engine), f"{CONTAINER}{name}0"
    mine = any(container(node) == wanted and _is_ours(name, node, started) for node in _own_nodes(name))
    return wanted in started and not mine


def safe_to_remove(name: str, engine: EngineRef) -> bool:
    """Whether each container that has the name of one of the builder's nodes is the lab's."""
    started = _started(engine)
    return all(_is_ours(name, node, started) for node in _own_nodes(name) if container(node) in started)


def prefix() -> str:
    """How the names of the lab's nodes begin."""
    return f"lab-{state.key()}-"


def _started(engine: EngineRef) -> dict[str, float]:
    """The containers of all builders on the engine, the user's too, and when they were made."""
    from lab.sandbox.engine import listing  # it looks at the engine, which a cell of most steps need not wait for

    return listing.builder_containers(engine)


def _is_ours(name: str, node: dict[str, Any], started: dict[str, float]) -> bool:
    """Whether the node's container is the lab's: by its name, or as made after the builder was written down.

    One of the user's that has the same name was there first, if only by a moment.
    """
    if str(node.get("Name")).startswith(prefix()):
        return True
    written = buildx_store.written(name)
    return written is not None and started.get(container(node), -1) >= written


def _own_nodes(name: str) -> list[dict[str, Any]]:
    return buildx_store.nodes(buildx_store.known().get(name, {}))


def _new_nodes(engine: EngineRef, data: dict[str, Any]) -> list[dict[str, Any]]:
    return [node for node in _nodes_here(engine, data) if not str(node.get("Name")).startswith(prefix())]


def _nodes_here(engine: EngineRef, data: dict[str, Any]) -> list[dict[str, Any]]:
    """The nodes that are containers of this very engine; a farm may have others."""
    if data.get("Driver") != DRIVER:
        return []
    here = {engine.host, engine.context or "default"}
    return [node for node in buildx_store.nodes(data) if node.get("Endpoint") in here]


def _share_network(node: dict[str, Any]) -> None:
    options = node.get("DriverOpts") or {}
    node["DriverOpts"] = {"network": "host", **options}
    flags = node.get("Flags") or []
    node["Flags"] = flags if _ENTITLEMENT in flags else [*flags, _ENTITLEMENT]


def _shares_network(node: dict[str, Any]) -> bool:
    return (node.get("DriverOpts") or {}).get("network") == "host"
