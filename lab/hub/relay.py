"""Leads callers from one address to another in the hub's process: to a room's socket, and from a room to the hub."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Dial = Callable[[], Awaitable[Ends]]
_PIECE = 65536
_TASKS: set[asyncio.Task[None]] = set()


async def to_socket(path: Path) -> tuple[asyncio.Server, int]:
    """A port of this machine's loopback that leads to the socket at `path`."""
    server = await asyncio.start_server(_handler(lambda: asyncio.open_unix_connection(path)), "127.0.0.1", 0)
    return server, int(server.sockets[0].getsockname()[1])


async def from_socket(path: Path, host: str, port: int) -> asyncio.Server:
    """A socket at `path`, for everybody who sees it, that leads to a port."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    os.chmod(path, 0o666)  # noqa: PTH101, S103  # the kernel's own call: each room's users are others
    return await asyncio.start_unix_server(_handler(lambda: asyncio.open_connection(host, port)), sock=listening)


def held(task: asyncio.Task[None] | None) -> None:
    """Hold on to a task until it is done: two ends that wait for one another are nobody else's, and were dropped."""
    if task:
        _TASKS.add(task)
        task.add_done_callback(_TASKS.discard)


def _handler(dial: Dial) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held(asyncio.current_task())
        try:
            there, back = await dial()
        except OSError:
            writer.close()
            return
        await join((reader, writer), (there, back))

    return handle


async def join(caller: Ends, called: Ends, unless: bytes = b"") -> None:
    """Hand on what comes from either side to the other one, until the one that was called has no more to say.

    The caller gets `unless` where it said nothing.
    """
    there = asyncio.create_task(_pass(caller[0], called[1]))
    try:
        await _pass(called[0], caller[1], unless)
    except OSError:
        return  # one of them is gone
    finally:
        there.cancel()
        with suppress(asyncio.CancelledError, OSError):
            await there
        for _, end in (called, caller):
            end.close()


async def _pass(source: asyncio.StreamReader, target: asyncio.StreamWriter, unless: bytes = b"") -> None:
    """Hand on what comes, until there is no more (`unless`, where nothing came); then say so."""
    while piece := await source.read(_PIECE):
        unless = b""
        target.write(piece)
        await target.drain()
    if unless:
        target.write(unless)
        await target.drain()
    if target.can_write_eof():
        target.write_eof()
