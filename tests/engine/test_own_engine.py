"""The learner's own engine, with the learner's things on it: the course works there, and all of theirs stays as it is.

"Theirs" is a private engine of another lab's home, with images, containers, volumes, builders and settings that no lab
made; its registry plays Docker Hub.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support import theirs, unprivileged
from support.nightly import SLOW, by_day, nightly
from support.their_lab import BOTH, CLASSIC, CONSENT, CONTAINERD, does, up
from support.theirs import Engine

import lab
from lab import course, sandbox
from lab.errors import Blocked
from lab.model.results import Status
from lab.probes.here import learners_folder
from lab.sandbox.engine import builders, commands, listing

LAB = [sys.executable, "-c", "from lab.cli import main; main()"]

EITHER = BOTH if SLOW else CONTAINERD  # by day one of the two stores


def told(*words: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
    """Run `lab …` as the learner would."""
    return subprocess.run([*LAB, *words], capture_output=True, text=True, timeout=timeout, check=False)


def removed(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.startswith("  ")]


def complaints(folder: Path) -> str:
    """What commands in executed notebooks complained of."""
    lines = (line for path in sorted(folder.glob("*.ipynb")) for line in path.read_text(encoding="utf-8").splitlines())
    return "\n".join(line.strip() for line in lines if "ERROR" in line or "unknown to registry" in line)


@nightly
@BOTH
def test_the_course_passes_on_it(engine: Engine, home: Path, tmp_path: Path) -> None:
    """Steps by the notes' own plain commands; `down --dry-run` says what `down` then removes. (By day the next test does.)"""
    up(engine)
    emulators = "--emulators" if CONSENT else "--no-emulators"
    done = told("tour", "--yes", emulators, "--output", str(tmp_path / "tour"))
    assert "✘" not in done.stdout, done.stdout + complaints(tmp_path / "tour")
    if CONSENT:  # the classic store cannot do what lesson 1 opens with, and that is no fault of the learner's
        blocked = re.findall(r"blocked  (\w+)", done.stdout)
        classic = "io.containerd" not in engine.run("docker info --format '{{.DriverStatus}}'")
        assert blocked == (["glimpse"] if classic else []), done.stdout
        assert done.returncode == (3 if blocked else 0), done.stdout + done.stderr
    promised = told("down", "--dry-run")
    assert removed(told("down").stdout) == removed(promised.stdout) != []


@EITHER
def test_what_a_learner_leaves_behind_is_removed(engine: Engine, home: Path) -> None:
    """Builders that run, images that were pulled and built, containers of the lessons': gone, in the order that is said."""
    box = up(engine)
    assert box.create_opts == "--driver-opt network=host"
    for step in ("create_builder", "bootstrap_builder", "multi_push", "limited_builder", "add_third"):
        status, said = does(step)
        assert status is Status.PASSED, said
    does("uname", "docker run --name left $REGISTRY/buildx-test; docker build -q -t $REGISTRY/one files/one-platform")
    nodes = [name for name in listing.builder_containers(box.engine) if builders.prefix() in name]
    assert len(nodes) == 1
    promised = sandbox.down(dry_run=True)
    assert {"builder multi-builder", "builder pi-builder", "container left"} <= set(promised)
    assert any(line.startswith(f"image {box.registry}/buildx-test") for line in promised)
    assert sandbox.down() == promised


@EITHER
def test_a_builder_of_theirs_is_never_taken_over(engine: Engine, home: Path) -> None:
    """They have a `multi-builder` and a `spare` too: the lab's has another container; a step that would hit is blocked."""
    before = engine.run("docker inspect --format '{{.Id}} {{.State.StartedAt}}' buildx_buildkit_multi-builder0")
    engine.run("docker buildx create --name spare --bootstrap")
    box = up(engine)
    assert does("create_builder")[0] is Status.PASSED
    assert does("bootstrap_builder")[0] is Status.PASSED
    _, said = does("see_inactive", "docker buildx inspect multi-builder")
    assert builders.prefix() in said
    assert 'network="host"' in said
    with pytest.raises(Blocked, match="a builder of yours called 'spare'"):
        does("remove_builder")
    commands.client(box.engine).buildx.remove("multi-builder")
    after = engine.run("docker inspect --format '{{.Id}} {{.State.StartedAt}}' buildx_buildkit_multi-builder0")
    assert after == before
    # one that was written down and never fitted is taken off the list, and no container with it
    engine.run("docker buildx create --name late --bootstrap")
    for name in ("spare", "late"):
        subprocess.run(
            ["docker", "buildx", "create", "--name", name], env=sandbox.environment(box), check=True, timeout=60
        )
    sandbox.down()
    left = engine.run("docker ps --all --format '{{.Names}}'").split()
    assert {"buildx_buildkit_spare0", "buildx_buildkit_late0"} <= set(left)
    engine.run("docker buildx rm spare late")


@CLASSIC
def test_a_builder_that_cannot_reach_the_registry_is_blocked_with_the_way_out(engine: Engine, home: Path) -> None:
    """Started in the same breath as it was created, it has a network of its own; the step says so, and what it says helps."""
    box = up(engine)
    plain = "docker buildx create --name apart --use --bootstrap"
    assert does("uname", plain)[0] is not Status.BLOCKED
    status, said = does("multi_push")
    assert status is Status.BLOCKED
    assert "has a network of its own" in said
    assert "connection refused" in said
    assert f"dial tcp 127.0.0.1:{box.registry.partition(':')[2]}" in said or "[::1]" in said
    does("uname", "docker buildx rm apart")
    assert does("create_builder")[0] is Status.PASSED
    status, said = does("multi_push")
    assert status is Status.PASSED, said


@CLASSIC
def test_a_port_that_means_images_of_theirs_is_not_taken(engine: Engine, home: Path) -> None:
    """They once had a registry on port 5000, and its images: the lab's is on another, and `down` leaves theirs."""
    box = up(engine)
    assert box.registry != "localhost:5000"
    assert "localhost:5000/earlier 1" in engine.run("docker images --format '{{.Repository}} {{.Tag}}'")


@CLASSIC
@pytest.mark.parametrize("seconds", by_day([0.35, 0.2, 0.6], 3))
def test_an_up_that_was_killed_is_put_right(engine: Engine, home: Path, seconds: float) -> None:
    """SIGKILL to `up` anywhere; `up` again works, and `down` removes all (the fixture looks)."""
    with subprocess.Popen([*LAB, "up", "--no-emulators"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as half:
        time.sleep(seconds)
        half.kill()
    if seconds > 0.3:
        assert told("up", "--no-emulators").returncode == 0
        assert does(
            "foreign_image", "docker build -q --platform $OTHER -t $REGISTRY/mismatch:other --push files/mismatch"
        )


@nightly
@CONTAINERD
@pytest.mark.parametrize("seconds", [0.7, 0.3, 1.2])
def test_a_down_that_was_killed_is_put_right(engine: Engine, home: Path, seconds: float) -> None:
    """SIGKILL to `down` anywhere: the next one removes the rest."""
    up(engine)
    does("create_builder")
    does("bootstrap_builder")
    does("uname", "docker run --name left busybox:1.38 true; docker build -q -t $REGISTRY/one files/one-platform")
    does("uname", "docker rm left")
    with subprocess.Popen([*LAB, "down"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as half:
        time.sleep(seconds)
        half.kill()
    assert told("down").returncode == 0


@nightly
@CLASSIC
def test_a_damaged_state_file_loses_nothing_of_the_labs(engine: Engine, home: Path) -> None:
    """`down` finds the engine and the lab's things on it all the same."""
    box = up(engine)
    does("create_builder")
    does("uname", "docker build -q -t $REGISTRY/one files/one-platform")
    (box.home / "state.json").write_text("{")
    assert {"builder multi-builder", f"image {box.registry}/one:latest"} <= set(sandbox.down())


@nightly
@CONTAINERD
def test_an_engine_that_is_held_up_is_blocked_in_time(engine: Engine, home: Path) -> None:
    """An engine that answers nothing (paused) makes `down` say so within half a minute, and nothing is forgotten."""
    up(engine)
    does("create_builder")
    pids = theirs.daemon(engine)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        started = time.monotonic()
        done = told("down", timeout=60)
        assert time.monotonic() - started < 30
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    assert (done.returncode, "does not answer" in done.stderr) == (3, True)
    assert "builder multi-builder" in sandbox.down()


@CONTAINERD
@pytest.mark.skipif(os.geteuid() != 0, reason="the engine's socket has to be given to another user")
def test_a_learner_who_is_not_root_needs_no_root(engine: Engine, home: Path) -> None:
    """In the right group, an ordinary user has the lab, a builder that pushes, and `down`; nothing is of root's."""
    with unprivileged.place() as place, theirs.open_to_all(engine, unprivileged.User(place)) as user:
        user.env["PATH"] += ":/usr/bin:/bin"
        shutil.copytree(engine.config, place / ".docker")
        theirs.give_programs(engine, user, place / ".docker")
        for path in [place / ".docker", *(place / ".docker").rglob("*")]:
            os.chown(path, unprivileged.NOBODY, unprivileged.NOBODY)
        done = user.lab("up", "--no-emulators", timeout=180)
        assert done.returncode == 0, done.stderr
        user.lab("start")
        for step in ("create_builder", "bootstrap_builder"):
            done = user.lab("run", step, course.step(step).solution, timeout=120)
            assert done.returncode == 0, done.stdout + done.stderr
        push = "echo FROM scratch | docker buildx build --quiet --tag $REGISTRY/empty --push -"
        assert "connection refused" not in user.lab("run", "uname", push).stdout
        assert "empty" in user.lab("status").stdout
        done = user.lab("down")
        assert "builder multi-builder" in done.stdout
        assert not (place / ".local/share/multiplatform-lab/sandbox").exists()


def example() -> str:
    """The program on the page about Python."""
    page = (Path(__file__).parents[2] / "docs" / "reference" / "python.md").read_text()
    return page.partition("```python\n")[2].partition("```")[0]


def printed_by_the_example(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[str]:
    monkeypatch.chdir(learners_folder())
    monkeypatch.setenv("DOCKER_HOST", "unix:///wrong.sock")
    capsys.readouterr()
    exec(example(), {})  # noqa: S102  # what the page tells a reader to run
    return capsys.readouterr().out.splitlines()


@CONTAINERD
def test_a_script_has_a_client_bound_to_the_sandbox(
    engine: Engine, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page's example: `lab.docker()` lists the lab's builders, not theirs; builds, pushes, reads the index."""
    up(engine)
    assert does("create_builder")[0] is Status.PASSED
    lines = printed_by_the_example(monkeypatch, capsys)
    assert any(line.startswith("multi-builder docker-container") for line in lines)
    assert not any(line.startswith("idle") for line in lines)
    assert [line.rpartition(" ")[0] for line in lines[-4:]] == ["linux amd64", "linux arm64", *["unknown unknown"] * 2]


def test_the_client_works_on_the_labs_own_engine(
    box: sandbox.Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same example, as it stands, where the registry speaks TLS by an authority of the lab's."""
    lines = printed_by_the_example(monkeypatch, capsys)
    assert [line.rpartition(" ")[0] for line in lines[-4:-2]] == ["linux amd64", "linux arm64"]
    lab.docker().image.pull(f"{box.registry}/from-python", quiet=True)
    lab.docker().image.remove(f"{box.registry}/from-python")
