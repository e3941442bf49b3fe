"""Quick questions to a daemon on loopback or on a unix socket; the answer, or None where none comes.

Apart from the client of registries (`lab.images.registry`), because engines listen on unix sockets, because the lab's
own certificate must be the only one that is trusted, and because "nobody answers" is an answer here and no error:
`up` asks every few milliseconds whether a daemon is there yet.
"""

from __future__ import annotations

import http.client
import socket
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Answer:
    """What came back: the HTTP status, the headers (lower case), the body."""

    status: int
    headers: dict[str, str]
    body: bytes


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _connection(address: str | Path, timeout: float, authority: Path | None) -> http.client.HTTPConnection:
    if isinstance(address, Path):
        return _UnixConnection(address, timeout)
    if authority is None:
        return http.client.HTTPConnection(address, timeout=timeout)
    import ssl

    return http.client.HTTPSConnection(
        address, timeout=timeout, context=ssl.create_default_context(cafile=str(authority))
    )


def get(address: str | Path, path: str, *, timeout: float = 2.0, authority: Path | None = None) -> Answer | None:
    """GET `path` from "HOST:PORT" or from the unix socket `address`; `timeout` in seconds.

    With `authority`, a certificate, over TLS that only this authority may vouch for.
    """
    try:
        connection = _connection(address, timeout, authority)
    except OSError:
        return None
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, headers, response.read())
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
