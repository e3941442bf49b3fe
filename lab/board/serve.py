"""Run the board: its folder, its certificate and code, its two listeners, until Ctrl-C."""

from __future__ import annotations

import asyncio
import secrets
import signal
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from lab import __version__, paths
from lab.board import code, line, server
from lab.board.store import Store
from lab.errors import Blocked, LabError
from lab.sandbox import certificates
from lab.sandbox.host import network
from lab.sandbox.host.files import remove_folder
from lab.storage import own_folder, read_json, write_json, write_text

if TYPE_CHECKING:
    from tornado.web import Application

_TRIED = 20  # ports
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
    kept = _settings()
    door = _bound(port or (kept.port if kept else line.PORT), listen, fixed=bool(port or kept))
    page = _bound(kept.page_port if kept else 0, "127.0.0.1", fixed=False)
    kept = replace(kept or _new(), port=_port(door), page_port=_port(page))
    write_json(folder() / "board.json", asdict(kept))
    where = Address(addresses(listen, kept.port), code.shown(_fingerprint(), kept.secret), _page(kept))
    about = {"code": where.code, "addresses": list(where.learners), "version": __version__}
    board = server.Board(store, kept.secret, kept.token, about)
    _open(server.for_learners(board), door, _tls())
    _open(server.for_teacher(board), page, None)
    said(where)
    await asyncio.Event().wait()


def _open(application: Application, door: socket.socket, safe: ssl.SSLContext | None) -> None:
    from tornado.httpserver import HTTPServer

    listening = HTTPServer(
        application,
        ssl_options=safe,
        max_body_size=server.MOST_BYTES,
        max_header_size=_MOST_HEADERS,
        body_timeout=_PATIENCE,
        idle_connection_timeout=3 * _PATIENCE,
    )
    listening.add_sockets([door])


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


def door() -> int | None:
    """The port at which learners find the board of this machine, or None where there is none."""
    found = _settings()
    return found.port if found else None


def _settings() -> Settings | None:
    """What was kept; a damaged file counts as none, and so makes a new code."""
    try:
        found = Settings(**read_json(folder() / "board.json"))
    except (LabError, TypeError):
        return None
    kinds = [type(value) for value in vars(found).values()]
    return found if kinds == [int, int, str, str] else None


def _certificate() -> Path:
    """The key and certificate, made at the first start."""
    path = folder() / "certificate.pem"
    if not path.is_file():
        write_text(path, certificates.issue("localhost")[1])
    return path


def _fingerprint() -> str:
    """That of the server's own certificate, the first in its file."""
    _, _, later = _certificate().read_text(encoding="ascii").partition(ssl.PEM_HEADER)
    own, _, _ = later.partition(ssl.PEM_FOOTER)
    return code.fingerprint(ssl.PEM_cert_to_DER_cert(f"{ssl.PEM_HEADER}{own}{ssl.PEM_FOOTER}"))


def _tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(_certificate())
    return context


def _page(kept: Settings) -> str:
    # what stands behind # is sent to nobody: the page's own script reads it there
    return f"http://127.0.0.1:{kept.page_port}/#{kept.token}"


def _bound(port: int, listen: str, *, fixed: bool) -> socket.socket:
    last = ""
    for number in [port] if fixed or not port else range(port, port + _TRIED):
        try:
            made = _opened(number, listen)
        except OSError as error:
            last = error.strerror or str(error)
            continue
        made.setblocking(False)  # noqa: FBT003 - that is its only form
        return made
    raise Blocked(f"The port {port} cannot be used: {last}.", "Stop what uses it, or choose another one with --port.")


def _opened(port: int, listen: str) -> socket.socket:
    if not listen and socket.has_dualstack_ipv6():
        return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
    family = socket.AF_INET6 if ":" in listen else socket.AF_INET
    return socket.create_server((listen, port), family=family)


def _port(door: socket.socket) -> int:
    return int(door.getsockname()[1])


def addresses(listen: str, port: int, usual: int = line.PORT) -> tuple[str, ...]:
    """Where learners may find this machine, without the `usual` port; nothing is sent to find out."""
    tail = "" if port == usual else f":{port}"
    if listen:
        return (f"[{listen}]{tail}" if ":" in listen else f"{listen}{tail}",)
    found = [_way_out(), *network.own_addresses()]
    return tuple(f"{one}{tail}" for one in dict.fromkeys(filter(None, found))) or (f"127.0.0.1{tail}",)


def _way_out() -> str:
    """The address that this machine has towards others: "connecting" a datagram socket only chooses it."""
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # nobody's: the documentation's own network
        return str(probe.getsockname()[0])
    return ""
