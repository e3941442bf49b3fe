"""Faults brought about in the middle of the lab's work, on a real engine. What comes of each stands in `faults.toml`."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import nbformat
import pytest
from support import machine_picture as machine
from support.faults_page import Cell, cells

from lab import course, paths, sandbox
from lab.course import workspace
from lab.errors import Blocked
from lab.learning import progress, runner, tour
from lab.learning.tour import folder as tour_folder
from lab.model.results import Status
from lab.probes.here import learners_folder, this_world
from lab.sandbox import buildkit, state
from lab.sandbox.engine import daemon, traces
from lab.sandbox.host import cgroups, network, process
from lab.sandbox.packages import apt, aptget, index
from lab.sandbox.report import quiet

pytestmark = pytest.mark.engine
LAB = [sys.executable, "-c", "from lab.cli import main; main()"]
SLOW = os.environ.get("LAB_SLOW") == "1"
MATRIX = [cell for cell in cells() if cell.exits]
ASKS_ENGINE, ASKS_REGISTRY = "engine_platform", "build_test"


# --- a lab to break -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A lab that the faults of this file share: each must leave one that the next `up` puts right."""
    folder = tmp_path_factory.mktemp("faults")
    cache = str(paths.cache())
    values = {name: str(folder / name.lower()) for name in ("LAB_HOME", "LAB_LEARNER", "LAB_WORKSPACE")}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**values, "LAB_CACHE": cache}.items():
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


def lab(*words: str, limit: float = 60) -> subprocess.CompletedProcess[str]:
    """One command of the lab, to its end."""
    return subprocess.run([*LAB, *words], capture_output=True, text=True, timeout=limit, check=False, cwd="/")


def said(done: subprocess.CompletedProcess[str]) -> str:
    return done.stdout + done.stderr


class Running:
    """A command of the lab at work, whose words go to a file."""

    def __init__(self, place: Path, *words: str) -> None:
        self.file = place / "said.txt"
        with self.file.open("w") as file:
            self.process = subprocess.Popen([*LAB, *words], stdout=file, stderr=file, cwd="/")

    @property
    def text(self) -> str:
        return self.file.read_text(errors="replace")

    def ends(self, limit: float) -> int:
        """Its exit status; the test fails where it does not end in time."""
        try:
            return self.process.wait(limit)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            pytest.fail(f"not at an end after {limit} s: {self.text}")


def until(what: Callable[[], object], limit: float = 40) -> None:
    """Wait for something of the world."""
    deadline = time.monotonic() + limit
    while not what():
        assert time.monotonic() < deadline, "what the fault waits for does not come"
        time.sleep(0.02)


# --- faults ---------------------------------------------------------------------------------------------------------


def pids(program: str) -> list[int]:
    """The lab's own processes of that program."""
    found = []
    for one in process.find(state.key()):
        with contextlib.suppress(OSError):
            if Path(f"/proc/{one.pid}/comm").read_text().strip() == program:
                found.append(one.pid)
    return found


def send(program: str, number: signal.Signals) -> None:
    for pid in pids(program):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def restart() -> None:
    """What a restart of the machine leaves: files. No process, no group, no bridge, no socket."""
    process.stop(state.key(), grace=0)
    groups = [state.cgroup(), *(f"{cgroups.BUILDERS[0]}/{one}" for one in daemon._containers())]
    for group in groups:
        cgroups.kill(group)
        cgroups.remove(group)
    traces.sweep(tuple(state.before().get("absent", ())))
    network.remove(state.bridge())
    shutil.rmtree(state.runtime(), ignore_errors=True)


# fault: what has to run before it can happen, and how it is brought about
PROGRAM = {"engine": "dockerd", "containerd": "containerd", "registry": "docker-registry"}


def hit(fault: str, running: Running | None) -> None:
    """Bring the fault about."""
    kind, _, how = fault.partition("-")
    if fault == "lab-killed":
        assert running
        running.process.kill()
    elif fault == "restart":
        restart()
    else:
        send(PROGRAM[kind], signal.SIGKILL if how == "killed" else signal.SIGSTOP)


def beforehand(fault: str, phase: str) -> bool:
    """Some faults are there when the command comes: a command is too quick to be met by them in its middle."""
    return fault == "restart" or fault.endswith("-paused") or (phase, fault) == ("check", "registry-killed")


def asked(fault: str) -> str:
    """The step whose check asks what the fault hits."""
    return ASKS_REGISTRY if fault.startswith("registry") else ASKS_ENGINE


# --- phases: a command of the lab, and the moment when it is in its middle -----------------------------------------------


def run_up(fault: str, place: Path) -> Running:
    if beforehand(fault, "up"):
        hit(fault, None)
        return Running(place, "up", "--private", "--no-emulators")
    sandbox.down()
    running = Running(place, "up", "--private", "--no-emulators")
    until(lambda: pids(PROGRAM[fault.partition("-")[0]]) or running.process.poll() is not None)
    hit(fault, running)
    return running


def run_step(fault: str, place: Path) -> Running:
    folder = learners_folder()
    for name in ("started", "go"):
        (folder / name).unlink(missing_ok=True)
    body = "touch started; until test -e go; do sleep 0.02; done; timeout 5 "
    body += course.step(ASKS_ENGINE).solution
    running = Running(place, "run", asked(fault), body)
    until((folder / "started").exists)
    hit(fault, running)
    (folder / "go").touch()
    return running


def run_check(fault: str, place: Path) -> Running:
    if beforehand(fault, "check"):
        hit(fault, None)
        return Running(place, "check", asked(fault))
    send("dockerd", signal.SIGSTOP)  # so that the check stands in its middle
    running = Running(place, "check", asked(fault))
    try:
        until(lambda: asking(running.process.pid))
        hit(fault, running)
        if fault == "lab-killed":
            running.process.wait()
    finally:
        send("dockerd", signal.SIGCONT)
    return running


def asking(pid: int) -> bool:
    """Whether that process has a command at work."""
    return any(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def run_tour(fault: str, place: Path) -> Running:
    words = ("tour", "--yes", "one-platform", "--no-emulators", "--output", str(place / "tour"))
    if beforehand(fault, "tour"):
        hit(fault, None)
        return Running(place, *words)
    running = Running(place, *words)
    until(lambda: "passed" in running.text or running.process.poll() is not None, 90)
    hit(fault, running)
    return running


def run_down(fault: str, place: Path) -> Running:
    if beforehand(fault, "down"):
        hit(fault, None)
        return Running(place, "down")
    running = Running(place, "down")
    if fault == "lab-killed":
        until(lambda: not pids("dockerd"))
    hit(fault, running)
    return running


PHASES = {"up": run_up, "step": run_step, "check": run_check, "tour": run_tour, "down": run_down}


@pytest.mark.parametrize(
    "cell",
    [
        pytest.param(cell, marks=pytest.mark.slow if cell.slow else (), id=f"{cell.fault}-{cell.phase}")
        for cell in MATRIX
    ],
)
def test_a_fault_in_a_phase(cell: Cell, home: Path) -> None:
    """It ends in time and says so calmly; nothing of the learner's is lost; the next command puts it right."""
    if cell.slow and not SLOW:
        pytest.skip("LAB_SLOW=1 runs it")
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


# --- disks ----------------------------------------------------------------------------------------------------------


class Disk:
    """A small disk of the test's own: a tmpfs, which can be filled and made read-only."""

    def __init__(self, folder: Path, size: int) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._mount(0, f"size={size},mode=700")

    def fill(self) -> None:
        """Leave no byte."""
        with (self.folder / "filler").open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"x" * 65536)

    def free(self) -> None:
        (self.folder / "filler").unlink()

    def read_only(self) -> None:
        self._mount(32 | 1, "")  # MS_REMOUNT | MS_RDONLY

    def writable(self) -> None:
        self._mount(32, "")

    def _mount(self, flags: int, data: str) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.mount(b"tmpfs", os.fsencode(self.folder), b"tmpfs", flags, data.encode() or None):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def gone(self) -> None:
        ctypes.CDLL(None, use_errno=True).umount2(os.fsencode(self.folder), 2)


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
    used = shutil.disk_usage(small.folder).used
    small._mount(32, f"size={used + 65536}")
    small.fill()
    done = lab("run", ASKS_REGISTRY, course.step(ASKS_REGISTRY).solution)
    assert "no space left" in said(done)
    assert "not attempted" in said(done)
    assert lab("status").returncode in (0, 3)
    done = lab("down")
    assert done.returncode == 0, said(done)
    assert not paths.sandbox().exists()
    small._mount(32, f"size={2 << 30}")
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


def test_a_mirror_that_lies_gets_nothing_into_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Apt's own client is asked for a file that is not what the index said: refused in a line, and not kept."""
    monkeypatch.setenv("LAB_CACHE", str(tmp_path / "cache"))
    (tmp_path / "pool").mkdir()
    (tmp_path / "pool" / "tool_1_all.deb").write_bytes(b"not what you think")
    place = tmp_path / "cache" / "apt"
    (tmp_path / "cache" / "debs").mkdir(parents=True)
    due = index.Package(name="tool", version="1", filename="pool/tool_1_all.deb", size=18, sha256="0" * 64)
    environment = aptget.configure(place, aptget.mirror.host_mirror(), "forky", aptget.mirror.host_architecture())
    with pytest.raises(Blocked, match="download failed"):
        aptget.get([due], f"copy:{tmp_path}", environment, quiet)
    assert list((tmp_path / "cache" / "debs").iterdir()) == []
    assert not apt.intact(due)
