"""What the lab's own engine leaves on the machine outside the lab's folder: folders, control groups, bridges."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from lab import paths
from lab.sandbox import state
from lab.sandbox.host import cgroups, network, process
from lab.sandbox.model import Removal

# Folders that an engine makes and leaves behind, the innermost first.
_FOLDERS = (
    "/run/containerd/s", "/run/containerd", "/run/docker/plugins", "/run/docker",
    "/opt/containerd/bin", "/opt/containerd/lib", "/opt/containerd",
)  # fmt: skip
_NETWORK = re.compile(r"br-[0-9a-f]{12}")  # by the first digits of the network's id


def absent() -> tuple[str, ...]:
    """Folders and groups outside the lab's own that an engine makes, and that are not there now."""
    groups = tuple(f"cgroup:{name}" for name in cgroups.BUILDERS if not cgroups.here(name))
    return groups + tuple(folder for folder in _FOLDERS if not Path(folder).exists())


def note_absent(known: tuple[str, ...]) -> tuple[str, ...]:
    """Note what is absent before the first start, unless that was done; `known` was, by what a state says."""
    state.runtime().mkdir(mode=0o700, exist_ok=True)
    if "absent" not in state.before():
        state.note_before(absent=sorted({*absent(), *known}))
    return tuple(state.before()["absent"])


def sweep(absent_before: tuple[str, ...]) -> None:
    """Remove empty folders and groups that the engine made outside the lab's, unless another engine runs."""
    for name in cgroups.BUILDERS:
        if f"cgroup:{name}" in absent_before:
            cgroups.remove_empty(name)
    if other_engines():
        return
    for folder in map(Path, _FOLDERS):
        if str(folder) in absent_before and folder.is_dir():
            for leftover in folder.glob("*"):
                if leftover.is_socket():
                    leftover.unlink(missing_ok=True)
            if not any(folder.iterdir()):
                folder.rmdir()


def other_engines() -> bool:
    """Whether a container engine that is not this lab's runs here: its folders are then none of our business."""
    mine = {daemon.pid for daemon in process.find(state.key())}
    names = {"dockerd", "containerd"}
    return any(
        int(entry.name) not in mine and _command_name(entry) in names
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit()
    )


def bridge_removals() -> Iterator[Removal]:
    """The links of `bridges`."""
    for name in bridges():
        yield Removal(f"bridge {name}", partial(network.remove, name))


def bridges() -> list[str]:
    """The links that are there because of the engine: its own bridge, and one for each network made on it."""
    known = b"".join(file.read_bytes() for file in (paths.sandbox() / "engine").glob("*/network/files/local-kv.db"))
    networks = [name for name in network.links() if _NETWORK.fullmatch(name) and name[3:].encode() in known]
    return [*filter(network.exists, [state.bridge()]), *networks]


def _command_name(entry: Path) -> str:
    try:
        return (entry / "comm").read_text().strip()
    except OSError:
        return ""
