"""The control groups of the private engine's containers: who is in them, and their removal."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

_MOUNTS = Path("/proc/self/mounts")
_KINDS = ("cgroup", "cgroup2")
_WAIT = 5.0
BUILDERS = ("docker/buildx", "docker")  # buildx puts its builders there, whatever the engine's own parent is


def roots(mounts: str) -> list[Path]:
    """Where the hierarchies are mounted, out of /proc/self/mounts: several of version 1, one of version 2."""
    lines = [line.split() for line in mounts.splitlines()]
    return [Path(fields[1]) for fields in lines if len(fields) > 2 and fields[2] in _KINDS]


def here(name: str) -> list[Path]:
    """The groups of that name below the roots."""
    if not _MOUNTS.exists():
        return []
    return [root / name for root in roots(_MOUNTS.read_text()) if (root / name).is_dir()]


def kill(name: str) -> int:
    """Kill each process in the groups `name`; answers how many there were."""
    seen: set[int] = set()
    deadline = time.monotonic() + _WAIT
    while (pids := _members(name)) and time.monotonic() < deadline:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        seen |= pids
        time.sleep(0.02)
    return len(seen)


def remove(name: str) -> bool:
    """Remove the groups `name` with all below them, as far as they are empty; answers whether there were any."""
    found = here(name)
    for group in found:
        for folder, _, _ in os.walk(group, topdown=False):
            _rmdir(Path(folder))
    return bool(found)


def remove_empty(name: str) -> bool:
    """Remove the groups `name` where nothing is in them; answers whether there were any."""
    found = here(name)
    for group in found:
        _rmdir(group)
    return bool(found)


def _rmdir(folder: Path) -> None:
    deadline = time.monotonic() + 1.0
    while True:  # the kernel lets go of a group a moment after its last process
        try:
            folder.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            if time.monotonic() > deadline or _read(folder):
                return
            time.sleep(0.02)
        else:
            return


def _members(name: str) -> set[int]:
    return {pid for group in here(name) for folder, _, _ in os.walk(group) for pid in _read(Path(folder))}


def _read(group: Path) -> set[int]:
    try:
        return {int(word) for word in (group / "cgroup.procs").read_text().split()}
    except OSError:
        return set()
