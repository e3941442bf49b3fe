"""JupyterHub's spawner: a room for each learner, with a disk, an engine, a registry and a network of their own."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from jupyterhub.spawner import Spawner
from jupyterhub.traitlets import ByteSpecification
from traitlets import Integer, default

import lab
from lab import course
from lab.board import line
from lab.board import serve as board
from lab.errors import Blocked, LabError
from lab.hub import disks, learners, limits, places
from lab.hub.room.plan import CACHE, HOME, MANY, Plan
from lab.hub.rooms import Doors, Room
from lab.sandbox import cache

FIRST_USER = 0x70000000  # above what distributions, containers and systemd give away
_PORT = 8888  # in the room, where nobody else is
_KEPT = ("LANG", "LC_ALL", "TZ")


class RoomSpawner(Spawner):
    """A learner's room on this machine. The hub has to be root; the learner is nobody outside of the room."""

    doors: ClassVar[Doors] = Doors()
    disk_limit = ByteSpecification(
        8 * 10**9, help="How large a learner's disk is, made at their first start.", config=True
    )
    process_limit = Integer(3000, help="So many processes and threads may be in a room.", config=True)
    idle_after = Integer(3600, help="Seconds without anything at work, after which a room ends. 0: never.", config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._room: Room | None = None
        self._watching: asyncio.Task[None] | None = None

    @default("mem_limit")
    def _default_memory(self) -> int:
        return 3 * 1024**3

    @default("start_timeout")
    def _default_patience(self) -> int:
        return 1200  # thirty learners who come in at once share what processors there are

    @default("http_timeout")
    def _default_http_patience(self) -> int:
        return 600

    @default("default_url")
    def _default_page(self) -> str:
        return "/lab"

    @default("env_keep")
    def _default_kept(self) -> list[str]:
        return list(_KEPT)

    async def start(self) -> tuple[str, int]:
        """Make the room and start what is in it; where the server answers."""
        try:
            return "127.0.0.1", await self._started()
        except LabError as error:
            error.jupyterhub_message = str(error)  # type: ignore[attr-defined]  # what its page shows
            raise

    async def _started(self) -> int:
        number = learners.known(self.user.name).number
        self.ip, self.port = "127.0.0.1", _PORT
        await disks.released(number)
        self._room = Room(number)
        into = self._room.opened()
        try:
            out = await self._ways_out()
            port = await self._room.start(await asyncio.to_thread(self._plan, number, into.fileno(), out))
        finally:
            into.close()
        self._watching = asyncio.create_task(self._watch(self._room))
        return port

    async def _watch(self, room: Room) -> None:
        """Tell the hub at once when a room has ended by itself: its address leads to nobody."""
        await room.ended()
        if self._room is room:
            await self.poll_and_notify()  # type: ignore[no-untyped-call]

    async def _ways_out(self) -> dict[str, int]:
        """What a room reaches outside: the hub's own interface, and the class's board where there is one."""
        hub = urlsplit(self.hub.api_url)
        host, port = hub.hostname or "127.0.0.1", hub.port or 80
        await self.doors.lead("hub.sock", host, port)
        out = {"hub.sock": port}
        if there := board.learners_port():
            await self.doors.lead("board.sock", "127.0.0.1", there)
            out["board.sock"] = line.PORT
        return out

    def _plan(self, number: int, into: int, out: dict[str, int]) -> Plan:
        owner = FIRST_USER + number * MANY
        try:
            allowed = limits.Limits(int(self.mem_limit), self.process_limit, float(self.cpu_limit or 0))
            groups = limits.make(number, allowed, owner)
        except OSError as error:
            raise Blocked(f"The kernel refuses a room's limits: {error.strerror}.", "The hub needs root.") from error
        return Plan(
            users=owner,
            name=f"learner-{number}",
            disk=str(disks.prepare(number, int(self.disk_limit), owner)),
            shown=_shown(),
            cached=[str(path) for path in cache.folders() if path.is_dir() and not path.name.startswith(".")],
            groups=groups,
            doors=str(places.doors()),
            out=out,
            into=into,
            port=_PORT,
            command=[sys.executable, "-P", "-m", "lab.hub.inside", *self.get_args()],  # type: ignore[no-untyped-call]
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
        return {"LANG": "C.UTF-8", **self.get_env(), **own}  # type: ignore[no-untyped-call]

    async def poll(self) -> int | None:
        """None while the room is there, else how it ended."""
        room = self._room
        if room is None or room.status is None:
            return 0 if room is None else None
        self.log.info("The room of %s has ended: %s", self.user.name, room.said)
        await self.stop()
        return room.status

    async def stop(self, now: bool = False) -> None:  # noqa: FBT001, FBT002  # JupyterHub's own form
        """End the room: its input is closed, and with its first process all others go."""
        del now
        room, self._room = self._room, None
        if room:
            await room.end()

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """What the learner reads while the room is made: what `lab up` is at."""
        said, part = "", 10
        while self._room:
            if (phase := self._room.phase) != said:
                said, part = phase, min(part + 10, 90)
                yield {"progress": part, "message": said}
            await asyncio.sleep(0.3)


def _shown() -> list[str]:
    """What a room needs of this installation: Python, its packages, the lab and the lessons."""
    folders = {Path(sys.prefix), Path(sys.base_prefix), Path(lab.__file__).parent, course.lessons_dir()}
    return sorted(str(folder) for folder in folders if folder != Path("/usr"))
