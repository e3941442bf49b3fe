"""The lab's own daemons: started with a mark in their environment, found and stopped by that mark alone.

A mark cannot be inherited by chance, so a process number that now belongs to somebody else is never touched; and it
is found again where no file tells of it. What runs *inside* containers has no mark: see `cgroups`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.errors import Blocked
from lab.storage import own_folder

MARK = "LAB_DAEMON"
_LAUNCHER = Path(__file__).with_name("launcher.py")
_PROC = Path("/proc")
_LOOKS = 4


@dataclass(frozen=True)
class Daemon:
    """A running process that carries the mark of the lab `key`; `role` is "engine" or "registry"."""

    pid: int
    role: str


def start(  # noqa: PLR0913
    command: Sequence[str | Path], *, key: str, role: str, log: Path, env: Mapping[str, str], view: Path | None = None
) -> None:
    """Start `command` as a daemon that writes to `log`; `view` asks for mounts of its own (see launcher.py)."""
    own_folder(log.parent)
    words = [sys.executable, "-I", "-S", _LAUNCHER, log, view or "shared", *command]
    environment = {**env, MARK: f"{key}:{role}"}
    try:
        done = subprocess.run(
            [str(word) for word in words], env=environment, capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Blocked(f"The {role} cannot be started: {error}.", f"Its log is {str(log)!r}.") from error
    if done.returncode:
        raise Blocked(
            f"The {role} cannot be started: {done.stderr.strip()}.",
            "Inside a container, run it with --privileged; or install Docker yourself.",
        )


def find(key: str, role: str | None = None) -> list[Daemon]:
    """The running processes of the lab `key` (of one role), by their mark; children of daemons included."""
    found = []
    for pid, environ in _environs().items():
        mine = role_of(environ, key)
        if mine and role in (None, mine):
            found.append(Daemon(pid, mine))
    return found


def role_of(environ: bytes, key: str) -> str | None:
    """The role that a process's environment names, where the mark is that of `key`."""
    start_of_mark = f"{MARK}={key}:".encode()
    for entry in environ.split(b"\0"):
        if entry.startswith(start_of_mark):
            return entry.removeprefix(start_of_mark).decode(errors="replace")
    return None


def stop(key: str, role: str | None = None, *, grace: float = 10.0) -> list[Daemon]:
    """End the daemons: asked first, killed after `grace` seconds (0: at once). Answers those that there were."""
    found = find(key, role)
    for daemon in found if grace else ():
        _send(daemon, key, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while (left := find(key, role)) and time.monotonic() < deadline:
        time.sleep(0.05)
    while left and time.monotonic() < deadline + 5:  # again, for what one of them started meanwhile
        for daemon in left:
            _send(daemon, key, signal.SIGKILL)
        while any(_lives(daemon.pid) for daemon in left) and time.monotonic() < deadline + 5:
            time.sleep(0.01)
        left = find(key, role)
    return found


def tail(log: Path, lines: int = 1) -> str:
    """The last lines of a log that say something."""
    try:
        text = log.read_text(errors="replace")
    except OSError:
        return ""
    return "\n".join([line for line in text.splitlines() if line.strip()][-lines:])


def _lives(pid: int) -> bool:
    """Whether any of its threads is still at work; one that has ended and waits for its parent does not."""
    try:
        state = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0]
        return state not in "ZX" or len(list((_PROC / str(pid) / "task").iterdir())) > 1
    except OSError:
        return False


def _send(daemon: Daemon, key: str, number: signal.Signals) -> None:
    with _handle(daemon.pid) as handle:
        # The handle holds on to the process; only now is it sure whose it is.
        if handle is not None and role_of(_environ(daemon.pid), key):
            signal.pidfd_send_signal(handle, number)


@contextmanager
def _handle(pid: int) -> Iterator[int | None]:
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        yield None
        return
    try:
        yield handle
    except ProcessLookupError:
        pass  # it ended by itself
    finally:
        os.close(handle)


def _pids() -> list[int]:
    if not _PROC.is_dir():
        return []
    return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]


def _environs() -> dict[int, bytes]:
    """The environment of each process. One that is just turning into another program shows none for a moment."""
    found = {pid: _environ(pid) for pid in _pids()}
    for _ in range(_LOOKS):
        turning = [pid for pid, environ in found.items() if not environ and _has_program(pid)]
        if not turning:
            break
        time.sleep(0.003)
        found |= {pid: _environ(pid) for pid in turning}
    return found


def _has_program(pid: int) -> bool:
    """False for the kernel's own threads and for what has ended."""
    try:
        return bool((_PROC / str(pid) / "exe").readlink())
    except OSError:
        return False


def _environ(pid: int) -> bytes:
    try:
        return (_PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return b""
