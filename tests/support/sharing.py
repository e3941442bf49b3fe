"""A kit that is shared: `lab kit serve` in a process of its own, and a network that breaks in between."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LAB = [sys.executable, "-c", "from lab.cli import main; main()"]


class Share:
    """`lab kit serve` as a teacher starts it, on loopback alone."""

    def __init__(self, kit: Path, place: Path) -> None:
        self.kit, self.home, self.log = kit, place / "teacher", place / "share.log"
        self.port = free_port()
        self.start()

    def start(self) -> None:
        """Start it (again), and read what it prints."""
        command = [*LAB, "kit", "serve", str(self.kit), "--listen", "127.0.0.1", "--port", str(self.port)]
        with self.log.open("wb") as log:
            env = {**os.environ, "LAB_HOME": str(self.home)}
            self.process = subprocess.Popen(command, env=env, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        until = time.monotonic() + 30
        while "Ctrl-C ends it" not in self.said():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < until, self.said()
            time.sleep(0.05)
        self.address, self.code = re.search(r"lab kit get (\S+) (\S+)", self.said()).groups()
        self.line = re.search(r"python3 -c .*", self.said())[0]

    def said(self) -> str:
        """What it has printed so far."""
        return self.log.read_text()

    def stop(self) -> int:
        """As Ctrl-C does; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(10)


def free_port() -> int:
    """A port that nobody uses just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def breaking(port: int, after: int) -> Iterator[tuple[int, list[int]]]:
    """A way to that port which breaks after so many bytes, each time; its own port, and what each time brought."""
    brought: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as door:

        def carry() -> None:
            with suppress(OSError):
                while True:
                    near, _ = door.accept()
                    with near, socket.create_connection(("127.0.0.1", port)) as far:
                        brought.append(_carried(near, far, after))

        threading.Thread(target=carry, daemon=True).start()
        yield int(door.getsockname()[1]), brought
        door.close()


def _carried(near: socket.socket, far: socket.socket, after: int) -> int:
    def forth() -> None:
        with suppress(OSError):
            while data := near.recv(65536):
                far.sendall(data)
            far.shutdown(socket.SHUT_WR)

    threading.Thread(target=forth, daemon=True).start()
    done = 0
    with suppress(OSError):
        while done < after and (data := far.recv(min(65536, after - done))):
            near.sendall(data)
            done += len(data)
    for end in (near, far):  # the other thread may be waiting for one of them, which keeps it open
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
    return done
