"""Questions to a host over one kept connection: each bounded in time and size, each way of not answering told apart."""

from __future__ import annotations

import http.client
import json
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

from lab.errors import Blocked, LabError
from lab.images import connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

MOST = 8 << 20  # bytes of a manifest, a configuration or a list
AGENT = "multiplatform-lab"
_SLOWEST = 1024  # bytes a second, once a stream has run for a while
_WHILE = 30.0


@dataclass(frozen=True)
class Question:
    """One request. `body` opens its bytes afresh, for the request may be made twice; its length is in `headers`."""

    method: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Callable[[], IO[bytes]] | None = None


@dataclass(frozen=True)
class Answer:
    """What a registry said. Header names are small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_a_registrys(self) -> bool:
        """Whether a registry said this: by its header, or in the form that the specification gives to errors."""
        if "docker-distribution-api-version" in self.headers:
            return True
        try:
            data = json.loads(self.body)
        except (ValueError, RecursionError):
            return False
        return isinstance(data, dict) and "errors" in data

    def json(self, what: str) -> Any:
        """The body as JSON; Blocked where it is none, for then something else than a registry answered."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise Blocked(f"{what} is not JSON.", "Something else may be answering in place of the registry.") from None


class Exchange:
    """One connection at a time, kept for the next question to the same host. `name` is the registry's in messages.

    `limit` is in seconds: for each small answer, and for each wait within a large one. `remedy` says what helps where
    the cause does not say it.
    """

    def __init__(self, name: str, limit: float, remedy: str = "") -> None:
        self._name = name
        self._limit = limit
        self._remedy = remedy
        self._kept: tuple[str, http.client.HTTPConnection] | None = None
        self._latest: http.client.HTTPResponse | None = None

    def close(self) -> None:
        """Let go of the connection."""
        if self._latest:
            # Where the other side ends the connection, it belongs to the answer alone.
            self._latest.close()
            self._latest = None
        if self._kept:
            self._kept[1].close()
            self._kept = None

    @contextmanager
    def trouble(self) -> Iterator[None]:
        """Turn all that sockets, TLS and HTTP raise into one clear line (Unreachable), and let go of the connection."""
        try:
            yield
        except LabError:
            self.close()
            raise
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            raise connection.Unreachable(self._name, error, self._limit, self._remedy) from None

    def send(self, url: str, question: Question) -> http.client.HTTPResponse:
        """Ask once, with a second try where a kept connection turns out to be closed; redirects are the caller's."""
        parts = urlsplit(url)
        place = f"{parts.scheme}://{parts.netloc}"
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        again = self._kept is not None and self._kept[0] == place
        if not again:
            self.close()
        while True:
            link = self._kept[1] if self._kept else connection.connect(parts.scheme, parts.netloc, self._limit)
            self._kept = place, link
            try:
                response = self._once(link, target, question)
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                # A connection that was kept may be closed by the other side at any time.
                self.close()
                if not again:
                    raise
                again = False
            else:
                self._latest = response
                return response

    def _once(self, link: http.client.HTTPConnection, target: str, asked: Question) -> http.client.HTTPResponse:
        headers = {"User-Agent": AGENT, **asked.headers}
        if asked.body:
            # A large body takes as long as it takes; each wait in it is bounded by the connection.
            with asked.body() as stream:
                link.request(asked.method, target, stream, headers)
        with connection.watched(link, self._limit):
            if not asked.body:
                link.request(asked.method, target, headers=headers)
            return link.getresponse()

    def answer(self, response: http.client.HTTPResponse, most: int = MOST) -> Answer:
        """A whole small answer, of at most `most` bytes, after which the connection is free for the next question."""
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, headers, self._bounded(response, most))

    def _bounded(self, response: http.client.HTTPResponse, most: int) -> bytes:
        ends = time.monotonic() + self._limit
        parts, count = [], 0
        while part := response.read1(1 << 16):
            parts.append(part)
            count += len(part)
            if count > most:
                raise Blocked(f"The registry {self._name} sends more than {most} bytes where fewer were expected.")
            if time.monotonic() > ends:
                raise TimeoutError
        if response.length:
            raise http.client.IncompleteRead(b"", response.length)
        response.close()  # which leaves the connection open for the next question
        return b"".join(parts)


class Stream:
    """A large answer of `size` bytes (None: not told), read forward. Blocked where it is cut off, stops or crawls."""

    def __init__(self, response: http.client.HTTPResponse, exchange: Exchange) -> None:
        self.size = response.length
        self._response = response
        self._exchange = exchange
        self._started = time.monotonic()
        self._count = 0

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most `size`; none at the end."""
        with self._exchange.trouble():
            part = self._response.read1(size)
            if not part and self._response.length:
                raise http.client.IncompleteRead(b"", self._response.length)
            if not part:
                self._response.close()
            self._count += len(part)
            seconds = time.monotonic() - self._started
            if seconds > _WHILE and self._count < seconds * _SLOWEST:
                raise TimeoutError
        return part
