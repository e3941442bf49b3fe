"""How much longer the course takes as notebooks with every check than the same commands in a script.

What sets an exercise's scene (it builds images) belongs to both. The rest is kernels, checks and the lab.

`--emulators` agrees that emulators are registered with the kernel while this runs; without, the steps that need them
are tried and blocked, in both.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from _measure import compile_bytecode, environment, own_sandbox, run

from lab import course
from lab.learning import reset, runner, tour
from lab.learning.tour.kernels import kernels
from lab.model.steps import Step
from lab.model.world import World
from lab.probes.here import environment_of, this_world
from lab.probes.needs import NO_CONSENT
from lab.sandbox import buildkit, golang

ROUNDS = 2


def steps() -> list[Step]:
    """All steps, in order."""
    return list(course.steps().values())


@contextmanager
def untouched(world: World) -> Iterator[None]:
    """Before and after, nothing that a step makes is there; that is not measured."""
    list(reset.undo(steps(), world))
    try:
        yield
    finally:
        list(reset.undo(steps(), world))


def as_notebooks(world: World) -> tuple[float, int]:
    """Seconds for all notebooks one after the other, and how many steps passed."""
    with tempfile.TemporaryDirectory(prefix="lab-course-") as scratch, untouched(world):
        cells = 0
        passed: set[str] = set()

        def done(cell: nbformat.NotebookNode) -> None:
            nonlocal cells
            cells += 1
            passed.update(one.step for one in tour.results_of(cell.get("outputs", [])) if one.status.exit_status == 0)

        started = time.perf_counter()
        with kernels(world.workspace, Path(scratch), len(course.lessons())) as all_kernels:
            for lesson, kernel in zip(course.lessons(), all_kernels, strict=True):
                notebook = tour.solved(nbformat.read(world.workspace / lesson.notebook.name, as_version=4))
                tour.execute_in(kernel, notebook, done)
        return time.perf_counter() - started, len(passed)


def as_script(world: World) -> float:
    """Seconds for the steps' commands alone, each after its scene is set, in a bash of its own."""
    env = environment(world.env)
    with untouched(world):
        started = time.perf_counter()
        for step in steps():
            if runner.prepare(step, world) is None:  # a scene that cannot be set blocks the notebook's cell, too
                run(["bash", "--noprofile", "--norc", "-c", step.solution], env, world.workspace)
        return time.perf_counter() - started


def main() -> None:
    """Take turns, print the best of each."""
    compile_bytecode()
    consent = "--emulators" in sys.argv
    with own_sandbox(emulators=consent) as _, environment_of({NO_CONSENT: "yes" if consent else "no"}):
        world = this_world()
        buildkit.wait(600)
        golang.wait(600)
        as_script(world)  # fills the build cache
        scripts, notebooks, passed = [], [], 0
        for _ in range(ROUNDS):
            scripts.append(as_script(world))
            seconds, passed = as_notebooks(world)
            notebooks.append(seconds)
    best, bare = min(notebooks), min(scripts)
    print(f"{len(course.lessons())} lessons, {len(steps())} steps, {passed} passed")
    print(f"notebooks with checks {best:.1f} s, the script {bare:.1f} s: {best / bare:.2f} times (wanted: 1.4)")


if __name__ == "__main__":
    main()
