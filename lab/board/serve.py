"""Run the board: its folder, its certificate and code, its two listeners, until Ctrl-C."""

from __future__ import annotations

import asyncio
import secrets
import signal
import socket
import ssl
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from lab import __version__, paths
from lab.board import code, door, known, line, server
from lab.board.store import Store
from lab.errors import Blocked, LabError
from lab.sandbox.host.files import remove_folder
from lab.storage import own_folder, read_json, write_json

if TYPE_CHECKING:
    from tornado.web import Application

_MOST_HEADERS = 8 * 1024
_PATIENCE = 10.0  # seconds for the body of a message
RUNNING = "A board is running on this machine already."


@dataclass(frozen=True)
class Settings:
    """What stays from one start to the next, so that learners and the teacher's page find the board again."""

    port: int
    page_port: int
    secret: str
    token: str


@dataclass(frozen=True)
class Address:
    """Where the board is: `learners` type one of these and `code`; `page` is the teacher's own."""

    learners: tuple[str, ...]
    code: str
    page: str


def folder() -> Path:
    """The board's own folder."""
    return paths.home() / "board"


def run(said: Callable[[Address], None], *, port: int | None = None, listen: str = "") -> None:
    """Serve until Ctrl-C; `said` is told where, as soon as both doors are open."""
    from filelock import FileLock, Timeout

    lock = FileLock(own_folder(folder()) / ".lock", timeout=0, mode=0o600)
    try:
        with lock:
            # a closed terminal, or somebody's `kill`, ends it as Ctrl-C does, also where a script has started it
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                signal.signal(number, signal.default_int_handler)
            store = Store(folder())
            try:
                asyncio.run(_serve(store, said, port, listen))
            except KeyboardInterrupt:
                return
            finally:
                store.close()
    except Timeout:
        raise Blocked(RUNNING, "Use its page, or stop it with Ctrl-C in its terminal.") from None


async def _serve(store: Store, said: Callable[[Address], None], port: int | None, listen: str) -> None:
    kept = settings()
    learners = door.bound(port or (kept.port if kept else line.PORT), listen, fixed=bool(port or kept))
    page = door.bound(kept.page_port if kept else 0, "127.0.0.1", fixed=False)
    kept = replace(kept or _new(), port=door.port_of(learners), page_port=door.port_of(page))
    write_json(folder() / "board.json", asdict(kept))
    where = Address(
        door.addresses(listen, kept.port), code.shown(known.fingerprint(folder()), kept.secret), _page(kept)
    )
    about = {"code": where.code, "addresses": list(where.learners), "version": __version__}
    board = server.Board(store, kept.secret, kept.token, about)
    _open(server.for_learners(board), learners, known.tls(folder()))
    _open(server.for_teacher(board), page, None)
    said(where)
    await asyncio.Event().wait()


def _open(application: Application, heard: socket.socket, safe: ssl.SSLContext | None) -> None:
    from tornado.httpserver import HTTPServer

    listening = HTTPServer(
        application,
        ssl_options=safe,
        max_body_size=server.MOST_BYTES,
        max_header_size=_MOST_HEADERS,
        body_timeout=_PATIENCE,
        idle_connection_timeout=3 * _PATIENCE,
    )
    listening.add_sockets([heard])


def _new() -> Settings:
    return Settings(0, 0, code.secret(), secrets.token_urlsafe(24))


def forget() -> bool:
    """Remove the board with all that it knows; was there one? Blocked while it runs."""
    from filelock import FileLock, Timeout

    if not folder().exists():
        return False
    try:
        with FileLock(folder() / ".lock", timeout=0, mode=0o600):
            remove_folder(folder())
    except Timeout:
        raise Blocked(RUNNING, "Stop it with Ctrl-C in its terminal, then try again.") from None
    return True


def learners_port() -> int | None:
    """The port at which learners find the board of this machine, or None where there is none."""
    found = settings()
    return found.port if found else None


def settings() -> Settings | None:
    """What was kept; a damaged file counts as none, and so makes a new code."""
    try:
        found = Settings(**read_json(folder() / "board.json"))
    except (LabError, TypeError):
        return None
    kinds = [type(value) for value in vars(found).values()]
    return found if kinds == [int, int, str, str] else None


def is_running() -> bool:
    """Is a board of this user's running on this machine?"""
    from filelock import FileLock, Timeout

    if not folder().exists():
        return False
    try:
        with FileLock(folder() / ".lock", timeout=0, mode=0o600):
            return False
    except Timeout:
        return True


def _page(kept: Settings) -> str:
    # what stands behind # is sent to nobody: the page's own script reads it there
    return f"http://127.0.0.1:{kept.page_port}/#{kept.token}"
