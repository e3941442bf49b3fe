"""A shell on a terminal of its own, with somebody who listens in between: what `lab shell` runs.

The relay is our own, since pexpect's loses words: its `interact` looks whether the program is alive before it reads, so
what was printed last is lost now and then (pexpect 4.9.0: one of five runs of `seq 1 2000` lost 4762 of 10898 bytes).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from lab.errors import Blocked

_PIECE = 65536


def run(
    command: Sequence[str],
    env: Mapping[str, str],
    folder: Path,
    heard: Callable[[bytes], bytes],
    meanwhile: AbstractContextManager[None],
) -> int:
    """Run it on a new terminal until it ends; its exit status. Keys, signals and the window's size are handed on.

    `heard` gets all that it prints, and answers what of it is to be shown. `meanwhile` is entered while it runs, once
    the process has been made: it may have threads.
    """
    pid, master = pty.fork()
    if pid == 0:
        _become(command, env, folder)
    with meanwhile, _raw(sys.stdin.fileno()), _resized(master):
        _relay(master, heard)
    os.close(master)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def _become(command: Sequence[str], env: Mapping[str, str], folder: Path) -> None:
    try:
        os.chdir(folder)
        os.execvpe(command[0], list(command), dict(env))  # noqa: S606 - no shell is asked to read the words
    except OSError as error:
        os.write(2, f"lab: {command[0]} cannot be started: {error.strerror}.\r\n".encode())
        os._exit(Blocked.exit_status)


def _relay(master: int, heard: Callable[[bytes], bytes]) -> None:
    keys, screen = sys.stdin.fileno(), sys.stdout.fileno()
    sources = [keys, master]
    while True:
        ready, _, _ = select.select(sources, [], [])
        if master in ready:
            try:
                piece = os.read(master, _PIECE)
            except OSError:
                return  # Linux says so where the last program on the terminal has ended
            if not piece:
                return
            _write(screen, heard(piece))
        if keys in ready:
            typed = os.read(keys, _PIECE)
            if typed:
                _write(master, typed)
            else:
                sources.remove(keys)


def _write(where: int, data: bytes) -> None:
    while data:
        data = data[os.write(where, data) :]


@contextmanager
def _raw(terminal: int) -> Iterator[None]:
    """Every key goes to the inner terminal, Ctrl-C too."""
    before = termios.tcgetattr(terminal)
    try:
        tty.setraw(terminal)
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


@contextmanager
def _resized(master: int) -> Iterator[None]:
    def follow(*_signal: object) -> None:
        with contextlib.suppress(OSError):
            size = fcntl.ioctl(sys.stdin.fileno(), termios.TIOCGWINSZ, b"\0" * 8)
            fcntl.ioctl(master, termios.TIOCSWINSZ, size)

    follow()
    before = signal.signal(signal.SIGWINCH, follow)
    try:
        yield
    finally:
        signal.signal(signal.SIGWINCH, before)
