"""Quick questions to a daemon on loopback or on a unix socket; the answer, or None where none comes."""

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


def get(address: str | Path, path: str, *, timeout: float = 2.0) -> Answer | None:
    """GET `path` from "HOST:PORT" or from the unix socket `address`; `timeout` in seconds."""
    connection = (
        _UnixConnection(address, timeout)
        if isinstance(address, Path)
        else http.client.HTTPConnection(address, timeout=timeout)
    )
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, headers, response.read())
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
