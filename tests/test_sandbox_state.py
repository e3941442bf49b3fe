"""The sandbox's memory: what is read back, what damage does, and what the environment of a command is."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab import paths, sandbox
from lab.errors import BadInput, Blocked, UsageError
from lab.sandbox import bringup, certificates, state
from lab.sandbox.engine import config, daemon, search
from lab.sandbox.model import EngineRef, Sandbox
from lab.sandbox.state import State

ENGINE = EngineRef("private", "unix:///run/lab-x/docker.sock", Path("/tree/usr/bin/docker"), programs=Path("/tree"))
UP = State(
    ready=True,
    engine=ENGINE,
    registry="10.213.1.1:5000",
    mirror="localhost:5000",
    create_opts="",
    port=5000,
    address="10.213.1.1",
    suite="forky",
    store="containerd",
    absent=("/run/docker", "cgroup:docker"),
    emulators=True,
)
THEIRS = EngineRef("learner", "unix:///var/run/docker.sock", Path("/usr/bin/docker"), "default")


def box(engine: EngineRef = ENGINE, **changes) -> Sandbox:
    return replace(Sandbox(Path("/home/sandbox"), engine, "10.213.1.1:5000", "localhost:5000"), **changes)


@pytest.mark.parametrize("one", [UP, replace(UP, engine=THEIRS, port=None, address=None, account="docker.io/me")])
def test_what_is_written_is_read_back(one: State) -> None:
    """The state survives the file, which nobody else may read."""
    state.write(one)
    assert state.read() == one
    assert sandbox.load() == one.sandbox()
    assert stat.S_IMODE((paths.sandbox() / "state.json").stat().st_mode) == 0o600


def test_without_a_sandbox_that_is_said() -> None:
    """Nothing up, and an `up` that did not end, are blocked, each with its own line."""
    with pytest.raises(Blocked, match="No sandbox is up"):
        sandbox.load()
    state.write(replace(UP, ready=False))
    with pytest.raises(Blocked, match="did not finish"):
        sandbox.load()


@given(st.integers(0, len(json.dumps(UP.to_json())) - 1))
def test_a_state_file_cut_anywhere_is_one_clear_line(length: int) -> None:
    """No cut makes a traceback, and none is taken for a sandbox."""
    file = paths.sandbox() / "state.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(UP.to_json())[:length])
    with pytest.raises(Blocked) as caught:
        sandbox.load()
    assert "damaged" in caught.value.message
    assert "lab up" in caught.value.remedy


@pytest.mark.parametrize(
    "data", [None, [], 3, {}, {"engine": 3}, {**UP.to_json(), "port": "5000"}, {**UP.to_json(), "registry": None}]
)
def test_other_json_is_not_a_state(data: object) -> None:
    """A file of another kind is damage, never a sandbox with holes in it."""
    with pytest.raises(BadInput, match="damaged"):
        state.from_json(data)


def test_names_are_the_folders_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Two labs never share a name; names fit what the kernel allows, however deep the folder is."""
    monkeypatch.setenv("LAB_HOME", str(tmp_path / ("deep" * 40)))
    first = (state.bridge(), state.cgroup(), state.runtime())
    assert len(state.bridge()) <= 15
    assert len(str(state.socket())) < 100
    assert (state.bridge(), state.cgroup(), state.runtime()) == first
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "other"))
    assert state.bridge() != first[0]


def test_the_private_engines_environment_leads_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a learner's shell says about other engines, builders and platforms does not reach the sandbox."""
    for name in ("DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "BUILDX_BUILDER", "DOCKER_DEFAULT_PLATFORM", "LAB_DAEMON"):
        monkeypatch.setenv(name, "elsewhere")
    monkeypatch.setenv("PATH", "/usr/bin:/tree/usr/bin:/bin")
    monkeypatch.setenv("NO_PROXY", "example.com")
    found = sandbox.environment(box())
    assert "elsewhere" not in found.values()
    assert found["PATH"] == "/tree/usr/bin:/usr/bin:/bin"
    assert found["DOCKER_HOST"] == ENGINE.host
    assert found["DOCKER_CONFIG"] == "/home/sandbox/docker"
    assert found["NO_PROXY"] == "example.com,localhost,127.0.0.1,10.213.1.1"
    assert (found["REGISTRY"], found["BUILDKIT_PROGRESS"], found["LAB_SANDBOX"]) == ("10.213.1.1:5000", "plain", "1")


def test_the_environment_of_the_environment_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """`lab` inside the sandbox's own shell changes nothing more."""
    once = sandbox.environment(box())
    for name in set(os.environ) - set(once):
        monkeypatch.delenv(name)
    for name, value in once.items():
        monkeypatch.setenv(name, value)
    assert sandbox.environment(box()) == once


def test_a_learners_engine_keeps_the_learners_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Login and plugins are theirs; the engine stays the one that `up` found, whatever they switch to; buildx's folder is ours."""
    monkeypatch.setenv("DOCKER_CONTEXT", "work")
    monkeypatch.setenv("DOCKER_CONFIG", "/theirs")
    found = sandbox.environment(box(THEIRS))
    assert (found["DOCKER_CONTEXT"], found["DOCKER_CONFIG"]) == ("default", "/theirs")
    assert found["BUILDX_CONFIG"] == "/home/sandbox/buildx"
    assert found["PATH"] == os.environ["PATH"]
    monkeypatch.setenv("DOCKER_HOST", "unix:///another.sock")
    assert "DOCKER_HOST" not in sandbox.environment(box(THEIRS))
    by_host = replace(THEIRS, context=None)
    assert sandbox.environment(box(by_host))["DOCKER_HOST"] == THEIRS.host


def test_an_engine_of_the_learners_that_is_off_is_waited_for(tmp_path: Path) -> None:
    """What the lab made on it is not forgotten: `up` and `down` say so, and only `--purge` gives it up."""
    off = replace(THEIRS, docker=tmp_path / "no docker", context=None)
    state.write(replace(UP, engine=off, address=None, absent=()))
    for verb in (bringup.up, sandbox.down):
        with pytest.raises(Blocked, match="does not answer"):
            verb()
    assert state.read()
    assert any("folder" in line for line in sandbox.down(purge=True))
    assert state.read() is None


def test_inside_the_sandbox_its_own_engine_is_not_the_learners(monkeypatch: pytest.MonkeyPatch) -> None:
    """`lab up` in a notebook's terminal does not take the private engine for one that was there."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{state.socket()}")
    monkeypatch.setenv("PATH", f"{paths.cache()}/engine-x/usr/bin:/usr/bin")
    outside = search.outside()
    assert "DOCKER_HOST" not in outside
    assert outside["PATH"] == "/usr/bin"
    monkeypatch.setenv("DOCKER_HOST", "unix:///theirs.sock")
    assert search.outside()["DOCKER_HOST"] == "unix:///theirs.sock"


@pytest.mark.parametrize(
    ("host", "about", "remote"),
    [
        ("unix:///var/run/docker.sock", {"OperatingSystem": "Debian GNU/Linux 12"}, False),
        ("unix:///home/me/.docker/desktop/docker.sock", {"OperatingSystem": "Docker Desktop"}, True),
        ("unix:///run/user/1000/docker.sock", {"SecurityOptions": ["name=seccomp", "name=rootless"]}, True),
        ("ssh://me@there", {}, True),
        ("tcp://127.0.0.1:2375", {}, True),
    ],
)
def test_whose_localhost_an_engine_means(host: str, about: dict[str, object], remote: object) -> None:
    """Docker Desktop, rootless and distant engines have a `localhost` of their own."""
    assert search.is_remote(host, about) is remote


def test_builders_know_the_registry_and_the_mirror() -> None:
    """With the lab's bridge, Docker Hub's names are looked for there first; without it there is no mirror."""
    own = config.builder_settings(5000, "10.213.1.1")
    assert f'[registry."10.213.1.1:5000"]\n  ca = ["{certificates.authority()}"]' in own
    assert 'mirrors = ["10.213.1.1:5000"]' in own
    theirs = config.builder_settings(5000, None)
    assert '[registry."localhost:5000"]\n  http = true' in theirs
    assert "docker.io" not in theirs
    assert "[" not in config.builder_settings(None, None)


def test_a_login_survives_the_next_up(tmp_path: Path) -> None:
    """The Docker command's settings are completed, not replaced; damaged ones are made anew."""
    tree = tmp_path / "tree"
    plugin = tree / "usr/libexec/docker/cli-plugins/docker-buildx"
    plugin.parent.mkdir(parents=True)
    plugin.touch()
    file = paths.sandbox() / "docker" / "config.json"
    file.parent.mkdir(parents=True)
    file.write_text('{"auths": {"docker.io": {}}}')
    config.write(replace(ENGINE, programs=tree), port=5000, address="10.213.1.1")
    assert json.loads(file.read_text()) == {"auths": {"docker.io": {}}, "cliPluginsExtraDirs": [str(plugin.parent)]}
    file.write_text("{")
    config.write(replace(ENGINE, programs=tree), port=5000, address="10.213.1.1")
    assert json.loads(file.read_text()) == {"cliPluginsExtraDirs": [str(plugin.parent)]}


def test_no_root_and_no_space_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each thing that stands in the private engine's way has a line and a way out of its own."""
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(Blocked, match="needs root") as caught:
        daemon.check_possible()
    assert "sudo" in caught.value.remedy
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("shutil.disk_usage", lambda _path: type("Usage", (), {"free": 10**8}))
    with pytest.raises(Blocked, match=r"0\.1 GB left"):
        daemon.check_possible()
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(Blocked) as caught:
        daemon.check_possible()
    assert "Docker Desktop" in caught.value.remedy


@pytest.mark.parametrize("bad", ["", "not a name", "docker.io/ME", "https://x/y", "a//b"])
def test_a_wrong_registry_is_refused_before_anything_is_made(bad: str) -> None:
    """A misspelt account changes nothing."""
    with pytest.raises(UsageError):
        bringup.up(registry=bad)
    assert not paths.home().exists()


def test_a_wrong_store_is_refused() -> None:
    """There are two image stores."""
    with pytest.raises(UsageError, match="'overlay'"):
        bringup.up(store="overlay")


def test_the_engine_gets_nothing_of_the_machines_own(tmp_path: Path) -> None:
    """The settings name the lab's own socket, folders, bridge and group, and no firewall rule is asked for."""
    proxy = tmp_path / "usr/sbin/docker-proxy"
    proxy.parent.mkdir(parents=True)
    proxy.touch()
    found = daemon.settings(tmp_path, "forky", "10.213.1.1:5000", store="classic")
    assert found["features"] == {"containerd-snapshotter": False}
    assert found["bridge"] == state.bridge()
    assert found["cgroup-parent"] == f"/{state.cgroup()}"
    assert not any(found[name] for name in ("iptables", "ip6tables", "ip-masq", "ip-forward"))
    assert found["registry-mirrors"] == ["http://127.0.0.1:5000"]
    places = [found["data-root"], found["exec-root"], found["pidfile"], found["hosts"][0].removeprefix("unix://")]
    assert all(place.startswith((str(paths.sandbox()), str(state.runtime()))) for place in places)
