"""buildx's own files: the folder that `BUILDX_CONFIG` names, read and changed here alone.

A file of `instances` is a builder, with its nodes; `current` says which one is meant where none is named;
`buildkitd.default.toml` is what new builders are told; `.lock` is held by whoever changes any of it.
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
from lab.storage import own_folder, read_json, set_aside, write_json, write_text

VARIABLE = "BUILDX_CONFIG"
DRIVER = "docker-container"
CONTAINER = "buildx_buildkit_"  # how the container of every builder's node is called
_PATIENCE = 2.0  # seconds that another buildx may hold its files


def folder(home: Path | None = None) -> Path:
    """The lab's own, in the sandbox's folder `home` (that of this lab)."""
    return (home or paths.sandbox()) / "buildx"


def remote_folder(home: Path | None = None) -> Path:
    """The same builders without `buildkitd.default.toml`: buildx lets no builder of driver `remote` be made with one.

    A BuildKit that somebody else started has settings of its own, and buildx cannot hand it any.
    """
    return folder(home).with_name("buildx-remote")


def link_remote() -> None:
    """Make that folder: all of it but the defaults, and which builder is current, leads to the lab's own."""
    for name in ("instances", "defaults", "activity", "refs", ".lock"):
        target, link = folder() / name, remote_folder() / name
        if name != ".lock":
            own_folder(target)
        own_folder(link.parent)
        if not link.is_symlink():
            link.symlink_to(target)


def instances(store: Path) -> dict[str, dict[str, Any]]:
    """The builders of any such folder, by name; what cannot be read is none."""
    found: dict[str, dict[str, Any]] = {}
    try:
        files = sorted((store / "instances").iterdir())
    except OSError:
        return found
    for file in files:
        with contextlib.suppress(BadInput, Blocked):
            data = read_json(file)
            if isinstance(data, dict):
                found[file.name] = data
    return found


def nodes(data: dict[str, Any]) -> list[dict[str, Any]]:
    """The nodes of a builder; none where they stand there in a form that buildx does not write."""
    listed = data.get("Nodes")
    return [node for node in listed if isinstance(node, dict)] if isinstance(listed, list) else []


def known() -> dict[str, dict[str, Any]]:
    """The lab's own builders, by name."""
    return {name: data for name, data in instances(folder()).items() if isinstance(data.get("Nodes") or [], list)}


def names() -> list[str]:
    """The names of the lab's own builders."""
    return sorted(known())


def current() -> str:
    """The name of the lab's current builder; "" where that is the engine's own."""
    try:
        data = read_json(folder() / "current")
    except BadInput:
        return ""
    return str(data.get("Name") or "") if isinstance(data, dict) else ""


def written(name: str) -> float | None:
    """When the builder was written down, in seconds since 1970; None where it is not."""
    try:
        return (folder() / "instances" / name).stat().st_mtime
    except OSError:
        return None


def write(name: str, data: dict[str, Any]) -> None:
    """Replace a builder; within `lock`."""
    draft = folder() / "adapted.json"  # written elsewhere: buildx takes each file of `instances` for a builder
    write_json(draft, data)
    draft.replace(folder() / "instances" / name)


def forget(name: str) -> None:
    """Drop what buildx knows of a builder, and leave its container alone."""
    (folder() / "instances" / name).unlink(missing_ok=True)


def write_defaults(text: str) -> None:
    """What every builder is told that is created without settings of its own, in BuildKit's TOML."""
    write_text(_defaults(), text)


def restore_defaults(text: str) -> bool:
    """The same, where something else stands there, which is then kept beside it; did it?"""
    with contextlib.suppress(OSError):
        if _defaults().read_text(encoding="utf-8", errors="surrogateescape") == text:
            return False
        set_aside(_defaults())
    write_defaults(text)
    return True


def _defaults() -> Path:
    return folder() / "buildkitd.default.toml"


def container(node: dict[str, Any]) -> str:
    """The name of a node's container."""
    return f"{CONTAINER}{node.get('Name')}"


@contextmanager
def lock() -> Iterator[None]:
    """Hold the lock that buildx has on its folder. Raises Blocked where somebody keeps it."""
    handle = os.open(folder() / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
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
