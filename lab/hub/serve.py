"""Run the hub until Ctrl-C: JupyterHub with its proxy, TLS before it where there is a certificate; and its end."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import ssl
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lab.board import serve as board
from lab.errors import Blocked, UsageError
from lab.hub import kept, limits, places, relay
from lab.hub.kept import Kept
from lab.sandbox import state
from lab.sandbox.host import http, process
from lab.sandbox.host.files import remove_folder
from lab.storage import own_folder

ROLE = "hub"
RUNNING = "A hub runs here already."
_CONFIG = Path(__file__).with_name("jupyterhub_config.py")
_PATIENCE = 60.0
_GRACE = 30.0  # seconds for the rooms to end


@dataclass(frozen=True)
class Address:
    """Where the hub is: learners open one of `pages`, and type `code` the first time."""

    pages: tuple[str, ...]
    code: str


def running() -> bool:
    """Whether a hub of this lab's is there."""
    return bool(process.find(state.key(), ROLE))


def run(said: Callable[[Address], None], now: Kept) -> None:
    """Serve until Ctrl-C or `lab hub stop`; `said` is told where, as soon as it answers. Raises Blocked."""
    if running():
        raise Blocked(RUNNING, "Use it, or end it with `lab hub stop`.")
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    _clear()
    try:
        asyncio.run(_serve(said, _with_ports(now)))
    except KeyboardInterrupt:
        return
    finally:
        end()


def end() -> bool:
    """End the hub with all its rooms; was there one? What learners did stays on their disks."""
    there = bool(process.stop(state.key(), ROLE, grace=_GRACE))
    _clear()
    return there


def log() -> Path:
    """JupyterHub's log of the last run."""
    return places.folder() / "hub.log"


def _clear() -> None:
    limits.sweep()
    remove_folder(places.runtime())


async def _serve(said: Callable[[Address], None], now: Kept) -> None:
    door = None
    if now.certificate:
        door = await relay.safe(safely(Path(now.certificate)), now.listen, now.port, now.inner)
    hub = await _started()
    try:
        await _answering(hub, now.inner if now.certificate else now.port, now.listen)
        scheme = "https" if now.certificate else "http"
        pages = [f"{scheme}://{one}/" for one in board.addresses(now.listen, now.port, 443 if now.certificate else 80)]
        said(Address(tuple(pages), now.code))
        if await hub.wait():
            raise Blocked(f"JupyterHub has ended: {process.tail(log())}", f"Its log is {str(log())!r}.")
    finally:
        if door:
            door.close()


async def _started() -> asyncio.subprocess.Process:
    own_folder(places.folder())
    with log().open("wb") as file:
        log().chmod(0o600)
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "jupyterhub", "-f", str(_CONFIG)),
            cwd=places.folder(), stdin=asyncio.subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True,
            env={**os.environ, process.MARK: f"{state.key()}:{ROLE}"},
        )  # fmt: skip


async def _answering(hub: asyncio.subprocess.Process, port: int, listen: str) -> None:
    loop = asyncio.get_running_loop()
    until = loop.time() + _PATIENCE
    while loop.time() < until and hub.returncode is None:
        answer = await asyncio.to_thread(http.get, f"{listen or '127.0.0.1'}:{port}", "/hub/health")
        if answer and answer.status == 200:
            return
        await asyncio.sleep(0.2)
    raise Blocked(f"JupyterHub does not answer: {process.tail(log())}", f"Its log is {str(log())!r}.")


def _with_ports(now: Kept) -> Kept:
    """The settings with ports of loopback that are free, and written down for JupyterHub to read."""
    _free_or_blocked(now)
    inner, api, routes = _free_ports(3)
    return kept.settled(inner=inner, api=api, routes=routes)


def _free_or_blocked(now: Kept) -> None:
    try:
        family = socket.AF_INET6 if ":" in now.listen else socket.AF_INET
        socket.create_server((now.listen, now.port), family=family).close()
    except OSError as error:
        raise Blocked(
            f"The port {now.port} cannot be used: {error.strerror}.",
            "Stop what uses it, or choose another one with --port.",
        ) from error


def _free_ports(count: int) -> list[int]:
    doors = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    found = [int(door.getsockname()[1]) for door in doors]
    for door in doors:
        door.close()
    return found


def safely(certificate: Path) -> ssl.SSLContext:
    """TLS with that certificate. Raises UsageError where the file is not one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate)
    except (OSError, ssl.SSLError) as error:
        why = "it holds no certificate with its key" if isinstance(error, ssl.SSLError) else error.strerror
        raise UsageError(f"{str(certificate)!r} cannot be used: {why}.", "As in: --certificate hub.pem") from error
    return context
