"""A learner's engine: how it is found, why none is, what is written into builders, and python-on-whales held to limits."""

from __future__ import annotations

import base64
import json
import os
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.stand_ins import Heard

import lab
from lab import paths, sandbox
from lab.errors import BadInput, Blocked
from lab.model.world import World
from lab.probes import needs
from lab.sandbox import engine as engines
from lab.sandbox import state, teardown
from lab.sandbox.emulators import container
from lab.sandbox.engine import builders, cleanup, commands, daemon, missing, search, snapshot, users
from lab.sandbox.engine.search import Refusal
from lab.sandbox.host import client, limited
from lab.sandbox.model import EngineRef
from lab.sandbox.report import PlainListener
from lab.sandbox.state import State
from lab.terminal import recorder as shell_record

HOST = "unix:///var/run/docker.sock"


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stub:
    """A `docker` that answers as it is told, and keeps what it was asked."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "LAB_SANDBOX"):
        monkeypatch.delenv(name, raising=False)
    return Stub(folder)


class Stub:
    """A program called docker: for each beginning of a command line, what it prints, complains of and ends with."""

    def __init__(self, folder: Path) -> None:
        self.program = folder / "docker"
        self._asked = folder / "asked"
        self._asked.touch()
        self._cases: list[str] = []
        self.says("", status=1)

    def says(self, command: str, out: str = "", err: str = "", status: int = 0, seconds: float = 0) -> None:
        """From now on, and before all that was said earlier."""
        words = [base64.b64encode(text.encode()).decode() for text in (out, err)]
        case = f"  {command!r}*) echo {words[0]} | base64 -d; echo {words[1]} | base64 -d >&2; sleep {seconds}; exit {status};;"
        self._cases.insert(0, case)
        ask = 'echo "$*|${DOCKER_HOST-}|${BUILDX_CONFIG-}|${SPARE-none}" >> '
        script = ["#!/bin/sh", f"{ask}'{self._asked}'", 'case "$*" in', *self._cases, "esac"]
        self.program.write_text("\n".join(script).replace("''*)", "*)"))
        self.program.chmod(0o755)

    @property
    def asked(self) -> list[str]:
        return [line.partition("|")[0] for line in self._asked.read_text().splitlines()]

    @property
    def environments(self) -> list[list[str]]:
        return [line.split("|")[1:] for line in self._asked.read_text().splitlines()]


CONTEXT = {"Name": "default", "Endpoints": {"docker": {"Host": HOST}}, "TLSMaterial": {}}
ABOUT = {"ServerVersion": "29.0.0", "OperatingSystem": "Debian", "SecurityOptions": []}


def answering(docker: Stub, context: dict[str, object], about: dict[str, object]) -> None:
    docker.says("context inspect", json.dumps(context))
    docker.says("info", json.dumps(about))


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


# --- python-on-whales -------------------------------------------------------------------------------------------------


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


# --- what was there before --------------------------------------------------------------------------------------------

ROW = "{}\t{}\t{}\t{}\n"
IMAGES = (
    ROW.format("busybox", "1.38", "<none>", "sha256:old")
    + ROW.format("localhost:5003/theirs", "1", "<none>", "sha256:t")
    + ROW.format("<none>", "<none>", "<none>", "sha256:dangling")
)


def put_up(docker: Stub, **changes: object) -> EngineRef:
    """A sandbox on the stub's engine, as `up` leaves it."""
    engine = EngineRef("learner", HOST, docker.program)
    values = {
        "ready": True, "engine": engine, "registry": "localhost:5001", "mirror": None, "port": 5001, "address": None,
        "create_opts": "--driver-opt network=host", "suite": "forky", "store": "containerd",
    }  # fmt: skip
    state.write(State(**{**values, **changes}))
    return engine


def test_what_was_there_is_noted_once(docker: Stub) -> None:
    """Images, names and ports of before; a second look, when the lab's are there too, changes nothing."""
    engine = put_up(docker)
    docker.says("image ls", IMAGES)
    snapshot.note(engine)
    found = snapshot.read()
    assert found
    assert found.engine == engine
    assert found.images == {"sha256:old", "sha256:t", "sha256:dangling"}
    assert (found.names, found.ports) == ({"busybox:1.38": "sha256:old"}, {5003})
    docker.says("image ls", IMAGES + ROW.format("localhost:5001/ours", "1", "<none>", "sha256:o"))
    snapshot.note(engine)
    assert snapshot.read() == found


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"engine": {}, "images": 7}'])
def test_a_damaged_note_is_none(docker: Stub, text: str) -> None:
    """Then nothing counts as come since: what may be theirs stays."""
    put_up(docker)
    (paths.sandbox() / "theirs.json").write_text(text)
    assert snapshot.read() is None
    docker.says("image ls", IMAGES)
    docker.says("ps", "")
    docker.says("volume ls", "")
    assert [one.line for one in cleanup.on(state.load().engine, 5001)] == []


def test_what_is_removed_is_the_labs_and_nothing_else(docker: Stub) -> None:
    """Marks, names in the lab's registry, pulled names; an image that a container of theirs uses stays."""
    engine = put_up(docker)
    docker.says("image ls", ROW.format("mine", "1", "<none>", "sha256:m"))
    docker.says("ps", "")
    snapshot.note(engine)
    docker.says(
        "image ls",
        ROW.format("mine", "1", "<none>", "sha256:m")
        + ROW.format("localhost:5001/hello", "latest", "sha256:d", "sha256:h")
        + ROW.format("localhost:5001/hello", "<none>", "sha256:e", "sha256:i")
        + ROW.format("localhost:50010/hello", "latest", "<none>", "sha256:other")
        + ROW.format("busybox", "1.38", "<none>", "sha256:b")
        + ROW.format("moby/buildkit", "buildx-stable-1", "<none>", "sha256:k")
        + ROW.format("moby/buildkit", "v0.1", "<none>", "sha256:theirs"),
    )
    key = state.key()
    docker.says(
        "ps",
        f"theirs\tbusybox:1.38\t\nlab-registry\tregistry:3\t{key}\nother\tx\t{'0' * 8}\nmade\tlocalhost:5001/hello\t\n"
        f"buildx_buildkit_lab-{key}-one0\tmoby/buildkit:buildx-stable-1\t\nbuildx_buildkit_multi-builder0\tx\t\n",
    )
    docker.says("volume ls --quiet --filter label", f"lab-registry-{key}\n")
    docker.says("volume ls --quiet --filter name", f"buildx_buildkit_lab-{key}-one0_state\n")
    assert [one.line for one in cleanup.on(engine, 5001)] == [
        "container lab-registry",
        "container made",
        f"container buildx_buildkit_lab-{key}-one0",
        f"volume buildx_buildkit_lab-{key}-one0_state",
        f"volume lab-registry-{key}",
        "image localhost:5001/hello:latest",
        "image localhost:5001/hello@sha256:e",
        "image moby/buildkit:buildx-stable-1",
    ]


def test_a_name_that_means_another_image_now_is_given_back(docker: Stub) -> None:
    """A pull moved it: it is moved back, and what was pulled goes; not where the old image is gone."""
    engine = put_up(docker)
    docker.says("image ls", IMAGES)
    docker.says("ps", "")
    docker.says("volume ls", "")
    snapshot.note(engine)
    now = ROW.format("busybox", "1.38", "<none>", "sha256:new")
    docker.says("image ls", now + ROW.format("busybox", "<none>", "sha256:index", "sha256:old"))
    (removal,) = cleanup.on(engine, 5001)
    assert removal.line == "image busybox:1.38: back to yours"
    docker.says("image tag")
    docker.says("image rm")
    docker.says("image ls", IMAGES + ROW.format("<none>", "<none>", "<none>", "sha256:new"))
    removal.remove()
    assert "image tag sha256:old busybox:1.38" in docker.asked
    assert [command for command in docker.asked if command.startswith("image rm")] == ["image rm sha256:new"]
    docker.says("image ls", now)
    assert list(cleanup.on(engine, 5001)) == []


def test_a_list_of_another_form_is_blocked(docker: Stub) -> None:
    """A newer Docker's other form is not read as if nothing were there."""
    engine = put_up(docker)
    docker.says("image ls", IMAGES)
    docker.says("ps", "one two three\n")
    with pytest.raises(Blocked, match="in a form that the lab does not know"):
        list(cleanup.on(engine, 5001))


def test_what_resists_is_said_and_what_is_gone_is_not(docker: Stub) -> None:
    """`down` does not claim to have removed what the engine would not remove."""
    engine = put_up(docker)
    docker.says("image ls", "")
    docker.says("volume ls", "")
    docker.says("ps", f"one\tx\t{state.key()}\n")
    (removal,) = cleanup.on(engine, 5001)
    docker.says("container rm", err="Error response from daemon: No such container: one", status=1)
    removal.remove()
    docker.says("container rm", err="Error response from daemon: device or resource busy", status=1)
    with pytest.raises(Blocked, match="'one' cannot be removed from your engine: device or resource busy"):
        removal.remove()


THEIRS = {"multi-builder": "2020-01-01T11:00:00.123456789Z"}


def holds(docker: Stub, **made: str) -> None:
    """The engine has containers of these builders, made then."""
    names = {f"buildx_buildkit_{name}0": when for name, when in {**THEIRS, **made}.items()}
    docker.says("ps --all --format {{.Names}}", "".join(f"{name}\n" for name in names))
    docker.says("container inspect --format", "".join(f"/{name}\t{when}\n" for name, when in names.items()))


# --- new builders -----------------------------------------------------------------------------------------------------


def created(name: str, *, node: str | None = None, **changes: object) -> Path:
    """A builder as `docker buildx create` writes it down."""
    place = paths.sandbox() / "buildx" / "instances" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    one = {
        "Name": node or f"{name}0",
        "Endpoint": HOST,
        "Platforms": None,
        "DriverOpts": None,
        "Flags": None,
        "Files": {"a": "b"},
    }
    place.write_text(
        json.dumps({"Name": name, "Driver": "docker-container", "Nodes": [one | changes], "Dynamic": False})
    )
    return place


def node_of(place: Path) -> dict[str, object]:
    (node,) = json.loads(place.read_text())["Nodes"]
    return node


@pytest.fixture
def noted(docker: Stub) -> Stub:
    """A sandbox on an engine where a `multi-builder` of the learner's runs."""
    engine = put_up(docker)
    docker.says("image ls", "")
    holds(docker)
    snapshot.note(engine)
    return docker


def test_a_new_builder_gets_a_name_and_the_hosts_network(noted: Stub) -> None:
    """Also where a container of theirs has the name that it would have had; the rest stays as buildx wrote it."""
    place = created("multi-builder")
    engine = state.load().engine
    assert not builders.safe_to_remove("multi-builder", engine)
    engines.adapt_new_builders()
    node = node_of(place)
    assert node["Name"] == f"lab-{state.key()}-multi-builder0"
    assert node["DriverOpts"] == {"network": "host"}
    assert node["Flags"] == ["--allow-insecure-entitlement=network.host"]
    assert node["Files"] == {"a": "b"}
    assert builders.safe_to_remove("multi-builder", engine)
    assert not builders.cannot_reach_registry("multi-builder")
    text = place.read_text()
    engines.adapt_new_builders()
    assert place.read_text() == text
    assert [path.name for path in place.parent.iterdir()] == ["multi-builder"]


def test_a_builder_that_runs_already_keeps_its_name(noted: Stub) -> None:
    """Renamed, its container would be nobody's; that it cannot reach the registry is known."""
    place = created("quick")
    holds(noted, quick=datetime.now(UTC).isoformat())
    engines.adapt_new_builders()
    assert node_of(place)["Name"] == "quick0"
    assert builders.safe_to_remove("quick", state.load().engine)
    assert not engines.has_foreign_builder("quick")
    assert builders.cannot_reach_registry("quick")
    assert not builders.cannot_reach_registry("no such builder")
    created("quick", DriverOpts={"network": "host"})
    assert not builders.cannot_reach_registry("quick")


def test_in_lab_shell_a_builder_is_fitted_when_its_command_has_ended(noted: Stub, tmp_path: Path) -> None:
    """Before the prompt is back; a command that is only begun has written nothing down yet."""
    place = created("multi-builder")
    recorder = shell_record.Recorder(tmp_path)
    recorder.heard(b"\x1b]7117;S;Y3JlYXRl\x07multi-builder\r\n")
    assert node_of(place)["Name"] == "multi-builder0"
    recorder.heard(b"\x1b]7117;E;0;1\x07")
    assert node_of(place)["Name"] == f"lab-{state.key()}-multi-builder0"


def test_a_current_builder_that_cannot_reach_the_registry_blocks(noted: Stub, world: World) -> None:
    """The need says which one, and why; with another current builder, or none, it says nothing."""
    created("quick")
    needs.reach(world)
    current = paths.sandbox() / "buildx" / "current"
    current.write_text(json.dumps({"Key": HOST, "Name": "quick", "Global": False}))
    with pytest.raises(Blocked, match="The builder quick has a network of its own") as caught:
        needs.reach(world)
    assert "docker buildx rm quick" in caught.value.remedy
    for text in ("", "[]", "{}", json.dumps({"Name": "no such builder"})):
        current.write_text(text)
        needs.reach(world)


def test_a_name_that_a_container_of_theirs_has_is_known(noted: Stub) -> None:
    """What `create` and `rm` in one command would take away."""
    assert engines.has_foreign_builder("multi-builder")
    assert not engines.has_foreign_builder("spare")
    put_up(noted, engine=EngineRef("private", HOST, noted.program, programs=noted.program.parent))
    assert not engines.has_foreign_builder("multi-builder")


@pytest.mark.parametrize("made", ["2020-01-01T11:00:00.123456789Z", "yesterday", ""])
def test_a_container_that_was_there_first_is_theirs(noted: Stub, made: str) -> None:
    """Also one that they made while the lab was up; where nobody can tell when, it counts as theirs."""
    place = created("later")
    holds(noted, later=made)
    assert engines.has_foreign_builder("later")
    assert not builders.safe_to_remove("later", state.load().engine)
    engines.adapt_new_builders()
    assert node_of(place)["Name"] == f"lab-{state.key()}-later0"


def test_a_moment_decides_whose_a_container_is(noted: Stub) -> None:
    """Theirs was started and the lab's written down in the same second: the one made before is not touched."""
    place = created("later")
    os.utime(place, (1_800_000_000.5, 1_800_000_000.5))
    engine = state.load().engine
    for fraction, ours in (("4", False), ("499999", False), ("5", True), ("500001", True), ("6", True)):
        holds(noted, later=f"2027-01-15T08:00:00.{fraction}Z")
        assert builders.safe_to_remove("later", engine) is ours
        assert engines.has_foreign_builder("later") is not ours


def test_a_container_that_goes_while_it_is_asked_for_counts_as_theirs(noted: Stub) -> None:
    """`docker container inspect` then fails for all of them: nothing is taken away on a guess."""
    created("later")
    holds(noted, later=datetime.now(UTC).isoformat())
    assert builders.safe_to_remove("later", state.load().engine)
    noted.says("container inspect --format", err="Error: No such container", status=1)
    assert not builders.safe_to_remove("later", state.load().engine)


@pytest.mark.parametrize("changes", [{"Endpoint": "ssh://me@pi.local"}, {"Endpoint": "another-context"}])
def test_a_node_on_another_engine_is_left_alone(noted: Stub, changes: dict[str, str]) -> None:
    """Its host's network is not this machine's."""
    place = created("farm", **changes)
    before = place.read_text()
    engines.adapt_new_builders()
    assert place.read_text() == before
    assert not builders.cannot_reach_registry("farm")


def test_what_a_learner_chose_stays(noted: Stub) -> None:
    """A network of their own choice is not overruled, nor other options lost."""
    place = created("own", DriverOpts={"network": "theirs", "memory": "1g"}, Flags=["--debug"])
    engines.adapt_new_builders()
    assert node_of(place)["DriverOpts"] == {"network": "theirs", "memory": "1g"}
    assert node_of(place)["Flags"] == ["--debug", "--allow-insecure-entitlement=network.host"]


def test_with_an_account_only_the_name_is_written(noted: Stub) -> None:
    """A registry that is not on localhost needs no network of the host's."""
    put_up(noted, registry="docker.io/me", create_opts="", port=None, account="docker.io/me")
    place = created("plain")
    engines.adapt_new_builders()
    assert node_of(place)["DriverOpts"] is None
    assert node_of(place)["Name"] == f"lab-{state.key()}-plain0"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"Driver": "docker-container", "Nodes": 7}', '{"Nodes": [7]}'])
def test_a_builder_that_cannot_be_read_is_buildxs_business(noted: Stub, text: str) -> None:
    """It is neither changed nor an error."""
    place = created("odd")
    place.write_text(text)
    engines.adapt_new_builders()
    assert place.read_text() == text


def test_the_private_engines_builders_are_left_as_they_are(docker: Stub) -> None:
    """They reach the registry by the bridge, and no engine of anybody's is asked."""
    put_up(docker, engine=EngineRef("private", HOST, docker.program, programs=docker.program.parent), create_opts="")
    place = created("multi-builder")
    engines.adapt_new_builders()
    assert node_of(place)["Name"] == "multi-builder0"
    assert docker.asked == []


def test_a_builder_of_theirs_that_was_never_fitted_is_only_forgotten(noted: Stub) -> None:
    """`down` drops the entry and asks for no removal, since the container of that name is theirs."""
    state.write(state.read() and State(**{**vars(state.read()), "ready": False}))
    place = created("multi-builder")
    noted.says("volume ls", "")
    noted.says("version", "29.0.0")
    noted.says("ps --all --no-trunc", "buildx_buildkit_multi-builder0\tx\t\n")
    removals = {one.line: one for one in teardown.removals(state.read(), purge=False)}
    removals["builder multi-builder"].remove()
    assert not place.exists()
    assert not any(command.startswith("buildx rm") for command in noted.asked)


# --- emulators by container -------------------------------------------------------------------------------------------


def told(supported: list[str], emulators: list[str]) -> str:
    return json.dumps({"supported": supported, "emulators": emulators})


RUN = "container run --privileged --rm tonistiigi/binfmt:latest"


@pytest.fixture
def engine(docker: Stub) -> EngineRef:
    """An engine that has the image already."""
    docker.says("image inspect", "[{}]")
    return put_up(docker)


def test_missing_emulators_are_asked_for_by_name_and_taken_away_again(docker: Stub, engine: EngineRef) -> None:
    """Only what lacks is installed, only what was installed is uninstalled."""
    docker.says(RUN, told(["linux/amd64", "linux/386", "linux/riscv64"], ["qemu-riscv64"]))
    after = told(
        ["linux/amd64", "linux/arm64", "linux/riscv64", "linux/arm/v7"], ["qemu-riscv64", "qemu-aarch64", "qemu-arm"]
    )
    docker.says(f"{RUN} --install", after)
    container.install(lambda: commands.client(engine), PlainListener())
    assert f"{RUN} --install arm64,arm" in docker.asked
    assert container.installed() == ["qemu-aarch64", "qemu-arm"]
    container.uninstall(lambda: commands.client(engine))
    assert docker.asked[-1] == f"{RUN} --uninstall qemu-aarch64,qemu-arm"
    assert container.installed() == []


def test_a_kernel_that_has_them_is_left_alone(docker: Stub, engine: EngineRef) -> None:
    """As with Docker Desktop; what was there is not the lab's to take away."""
    docker.says(RUN, told(["linux/amd64", "linux/arm64", "linux/riscv64", "linux/arm/v7"], ["qemu-aarch64"]))
    heard = Heard()
    container.install(lambda: commands.client(engine), heard)
    assert heard.notes
    assert not any("--install" in command for command in docker.asked)
    assert container.installed() == []


def test_a_kernel_that_takes_none_is_blocked(docker: Stub, engine: EngineRef) -> None:
    """The image ends with status 0 though nothing was registered: its answer is read, not its status."""
    docker.says(RUN, told(["linux/amd64"], []), err="installing: arm64 EPERM opening register")
    with pytest.raises(Blocked, match="takes no emulator for linux/arm64"):
        container.install(lambda: commands.client(engine), PlainListener())
    docker.says(RUN, "", err="error: operation not permitted\ncannot mount binfmt_misc")
    with pytest.raises(Blocked, match="cannot mount binfmt_misc"):
        container.install(lambda: commands.client(engine), PlainListener())


def test_an_image_that_cannot_be_had_is_blocked(docker: Stub, engine: EngineRef) -> None:
    """With the engine's reason, and what to look at."""
    docker.says("image inspect", err="Error: No such image: tonistiigi/binfmt:latest", status=1)
    docker.says("image pull", err="Error response from daemon: dial tcp: lookup registry: no such host", status=1)
    with pytest.raises(Blocked, match="no such host") as caught:
        container.install(lambda: commands.client(engine), PlainListener())
    assert "Docker Hub" in caught.value.remedy


@pytest.mark.parametrize("text", ["", "{", "[]", '{"supported": 7}'])
def test_an_answer_of_another_form_is_refused(text: str) -> None:
    """Never taken for a kernel with no emulators."""
    with pytest.raises(BadInput, match="cannot be read"):
        container.parse(text)


def test_the_stub_is_a_program(docker: Stub) -> None:
    """What these tests ask is really run."""
    docker.says("version", "29", status=3)
    done = subprocess.run([docker.program, "version"], capture_output=True, text=True, check=False, timeout=10)
    assert (done.stdout, done.returncode) == ("29", 3)
    assert stat.S_IMODE(docker.program.stat().st_mode) == 0o755
