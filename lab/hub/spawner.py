"""JupyterHub's spawner: a room for each learner, with a disk, an engine, a registry and a network of their own."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jupyterhub.spawner import Spawner
from jupyterhub.traitlets import ByteSpecification
from traitlets import Integer, default

import lab
from lab import course
from lab.board import line
from lab.board import serve as board
from lab.errors import LabError
from lab.hub import disks, learners, limits, places, relay
from lab.hub.inside import SERVING
from lab.hub.room.plan import CACHE, HOME, MANY, Plan
from lab.sandbox import cache
from lab.storage import own_folder

FIRST_USER = 0x70000000  # above what distributions, containers and systemd give away
_PORT = 8888  # in the room, where nobody else is
_KEPT_LINES = 40
_PATIENCE = 10.0
_KEPT = ("LANG", "LC_ALL", "TZ")
_BACKLOG = 128


class RoomError(Exception):
    """A room cannot be made; JupyterHub shows `jupyterhub_message` to the learner."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.jupyterhub_message = f"Your room cannot be made: {why}"


class RoomSpawner(Spawner):  # type: ignore[misc]  # JupyterHub brings no types
    """A learner's room on this machine. The hub has to be root; the learner is nobody outside of the room."""

    disk_limit = ByteSpecification("8G", help="How large a learner's disk is, made at their first start.", config=True)
    process_limit = Integer(3000, help="So many processes and threads may be in a room.", config=True)
    idle_after = Integer(3600, help="Seconds without anything at work, after which a room ends. 0: never.", config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._room: asyncio.subprocess.Process | None = None
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._servers: list[asyncio.Server] = []
        self._reading: asyncio.Task[None] | None = None
        self._serving = asyncio.Event()

    @default("mem_limit")
    def _default_memory(self) -> int:
        return 3 * 1024**3

    @default("start_timeout")
    def _default_patience(self) -> int:
        return 300

    @default("http_timeout")
    def _default_http_patience(self) -> int:
        return 120

    @default("default_url")
    def _default_page(self) -> str:
        return "/lab"

    @default("env_keep")
    def _default_kept(self) -> list[str]:
        return list(_KEPT)

    @property
    def number(self) -> int:
        """The learner's number."""
        return learners.known(self.user.name).number

    async def start(self) -> tuple[str, int]:
        """Make the room and start what is in it; where the server answers. Raises LabError."""
        number = self.number
        self.ip, self.port = "127.0.0.1", _PORT
        self._lines.clear()
        self._serving.clear()
        await disks.released(number)
        into = _listening(places.runtime() / "in" / f"{number}.sock")
        try:
            out = await self._doors()
            plan = await asyncio.to_thread(self._plan, number, into.fileno(), out)
            await self._run(plan, into.fileno())
        finally:
            into.close()
        await self._furnished()
        server, port = await relay.to_socket(places.runtime() / "in" / f"{number}.sock")
        self._servers.append(server)
        return "127.0.0.1", port

    async def _doors(self) -> dict[str, int]:
        """What a room reaches outside: the hub's own interface, and the class's board where there is one."""
        hub = urlsplit(self.hub.api_url)
        wanted = {"hub.sock": (hub.hostname or "127.0.0.1", hub.port or 80, hub.port or 80)}
        if port := board.door():
            wanted["board.sock"] = ("127.0.0.1", port, line.PORT)
        for name, (host, port, _) in wanted.items():
            place = own_folder(places.doors()) / name
            if not place.exists():
                _OPEN[name] = await relay.from_socket(place, host, port)
        places.runtime().chmod(0o755)
        places.doors().chmod(0o755)
        return {name: port for name, (_, _, port) in wanted.items()}

    def _plan(self, number: int, into: int, out: dict[str, int]) -> Plan:
        owner = FIRST_USER + number * MANY
        disk = disks.prepare(number, int(self.disk_limit), owner)
        allowed = limits.Limits(int(self.mem_limit), self.process_limit, float(self.cpu_limit or 0))
        return Plan(
            users=owner,
            name=f"learner-{number}",
            disk=str(disk),
            shown=_shown(),
            cached=[str(path) for path in cache.folders() if path.is_dir() and not path.name.startswith(".")],
            groups=limits.make(number, allowed, owner),
            doors=str(places.doors()),
            out=out,
            into=into,
            port=_PORT,
            command=[sys.executable, "-P", "-m", "lab.hub.inside", *self.get_args()],
            environment=self._environment(),
        )

    def _environment(self) -> dict[str, str]:
        folders = [str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"]
        own = {
            "HOME": str(HOME),
            "LAB_HOME": str(HOME / ".lab"),
            "LAB_CACHE": str(CACHE),
            "LAB_HUB_IDLE": str(self.idle_after),
            "PATH": os.pathsep.join(folders),
            "SHELL": "/bin/bash",
            "USER": "root",
        }
        return {"LANG": "C.UTF-8", **self.get_env(), **own}

    async def _run(self, plan: Plan, into: int) -> None:
        self._room = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "lab.hub.room.enter"),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            pass_fds=[into], start_new_session=True, env={"PATH": os.environ.get("PATH", os.defpath)},
        )  # fmt: skip
        self._reading = asyncio.create_task(self._read(self._room))
        if self._room.stdin:
            self._room.stdin.write(plan.to_line().encode())
            await self._room.stdin.drain()

    async def _read(self, room: asyncio.subprocess.Process) -> None:
        """Keep the last lines that a room says, however much it says."""
        while room.stdout and (piece := await room.stdout.read(65536)):
            lines = [line[:400] for line in piece.decode(errors="replace").splitlines() if line.strip()]
            self._lines.extend(lines)
            if SERVING in lines:
                self._serving.set()

    async def _furnished(self) -> None:
        """Wait until the room's server is being started. Raises RoomError with the room's last words where it ends."""
        if not self._room:
            return
        ended, serving = asyncio.create_task(self._room.wait()), asyncio.create_task(self._serving.wait())
        await asyncio.wait({ended, serving}, return_when=asyncio.FIRST_COMPLETED)
        if not serving.done():
            serving.cancel()
            raise RoomError(self._lines[-1] if self._lines else "it gave no reason.")
        ended.cancel()

    async def poll(self) -> int | None:
        """None while the room is there, else how it ended."""
        if self._room is None:
            return 0
        if self._room.returncode is not None:
            self.log.info("The room of learner %s has ended: %s", self.number, " | ".join(list(self._lines)[-5:]))
            await self._end()
            return self._room.returncode
        return None

    async def stop(self, now: bool = False) -> None:  # noqa: FBT001, FBT002  # JupyterHub's own form
        """End the room: its input is closed, and with its first process all others go."""
        del now
        if self._room and self._room.stdin:
            self._room.stdin.close()
        if self._room:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._room.wait(), _PATIENCE)
        await self._end()

    async def _end(self) -> None:
        for server in self._servers:
            server.close()
        self._servers.clear()
        await asyncio.to_thread(limits.end, self.number)

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """What the learner reads while the room is made: the last line that `lab up` said."""
        said, part = "", 10
        while True:
            last = next((line for line in reversed(self._lines) if line.startswith("* ")), "* Making your room")
            if last != said:
                said, part = last, min(part + 10, 90)
                yield {"progress": part, "message": last.removeprefix("* ")}
            await asyncio.sleep(0.3)


_OPEN: dict[str, asyncio.Server] = {}


def _listening(place: Path) -> socket.socket:
    own_folder(place.parent)
    place.unlink(missing_ok=True)
    into = socket.socket(socket.AF_UNIX)
    into.bind(str(place))
    place.chmod(0o600)
    into.listen(_BACKLOG)
    return into


def _shown() -> list[str]:
    """What a room needs of this installation: Python, its packages, the lab and the lessons."""
    folders = {
        Path(sys.prefix),
        Path(sys.base_prefix),
        Path(lab.__file__).parent,
        course.lessons_dir(),
    }
    return sorted(str(folder) for folder in folders if folder != Path("/usr"))
