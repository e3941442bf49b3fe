"""A learner without root, without an engine or without the right group: one clear page each, and no traceback."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import unprivileged
from support.unprivileged import NOBODY, ROOT, User

from lab.sandbox.engine import missing

_OFF = 'echo "Cannot connect to the Docker daemon at unix:///var/run/docker.sock." >&2; exit 1'
_REFUSED = 'echo "permission denied while trying to connect to the Docker daemon socket" >&2; exit 1'
VERBS = [
    (["up"], 3), (["up", "--private"], 3), (["up", "--emulators"], 3), (["up", "--registry", "docker.io/me"], 3),
    (["learn"], 3), (["status"], 3), (["check"], 3), (["check", "uname"], 3), (["run", "uname", "true"], 3),
    (["tour", "machine"], 3), (["reset", "--yes"], 3), (["builders"], 3), (["doctor"], 3), (["hub"], 3), (["hub", "status"], 3), (["hub", "stop"], 0), (["hub", "forget"], 0), ([], 0), (["down"], 0),
    (["down", "--dry-run"], 0), (["down", "--purge"], 0), (["start"], 0), (["leave"], 0), (["join", "127.0.0.1:1", "4F7K-9Q2M-X3TD", "--name", "Ada", "--yes"], 3), (["list"], 0), (["next"], 0), (["hint"], 0),
    (["emulators"], 0), (["explain", "exec format error"], 0), (["report"], 0), (["--help"], 0),
]  # fmt: skip


@pytest.fixture(scope="module")
def user() -> Iterator[User]:
    """Somebody with nothing."""
    with unprivileged.place() as home:
        yield User(home)


@pytest.mark.parametrize(
    ("words", "status"), VERBS, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_every_verb_behaves(user: User, words: list[str], status: int) -> None:
    """Blocked where an engine is needed, done where none is; never a traceback, never a mistake of ours."""
    done = user.lab(*words)
    said = done.stdout + done.stderr
    assert done.returncode == status, said
    assert "Traceback" not in said
    assert "the lab itself made a mistake" not in said
    assert not any(line.endswith(" ") and line.startswith("lab:") for line in done.stderr.splitlines())


def docker(user: User, script: str) -> None:
    program = user.tools / "docker"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


@pytest.fixture
def without_docker(user: User) -> Iterator[None]:
    """Take the stand-in away again."""
    yield
    (user.tools / "docker").unlink(missing_ok=True)


@pytest.mark.usefixtures("without_docker")
def test_each_lack_has_its_own_page(user: User) -> None:
    """No docker, an engine that is off, a user who may not: three pages, each with its own remedy, each status 3."""
    pages = [user.lab("up")]
    docker(user, _OFF)
    pages.append(user.lab("up"))
    docker(user, _REFUSED)
    pages.append(user.lab("up"))
    none, off, refused = (page.stderr for page in pages)
    assert [page.returncode for page in pages] == [3, 3, 3]
    assert "There is no Docker engine here." in none
    assert "systemctl start docker" in off
    assert "usermod -aG docker" in refused
    assert "usermod" not in off
    assert "systemctl" not in refused
    assert ("run `lab up` as root" in none) is ("run `lab up` as root" in off)
    assert missing._GROUP in refused


def test_a_folder_that_is_not_the_users_is_said(user: User) -> None:
    """`LAB_HOME` in a place where the user may not write: one line that names it, and what to set."""
    user.env["LAB_HOME"] = "/proc/1/lab"
    try:
        done = user.lab("down")
    finally:
        del user.env["LAB_HOME"]
    assert done.returncode == 3
    assert "/proc/1/lab" in done.stderr
    assert "LAB_HOME" in done.stderr


@pytest.mark.slow
@pytest.mark.skipif(os.environ.get("LAB_SLOW") != "1", reason="LAB_SLOW=1 runs it: a minute, and the network")
def test_make_setup_needs_no_root(user: User) -> None:
    """From a copy of the project and an empty home, an ordinary user gets a `lab` that answers."""
    project = user.home / "project"
    files = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-z"], capture_output=True, text=True, check=True, timeout=30
    ).stdout.split("\0")
    for name in filter(None, files):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, project / name)
    if not os.geteuid():
        for path in [project, *project.rglob("*")]:
            os.chown(path, NOBODY, NOBODY)
    user.env["PATH"] = "/usr/bin:/bin"
    try:
        done = user.run(["make", "setup"], cwd=project, timeout=600)
        assert done.returncode == 0, done.stderr
        up = user.run([project / ".venv" / "bin" / "lab", "status"])
    finally:
        user.env["PATH"] = str(user.tools)
    assert (up.returncode, "No sandbox is up" in up.stdout) == (3, True), up.stderr
    assert Path(project / ".venv").stat().st_uid == (os.geteuid() or NOBODY)
