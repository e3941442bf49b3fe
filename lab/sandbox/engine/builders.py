"""Builders on the learner's own engine: they reach `$REGISTRY`, and never meet a builder of the learner's.

A builder is a container called after its node, on an engine where another builder may have the same name; and it has a
network of its own, in which `localhost` is the container itself. `docker buildx create` only writes a builder down, the
container comes later. In between the lab gives the node a name of its own and, where `$REGISTRY` is on localhost, the
host's network, in buildx's own file: `docker buildx inspect` shows both.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab import paths
from lab.errors import BadInput, Blocked
from lab.sandbox import state
from lab.sandbox.model import EngineRef, Sandbox
from lab.storage import read_json, write_json

DRIVER = "docker-container"
CONTAINER = "buildx_buildkit_"  # how the container of every builder's node is called
_ENTITLEMENT = "--allow-insecure-entitlement=network.host"
_PATIENCE = 2.0  # seconds that another buildx may hold its files


def fit() -> None:
    """Fit the builders that were created since the last time; quick where there is none, or no learner's engine.

    One that runs already stays as it is: see `deaf`.
    """
    with contextlib.suppress(Blocked):
        box = state.load()
        if box.engine.kind == "learner" and any(_unfitted(box.engine, data) for data in _known().values()):
            _fit(box)


def deaf(name: str) -> bool:
    """Whether this builder was written down with a network of its own: `$REGISTRY` on localhost is out of its reach."""
    data = _known().get(name)
    if data is None:
        return False
    box = state.load()
    return bool(box.create_opts) and any(not _hears(node) for node in _nodes(box.engine, data))


def taken(name: str) -> bool:
    """Whether a container on the learner's engine, none of the lab's, is already called as that builder's would be."""
    engine = state.load().engine
    if engine.kind != "learner":
        return False
    started, wanted = _started(engine), f"{CONTAINER}{name}0"
    mine = any(container(node) == wanted and _is_ours(name, node, started) for node in _own_nodes(name))
    return wanted in started and not mine


def names() -> list[str]:
    """The builders in the lab's own buildx folder."""
    return sorted(_known())


def current() -> str:
    """The current builder of the lab's own buildx folder; "" where that is the engine's own."""
    try:
        data = read_json(_folder() / "current")
    except BadInput:
        return ""
    return str(data.get("Name") or "") if isinstance(data, dict) else ""


def safe_to_remove(name: str, engine: EngineRef) -> bool:
    """Whether each container that has the name of one of the builder's nodes is the lab's."""
    started = _started(engine)
    return all(_is_ours(name, node, started) for node in _own_nodes(name) if container(node) in started)


def forget(name: str) -> None:
    """Drop what buildx knows of a builder, and leave its container alone."""
    (_folder() / "instances" / name).unlink(missing_ok=True)


def prefix() -> str:
    """How the names of the lab's nodes begin."""
    return f"lab-{state.key()}-"


def container(node: dict[str, Any]) -> str:
    """The name of a node's container."""
    return f"{CONTAINER}{node.get('Name')}"


def _fit(box: Sandbox) -> None:
    started = _started(box.engine)
    with _lock():
        for name, data in _known().items():
            new = [node for node in _unfitted(box.engine, data) if not _is_ours(name, node, started)]
            for node in new:
                node["Name"] = prefix() + str(node["Name"])
                if box.create_opts:
                    _share_network(node)
            if new:
                # written elsewhere: buildx takes each file of that folder for a builder
                write_json(_folder() / "fitted.json", data)
                (_folder() / "fitted.json").replace(_folder() / "instances" / name)


def _started(engine: EngineRef) -> dict[str, float]:
    """The containers of all builders on the engine, the learner's too, and when they were made."""
    from lab.sandbox.engine import snapshot  # it looks at the engine, which a cell of most steps need not wait for

    return snapshot.builder_containers(engine)


def _is_ours(name: str, node: dict[str, Any], started: dict[str, float]) -> bool:
    """Whether the node's container is the lab's: by its name, or as made after the builder was written down.

    One of the learner's that has the same name was there first, if only by a moment.
    """
    if str(node.get("Name")).startswith(prefix()):
        return True
    try:
        written = (_folder() / "instances" / name).stat().st_mtime
    except OSError:
        return False
    return started.get(container(node), -1) >= written


def _own_nodes(name: str) -> list[dict[str, Any]]:
    return [node for node in _known().get(name, {}).get("Nodes") or () if isinstance(node, dict)]


def _share_network(node: dict[str, Any]) -> None:
    options = node.get("DriverOpts") or {}
    node["DriverOpts"] = {"network": "host", **options}
    flags = node.get("Flags") or []
    node["Flags"] = flags if _ENTITLEMENT in flags else [*flags, _ENTITLEMENT]


def _unfitted(engine: EngineRef, data: dict[str, Any]) -> list[dict[str, Any]]:
    return [node for node in _nodes(engine, data) if not str(node.get("Name")).startswith(prefix())]


def _nodes(engine: EngineRef, data: dict[str, Any]) -> list[dict[str, Any]]:
    """The nodes that are containers of this very engine; a farm may have others."""
    if data.get("Driver") != DRIVER:
        return []
    here = {engine.host, engine.context or "default"}
    return [node for node in data.get("Nodes") or () if isinstance(node, dict) and node.get("Endpoint") in here]


def _hears(node: dict[str, Any]) -> bool:
    return (node.get("DriverOpts") or {}).get("network") == "host"


def _known() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    folder = _folder() / "instances"
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        with contextlib.suppress(BadInput, Blocked):
            data = read_json(path)
            if isinstance(data, dict) and isinstance(data.get("Nodes") or [], list):
                found[path.name] = data
    return found


@contextmanager
def _lock() -> Iterator[None]:
    """Hold the lock that buildx has on its folder. Raises Blocked where somebody keeps it."""
    handle = os.open(_folder() / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if time.monotonic() > deadline:
                    raise Blocked("Another `docker buildx` is at work.", "Try again when it has ended.") from error
                time.sleep(0.02)
        yield
    finally:
        os.close(handle)


def _folder() -> Path:
    return paths.sandbox() / "buildx"
