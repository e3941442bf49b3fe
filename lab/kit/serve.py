"""Share a kit in the room: over TLS, to those who have the code; a download that broke goes on.

The code is that of a board: its first part proves this machine to whoever fetches, its last lets them in.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import importlib.resources
import json
import re
import signal
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from tornado import web
from tornado.httpserver import HTTPServer
from tornado.iostream import StreamClosedError

from lab.board import code, door, known
from lab.board.limits import Limit
from lab.errors import LabError
from lab.kit import place, read
from lab.kit.read import KitContents
from lab.sandbox.report import Listener
from lab.storage import own_folder, read_json, write_json

PORT = 8991
_PIECE = 1 << 18
_WIDE = "all"
_MOST_HEADERS = 8 * 1024
# What a machine with Python only is given to paste: it looks at the certificate before it says or runs a thing.
_LINE = (
    "python3 -c 'import socket,ssl,hashlib;a=({host},{port});p={pin};s={secret};"
    "c=ssl._create_unverified_context().wrap_socket(socket.create_connection(a,9));"
    'hashlib.sha256(c.getpeercert(True)).hexdigest()==p or exit("lab: another machine answers there");'
    'c.sendall(f"GET /v1/fetch HTTP/1.0\\r\\nAuthorization: Lab {{s}}\\r\\n\\r\\n".encode());'
    'exec(c.makefile("rb").read().split(b"\\r\\n\\r\\n",1)[1])\''
)


@dataclass(frozen=True)
class Shared:
    """Where a kit is shared: addresses, the code, and the line for a machine that has Python only."""

    addresses: tuple[str, ...]
    code: str
    line: str


@dataclass(frozen=True)
class Settings:
    """What stays from one start to the next, so that a broken download goes on."""

    port: int
    secret: str


class Room:
    """What all requests share: the kit, its digest, the secret, and who has tried how often."""

    def __init__(self, kit: KitContents, sha256: str, secret: str, report: Listener) -> None:
        self.kit, self.sha256, self.secret, self.report = kit, sha256, secret, report
        self.wrong, self.wrong_by_all = Limit(10, 10), Limit(100, 60)
        self.at_work: set[str] = set()

    def name(self, address: str) -> str:
        """How a download is called: two at once from one address are told apart."""
        number = next(number for number in range(1, 10_000) if self._named(address, number) not in self.at_work)
        self.at_work.add(name := self._named(address, number))
        return name

    @staticmethod
    def _named(address: str, number: int) -> str:
        return address if number == 1 else f"{address} ({number})"


class _Door(web.RequestHandler):
    """Answers whoever has the secret."""

    def initialize(self, room: Room) -> None:
        self.room = room

    def set_default_headers(self) -> None:
        self.set_header("Server", "lab")
        self.set_header("Cache-Control", "no-store")

    def prepare(self) -> None:
        room, who = self.room, str(self.request.remote_ip)
        given = self.request.headers.get("Authorization", "").removeprefix("Lab ")
        if not (room.wrong.open(who) and room.wrong_by_all.open(_WIDE)):
            self.refuse(429, "Too many wrong codes. Wait a minute.")
        elif not hmac.compare_digest(given.encode(), room.secret.encode()):
            room.wrong.take(who)
            room.wrong_by_all.take(_WIDE)
            self.refuse(403, "That is not the code of this kit.")

    def refuse(self, status: int, problem: str) -> None:
        """Say why not."""
        self.set_status(status)
        self.finish({"problem": problem})

    def write_error(self, status_code: int, **_given: Any) -> None:
        self.finish({"problem": self._reason or str(status_code)})


class _Nothing(_Door):
    def prepare(self) -> None:
        self.refuse(404, "A kit is shared here. Get it with `lab kit get`.")


class _About(_Door):
    """`GET /v1/about`."""

    def get(self) -> None:
        """Name, size and digest."""
        room = self.room
        self.finish({"name": room.kit.path.name, "size": room.kit.size, "sha256": room.sha256})


class _Fetch(_Door):
    """`GET /v1/fetch`: the program that fetches, for a machine without the lab."""

    def get(self) -> None:
        """Its text; the line that asked has the names."""
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        text = (importlib.resources.files("lab.kit.boot") / "fetch.py").read_bytes()
        self.finish(text + b"\n\nmain(*a, p, s)\n")

    def refuse(self, status: int, problem: str) -> None:
        """In a form that can be run, since that is what is done with it; the status is not looked at there."""
        del status
        self.finish(f"import sys\nsys.exit({f'lab: {problem}'!r})\n")


class _Kit(_Door):
    """`GET /v1/kit`, from a byte on."""

    async def get(self) -> None:
        """The bytes of the file, in pieces."""
        room, size = self.room, self.room.kit.size
        asked = re.fullmatch(r"bytes=(\d{1,15})-", self.request.headers.get("Range", "bytes=0-"))
        start = int(asked[1]) if asked else 0
        if self.request.headers.get("If-Match", f'"{room.sha256}"') != f'"{room.sha256}"':
            self.refuse(412, "Another kit is shared now. Begin again.")
            return
        if start >= size:
            self.refuse(416, "There is no more of it.")
            return
        self.set_status(206)
        self.set_header("Content-Type", "application/octet-stream")
        self.set_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        self.set_header("Content-Length", size - start)
        name = room.name(str(self.request.remote_ip))
        try:
            with room.kit.path.open("rb") as stream:
                stream.seek(start)
                await self._send(stream, start, name)
        except StreamClosedError:
            return  # it asks again, from there on
        finally:
            room.at_work.discard(name)

    async def _send(self, stream: IO[bytes], done: int, name: str) -> None:
        room = self.room
        while data := stream.read(min(_PIECE, room.kit.size - done)):
            self.write(data)
            await self.flush()
            done += len(data)
            room.report.progress(name, done, room.kit.size, "B")
        self.finish()


def run(
    file: Path, report: Listener, said: Callable[[Shared], None], *, port: int | None = None, listen: str = ""
) -> None:
    """Serve until Ctrl-C; `said` is told where. Raises BadInput for a damaged kit, Blocked where a port is taken."""
    read.opened(file)
    report.phase(f"Checking {file.name}")
    found = read.contents(file)
    with file.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    own_folder(place.share())
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    try:
        asyncio.run(_serve(found, sha256, report, said, port, listen))
    except KeyboardInterrupt:
        return


async def _serve(  # noqa: PLR0913, PLR0917  # what `run` was given
    kit: KitContents, sha256: str, report: Listener, said: Callable[[Shared], None], port: int | None, listen: str
) -> None:
    kept = _settings()
    heard = door.bound(port or (kept.port if kept else PORT), listen, fixed=bool(port))
    now = Settings(door.port_of(heard), kept.secret if kept else code.secret())
    write_json(place.share() / "share.json", asdict(now))
    given = {"room": Room(kit, sha256, now.secret, report)}
    routes = [(f"/v1/{name}", handler, given) for name, handler in _ROUTES.items()]
    application = web.Application(
        routes, default_handler_class=_Nothing, default_handler_args=given, log_function=lambda _handler: None
    )
    listening = HTTPServer(application, ssl_options=known.tls(place.share()), max_header_size=_MOST_HEADERS)
    listening.add_sockets([heard])
    said(_where(now, listen))
    await asyncio.Event().wait()


_ROUTES: dict[str, type[_Door]] = {"about": _About, "fetch": _Fetch, "kit": _Kit}


def _where(now: Settings, listen: str) -> Shared:
    addresses = door.addresses(listen, now.port, PORT)
    host = listen or addresses[0].rpartition(":")[0] or addresses[0]
    pin = hashlib.sha256(known.certificate(place.share())).hexdigest()
    line = _LINE.format(host=json.dumps(host), port=now.port, pin=json.dumps(pin), secret=json.dumps(now.secret))
    return Shared(addresses, code.shown(known.fingerprint(place.share()), now.secret), line)


def _settings() -> Settings | None:
    try:
        found = Settings(**read_json(place.share() / "share.json"))
    except (LabError, TypeError):
        return None
    return found if [type(value) for value in vars(found).values()] == [int, str] else None
