"""The sandbox on a real engine: what it promises to the learner's machine and to the lessons."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import machine_picture as machine
from support.nightly import by_day, nightly
from support.stand_ins import Heard

from lab import paths, sandbox
from lab.errors import Blocked
from lab.sandbox import buildkit, state
from lab.sandbox.emulators import kernel
from lab.sandbox.engine import daemon, search, traces
from lab.sandbox.host import network, process
from lab.sandbox.packages import programs

pytestmark = pytest.mark.engine
_DEEP = "a deep folder " * 8 + "/home"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A lab of its own, empty; the downloads are shared with the lab that runs the tests."""
    monkeypatch.setenv("LAB_CACHE", str(paths.cache()))
    monkeypatch.setenv("LAB_HOME", str(tmp_path / _DEEP))
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "LAB_SANDBOX"):
        monkeypatch.delenv(name, raising=False)
    for name in ("DOCKER_CONFIG", "BUILDX_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    yield paths.home()
    for place in (tmp_path / "second", tmp_path / _DEEP):  # the second lives on the first's engine
        monkeypatch.setenv("LAB_HOME", str(place))
        sandbox.down()


def run(command: str, box: sandbox.Sandbox, *, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Run a learner's line in the sandbox's environment."""
    return subprocess.run(
        ["bash", "-c", command],
        env=sandbox.environment(box),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def said(command: str, box: sandbox.Sandbox) -> str:
    done = run(command, box)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def holdings(box: sandbox.Sandbox) -> set[str]:
    """All images, containers and volumes of an engine."""
    lists = (
        "docker images --all --no-trunc --format '{{.Repository}}:{{.Tag}} {{.ID}}';"
        "docker ps --all --no-trunc --format '{{.ID}} {{.Names}} {{.Image}}'; docker volume ls --quiet"
    )
    return set(said(lists, box).splitlines())


def engine_pids() -> set[int]:
    return {one.pid for one in process.find(state.key())}


def test_down_leaves_the_machine_as_it_was(home: Path, tmp_path: Path) -> None:
    """After `down` no process, mount, link, rule, control group, handler or file is there that was not before."""
    before = machine.take()
    box = sandbox.up(private=True)
    said("docker run --detach --publish 127.0.0.1::80 busybox:1.38 sleep 600", box)
    said("docker network create of-a-lesson", box)
    said("printf 'FROM busybox:1.38\\nRUN uname -m' | docker build -t $REGISTRY/one --push - 2>&1", box)
    assert machine.traces(before, patience=0)  # the picture does see a sandbox
    removed = sandbox.down()
    assert machine.traces(before) == {}
    assert any("engine" in line for line in removed)
    assert not paths.sandbox().exists()
    assert sandbox.down() == []


def test_the_notes_own_commands_work(home: Path, tmp_path: Path) -> None:
    """`create`, `inspect --bootstrap` and a push to `$REGISTRY` work as they stand, and leave no trace."""
    before = machine.take()
    box = sandbox.up(private=True)
    assert box.create_opts == ""
    assert buildkit.wait(600).state in ("ready", "hub")
    (tmp_path / "Dockerfile").write_text("FROM busybox:1.38\nRUN uname -m > /arch\n")
    said("docker buildx create --name multi-builder --use", box)
    assert "running" in said("docker buildx inspect multi-builder --bootstrap", box)
    done = run(f"cd '{tmp_path}' && docker buildx build -t $REGISTRY/buildx-test --push .", box)
    assert done.returncode == 0, done.stderr
    assert said("docker run --rm $REGISTRY/buildx-test cat /arch", box) == os.uname().machine
    both = "docker buildx build --quiet --platform linux/amd64,linux/arm64 --tag $REGISTRY/both --push -"
    said(f"echo FROM busybox:1.38 | {both}", box)
    told = said("docker buildx imagetools inspect $REGISTRY/both", box)
    assert "linux/amd64" in told
    assert "linux/arm64" in told
    said("docker buildx imagetools create --tag $REGISTRY/both:again $REGISTRY/both", box)
    sandbox.down()
    assert machine.traces(before) == {}


def test_the_registry_is_trusted_inside_the_sandbox_and_nowhere_else(home: Path, tmp_path: Path) -> None:
    """`$REGISTRY` speaks TLS: what asks it with the default builder works, the system does not know its authority."""
    box = sandbox.up(private=True)
    said("echo FROM busybox:1.38 | docker build --quiet --tag $REGISTRY/one --push -", box)
    assert "linux/" in said("docker buildx imagetools inspect $REGISTRY/one", box)
    said("docker buildx imagetools create --tag $REGISTRY/one:again $REGISTRY/one", box)
    assert '"manifests"' in said("docker manifest inspect $REGISTRY/one:again", box)
    said("docker image rm $REGISTRY/one; docker pull --quiet $REGISTRY/one", box)
    # Where more than `SSL_CERT_FILE` names what is trusted, curl believes those first: the learner said so.
    ask = (
        f"env --unset CURL_CA_BUNDLE --unset SSL_CERT_DIR curl --silent --show-error --fail https://{box.registry}/v2/"
    )
    assert said(ask, box) == "{}"
    assert "certificate" in subprocess.run(ask.split(), capture_output=True, text=True, check=False).stderr
    url = f"https://{box.registry}/v2/"
    inside = ssl.create_default_context(cafile=sandbox.environment(box)["SSL_CERT_FILE"])
    with urllib.request.urlopen(url, timeout=10, context=inside) as answer:
        assert answer.status == 200
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.urlopen(url, timeout=10, context=ssl.create_default_context())
    bundle = Path(sandbox.environment(box)["SSL_CERT_FILE"]).read_text()
    assert bundle.count("BEGIN CERTIFICATE") > 1  # the system's authorities are trusted as before
    keys = [path for path in (home / "sandbox" / "certificates").iterdir() if "PRIVATE KEY" in path.read_text()]
    assert [path.stat().st_mode & 0o777 for path in keys] == [0o600]


def test_up_twice_changes_nothing(home: Path) -> None:
    """A second `up` keeps each process, and writes nothing."""
    first = sandbox.up(private=True)
    pids, files = engine_pids(), (paths.sandbox() / "state.json").stat().st_mtime_ns
    assert sandbox.up(private=True) == first
    assert engine_pids() == pids
    assert (paths.sandbox() / "state.json").stat().st_mtime_ns == files


def test_what_new_builders_are_told_is_put_right(home: Path) -> None:
    """Broken by hand, it stops every `create`; the next `up` says that it was changed, and writes it again."""
    box = sandbox.up(private=True)
    settings = paths.sandbox() / "buildx" / "buildkitd.default.toml"
    as_written = settings.read_text()
    settings.write_text(as_written + "debug = true\ndebug = true\n")
    assert "failed to parse buildkit config" in run("docker buildx create --name told", box).stderr
    heard = Heard()
    sandbox.up(private=True, report=heard)
    assert "buildkitd.default.toml had been changed. It is the lab's again; yours is kept beside it." in heard.notes
    assert settings.read_text() == as_written
    assert "debug = true" in settings.with_name(f"{settings.name}.damaged-1").read_text()
    said("docker buildx create --name told", box)


def test_an_engine_that_died_comes_back_with_its_images(home: Path) -> None:
    """SIGKILL to all of the engine's processes: the next `up` has the same address and the same images."""
    first = sandbox.up(private=True)
    said("docker run --detach --name sleeper busybox:1.38 sleep 600", first)
    for one in process.find(state.key()):
        if "dockerd" in Path(f"/proc/{one.pid}/comm").read_text():
            os.kill(one.pid, signal.SIGKILL)
    status = sandbox.status()
    assert (status.exit_status, status.problem) == (3, "The engine does not answer.")
    assert sandbox.up(private=True) == first
    assert "busybox" in said("docker images", first)
    assert said("docker start sleeper", first) == "sleeper"


def test_down_after_the_engine_was_killed_leaves_no_trace(home: Path) -> None:
    """What a killed engine leaves running (containers, their keepers, sockets) is found and ended all the same."""
    before = machine.take()
    box = sandbox.up(private=True)
    said("docker run --detach busybox:1.38 sleep 600; docker network create of-a-lesson", box)
    for one in process.find(state.key(), daemon.ROLE):
        os.kill(one.pid, signal.SIGKILL)
    sandbox.down()
    assert machine.traces(before) == {}


@pytest.mark.parametrize("seconds", by_day([0.5, 0.15, 0.3, 0.8, 1.2], 5))
def test_an_up_that_was_killed_is_put_right(home: Path, seconds: float) -> None:
    """SIGKILL to `up` anywhere: `down` removes what it made, and `up` after such a kill works."""
    before = machine.take()
    words = [sys.executable, "-c", "from lab import sandbox; sandbox.up(private=True)"]
    for ending in (sandbox.up, sandbox.down):
        with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as half:
            time.sleep(seconds)
            half.kill()
        if ending is sandbox.up:
            assert said("docker version --format '{{.Server.Os}}'", sandbox.up(private=True)) == "linux"
            sandbox.down()
        else:
            sandbox.down()
    assert machine.traces(before) == {}


def test_a_state_file_cut_in_half_loses_nothing(home: Path) -> None:
    """A damaged state file is one clear line; the engine that it told of keeps its images through the next `up`."""
    first = sandbox.up(private=True)
    said("docker pull busybox:1.38", first)
    file = paths.sandbox() / "state.json"
    file.write_text(file.read_text()[: file.stat().st_size // 2])
    with pytest.raises(Blocked, match="damaged"):
        sandbox.load()
    heard = Heard()
    assert sandbox.up(private=True, report=heard) == first
    assert any("damaged" in note for note in heard.notes)
    assert "busybox" in said("docker images", first)


def test_down_needs_no_state_file(home: Path) -> None:
    """All that `up` made is found by its names and marks alone."""
    before = machine.take()
    sandbox.up(private=True)
    (paths.sandbox() / "state.json").unlink()
    sandbox.down()
    assert machine.traces(before) == {}


@nightly
def test_a_port_that_another_program_took_is_left_to_it(home: Path) -> None:
    """The address is the same after `down` and `up`; where it was taken meanwhile, a note names the new one."""
    first = sandbox.up(private=True)
    sandbox.down()
    assert sandbox.up(private=True).registry == first.registry
    sandbox.down()
    with socket.create_server(("127.0.0.1", int(first.registry.rpartition(":")[2]))):
        heard = Heard()
        second = sandbox.up(private=True, report=heard)
        assert second.registry != first.registry
        assert any("in use by another program" in note for note in heard.notes)
        assert said("docker pull --quiet busybox:1.38", second)


def test_two_ups_at_once_make_one_sandbox(home: Path) -> None:
    """The second waits for the first, and both have the same sandbox."""
    words = [sys.executable, "-c", "from lab import sandbox; print(sandbox.up(private=True).registry)"]
    pair = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers = {one.communicate(timeout=120)[0] for one in pair}
    assert answers == {sandbox.load().registry + "\n"}
    assert len([one for one in process.find(state.key()) if one.role.startswith("registry")]) == 2


@nightly
def test_stale_files_of_a_dead_engine_do_not_stop_a_new_one(home: Path) -> None:
    """A socket without a listener and a pid file of somebody else's process are no obstacle, nor that process's end."""
    box = sandbox.up(private=True)
    sandbox.down()
    state.runtime().mkdir(mode=0o700)
    (state.runtime() / "dockerd.pid").write_text(str(os.getpid()))
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(state.socket()))
    again = sandbox.up(private=True)
    assert again.registry == box.registry or traces.other_engines()  # which may have taken the port in between
    assert said("docker version --format '{{.Server.Os}}'", box) == "linux"


@nightly
def test_an_older_engine_with_the_classic_store(home: Path, tmp_path: Path) -> None:
    """The lessons' engine for the classic store's messages can be had beside the newer one."""
    box = sandbox.up(private=True, suite="trixie", store="classic")
    assert sandbox.status().store == "classic"
    (tmp_path / "Dockerfile").write_text("FROM busybox:1.38\n")
    done = run(f"docker buildx build --platform linux/amd64,linux/arm64 '{tmp_path}'", box)
    assert "Multi-platform build is not supported for the docker driver" in done.stderr
    assert sandbox.up(private=True) == box  # whoever does not say which one keeps it
    assert sandbox.up(private=True, suite="forky", store="containerd").engine != box.engine
    assert sandbox.status().store == "containerd"


@nightly
def test_a_learners_engine_is_used_and_left_as_it_was(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine that answers is taken; `down` removes the lab's registry, builder and tags from it, nothing else."""
    theirs = sandbox.up(private=True)
    said("docker pull busybox:1.38 && docker tag busybox:1.38 mine:1 && docker create --name kept mine:1", theirs)
    config = Path(sandbox.environment(theirs)["DOCKER_CONFIG"])
    before = holdings(theirs)
    for name, value in sandbox.environment(theirs).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("BUILDX_CONFIG", str(config / "buildx"))
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "second"))
    box = sandbox.up()
    assert (box.engine.kind, box.mirror, box.create_opts) == ("learner", None, "--driver-opt network=host")
    assert box.registry.startswith("localhost:")
    said("docker tag mine:1 $REGISTRY/theirs:1 && docker push $REGISTRY/theirs:1", box)
    said(f"docker buildx create --name b --use {box.create_opts} && docker buildx inspect --bootstrap", box)
    assert sandbox.status().builders[0] == "b"
    assert sandbox.status().images == ("theirs",)
    sandbox.down()
    assert holdings(theirs) == before
    assert not (config / "buildx" / "instances").exists()


@nightly
def test_a_distant_engine_runs_the_registry_as_a_container(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where `localhost` is not the engine's, its registry is a labelled container, which `down` removes with its data."""
    theirs = sandbox.up(private=True)
    program = programs.find(theirs.engine.programs or home, "docker-registry")
    libraries = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    (tmp_path / "context").mkdir()
    for file in [program, *map(Path, re.findall(r"(/\S+) \(", libraries))]:
        shutil.copy(file, tmp_path / "context")
    loader = re.findall(r"^\s*(/\S+) \(", libraries, re.MULTILINE)[0]
    (tmp_path / "context" / "config.yml").write_text(
        "version: 0.1\nstorage: {filesystem: {rootdirectory: /var/lib/registry}}\nhttp: {addr: ':5000'}\n"
    )
    (tmp_path / "context" / "Dockerfile").write_text(
        f"FROM scratch\nCOPY . /lib/\nCOPY {Path(loader).name} {loader}\n"
        'ENV LD_LIBRARY_PATH=/lib OTEL_TRACES_EXPORTER=none\nCMD ["/lib/docker-registry", "serve", "/lib/config.yml"]\n'
    )
    said(f"docker build -t {theirs.mirror}/library/registry:3 --push '{tmp_path}/context'", theirs)
    before = holdings(theirs)
    for name, value in sandbox.environment(theirs).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "second"))
    monkeypatch.setattr(search, "is_remote", lambda *_: True)
    box = sandbox.up()
    assert box.engine.remote
    assert sandbox.up() == box
    said(
        f"docker pull busybox:1.38 && docker tag busybox:1.38 {box.registry}/a:1 && docker push {box.registry}/a:1", box
    )
    assert sandbox.status().images == ("a",)
    sandbox.down()
    assert {line for line in holdings(theirs) - before if "busybox" not in line and "registry" not in line} == set()


@pytest.mark.skipif(
    not (os.environ.get("CI") or os.environ.get("LAB_TEST_EMULATORS") == "yes"),
    reason="Emulators touch the whole machine's kernel: set LAB_TEST_EMULATORS=yes to agree.",
)
def test_emulators_come_with_consent_and_go_with_down(home: Path) -> None:
    """No handler without consent; with it the missing ones, never over another's; `down` removes the lab's alone."""
    before = machine.take()
    box = sandbox.up(private=True)
    assert {one.name for one in sandbox.registered()} == before["handlers"] - {"register", "status"}
    lacking = sandbox.missing_emulators(box)
    sandbox.up(private=True, emulators=True)
    assert sandbox.missing_emulators(box) == []
    mine = [one for one in sandbox.registered() if one.name.startswith(kernel.own_prefix())]
    assert len(mine) == len(lacking)
    assert all(one.ours and set(one.flags) == set("OPF") for one in mine)
    assert said("docker run --rm --platform linux/arm64 busybox:1.38 uname -m", box) == "aarch64"
    sandbox.up(private=True, emulators=True)
    assert [one for one in sandbox.registered() if one.ours and one in mine] == mine
    sandbox.down()
    assert machine.traces(before) == {}


def test_status_says_what_is_down(home: Path) -> None:
    """Nothing up, all up, and the registry down are told apart, also in JSON."""
    assert "No sandbox is up" in sandbox.status().problem
    sandbox.up(private=True)
    status = sandbox.status()
    assert (status.exit_status, status.engine, status.registry_answers) == (0, "private", True)
    assert json.loads(json.dumps(status.to_json()))["images"] == list(status.images)
    assert "library/busybox" in status.images
    for one in process.find(state.key()):
        if one.role.startswith("registry"):
            os.kill(one.pid, signal.SIGKILL)
    time.sleep(0.2)
    assert "registry does not answer" in sandbox.status().problem
    sandbox.up(private=True)
    assert sandbox.status().exit_status == 0


def test_a_bridge_that_somebody_removed_is_made_again(home: Path) -> None:
    """`up` looks at the kernel, not at its own notes."""
    box = sandbox.up(private=True)
    network.remove(state.bridge())
    assert sandbox.up(private=True) == box
    assert said("docker run --rm busybox:1.38 uname -s", box) == "Linux"
