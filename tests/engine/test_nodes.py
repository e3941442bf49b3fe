"""BuildKit nodes on a real engine: they are the lab's, each is what it says, and `down` leaves nothing of them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support import machine_picture as machine
from support.nightly import nightly

from lab import course, paths, sandbox
from lab.course import native_nodes as lesson
from lab.course import workspace
from lab.errors import BadInput, Blocked
from lab.learning import runner
from lab.model.results import Status
from lab.probes import doors
from lab.probes import nodes as probes
from lab.probes.here import learners_folder, this_world
from lab.sandbox import buildkit, nodes, state
from lab.sandbox.engine import search
from lab.sandbox.engine.variables import PORT
from lab.sandbox.model import NODES
from lab.sandbox.nodes import settings
from lab.terminal import shell

LAB = [sys.executable, "-c", "from lab.cli import main; main()"]
CREATE = "BUILDX_CONFIG=$BUILDX_REMOTE docker buildx create"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A lab of its own, whose engine has nodes by the end; the downloads are shared with the lab that runs the tests."""
    monkeypatch.setenv("LAB_CACHE", str(paths.cache()))
    monkeypatch.setenv("LAB_LEARNER", str(tmp_path / "learner"))
    monkeypatch.setenv("LAB_WORKSPACE", str(tmp_path / "lessons"))
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "BUILDX_CONFIG", "LAB_SANDBOX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "home"))
    yield paths.home()
    for place in (tmp_path / "second", tmp_path / "home"):  # the second lives on the first's engine
        monkeypatch.setenv("LAB_HOME", str(place))
        sandbox.down()


def up() -> sandbox.Sandbox:
    """The lab's own engine, with BuildKit's image."""
    box = sandbox.up(private=True, emulators=False)
    assert buildkit.wait(600).state in ("ready", "hub")
    return box


def said(command: str, box: sandbox.Sandbox) -> str:
    environment = sandbox.environment(box)
    environment["PATH"] += f"{os.pathsep}{Path(sys.executable).parent}"
    done = subprocess.run(
        ["bash", "-c", command], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def does(step: str) -> None:
    """Do a step by its solution."""
    workspace.start(learners_folder())
    found, here = course.step(step), this_world()
    assert runner.prepare(found, here) is None
    printed = shell.run(step, found.solution, here, lambda _text: None).output
    result = runner.check(found, here)
    assert result.status is Status.PASSED, f"{result.text}\n{printed}"


def listening() -> list[str]:
    """The nodes whose address answers."""
    found = []
    for name in NODES:
        with socket.socket() as one:
            one.settimeout(1)
            found += [name] if one.connect_ex((nodes.host(name), PORT)) == 0 else []
    return found


def test_down_leaves_nothing_of_the_nodes(home: Path) -> None:
    """After `down` no process, mount, control group, key or listener is there; with or without `lab nodes down` before."""
    before = machine.take()
    box = up()
    assert nodes.up() == list(NODES)
    assert listening() == list(NODES)
    keys = sorted(settings.folder().rglob("*.pem"))
    assert len([key for key in keys if key.name == "key.pem"]) == len(NODES) + 1
    assert {key.stat().st_mode & 0o777 for key in keys} == {0o600}
    assert said("docker ps --all --quiet --filter label=multiplatform-lab | wc -l", box) == str(len(NODES))
    said(f"{CREATE} --name solo --driver remote $NODE_A; echo FROM scratch | docker buildx build --builder solo -", box)
    assert nodes.stop(["node-a"]) == ["node-a"]
    sandbox.down()
    assert machine.traces(before) == {}
    assert listening() == []
    assert not settings.folder().exists()


@nightly
def test_nodes_are_started_and_removed_by_themselves(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs goes on; what is removed leaves no container, volume or key behind; the rest of the sandbox stays."""
    box = up()
    before = said("docker ps --all --quiet; docker volume ls --quiet; docker buildx ls", box)
    assert nodes.up(["node-b"]) == ["node-b"]
    assert nodes.up(["node-b"]) == []
    assert [one.state for one in nodes.states()] == ["missing", "running", "missing"]
    assert nodes.stop(["node-b"]) == ["node-b"]
    assert nodes.restart(["node-b"]) == ["node-b"]
    settings.write("node-b", "nonsense[\n")
    with pytest.raises(BadInput, match="node-b does not start: failed to parse config: toml:"):
        nodes.restart(["node-b"])
    settings.write("node-b")
    assert nodes.up() == list(NODES)
    assert nodes.down() == list(NODES)
    assert nodes.down() == []
    assert said("docker ps --all --quiet; docker volume ls --quiet; docker buildx ls", box) == before
    assert not settings.folder().exists()
    here = replace(box, engine=replace(box.engine, remote=True))
    monkeypatch.setattr(state, "load", lambda: here)
    with pytest.raises(Blocked, match="not on this very machine"):
        nodes.up()


def test_a_node_says_what_it_built_and_whom_it_lets_in(home: Path) -> None:
    """By its own record, also while another node is off; a learner sees the same with `lab nodes`."""
    box = up()
    nodes.up(["node-a", "node-b"])
    said(f"{CREATE} --name two --driver remote --platform linux/amd64 $NODE_A", box)
    said(f"{CREATE} --name two --append --platform linux/arm64 $NODE_B", box)
    build = "docker buildx build --quiet --builder two --platform linux/amd64,linux/arm64"
    said(f"printf 'FROM scratch\\nCOPY --from=busybox:1.38 /etc/passwd /p' | {build} -t $REGISTRY/two --push -", box)
    nodes.stop(["node-b"])
    world = this_world()
    found = probes.nodes()(world)
    assert [(one.name, one.running) for one in found.known] == [("node-a", True), ("node-b", False), ("node-c", False)]
    (record,) = found.named("node-a").records
    assert [str(platform) for platform in record.platforms] == ["linux/amd64"]
    assert record.name == f"{box.registry}/two"
    assert any("COPY" in line for line in record.lines)
    rows = json.loads(said("docker buildx imagetools inspect --raw $REGISTRY/two", box))["manifests"]
    made = {row["platform"]["architecture"]: probes.pushed("two")(world).maker(row["digest"]) for row in rows}
    assert (made["amd64"], made["arm64"]) == ("node-a", "")  # node-b is off, and cannot be asked
    assert doors.door("node-a")(world).plain
    assert not doors.door("node-b")(world).plain
    lines = said("lab nodes", box).splitlines()
    assert lines[0].endswith("running, open to everybody on this machine")
    assert f"built linux/amd64, pushed as {box.registry}/two" in lines[1]
    assert lines[2].endswith("off")
    told = json.loads(said("lab nodes --json", box))
    assert [one["running"] for one in told] == [True, False, False]
    assert told[0]["built"][0]["platforms"] == ["linux/amd64"]


@nightly
def test_the_lesson_passes_on_a_learners_engine(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nodes reach the registry on localhost, the third one asks for a key; `down` removes them, and nothing of theirs."""
    theirs = up()
    said(
        "docker pull --quiet moby/buildkit:buildx-stable-1; docker create --name kept moby/buildkit:buildx-stable-1",
        theirs,
    )
    holdings = "docker ps --all --format '{{.ID}} {{.Names}}'; docker volume ls --quiet; docker images --quiet"
    before = said(holdings, theirs)
    for name, value in sandbox.environment(theirs).items():
        monkeypatch.setenv(name, value)
    for name in ("BUILDX_CONFIG", "LAB_SANDBOX", "REGISTRY", "NODES", "BUILDX_REMOTE", "NODE_A", "NODE_B", "NODE_C"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "second"))
    box = sandbox.up(emulators=False)
    assert (box.engine.kind, box.registry.partition(":")[0]) == ("learner", "localhost")
    for step in ("two_nodes", "remote_config", "tls", "farm"):
        does(step)
    promised = sandbox.down(dry_run=True)
    assert {f"container {nodes.container(name)}" for name in NODES} <= set(promised)
    assert {f"builder {name}" for name in (lesson.PAIR, lesson.SAFE, lesson.FARM)} <= set(promised)
    assert sandbox.down() == promised
    assert listening() == []
    assert said(holdings, theirs) == before


def test_where_the_engine_is_elsewhere_the_steps_are_blocked(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not wrong: there is no way to such nodes from here, and the learner is told so."""
    theirs = up()
    for name, value in sandbox.environment(theirs).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "second"))
    monkeypatch.setattr(search, "is_remote", lambda *_: True)
    box = sandbox.up(emulators=False, registry="docker.io/somebody")
    assert box.engine.remote
    workspace.start(learners_folder())
    here = this_world()
    for name in ("two_nodes", "where_built", "takes_away", "farm"):
        result = runner.check(course.step(name), here)
        assert result.status is Status.BLOCKED, result.text
        assert "not on this very machine" in result.text
    done = subprocess.run(
        [*LAB, "nodes", "up"], env={**os.environ}, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert "Traceback" not in done.stderr
