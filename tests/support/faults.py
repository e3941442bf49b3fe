"""Faults brought about while the lab works, and the commands of the lab that they meet in their middle."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lab import course, sandbox
from lab.probes.here import learners_folder
from lab.sandbox import state
from lab.sandbox.engine import daemon, traces
from lab.sandbox.host import cgroups, network, process

LAB = [sys.executable, "-c", "from lab.cli import main; main()"]
ASKS_ENGINE, ASKS_REGISTRY = "engine_platform", "build_test"


def lab(*words: str, limit: float = 60) -> subprocess.CompletedProcess[str]:
    """One command of the lab, to its end."""
    return subprocess.run([*LAB, *words], capture_output=True, text=True, timeout=limit, check=False, cwd="/")


def said(done: subprocess.CompletedProcess[str]) -> str:
    return done.stdout + done.stderr


class Running:
    """A command of the lab at work, whose words go to a file."""

    def __init__(self, place: Path, *words: str) -> None:
        self.file = place / "said.txt"
        with self.file.open("w") as file:
            self.process = subprocess.Popen([*LAB, *words], stdout=file, stderr=file, cwd="/")

    @property
    def text(self) -> str:
        return self.file.read_text(errors="replace")

    def ends(self, limit: float) -> int:
        """Its exit status; the test fails where it does not end in time."""
        try:
            return self.process.wait(limit)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            pytest.fail(f"not at an end after {limit} s: {self.text}")


def until(what: Callable[[], object], limit: float = 40) -> None:
    """Wait for something of the world."""
    deadline = time.monotonic() + limit
    while not what():
        assert time.monotonic() < deadline, "what the fault waits for does not come"
        time.sleep(0.02)


# --- faults ---------------------------------------------------------------------------------------------------------


def pids(program: str) -> list[int]:
    """The lab's own processes of that program."""
    found = []
    for one in process.find(state.key()):
        with contextlib.suppress(OSError):
            if Path(f"/proc/{one.pid}/comm").read_text().strip() == program:
                found.append(one.pid)
    return found


def send(program: str, number: signal.Signals) -> None:
    for pid in pids(program):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def restart() -> None:
    """What a restart of the machine leaves: files. No process, no group, no bridge, no socket."""
    process.stop(state.key(), grace=0)
    groups = [state.cgroup(), *(f"{cgroups.BUILDERS[0]}/{one}" for one in daemon._containers())]
    for group in groups:
        cgroups.kill(group)
        cgroups.remove(group)
    traces.sweep(tuple(state.before().get("absent", ())))
    network.remove(state.bridge())
    shutil.rmtree(state.runtime(), ignore_errors=True)


# fault: what has to run before it can happen, and how it is brought about
PROGRAM = {"engine": "dockerd", "containerd": "containerd", "registry": "docker-registry"}


def hit(fault: str, running: Running | None) -> None:
    """Bring the fault about."""
    kind, _, how = fault.partition("-")
    if fault == "lab-killed":
        assert running
        running.process.kill()
    elif fault == "restart":
        restart()
    else:
        send(PROGRAM[kind], signal.SIGKILL if how == "killed" else signal.SIGSTOP)


def beforehand(fault: str, phase: str) -> bool:
    """Some faults are there when the command comes: a command is too quick to be met by them in its middle."""
    return fault == "restart" or fault.endswith("-paused") or (phase, fault) == ("check", "registry-killed")


def asked(fault: str) -> str:
    """The step whose check asks what the fault hits."""
    return ASKS_REGISTRY if fault.startswith("registry") else ASKS_ENGINE


# --- phases: a command of the lab, and the moment when it is in its middle -----------------------------------------------


def run_up(fault: str, place: Path) -> Running:
    if beforehand(fault, "up"):
        hit(fault, None)
        return Running(place, "up", "--private", "--no-emulators")
    sandbox.down()
    running = Running(place, "up", "--private", "--no-emulators")
    until(lambda: pids(PROGRAM[fault.partition("-")[0]]) or running.process.poll() is not None)
    hit(fault, running)
    return running


def run_step(fault: str, place: Path) -> Running:
    folder = learners_folder()
    for name in ("started", "go"):
        (folder / name).unlink(missing_ok=True)
    body = "touch started; until test -e go; do sleep 0.02; done; timeout 5 "
    body += course.step(ASKS_ENGINE).solution
    running = Running(place, "run", asked(fault), body)
    until((folder / "started").exists)
    hit(fault, running)
    (folder / "go").touch()
    return running


def run_check(fault: str, place: Path) -> Running:
    if beforehand(fault, "check"):
        hit(fault, None)
        return Running(place, "check", asked(fault))
    send("dockerd", signal.SIGSTOP)  # so that the check stands in its middle
    running = Running(place, "check", asked(fault))
    try:
        until(lambda: asking(running.process.pid))
        hit(fault, running)
        if fault == "lab-killed":
            running.process.wait()
    finally:
        send("dockerd", signal.SIGCONT)
    return running


def asking(pid: int) -> bool:
    """Whether that process has a command at work."""
    return any(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def run_tour(fault: str, place: Path) -> Running:
    words = ("tour", "--yes", "one-platform", "--no-emulators", "--output", str(place / "tour"))
    if beforehand(fault, "tour"):
        hit(fault, None)
        return Running(place, *words)
    running = Running(place, *words)
    until(lambda: "passed" in running.text or running.process.poll() is not None, 90)
    hit(fault, running)
    return running


def run_down(fault: str, place: Path) -> Running:
    if beforehand(fault, "down"):
        hit(fault, None)
        return Running(place, "down")
    running = Running(place, "down")
    if fault == "lab-killed":
        until(lambda: not pids("dockerd"))
    hit(fault, running)
    return running


PHASES = {"up": run_up, "step": run_step, "check": run_check, "tour": run_tour, "down": run_down}
