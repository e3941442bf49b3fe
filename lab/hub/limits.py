"""A room's control groups: what it may use, set where its own root cannot reach, and a group inside that is its own."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.hub import places
from lab.hub.room.plan import FIRST
from lab.sandbox.host import cgroups

_MOUNTS = Path("/proc/self/mounts")
_UNIFIED = Path("/sys/fs/cgroup")
_INNER = "room"
_CONTROLLERS = ("cpu", "memory", "pids")
_PERIOD = 100_000  # microseconds


@dataclass(frozen=True)
class Limits:
    """What a room may use: `memory` in bytes, `processes` and threads, and so many processors (0: all, in turns)."""

    memory: int
    processes: int
    processors: float = 0.0


def make(number: int, limits: Limits, owner: int) -> dict[str, str]:
    """Make the groups of the room of that number; those that are its own, by the place of their hierarchy.

    `owner` is the machine's user that is root in the room. Raises OSError.
    """
    made = {}
    for root in _roots():
        unified = root == _UNIFIED
        group = _group(root, f"{places.groups()}/{number}", unified=unified)
        _limit(group, limits, unified=unified)
        inner = _group(root, f"{places.groups()}/{number}/{_INNER}", unified=unified)
        _hand_over(inner, owner)
        if unified:
            (inner / FIRST).mkdir(exist_ok=True)
            _hand_over(inner / FIRST, owner)
        made["" if unified else root.name] = str(inner)
    return made


def end(number: int) -> None:
    """End all that is left in a room, and remove its groups."""
    name = f"{places.groups()}/{number}"
    cgroups.kill(name)
    cgroups.remove(name)


def sweep() -> None:
    """The same for all rooms, whoever has left them."""
    cgroups.kill(places.groups())
    cgroups.remove(places.groups())


def running() -> set[int]:
    """The numbers of the rooms that have processes."""
    found = set()
    for group in cgroups.here(places.groups()):
        for path in group.iterdir():
            if path.name.isdigit() and _busy(path):
                found.add(int(path.name))
    return found


def memory(number: int) -> int:
    """Bytes of memory that a room needs now: without files that the kernel could let go of. 0 where that is unknown."""
    for group in cgroups.here(f"{places.groups()}/{number}"):
        for name in ("memory.current", "memory.usage_in_bytes"):
            with contextlib.suppress(OSError, ValueError):
                return int((group / name).read_text()) - _inactive(group)
    return 0


def _roots() -> list[Path]:
    """The hierarchies of version 1, or the one of version 2; where both are, version 1 has the controllers."""
    found = cgroups.roots(_MOUNTS.read_text())
    return [_UNIFIED] if _UNIFIED in found else [root for root in found if not (root / "cgroup.controllers").exists()]


def _group(root: Path, name: str, *, unified: bool) -> Path:
    place = root
    for part in Path(name).parts:
        above, place = place, place / part
        if unified and above != root:
            _delegate(above)
        place.mkdir(exist_ok=True)
        for setting in ("cpuset.cpus", "cpuset.mems"):  # of version 1: none can enter a group that has none
            if not unified and (place / setting).exists() and not (place / setting).read_text().strip():
                (place / setting).write_text((above / setting).read_text())
    return place


def _delegate(group: Path) -> None:
    there = (group / "cgroup.controllers").read_text().split()
    for name in _CONTROLLERS:
        if name in there:
            (group / "cgroup.subtree_control").write_text(f"+{name}")


def _limit(group: Path, limits: Limits, *, unified: bool) -> None:
    for name, value in _settings(limits, unified=unified):
        if (group / name).exists():
            (group / name).write_text(value)


def _settings(limits: Limits, *, unified: bool) -> Iterator[tuple[str, str]]:
    yield "pids.max", str(limits.processes)
    quota = str(int(limits.processors * _PERIOD)) if limits.processors else ""
    if unified:
        yield "memory.max", str(limits.memory)
        yield "memory.swap.max", "0"
        yield "cpu.max", f"{quota or 'max'} {_PERIOD}"
        return
    yield "memory.limit_in_bytes", str(limits.memory)
    yield "memory.memsw.limit_in_bytes", str(limits.memory)
    yield "cpu.cfs_period_us", str(_PERIOD)
    yield "cpu.cfs_quota_us", quota or "-1"


def _hand_over(group: Path, owner: int) -> None:
    for name in ("", "cgroup.procs", "cgroup.threads", "cgroup.subtree_control", "tasks"):
        if (group / name).exists():
            os.chown(group / name, owner, owner)


def _busy(group: Path) -> bool:
    return any(path.read_text().strip() for path in group.rglob("cgroup.procs"))


def _inactive(group: Path) -> int:
    lines = (group / "memory.stat").read_text().splitlines()
    found = dict(line.split() for line in lines)
    return int(found.get("total_inactive_file", found.get("inactive_file", 0)))
