"""How much longer `lab check STEP` takes than the questions that it must ask, asked bare.

And whether a check that asks only the registry waits for an engine that is stopped.
"""

from __future__ import annotations

import http.client
import os
import signal
import time

from _measure import LAB, PYTHON, compile_bytecode, environment, medians, own_sandbox, run, told

from lab import course, sandbox
from lab.model.world import World
from lab.sandbox import state
from lab.sandbox.engine import daemon
from lab.sandbox.host import process
from lab.terminal import shell

# step → the same questions, bare; `{…}` is filled in
BARE = {
    "engine_platform": ["docker", "info", "--format", "{{json .}}"],
    "list_builders": ["docker", "buildx", "ls", "--format", "json"],
    "build_test": ["docker", "buildx", "imagetools", "inspect", "--raw", "$REGISTRY/build-test"],
}
REGISTRY_ONLY = "build_test"


def direct() -> float:
    """Seconds for the registry's own answer, without any command around it."""
    started = time.perf_counter()
    link = http.client.HTTPConnection(sandbox.load().mirror or "", timeout=10)
    link.request("GET", "/v2/build-test/manifests/latest", headers={"Accept": "*/*"})
    link.getresponse().read()
    link.close()
    return time.perf_counter() - started


def measure(world: World) -> None:
    """Each step against its own questions."""
    env = environment(world.env)
    empty = medians({"empty": [PYTHON, "-c", "pass"]}, env)["empty"]
    print(f"an empty Python takes {empty * 1000:.0f} ms, the registry's answer alone {direct() * 1000:.0f} ms")
    for name, words in BARE.items():
        shell.run(name, course.step(name).solution, world, lambda _text: None)
        command = [word.replace("$REGISTRY", world.registry) for word in words]
        taken = medians({"check": [*LAB, "check", name], "bare": command}, env, runs=25)
        told(f"lab check {name} against `{' '.join(command[:4])}`", taken["check"], taken["bare"], 1.5)


def without_engine(world: World) -> None:
    """The registry's check while the engine is stopped (and goes on afterwards)."""
    env = environment(world.env)
    usual = min(run([*LAB, "check", REGISTRY_ONLY], env) for _ in range(3))
    engines = process.find(state.key(), daemon.ROLE)
    try:
        for one in engines:
            os.kill(one.pid, signal.SIGSTOP)
        stopped = min(run([*LAB, "check", REGISTRY_ONLY], env) for _ in range(3))
    finally:
        for one in engines:
            os.kill(one.pid, signal.SIGCONT)
    told(f"lab check {REGISTRY_ONLY} with a stopped engine against a running one", stopped, usual, 1)


def main() -> None:
    """Measure and print."""
    compile_bytecode()
    with own_sandbox() as world:
        measure(world)
        without_engine(world)


if __name__ == "__main__":
    main()
