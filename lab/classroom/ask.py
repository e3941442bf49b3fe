"""All that `lab class check` asks: this machine only. Where no board runs, it listens at its port for a moment."""

from __future__ import annotations

import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from lab import course, paths
from lab.board import door, line, serve
from lab.classroom.facts import Door, Kit, Memory, Room, Tour
from lab.doctor.ask import disks
from lab.errors import BadInput, LabError
from lab.kit import read
from lab.learning.tour import runs
from lab.sandbox import cache, overview

_LIMIT = 2.0  # seconds for this machine to answer itself
_MEMORY = Path("/proc/meminfo")


def room(*, learners: int | None, tour: Path, kit: Path | None = None) -> Room:
    """Ask everything. `tour` is the folder of the last `lab tour`. Raises nothing for what is down."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        box = pool.submit(overview.status)
        toured = pool.submit(_tour, tour)
        return Room(
            door=_door(),
            box=box.result(),
            disks=disks(),
            memory=_memory(_MEMORY),
            tour=toured.result(),
            behind=_behind(),
            learners=learners,
            downloaded=cache.downloaded(),
            kit=_kit(kit) if kit else None,
        )


def _door() -> Door:
    kept = serve.settings()
    port, hosts = kept.port if kept else line.PORT, door.hosts()
    if serve.is_running():
        return Door(port, running=True, hosts=hosts, reached=_reached(hosts, port))
    try:
        listening = door.opened(port)
    except OSError as error:
        return Door(port, taken=error.strerror or str(error), hosts=hosts)
    with listening:
        return Door(port, hosts=hosts, reached=_reached(hosts, port))


def _reached(hosts: tuple[str, ...], port: int) -> tuple[str, ...]:
    found = []
    for host in hosts:
        with suppress(OSError), socket.create_connection((host, port), timeout=_LIMIT):
            found.append(host)
    return tuple(found)


def _memory(file: Path) -> Memory | None:
    """As the kernel tells it; where it has no such file, all of the memory and nothing on how much is free."""
    try:
        rows = dict(row.split(":", 1) for row in file.read_text(encoding="ascii").splitlines())
        return Memory(*(int(rows[name].split()[0]) * 1024 for name in ("MemAvailable", "MemTotal")))
    except (OSError, ValueError, KeyError, IndexError):
        pass
    with suppress(OSError, ValueError, AttributeError):
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        return Memory(total, total)
    return None


def _tour(folder: Path) -> Tour:
    stamps, problem = [], None
    for lesson in course.lessons():
        try:
            stamps.append(runs.read(lesson, folder).stamp)
        except BadInput as error:
            problem = problem or error
    lessons = len(course.lessons())
    if not stamps and not folder.exists():
        return Tour(str(folder), 0, lessons)
    said = (problem.message, problem.remedy) if problem else ("", "")
    return Tour(str(folder), len(stamps), lessons, _days(stamps), (stamps or [{}])[-1].get("engine", ""), *said)


def _days(stamps: list[dict[str, str]]) -> int:
    """The age of the oldest; 0 where none says when it was."""
    ages = []
    for stamp in stamps:
        with suppress(ValueError, TypeError, KeyError):
            ages.append((datetime.now(UTC) - datetime.fromisoformat(stamp["date"])).days)
    return max([0, *ages])


def _kit(file: Path) -> Kit:
    try:
        found = read.contents(file)
    except LabError as error:
        return Kit(file.name, problem=error.message, remedy=error.remedy)
    return Kit(file.name, found.platforms, found.pythons, found.releases, found.size)


def _behind() -> float:
    written = [0.0]
    for folder in (paths.home(), paths.cache()):
        with suppress(OSError):
            written += [one.stat().st_mtime for one in folder.iterdir()]
    return max(0.0, max(written) - time.time())
