"""What the sandbox reads from and writes to the kernel: processes, groups, routes, handlers, ports."""

from __future__ import annotations

import ipaddress
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from lab.course.leftovers import Emulators
from lab.errors import Blocked
from lab.learning import tour
from lab.model.world import World
from lab.sandbox import registry, state
from lab.sandbox.emulators import kernel as emulators
from lab.sandbox.host import cgroups, http, network, process
from lab.sandbox.packages import programs
from lab.sandbox.report import PlainListener, RichListener, amount

linux = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox's own daemons run on Linux only")

MOUNTS = """\
tmpfs /sys/fs/cgroup tmpfs rw 0 0
cgroup /sys/fs/cgroup/pids cgroup rw,pids 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0
overlay /cgroup overlay rw 0 0
"""
ROUTES = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
"""
AARCH64 = """\
enabled
interpreter /usr/libexec/qemu-binfmt/aarch64-binfmt-P
flags: POF
offset 0
magic 7f454c460201010000000000000000000200b700
mask ffffffffffffff00fffffffffffffffffeffffff
"""
CONF = (
    r":qemu-aarch64:M::\x7f\x45\x4c\x46\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:"
    r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:/usr/bin/qemu-aarch64:OPF"
)


@linux
def test_a_daemon_is_found_by_its_mark_and_stopped(tmp_path: Path) -> None:
    """It outlives whoever started it, writes to its log, and ends when asked; a killed one leaves no zombie of ours."""
    key, log = state.key(), tmp_path / "logs" / "it.log"
    command = [sys.executable, "-c", "import time; print('here', flush=True); time.sleep(60)"]
    process.start(command, key=key, role="registry-x", log=log, env={})
    assert [one.role for one in process.find(key)] == ["registry-x"]
    assert process.find(key, "engine") == []
    assert process.find("00000000") == []
    deadline = time.monotonic() + 10
    while not process.tail(log) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert process.tail(log) == "here"
    assert process.stop(key, "engine") == []
    assert len(process.stop(key, "registry-x")) == 1
    assert process.find(key) == []


@linux
def test_a_daemon_is_seen_while_it_turns_into_its_program(tmp_path: Path) -> None:
    """At no moment between its start and its end is it taken for dead."""
    for number in range(20):
        process.start(["sleep", "60"], key=state.key(), role=f"registry-{number}", log=tmp_path / "log", env={})
        assert all(process.find(state.key(), f"registry-{number}") for _ in range(10))
    assert len(process.stop(state.key())) == 20


@linux
def test_a_daemon_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    """After the time of grace the mark still decides whom the kill hits."""
    script = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    log = tmp_path / "it.log"
    process.start([sys.executable, "-c", script], key=state.key(), role="engine", log=log, env={})
    while not process.tail(log):
        time.sleep(0.02)
    process.stop(state.key(), grace=0.2)
    assert process.find(state.key()) == []


@linux
def test_a_process_without_the_mark_is_never_hit(tmp_path: Path) -> None:
    """A number that now belongs to somebody else is looked at again, and left alone."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        process._send(process.Daemon(other.pid, "engine"), state.key(), 9)
        time.sleep(0.1)
        assert other.poll() is None
        assert other.stdin
        other.stdin.close()


def test_a_mark_is_whole_or_none() -> None:
    """Neither another lab's mark, nor a longer name, nor a value that only holds it, counts."""
    assert process.role_of(b"A=1\0LAB_DAEMON=abcd1234:engine\0", "abcd1234") == "engine"
    assert process.role_of(b"LAB_DAEMON=abcd1235:engine\0", "abcd1234") is None
    assert process.role_of(b"XLAB_DAEMON=abcd1234:engine\0", "abcd1234") is None
    assert process.role_of(b"A=LAB_DAEMON=abcd1234:engine\0", "abcd1234") is None
    assert process.role_of(b"", "abcd1234") is None


@linux
def test_a_program_that_cannot_start_says_why(tmp_path: Path) -> None:
    """A log that cannot be written is one line, not a traceback."""
    (tmp_path / "log").mkdir()
    process.start([sys.executable, "-c", "pass"], key=state.key(), role="engine", log=tmp_path / "log", env={})
    assert process.find(state.key()) == []
    with pytest.raises(Blocked, match="cannot be started"):
        process.start(
            ["true"], key=state.key(), role="engine", log=tmp_path / "it", env={}, view=tmp_path / "not there"
        )


def test_control_groups_of_both_versions_are_known() -> None:
    """Other kinds of file system are not taken for one."""
    assert cgroups.roots(MOUNTS) == [Path("/sys/fs/cgroup/pids"), Path("/sys/fs/cgroup/unified")]


def test_groups_are_removed_only_where_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A group with somebody in it stays; one that is not there is no error."""
    (tmp_path / "mounts").write_text(f"cgroup {tmp_path} cgroup rw 0 0\n")
    monkeypatch.setattr(cgroups, "_MOUNTS", tmp_path / "mounts")
    (tmp_path / "docker" / "buildx").mkdir(parents=True)
    assert cgroups.remove_empty("docker/buildx")
    (tmp_path / "docker" / "other").mkdir()
    assert not cgroups.remove_empty("absent")
    cgroups.remove_empty("docker")
    assert (tmp_path / "docker" / "other").is_dir()
    assert cgroups.remove("docker")
    assert not (tmp_path / "docker").exists()


def test_subnets_in_use_are_read_from_the_routes() -> None:
    """The default route is not a subnet in use."""
    assert network.used(ROUTES) == [ipaddress.IPv4Network("192.0.2.0/24")]


@pytest.mark.parametrize("kept", [None, 3, "", "8.8.8.8", "10.213.300.1", "10.213.4.2", "10.213.4.1\n"])
def test_a_remembered_address_must_be_the_labs(kept: object) -> None:
    """A damaged file never makes the lab take somebody else's subnet."""
    assert not (isinstance(kept, str) and network._OURS.fullmatch(kept))
    assert network._OURS.fullmatch("10.213.4.1")


def test_a_taken_subnet_is_not_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first free one is taken; with none free that is said."""
    monkeypatch.setattr(network, "_ROUTES", tmp_path / "route")
    line = "x\t{base}\t0\t1\t0\t0\t0\t{mask}\t0\t0\t0\n"
    (tmp_path / "route").write_text("head\n" + line.format(base="0001D50A", mask="00FFFFFF"))
    assert network._choose() == "10.213.2.1"
    (tmp_path / "route").write_text("head\n" + line.format(base="0000D50A", mask="0000FFFF"))
    with pytest.raises(Blocked, match="in use"):
        network._choose()


def test_a_handler_is_read_as_the_kernel_prints_it() -> None:
    """Name, interpreter, flags and processor; a disabled one is none, one without an ELF magic has no processor."""
    handler = emulators.parse("qemu-aarch64", AARCH64)
    assert handler == emulators.Handler(
        "qemu-aarch64",
        "/usr/libexec/qemu-binfmt/aarch64-binfmt-P",
        "POF",
        "7f454c460201010000000000000000000200b700",
        ours=False,
    )
    assert handler.machine == b"\xb7\x00"
    assert emulators.parse("x", AARCH64.replace("enabled", "disabled")) is None
    python = emulators.parse("python3", "enabled\ninterpreter /usr/bin/python3\nflags: \noffset 0\nmagic a70d0d0a\n")
    assert python
    assert python.machine == b""
    assert emulators.parse("lab-1-arm", AARCH64).ours


def test_a_registration_line_is_qemus_with_our_name() -> None:
    """Magic and mask are untouched; name, interpreter and flags are the lab's."""
    line = emulators.registration(CONF + "\n", "lab-0-aarch64", Path("/cache/qemu-aarch64"))
    assert line.split(":")[1:3] == ["lab-0-aarch64", "M"]
    assert line.split(":")[4:6] == CONF.split(":")[4:6]
    assert line.endswith(":/cache/qemu-aarch64:OPF")


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in place of binfmt_misc, on an amd64 machine."""
    folder = tmp_path / "binfmt_misc"
    folder.mkdir()
    monkeypatch.setattr(emulators, "FOLDER", folder)
    monkeypatch.setattr(emulators.mirror, "host_architecture", lambda: "amd64")
    return folder


def test_what_is_missing_follows_from_what_is_registered(kernel: Path) -> None:
    """A handler of anybody's serves; a disabled one, or the machine's own processor, counts not."""
    assert emulators.missing() == ["linux/arm64", "linux/arm/v7", "linux/riscv64"]
    (kernel / "somebody").write_text(AARCH64)
    assert emulators.missing() == ["linux/arm/v7", "linux/riscv64"]
    (kernel / "somebody").write_text(AARCH64.replace("enabled", "disabled"))
    assert "linux/arm64" in emulators.missing()


def test_only_this_labs_handlers_are_removed(kernel: Path) -> None:
    """Neither the system's nor another lab's entry is touched; one that is gone is no error."""
    names = ["qemu-aarch64", "lab-00000000-arm", f"{emulators.own_prefix()}riscv64"]
    for name in names:
        (kernel / name).write_text(AARCH64)
        emulators.remove(name)
    told = [(kernel / name).read_text()[:2] for name in names]
    assert told == [AARCH64[:2], AARCH64[:2], "-1"]
    (kernel / names[2]).unlink()
    emulators.remove(names[2])
    assert not (kernel / names[2]).exists()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


def test_another_program_on_the_port_is_not_taken_for_the_registry() -> None:
    """It answers, but not as this lab's: its port is left to it, and the next is chosen."""
    with HTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            port = server.server_port
            assert http.get(f"127.0.0.1:{port}", "/v2/")
            assert not registry.answers("127.0.0.1", port)
            assert registry.choose_port(["127.0.0.1"], port) != port
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("kept", [None, "5000", 0, 70000, True])
def test_a_remembered_port_that_is_none_is_ignored(kept: object) -> None:
    """Whatever a damaged file says, the port is one that can be had."""
    port = registry.choose_port(["127.0.0.1"], kept)
    assert 1024 < port < 2**16


def test_a_free_remembered_port_is_taken_again() -> None:
    """The registry's address stays the same from one sandbox to the next."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert registry.choose_port(["127.0.0.1"], port) == port


def test_nobody_there_is_no_answer(tmp_path: Path) -> None:
    """A port and a socket where nobody listens are told from an answer, at once."""
    assert http.get(tmp_path / "none.sock", "/_ping") is None
    assert http.get("127.0.0.1:1", "/v2/") is None


def test_a_tree_with_a_file_missing_or_cut_is_not_whole(tmp_path: Path) -> None:
    """What was unpacked is used again only if every file is there in its size."""
    file = tmp_path / "usr" / "bin" / "docker"
    file.parent.mkdir(parents=True)
    file.write_text("program")
    assert not programs.complete(tmp_path)
    programs._stamp(tmp_path)
    assert programs.complete(tmp_path)
    assert programs.find(tmp_path, "docker") == file
    file.write_text("cut")
    assert not programs.complete(tmp_path)
    file.unlink()
    assert not programs.complete(tmp_path)
    with pytest.raises(Blocked, match="'docker'"):
        programs.find(tmp_path, "docker")


def test_amounts_are_for_people() -> None:
    """Bytes have units of a thousand, counts their own noun."""
    assert [amount(n, "B") for n in (0, 999, 72_596_940, 2_500_000_000)] == ["0 B", "999 B", "72.6 MB", "2.5 GB"]
    assert amount(120, "packages") == "120 packages"


def test_without_a_terminal_a_report_is_plain_lines(tmp_path: Path) -> None:
    """One line a phase, one when a thing is complete, no moving bars."""
    with (tmp_path / "log").open("w+") as stream:
        with RichListener(stream) as report:
            report.phase("Downloading")
            for done in (0, 50, 100, 100):
                report.progress("docker", done, 100, "B")
            report.note("careful [bold]")
        stream.seek(0)
        assert stream.read() == "* Downloading\n  docker: 100 B\n  careful [bold]\n"
    assert isinstance(report._plain, PlainListener)


def test_whose_an_emulator_is_decides_what_is_done_with_it(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Another lab's on this machine are neither taken away by a reset nor a reason to register some after a tour."""
    named = {whose: emulators.parse(f"lab-{whose}-aarch64", AARCH64) for whose in (state.key(), "00000000")}
    assert [(handler.ours, handler.own) for handler in named.values() if handler] == [(True, True), (True, False)]
    asked: list[bool] = []
    monkeypatch.setattr("lab.sandbox.up", lambda *, emulators: asked.append(emulators))
    monkeypatch.setattr(tour, "this_world", lambda: world)
    for whose, wanted in (("00000000", []), (state.key(), [False, True])):
        monkeypatch.setattr("lab.sandbox.registered", lambda whose=whose: [named[whose]])
        assert bool(Emulators().remove(world)) == (asked != [])
        tour.tour([], tmp_path / "out", lambda _result: None, emulators=False, stamp=dict)
        assert asked == wanted
