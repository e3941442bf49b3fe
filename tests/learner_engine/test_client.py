"""The client of an engine: python-on-whales, bound to the sandbox and held to limits."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.docker_stub import HOST, Stub, put_up

import lab
from lab import paths
from lab.errors import Blocked
from lab.sandbox.host import client, limited


def test_the_client_is_bound_whatever_the_process_says(docker: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Engine, builders' folder and all else are the sandbox's; what the sandbox does not have is taken away."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///wrong.sock")
    monkeypatch.setenv("SPARE", "of the shell")
    docker.says("volume list", "one\ntwo")
    environment = {**os.environ, "DOCKER_HOST": HOST, "BUILDX_CONFIG": "/lab's own/buildx"}
    del environment["SPARE"]
    found = client.bound(docker.program, environment).volume.list()
    assert [one.name for one in found] == ["one", "two"]
    assert docker.environments == [[HOST, "/lab's own/buildx", "none"]]
    assert os.environ["DOCKER_HOST"] == "unix:///wrong.sock"


def test_a_notebook_gets_a_client_of_the_sandbox_that_is_up(docker: Stub) -> None:
    """`lab.docker()`; blocked where none is up."""
    with pytest.raises(Blocked, match="No sandbox is up"):
        lab.docker()
    put_up(docker)
    docker.says("volume list", "one")
    assert [one.name for one in lab.docker().volume.list()] == ["one"]
    assert docker.environments[-1][:2] == [HOST, str(paths.sandbox() / "buildx")]


def test_a_command_that_does_not_end_is_ended(docker: Stub) -> None:
    """The library has no time limit; the lab's client has one, and says so as everything that is down is said."""
    docker.says("volume list", seconds=30)
    started = time.monotonic()
    with (
        pytest.raises(Blocked, match=r"Volumes: The engine did not answer within 1 s\."),
        client.told("Volumes", "Wait."),
    ):
        client.bound(docker.program, os.environ, 1).volume.list()
    assert time.monotonic() - started < 10


def test_the_engines_own_reason_is_told(docker: Stub) -> None:
    """Of a refusal the line that says why, and a missing program too; nothing else is swallowed."""
    docker.says(
        "volume list",
        err="Unable to find it locally\nError response from daemon: no space left\nSee --help",
        status=125,
    )
    with pytest.raises(Blocked, match=r"^Volumes: no space left Free some\.$"), client.told("Volumes", "Free some."):
        client.bound(docker.program, os.environ).volume.list()
    with pytest.raises(Blocked, match="Volumes: "), client.told("Volumes", ""):
        client.bound(docker.program.with_name("no such program"), os.environ).volume.list()
    with pytest.raises(KeyError), client.told("Volumes", ""):
        raise KeyError


@pytest.mark.parametrize(
    ("text", "line"), [("", "no reason given"), ("a\nb\n", "b"), ("a\nAn error: c\nb", "An error: c")]
)
def test_a_reason_is_one_line(text: str, line: str) -> None:
    """The line with the error, else the last one."""
    assert client.reason(text) == line


def test_the_runner_hands_on_status_and_words(tmp_path: Path) -> None:
    """It is no shell: words with spaces and signs arrive as they are."""
    words = [sys.executable, "-I", "-S", limited.__file__]
    show = [
        sys.executable,
        "-c",
        "import os, sys; print(sys.argv[1:], os.environ.get('A'), 'B' in os.environ); sys.exit(7)",
    ]
    for seconds in ("0", "9"):
        done = subprocess.run(
            [*words, seconds, "A=x y=z", "B", "--", *show, "a b", "--", "$HOME"],
            env={**os.environ, "B": "there"}, capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (7, "['a b', '--', '$HOME'] x y=z False\n")


def test_the_stub_is_a_program(docker: Stub) -> None:
    """What these tests ask is really run."""
    docker.says("version", "29", status=3)
    done = subprocess.run([docker.program, "version"], capture_output=True, text=True, check=False, timeout=10)
    assert (done.stdout, done.returncode) == ("29", 3)
    assert stat.S_IMODE(docker.program.stat().st_mode) == 0o755
