"""What the benchmarks share: compiled bytecode, a sandbox of their own, medians of runs that take turns."""

from __future__ import annotations

import compileall
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import lab
from lab import paths, sandbox
from lab.course import workspace
from lab.model.world import World
from lab.probes.here import environment_of, this_world

PYTHON = sys.executable
LAB = (PYTHON, "-c", "from lab.cli import main; main()")
_LIMIT = 900


def compile_bytecode() -> None:
    """Also where the environment says that none is to be written: it is the first run's affair, not each one's."""
    compileall.compile_dir(Path(lab.__file__).parent, quiet=2)


def environment(given: Mapping[str, str] | None = None) -> dict[str, str]:
    """As a learner's, without what would make Python slower here than there."""
    env = dict(os.environ if given is None else given)
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    return env


def run(command: Sequence[str], env: Mapping[str, str], folder: Path | None = None) -> float:
    """Seconds that a command takes; what it prints goes nowhere, how it ends does not matter.

    A wait with a limit would look every 50 ms only (`subprocess` does), so what is too long is killed from a thread.
    """
    nowhere = subprocess.DEVNULL
    started = time.perf_counter()
    with subprocess.Popen(
        list(command), env=dict(env), cwd=folder, stdin=nowhere, stdout=nowhere, stderr=nowhere
    ) as it:
        limit = threading.Timer(_LIMIT, it.kill)
        limit.start()
        it.wait()
        limit.cancel()
    return time.perf_counter() - started


def medians(commands: Mapping[str, Sequence[str]], env: Mapping[str, str], *, runs: int = 9) -> dict[str, float]:
    """Each command's median; they take turns, so that what else the machine does meets all. One run warms up."""
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(runs + 1):
        for name, command in commands.items():
            seconds = run(command, env)
            if number:
                taken[name].append(seconds)
    return {name: statistics.median(values) for name, values in taken.items()}


def told(what: str, seconds: float, bare: float, wanted: float) -> None:
    """One line: two times and their ratio, beside the one that is wanted."""
    print(
        f"{what}: {seconds * 1000:.0f} ms against {bare * 1000:.0f} ms: {seconds / bare:.2f} times (wanted: {wanted:g})"
    )


@contextlib.contextmanager
def own_sandbox(*, emulators: bool = False) -> Iterator[World]:
    """A sandbox in a folder of its own (the downloads are shared), with a learner's copy of the lessons."""
    cache = str(paths.cache())
    with tempfile.TemporaryDirectory(prefix="lab-bench-") as name:
        place = Path(name)
        values = {key: str(place / key.lower()) for key in ("LAB_HOME", "LAB_LEARNER", "LAB_WORKSPACE")}
        with environment_of(values | {"LAB_CACHE": cache}):
            try:
                sandbox.up(private=True, emulators=emulators)
                workspace.start(place / "lab_workspace")
                yield this_world()
            finally:
                sandbox.down()
