"""What a class on one machine takes: memory, disk and processor of 1, 5 and 10 learners with engines; how they wait.

Each is a real learner of a real hub: signed in over HTTP, JupyterLab and a kernel at rest, and a step passed. What 30
and 300 take is extrapolated from 1 and 10, and says so. As root, on Linux.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support.hub_class import Hub, Visitor

from lab import course, paths
from lab.hub.spawner import FIRST_USER

COUNTS, LATER = (1, 5, 10), (30, 300)
STEP = "glimpse"
REST = 20.0  # seconds
MEGABYTE = 1e6
COLUMNS = (
    "learners",
    "new ones in, s",
    "all pass a step, s",
    "memory, MB",
    "of it hub",
    "disk, MB",
    "processor to come in, s",
    "at rest, % of one",
)


def processes(hub: Hub) -> Iterator[tuple[bool, Path]]:
    """Each process of the hub and its rooms; whether it is in a room."""
    home = str(hub.home).encode()
    for entry in Path("/proc").iterdir():
        try:
            room = entry.name.isdigit() and entry.stat().st_uid >= FIRST_USER
            if room or (entry.name.isdigit() and b"=" + home + b"\0" in (entry / "environ").read_bytes()):
                yield room, entry
        except OSError:
            continue


def memory(hub: Hub) -> tuple[float, float]:
    """Bytes of all processes, shared pages counted once, and of those outside of rooms."""
    found = {True: 0, False: 0}
    for room, entry in processes(hub):
        try:
            lines = (entry / "smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        found[room] += next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)
    return found[True] + found[False], found[False]


def processor(hub: Hub) -> float:
    """Seconds of processor that the processes which are there have taken, with those that they waited for."""
    total = 0
    for _, entry in processes(hub):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(map(int, fields[11:15]))
    return total / os.sysconf("SC_CLK_TCK")


def come_in(visitors: list[Visitor]) -> float:
    """Seconds until all of them have JupyterLab and a kernel."""
    began = time.monotonic()
    with ThreadPoolExecutor(len(visitors)) as pool:
        list(pool.map(Visitor.enters, visitors))
        list(pool.map(lambda one: one.runs("%load_ext lab", patience=600), visitors))
    return time.monotonic() - began


def work(visitors: list[Visitor]) -> float:
    """Seconds until all of them have passed the step, which builds for two platforms and pushes."""
    began = time.monotonic()
    with ThreadPoolExecutor(len(visitors)) as pool:
        said = list(
            pool.map(lambda one: one.runs(f"%%step {STEP}\n{course.step(STEP).solution}", patience=900), visitors)
        )
    assert all("passed" in one.lower() for one in said), said
    return time.monotonic() - began


def measure(hub: Hub, count: int, class_: list[Visitor]) -> list[float]:
    """One row: the class grows to `count`."""
    new = [Visitor(hub, f"learner {number}") for number in range(len(class_), count)]
    before = processor(hub)
    entered = come_in(new)
    spent = (processor(hub) - before) / len(new)
    class_ += new
    worked = work(class_)
    time.sleep(REST / 2)
    before = processor(hub)
    time.sleep(REST)
    idle = (processor(hub) - before) / REST * 100
    everything, own = memory(hub)
    disk = sum(file.stat().st_blocks * 512 for file in (hub.home / "hub/disks").iterdir())
    return [count, entered, worked, everything / MEGABYTE, own / MEGABYTE, disk / MEGABYTE, spent, idle]


def extrapolated(first: list[float], last: list[float], count: int) -> list[float | None]:
    """The row of a larger class: each further learner as those before; they come in as the processors can."""
    far: list[float | None] = [
        a + (z - a) / (last[0] - first[0]) * (count - first[0]) for a, z in zip(first, last, strict=True)
    ]
    coming = last[COLUMNS.index("processor to come in, s")]
    return [count, count * coming / (os.cpu_count() or 1), None, *far[3:-2], coming, last[-1] / last[0] * count]


def row(values: list[float] | list[float | None]) -> str:
    """One line of the table."""
    said = ["?" if one is None else f"{one:.0f}" if one >= 10 or one == int(one) else f"{one:.1f}" for one in values]
    return f"| {' | '.join(said)} |"


def main() -> None:
    """Measure and print."""
    place = Path(tempfile.mkdtemp(prefix="lab-hub-"))
    print(
        f"{os.cpu_count()} processors, {os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 1e9:.0f} GB memory"
    )
    print("| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS))
    hub = Hub(place / "home", paths.cache(), "--memory", "2")
    try:
        class_: list[Visitor] = []
        rows = []
        for count in COUNTS:
            rows.append(measure(hub, count, class_))
            print(row(rows[-1]), flush=True)
        for count in LATER:
            print(row(extrapolated(rows[0], rows[-1], count)) + " extrapolated")
    finally:
        hub.close()
        shutil.rmtree(place)


if __name__ == "__main__":
    main()
