"""Lessons with the network cut: `lab up` and all that follows know a loopback and no route."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import offline
from support.nightly import nightly

from lab import course
from lab.sandbox.model import Sandbox

LAB = [sys.executable, "-c", "from lab.cli import main; main()"]
CONSENT = bool(os.environ.get("CI") or os.environ.get("LAB_TEST_EMULATORS") == "yes")
JOB = [lesson.stem for lesson in course.lessons()[8:]]


@pytest.fixture
def apart(box: Sandbox) -> Iterator[dict[str, str]]:
    """A lab of its own off line, after the cache was filled by the sandbox of these tests; it is taken away."""
    place = Path(tempfile.mkdtemp(prefix="lab-offline-"))
    env = {name: str(place / name.lower()) for name in ("LAB_HOME", "LAB_LEARNER", "LAB_WORKSPACE")}
    try:
        yield env
    finally:
        offline.run([*LAB, "down"], env)
        shutil.rmtree(place)


@pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace needs root")
def test_nothing_of_the_network_is_there() -> None:
    """The cut is one: no route, and no name or address can be reached."""
    reach = "import socket; socket.create_connection(('192.0.2.1', 80), 5)"
    assert "Network is unreachable" in offline.run([sys.executable, "-c", reach]).stderr
    routes = offline.run(["cat", "/proc/net/route"]).stdout.splitlines()
    assert len(routes) <= 1


@nightly
@pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace needs root")
def test_lessons_9_to_13_pass_with_the_network_cut(apart: dict[str, str], tmp_path: Path) -> None:
    """The sandbox comes up off line out of the cache, and every step of the job passes."""
    emulators = "--emulators" if CONSENT else "--no-emulators"
    up = shlex.join([*LAB, "up", emulators])
    tour = shlex.join([*LAB, "tour", "--yes", emulators, "--output", str(tmp_path / "tour"), *JOB])
    down = shlex.join([*LAB, "down"])
    # in one namespace: the bridge that the registry listens on is there and nowhere else
    done = offline.run(["bash", "-c", f"{up} && {tour}; status=$?; {down}; exit $status"], apart, timeout=1200)
    assert "✘" not in done.stdout, done.stdout
    if CONSENT:
        assert done.returncode == 0, done.stdout + done.stderr
    assert "Removed: " in done.stdout
