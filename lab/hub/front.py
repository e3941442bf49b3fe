"""The hub's front door: JupyterHub's proxy, in its own process, with one connection for each request.

A connection is led, as it is, to the hub or to the room whose address its request names; the answer's end is the
connection's. So whatever a page asks for goes through: a websocket, an answer that comes line by line, a large file.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from typing import Any
from urllib.parse import unquote, urlsplit

from jupyterhub.proxy import Proxy
from traitlets import Dict, Integer, Unicode

from lab.hub import relay

_LONGEST = 2**16  # bytes of a request's head
_PATIENCE = 60.0  # seconds for it to come
_OURS = ("connection", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-port", "x-forwarded-host")
_REFUSAL = (
    "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {size}\r\n"
    "Connection: close\r\n\r\n{text}"
)
_AWAY = ("503 Service Unavailable", "This room does not answer just now. Reload the page in a moment.\n")
_UNREADABLE = ("400 Bad Request", "This is no request that the hub understands.\n")


class FrontDoor(Proxy):
    """Listens at `port` of `listen` (all addresses where that is empty), with TLS where there is a `certificate`."""

    listen = Unicode(config=True)
    port = Integer(8000, config=True)
    certificate = Unicode(help="A file with a certificate and its key.", config=True)
    routes = Dict()

    async def start(self) -> None:
        """Open it."""
        safe = tls(self.certificate) if self.certificate else None
        self._server = await asyncio.start_server(
            self._led, self.listen or None, self.port, ssl=safe, limit=_LONGEST, backlog=1024
        )

    async def stop(self) -> None:
        """Close it."""
        self._server.close()

    async def add_route(self, routespec: str, target: str, data: dict[str, Any]) -> None:
        """Lead what begins with `routespec` to `target`."""
        self.routes[routespec] = {"routespec": routespec, "target": target, "data": data}

    async def delete_route(self, routespec: str) -> None:
        """Lead it there no more."""
        self.routes.pop(routespec, None)

    async def get_all_routes(self) -> dict[str, Any]:
        """All of them."""
        return dict(self.routes)

    async def _led(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        relay.held(asyncio.current_task())
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _PATIENCE)
            target, told = self._understood(head, writer)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError, OSError, ValueError):
            await _refuse(writer, *_UNREADABLE)
            return
        try:
            there, back = await asyncio.open_connection(target.hostname, target.port)
        except OSError:
            await _refuse(writer, *_AWAY)
            return
        back.write(told)
        await relay.join((reader, writer), (there, back), _refusal(*_AWAY))

    def _understood(self, head: bytes, writer: asyncio.StreamWriter) -> tuple[Any, bytes]:
        """Where a request goes, and its head as it is told there. ValueError where it is none."""
        first, *lines = head.decode("latin-1").split("\r\n")[:-2]
        _, path, version = first.split(" ")
        if not version.startswith("HTTP/1."):
            raise ValueError(version)
        named = [(line.partition(":")[0].strip().lower(), line) for line in lines]
        upgrade = any(name == "upgrade" for name, _ in named)
        kept = [line for name, line in named if name not in _OURS]
        safe = writer.get_extra_info("ssl_object") is not None
        own = [
            f"Connection: {'Upgrade' if upgrade else 'close'}",
            f"X-Forwarded-For: {writer.get_extra_info('peername')[0]}",
            f"X-Forwarded-Proto: {'https' if safe else 'http'}",
        ]
        return self._target(path), "\r\n".join([first, *kept, *own, "", ""]).encode("latin-1")

    def _target(self, path: str) -> Any:
        """The target of the longest route that a path begins with."""
        plain = unquote(urlsplit(path).path).rstrip("/") + "/"
        fitting = [spec for spec in self.routes if plain.startswith(unquote(spec))]
        if not fitting:
            raise ValueError(path)
        return urlsplit(self.routes[max(fitting, key=len)]["target"])


def tls(certificate: str) -> ssl.SSLContext:
    """TLS with that certificate. Raises OSError, of which ssl.SSLError is one, where the file is none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate)
    return context


def _refusal(status: str, text: str) -> bytes:
    return _REFUSAL.format(status=status, size=len(text), text=text).encode()


async def _refuse(writer: asyncio.StreamWriter, status: str, text: str) -> None:
    with suppress(OSError):
        writer.write(_refusal(status, text))
        await writer.drain()
    writer.close()
