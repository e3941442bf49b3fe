"""Faults brought about in the middle of the lab's work, on a real engine. What comes of each stands in `faults.toml`."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import nbformat
import pytest
from support import machine_picture as machine
from support.disks import Disk
from support.faults import ASKS_ENGINE, ASKS_REGISTRY, PHASES, Running, asked, lab, pids, said, send, until
from support.faults_page import Cell, cells
from support.nightly import SLOW, by_day, nightly

from lab import course, paths, sandbox
from lab.course import workspace
from lab.errors import Blocked
from lab.learning import progress, runner, tour
from lab.learning.tour import folder as tour_folder
from lab.model.results import Status
from lab.probes.here import learners_folder, this_world
from lab.sandbox import buildkit, state
from lab.sandbox.engine import daemon, traces
from lab.sandbox.host import process

pytestmark = pytest.mark.engine
# By day every fault once or twice, and every phase.
MATRIX = by_day([cell for cell in cells() if cell.exits and (SLOW or not cell.slow)], 18)


# --- a lab to break -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A lab that the faults of this file share: each must leave one that the next `up` puts right."""
    folder = tmp_path_factory.mktemp("faults")
    cache = str(paths.cache())
    values = {name: str(folder / name.lower()) for name in ("LAB_HOME", "LAB_LEARNER", "LAB_WORKSPACE")}
    with pytest.MonkeyPatch.context() as patch:
        temporary = folder / "tmp"  # where a tour works: others' tours are none of this file's
        temporary.mkdir()
        patch.setattr(tempfile, "tempdir", str(temporary))
        for name, value in {**values, "LAB_CACHE": cache, "TMPDIR": str(temporary)}.items():
            patch.setenv(name, value)
        for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "BUILDX_CONFIG", "LAB_SANDBOX"):
            patch.delenv(name, raising=False)
        before = machine.take()
        workspace.start(Path(values["LAB_WORKSPACE"]))
        yield folder
        sandbox.down()
        # Minutes went by, and the machine is others' too: only what bears this lab's own names is a trace of it.
        found = [line for lines in machine.traces(before, patience=3).values() for line in lines]
        assert [line for line in found if state.key() in line or str(folder) in line] == []


@pytest.fixture
def home(place: Path) -> Path:
    """The same, up and well, with two steps done: one that asks the engine, one that asks the registry."""
    sandbox.up(private=True, emulators=False)
    for name in (ASKS_ENGINE, ASKS_REGISTRY):
        if runner.check(course.step(name), this_world()).status is not Status.PASSED:
            done = lab("run", name, course.step(name).solution)
            assert done.returncode == 0, said(done)
    return place


@pytest.mark.parametrize(
    "cell",
    [
        pytest.param(cell, marks=pytest.mark.slow if cell.slow else (), id=f"{cell.fault}-{cell.phase}")
        for cell in MATRIX
    ],
)
def test_a_fault_in_a_phase(cell: Cell, home: Path) -> None:
    """It ends in time and says so calmly; nothing of the learner's is lost; the next command puts it right."""
    known = passes()
    running = PHASES[cell.phase](cell.fault, home)
    status = running.ends(cell.limit)
    assert status in cell.exits, running.text
    assert "Traceback" not in running.text
    assert "made a mistake" not in running.text
    assert (status == 3) == ("lab:" in running.text or "blocked" in running.text), running.text
    assert passes() >= known
    if cell.phase == "down":
        sandbox.down()
        assert not paths.sandbox().exists()
        assert process.find(state.key()) == []
    before = state.remembered()
    sandbox.up(private=True, emulators=False)
    if cell.phase not in {"up", "down"} and state.remembered() != before:
        # between a restart and this `up`, another sandbox may have taken the port
        assert cell.fault == "restart" and traces.other_engines(), "another address than before"  # noqa: PT018
    assert sandbox.status().problem == ""
    assert daemon.containerd_answers(), "the engine's containerd is not back"
    if cell.phase == "step":  # what was run without an engine has to be run again
        assert lab("run", asked(cell.fault), course.step(asked(cell.fault)).solution).returncode == 0
    assert runner.look(course.step(ASKS_ENGINE), this_world()).status is Status.PASSED
    if cell.phase not in {"up", "down", "tour"}:  # those two begin with an empty registry, a tour cleans up
        assert runner.look(course.step(ASKS_REGISTRY), this_world()).status is Status.PASSED
    if (cell.fault, cell.phase) == ("lab-killed", "tour"):
        assert tour_folder.known()
        until(lambda: not kernels_of_tours())
        tour_folder.sweep()
        assert not tour_folder.known()


def passes() -> set[str]:
    return {name for name, entry in progress.read(paths.learner()).items() if entry.passed}


def kernels_of_tours() -> list[int]:
    """Processes that work in the folder of a tour."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and any((entry / "cwd").readlink().is_relative_to(x) for x in tour_folder.known()):
                found.append(int(entry.name))
    return found


# --- a notebook -----------------------------------------------------------------------------------------------------


def notebook(*bodies: str) -> nbformat.NotebookNode:
    cells_ = [nbformat.v4.new_code_cell("%load_ext lab"), *(nbformat.v4.new_code_cell(body) for body in bodies)]
    return nbformat.v4.new_notebook(cells=cells_)


def test_a_kernel_that_dies_is_blocked(home: Path, tmp_path: Path) -> None:
    """A step that kills its own notebook's kernel: said in a line, soon; the next notebook runs."""
    started = time.monotonic()
    with pytest.raises(Blocked, match="kernel died"):
        tour.execute(notebook("%%step uname\nkill -9 $PPID; sleep 1"), learners_folder(), tmp_path, lambda _cell: None)
    assert time.monotonic() - started < 30
    seen = []
    tour.execute(notebook("%%step uname\nuname -m"), learners_folder(), tmp_path, seen.append)
    assert tour.results_of(seen[-1].outputs)[0].status is Status.PASSED


def test_a_cell_that_hangs_ends_the_tour(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that waits for a paused engine is given up after the cell's time, in one line."""
    monkeypatch.setattr(tour, "_CELL_LIMIT", 3)
    send("dockerd", signal.SIGSTOP)
    try:
        with pytest.raises(Blocked, match="did not end within 3 s"):
            tour.execute(notebook("%%step uname\ndocker version"), learners_folder(), tmp_path, lambda _cell: None)
    finally:
        send("dockerd", signal.SIGCONT)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[str, int], Disk]]:
    """Makes disks, and takes them away after the test."""
    made: list[Disk] = []

    def make(name: str, size: int) -> Disk:
        made.append(Disk(tmp_path / name, size))
        return made[-1]

    yield make
    for one in made:
        one.gone()


def one_line(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """Blocked, in one line that has these words."""
    assert done.returncode == 3, said(done)
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("lab:")]
    assert all(word in line for word in words), line
    assert "Traceback" not in said(done)


def test_no_room_for_a_sandbox(disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too small a disk is said before anything is made; one that fills up meanwhile keeps what is downloaded."""
    shared = paths.cache()
    small = disk("home", 8 << 20)
    monkeypatch.setenv("LAB_HOME", str(small.folder))
    one_line(lab("up", "--private", "--no-emulators"), "GB left", "LAB_HOME")
    assert not paths.sandbox().exists()
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "roomy"))
    debs = [path for path in (shared / "debs").glob("*.deb") if "qemu" not in path.name]
    cache = disk("cache", 2 << 30)
    shutil.copytree(shared / "apt", cache.folder / "apt", ignore=shutil.ignore_patterns("lists", "partial"))
    (cache.folder / "debs").mkdir()
    for path in debs:
        shutil.copy(path, cache.folder / "debs")
    cache._mount(32, f"size={shutil.disk_usage(cache.folder).used + (24 << 20)}")  # room for a part of the programs
    monkeypatch.setenv("LAB_CACHE", str(cache.folder))
    one_line(lab("up", "--private", "--no-emulators"), "disk is full", "room")
    assert len(list((cache.folder / "debs").glob("*.deb"))) == len(debs)
    assert not list(cache.folder.glob("engine-*"))
    assert not list(cache.folder.glob(".unpacking-*"))
    assert sandbox.down() == [] or not paths.sandbox().exists()


def test_a_full_disk_loses_no_progress(home: Path, disk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A try that cannot be kept is said; a check is shown; all that was done before is there afterwards."""
    small = disk("learner", 1 << 20)
    shutil.copytree(paths.learner(), small.folder, dirs_exist_ok=True)
    monkeypatch.setenv("LAB_LEARNER", str(small.folder))
    known = passes()
    small.fill()
    one_line(lab("run", ASKS_ENGINE, "docker version"), "cannot be written", "free some space")
    shown = lab("check", ASKS_ENGINE)
    assert (shown.returncode, "passed" in shown.stdout) == (0, True)
    one_line(lab("hint", ASKS_ENGINE), "cannot be written", "disk is full")
    assert passes() == known
    small.free()
    assert lab("run", ASKS_ENGINE, course.step(ASKS_ENGINE).solution).returncode == 0
    assert passes() >= known


def test_a_tour_without_room_is_blocked(home: Path, disk) -> None:
    """A folder that is full, or read-only, is one line; no lesson is run for nothing."""
    small = disk("tour", 1 << 20)
    words = ("tour", "--yes", "machine", "--no-emulators", "--output", str(small.folder / "out"))
    small.read_only()
    one_line(lab(*words), "cannot be written")
    small.writable()
    small.fill()
    one_line(lab(*words), "cannot be written")


def test_down_needs_no_room(disk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that filled up under the sandbox is freed by `down`; a step meanwhile is not said to be wrong."""
    small = disk("home", 2 << 30)
    monkeypatch.setenv("LAB_HOME", str(small.folder / "home"))
    monkeypatch.setenv("LAB_LEARNER", str(small.folder.parent / "learner"))
    monkeypatch.setenv("LAB_WORKSPACE", str(small.folder.parent / "work"))
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "BUILDX_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    before = machine.take()
    sandbox.up(private=True, emulators=False)
    workspace.start(small.folder.parent / "work")
    small.shrink(65536)
    small.fill()
    done = lab("run", ASKS_REGISTRY, course.step(ASKS_REGISTRY).solution)
    assert "no space left" in said(done)
    assert "not attempted" in said(done)
    assert lab("status").returncode in (0, 3)
    done = lab("down")
    assert done.returncode == 0, said(done)
    assert not paths.sandbox().exists()
    small.resize(2 << 30)
    assert machine.traces(before) == {}


def test_a_read_only_home(home: Path, disk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command says what to set, or works without writing."""
    small = disk("home", 4 << 20)
    shutil.copytree(paths.learner(), small.folder, dirs_exist_ok=True)
    monkeypatch.setenv("LAB_LEARNER", str(small.folder))
    small.read_only()
    one_line(lab("run", ASKS_ENGINE, "docker version"), "cannot be written", "LAB_HOME")
    assert lab("check", ASKS_ENGINE).returncode == 0
    assert lab("status").returncode == 0
    monkeypatch.setenv("LAB_HOME", str(small.folder))
    for words in (("up", "--private", "--no-emulators"), ("down",)):
        one_line(lab(*words), "cannot be used", "LAB_HOME")
    assert lab("list").returncode == 0


def test_a_read_only_cache(home: Path, disk, monkeypatch: pytest.MonkeyPatch) -> None:
    """BuildKit's image cannot be kept: the record says why, and nothing waits for it."""
    small = disk("cache", 1 << 20)
    small.read_only()
    monkeypatch.setenv("LAB_CACHE", str(small.folder))
    record = (paths.sandbox() / "buildkit.json").read_text()
    try:
        assert buildkit.main(["--mirror", sandbox.load().mirror or ""]) == 3
        now = buildkit.progress()
        assert (now.state, "cannot be kept" in now.error) == ("failed", True)
        assert "LAB_CACHE" in now.remedy
    finally:
        (paths.sandbox() / "buildkit.json").write_text(record)


# --- the clock, ports, others -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("jump", [-3.2e8, 3.2e8])
def test_a_clock_that_jumps(home: Path, monkeypatch: pytest.MonkeyPatch, jump: float) -> None:
    """Ten years, either way: a step passes, a second `up` changes nothing, `down --dry-run` sees it all."""
    now = time.time()
    running = {one.pid for one in process.find(state.key())}
    monkeypatch.setattr(time, "time", lambda: now + jump)
    assert sandbox.up(private=True, emulators=False) == sandbox.load()
    assert {one.pid for one in process.find(state.key())} == running
    assert runner.check(course.step(ASKS_ENGINE), this_world()).status is Status.PASSED
    assert sandbox.status().problem == ""
    assert any("engine" in line for line in sandbox.down(dry_run=True))


def _bound(port: int) -> HTTPServer:
    """A stranger on that port, as soon as what was ended has let go of it."""
    for _ in range(100):
        try:
            return HTTPServer(("127.0.0.1", port), _Stranger)
        except OSError:
            time.sleep(0.1)
    return HTTPServer(("127.0.0.1", port), _Stranger)


class _Stranger(BaseHTTPRequestHandler):
    """A web server that knows nothing of registries."""

    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Tests print nothing."""


def test_a_stolen_port_is_blocked_not_wrong(home: Path) -> None:
    """A web server in the registry's place says 404 to everything: that is no missing tag. It outlives `down`."""
    box = sandbox.load()
    send("docker-registry", signal.SIGKILL)
    until(lambda: not pids("docker-registry"))
    port = int((box.mirror or "").rpartition(":")[2])
    with _bound(port) as stranger:
        Thread(target=stranger.serve_forever, args=(0.05,), daemon=True).start()
        try:
            result = runner.look(course.step(ASKS_REGISTRY), this_world())
            assert (result.status, "lab up" in result.remedy) == (Status.BLOCKED, True), result
            tried = lab("run", ASKS_REGISTRY, "echo tried")
            assert tried.returncode == 3, said(tried)
            assert "registry" in sandbox.status().problem
            sandbox.down()
            with socket.create_connection(("127.0.0.1", port), timeout=5):
                pass
            heard = lab("up", "--private", "--no-emulators")
            assert "in use by another program" in said(heard)
            assert sandbox.load().mirror != box.mirror
        finally:
            stranger.shutdown()


@nightly
def test_up_against_down(place: Path) -> None:
    """One after the other, whichever comes first: a whole sandbox or none, and no half of one."""
    for _ in range(2):
        both = [Running(place, "up", "--private", "--no-emulators"), Running(place, "down")]
        statuses = [one.ends(90) for one in both]
        assert statuses == [0, 0], both[0].text
        if paths.sandbox().exists():
            assert sandbox.status().problem == ""
        else:
            assert process.find(state.key()) == []
