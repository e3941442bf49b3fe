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

from lab.board import door
from lab.errors import Blocked, UsageError
from lab.hub import kept, limits, places
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
    hub = await _started()
    try:
        await _answering(hub, now.api)
        scheme = "https" if now.certificate else "http"
        pages = [f"{scheme}://{one}/" for one in door.addresses(now.listen, now.port, 443 if now.certificate else 80)]
        said(Address(tuple(pages), now.code))
        if await hub.wait():
            raise Blocked(f"JupyterHub has ended: {process.tail(log())}", f"Its log is {str(log())!r}.")
    finally:
        if hub.returncode is None:
            hub.terminate()


async def _started() -> asyncio.subprocess.Process:
    own_folder(places.folder())
    with log().open("wb") as file:
        log().chmod(0o600)
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "jupyterhub", "-f", str(_CONFIG)),
            cwd=places.folder(), stdin=asyncio.subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True,
            env={**os.environ, process.MARK: f"{state.key()}:{ROLE}"},
        )  # fmt: skip


async def _answering(hub: asyncio.subprocess.Process, port: int) -> None:
    loop = asyncio.get_running_loop()
    until = loop.time() + _PATIENCE
    while loop.time() < until and hub.returncode is None:
        answer = await asyncio.to_thread(http.get, f"127.0.0.1:{port}", "/hub/health")
        if answer and answer.status == 200:
            return
        await asyncio.sleep(0.2)
    raise Blocked(f"JupyterHub does not answer: {process.tail(log())}", f"Its log is {str(log())!r}.")


def _with_ports(now: Kept) -> Kept:
    """The settings with a port of loopback that is free, and written down for JupyterHub to read."""
    _free_or_blocked(now)
    with socket.create_server(("127.0.0.1", 0)) as door:
        return kept.settled(api=int(door.getsockname()[1]))


def _free_or_blocked(now: Kept) -> None:
    try:
        family = socket.AF_INET6 if ":" in now.listen else socket.AF_INET
        socket.create_server((now.listen, now.port), family=family).close()
    except OSError as error:
        raise Blocked(
            f"The port {now.port} cannot be used: {error.strerror}.",
            "Stop what uses it, or choose another one with --port.",
        ) from error


def check_certificate(certificate: str) -> None:
    """Raise UsageError where the file does not hold a certificate with its key."""
    from lab.hub import front

    try:
        front.tls(certificate)
    except OSError as error:
        why = "it holds no certificate with its key" if isinstance(error, ssl.SSLError) else error.strerror
        raise UsageError(f"{certificate!r} cannot be used: {why}.", "As in: --certificate hub.pem") from error
