"""How a learner's engine is found, and why none is: one page for each system."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from support.docker_stub import ABOUT, CONTEXT, HOST, Stub, answering

from lab import paths, sandbox
from lab.errors import Blocked
from lab.sandbox.engine import daemon, missing, search, users
from lab.sandbox.engine.search import Refusal
from lab.sandbox.model import EngineRef

# --- who answers ------------------------------------------------------------------------------------------------------


def test_the_engine_that_answers_is_found(docker: Stub) -> None:
    """Its address is taken from the context; the context itself is not needed."""
    answering(docker, CONTEXT, ABOUT)
    assert search.look() == EngineRef("learner", HOST, docker.program, None, remote=False)


def test_a_context_with_keys_is_kept(docker: Stub) -> None:
    """An address alone would leave its keys behind; one that is only an address is better off without its name."""
    tls = {
        "Name": "work",
        "Endpoints": {"docker": {"Host": "tcp://10.0.0.7:2376"}},
        "TLSMaterial": {"docker": ["ca.pem"]},
    }
    answering(docker, tls, ABOUT)
    found = search.look()
    assert isinstance(found, EngineRef)
    assert (found.context, found.remote) == ("work", True)
    assert search.needed_context({**tls, "TLSMaterial": {}}) is None
    trusting = {"Name": "lax", "Endpoints": {"docker": {"Host": "tcp://10.0.0.7:2376", "SkipTLSVerify": True}}}
    assert search.needed_context(trusting) == "lax"
    assert search.needed_context({"Name": "desktop-linux", "Endpoints": {"docker": {"Host": HOST}}}) is None


@pytest.mark.parametrize("context", [[], {}, {"Endpoints": []}, {"Endpoints": {"docker": 7}}, {"TLSMaterial": "x"}])
def test_a_context_that_says_something_else_is_no_mistake(docker: Stub, context: object) -> None:
    """A newer Docker's other form leaves the address unknown, and nothing breaks."""
    docker.says("context inspect", json.dumps(context))
    docker.says("info", json.dumps(ABOUT))
    found = search.look()
    assert isinstance(found, EngineRef)
    assert found.host == ""


def test_why_none_answers_is_kept(docker: Stub) -> None:
    """No command, an engine that is off, and one that refuses are told apart."""
    docker.says("context inspect", json.dumps(CONTEXT))
    docker.says("info", err="permission denied while trying to connect", status=1)
    assert search.look() == Refusal(docker=True, host=HOST, said="permission denied while trying to connect")
    docker.says("info", json.dumps({"ServerErrors": ["Cannot connect", "at all"]}))
    found = search.look()
    assert isinstance(found, Refusal)
    assert found.said == "Cannot connect; at all"
    docker.program.unlink()
    os.environ["PATH"] = str(docker.program.parent)
    assert search.look() == Refusal(docker=False, host="", said="")


@pytest.mark.parametrize(
    ("host", "elsewhere"),
    [
        (HOST, False), ("tcp://localhost:2375", False), ("tcp://127.0.0.1:2375", False), ("tcp://10.0.0.7:2376", True),
        ("ssh://me@pi.local", True), ("ssh://me@pi.local:22", True), ("npipe:////./pipe/docker_engine", False),
        ("tcp://localhost.evil.example:2375", True),
    ],
)  # fmt: skip
def test_an_engine_on_another_machine_is_known(host: str, *, elsewhere: bool) -> None:
    """There, a registry beside the engine is not on this machine's localhost."""
    assert users.is_elsewhere(EngineRef("learner", host, Path("docker"))) is elsewhere


def test_an_engine_on_another_machine_needs_an_account(docker: Stub) -> None:
    """`up` says so before it makes anything there."""
    answering(docker, {**CONTEXT, "Endpoints": {"docker": {"Host": "ssh://me@pi.local"}}}, ABOUT)
    with pytest.raises(Blocked, match="on another machine") as caught:
        sandbox.up()
    assert "--registry" in caught.value.remedy
    assert not any(command.startswith(("run", "create", "volume")) for command in docker.asked)


# --- no engine: one page per system -----------------------------------------------------------------------------------

OFF = Refusal(docker=True, host=HOST, said="Cannot connect to the Docker daemon")
NONE = Refusal(docker=False, host="", said="")


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch):
    """Play a system: platform, release, distribution, user."""

    def play(kind: str = "linux", release: str = "6.1.0-amd64", distribution: str = "debian", user: int = 1000) -> None:
        monkeypatch.setattr(missing.sys, "platform", kind)
        monkeypatch.setattr(missing.platform, "release", lambda: release)
        monkeypatch.setattr(missing.platform, "freedesktop_os_release", lambda: {"ID": distribution})
        monkeypatch.setattr(os, "geteuid", lambda: user)
        for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
            monkeypatch.delenv(name, raising=False)

    return play


def test_a_wrong_group_is_said_with_both_ways_out(system) -> None:
    """The engine is there; what helps is the group, or root."""
    system()
    why = Refusal(docker=True, host=HOST, said="permission denied while trying to connect to the Docker daemon socket")
    said = missing.blocked(why, own=True)
    assert "may not use the Docker engine" in said.message
    assert "usermod -aG docker" in said.remedy
    assert "sudo" in said.remedy


def test_each_system_is_told_its_own_way(system) -> None:
    """macOS, WSL, a distribution with and without the lab's own engine, root: no page is another's."""
    pages = {}
    for name, how, why in [
        ("mac", {"kind": "darwin"}, OFF),
        ("wsl", {"release": "5.15.0-microsoft-standard-WSL2", "distribution": "ubuntu"}, NONE),
        ("debian", {}, NONE),
        ("fedora", {"distribution": "fedora"}, NONE),
        ("off", {}, OFF),
    ]:
        system(**how)
        pages[name] = str(missing.blocked(why, own=how.get("distribution", "debian") in ("debian", "ubuntu")))
    assert "Docker Desktop" in pages["mac"]
    assert "apt" not in pages["mac"]
    assert "WSL integration" in pages["wsl"]
    assert "apt install docker.io" in pages["debian"]
    assert "as root" in pages["debian"]
    assert "dnf install" in pages["fedora"]
    assert "own engine" not in pages["fedora"]
    assert "systemctl start docker" in pages["off"]
    assert len(set(pages.values())) == len(pages)


def test_who_named_the_engine_is_said(system, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that only `DOCKER_HOST` names is not there because of that variable."""
    system()
    monkeypatch.setenv("DOCKER_HOST", "tcp://nowhere:2375")
    said = missing.blocked(Refusal(docker=True, host="tcp://nowhere:2375", said="no such host"), own=True)
    assert "which DOCKER_HOST names" in said.message
    assert "unset DOCKER_HOST" in said.remedy


def test_up_without_an_engine_and_without_root_is_that_page(docker: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocked, with the page, and nothing made; root on the same machine would go on."""
    docker.says("context inspect", json.dumps(CONTEXT))
    docker.says("info", err="Cannot connect to the Docker daemon. Is it running?", status=1)
    monkeypatch.setattr(daemon, "possible", lambda: False)
    with pytest.raises(Blocked, match="Is it running"):
        sandbox.up()
    assert not paths.sandbox().exists()
