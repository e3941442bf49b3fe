"""One room as the hub holds it: the process that makes it, what that says, and the ways in and out."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections import deque
from contextlib import suppress
from pathlib import Path

from lab.errors import Blocked
from lab.hub import disks, limits, places, relay
from lab.hub.room.plan import SERVING, Plan
from lab.storage import own_folder

_KEPT_LINES, _LONGEST = 40, 400
_PATIENCE = 10.0  # seconds that a room's processes have to go
_BACKLOG = 128
_ONLY_OURS, _FOR_ALL = 0o600, 0o755


class Room:
    """The room of the learner with a number. Its input is held open: with the hub, however that ends, rooms end."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._door = places.runtime() / "in" / f"{number}.sock"
        self._maker: asyncio.subprocess.Process | None = None
        self._relay: asyncio.Server | None = None
        self._reading: asyncio.Task[None] | None = None
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._serving = asyncio.Event()

    def opened(self) -> socket.socket:
        """A listening socket for whoever comes to the room, which only the hub can call."""
        own_folder(self._door.parent)
        self._door.unlink(missing_ok=True)
        into = socket.socket(socket.AF_UNIX)
        into.bind(str(self._door))
        self._door.chmod(_ONLY_OURS)
        into.listen(_BACKLOG)
        return into

    async def start(self, plan: Plan) -> int:
        """Make the room, wait until its server is being started; the port of loopback that leads to it.

        Raises Blocked with the room's own last words where it ends before.
        """
        self._maker = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "lab.hub.room.enter"),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            pass_fds=[plan.into], start_new_session=True, env={"PATH": os.environ.get("PATH", os.defpath)},
        )  # fmt: skip
        self._reading = asyncio.create_task(self._read(self._maker))
        if self._maker.stdin:
            self._maker.stdin.write(plan.to_line().encode())
        ended, serving = asyncio.create_task(self._maker.wait()), asyncio.create_task(self._serving.wait())
        await asyncio.wait({ended, serving}, return_when=asyncio.FIRST_COMPLETED)
        if not self._serving.is_set():
            serving.cancel()
            raise Blocked(f"The room cannot be made: {self.said}")
        ended.cancel()
        self._relay, port = await relay.to_socket(self._door)
        return port

    async def ended(self) -> None:
        """Wait until it has ended by itself."""
        if self._maker:
            await self._maker.wait()

    @property
    def said(self) -> str:
        """The last line that the room said."""
        return self._lines[-1] if self._lines else ""

    @property
    def phase(self) -> str:
        """What `lab up` was at last, in the room."""
        told = next((line for line in reversed(self._lines) if line.startswith("* ")), "")
        return told.removeprefix("* ") or "Making your room"

    @property
    def status(self) -> int | None:
        """None while it is there, else how it ended."""
        return self._maker.returncode if self._maker else 0

    async def end(self) -> None:
        """End it with all that runs in it, and wait until the machine has let go of it."""
        if self._relay:
            self._relay.close()
        if self._maker and self._maker.stdin:
            self._maker.stdin.close()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._maker.wait(), _PATIENCE)
        await asyncio.to_thread(limits.end, self._number)
        with suppress(Blocked):  # whoever starts it again waits once more
            await disks.released(self._number)

    async def _read(self, maker: asyncio.subprocess.Process) -> None:
        """Keep the last lines that come, however much comes."""
        while maker.stdout and (piece := await maker.stdout.read(2**16)):
            lines = [line[:_LONGEST] for line in piece.decode(errors="replace").splitlines() if line.strip()]
            self._lines.extend(lines)
            if SERVING in lines:
                self._serving.set()


class Doors:
    """The sockets that every room sees, each of which leads to a port of the machine."""

    def __init__(self) -> None:
        self._open: dict[str, asyncio.Server] = {}

    async def lead(self, name: str, host: str, port: int) -> None:
        """Open the door of that name, where it is not open yet."""
        if name not in self._open:
            self._open[name] = await relay.from_socket(_seen_by_all(places.doors()) / name, host, port)


def _seen_by_all(folder: Path) -> Path:
    for one in (own_folder(folder), folder.parent):
        one.chmod(_FOR_ALL)
    return folder
