"""HTTP to a registry: bounded in time and size, and every way of not answering is one clear Blocked.

The standard library alone, because a check that asks only the registry must be quick. Sources: the OCI distribution
specification; which registries are plain HTTP is decided as Docker does (`localhost` and 127.0.0.0/8).
"""

from __future__ import annotations

import http.client
import json
import os
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlencode, urljoin, urlsplit

from lab.errors import Blocked, LabError
from lab.probes import _connection
from lab.probes._login import Challenge, Login, login_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lab.probes._reference import Reference
    from lab.world import World

LIMIT = 10.0  # seconds for one small answer, and for each wait within a large one
MOST = 8 << 20  # bytes of a manifest, a configuration or a list
_HOPS = 5
_SLOWEST = 1024  # bytes a second, once a stream has run for a while
_WHILE = 30.0
_AGENT = "multiplatform-lab"


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


class Registry:
    """One registry, for one repository. `limit` is in seconds."""

    def __init__(self, reference: Reference, world: World | None = None, *, limit: float | None = None) -> None:
        self.reference = reference
        self._env: Mapping[str, str] = world.env if world else os.environ
        self._own = world.registry.split("/")[0] if world else ""
        self._limit = LIMIT if limit is None else limit
        place = (world.mirror if world and reference.endpoint == self._own else None) or reference.endpoint
        scheme = "http" if _connection.is_plain(place) else "https"
        self._base = f"{scheme}://{place}/v2/{reference.repository}/"
        self._authorization = ""
        self._kept: tuple[str, http.client.HTTPConnection] | None = None
        self._latest: http.client.HTTPResponse | None = None

    def get(self, path: str, *, accept: str = "*/*", most: int = MOST) -> Answer:
        """The answer to `GET /v2/REPOSITORY/path`, of any status that says something about what was asked."""
        return self._ask("GET", path, accept, most)

    def delete(self, path: str) -> Answer:
        """The answer to `DELETE`."""
        return self._ask("DELETE", path, "*/*", MOST)

    @contextmanager
    def open(self, path: str) -> Iterator[Stream]:
        """A blob as a stream."""
        with self.trouble():
            response = self._response("GET", path, "*/*")
        try:
            if response.status != http.client.OK:
                raise Blocked(
                    f"The registry {self._name} has no {path!r} ({response.status}).", "Push the image again."
                )
            yield Stream(response, self)
        finally:
            if not response.isclosed():
                self.close()

    def close(self) -> None:
        """Let go of the connection."""
        if self._latest:
            # Where the other side ends the connection, it belongs to the answer alone.
            self._latest.close()
            self._latest = None
        if self._kept:
            self._kept[1].close()
            self._kept = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def trouble(self) -> Iterator[None]:
        """Turn all that sockets, TLS and HTTP raise into one clear line, and let go of the connection."""
        try:
            yield
        except LabError:
            self.close()
            raise
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            what, remedy = _connection.reason(error, self._limit)
            raise Blocked(f"The registry {self._name} {what}.", remedy or self._remedy()) from None

    @property
    def _name(self) -> str:
        return repr(self.reference.endpoint)

    def _ask(self, method: str, path: str, accept: str, most: int) -> Answer:
        with self.trouble():
            response = self._response(method, path, accept)
            headers = {name.lower(): value for name, value in response.headers.items()}
            answer = Answer(response.status, headers, self._bounded(response, most))
        if answer.status == http.client.NOT_FOUND and self._is_own and not answer.is_a_registrys:
            raise Blocked(f"Something other than a registry answers at {self._name}.", self._remedy())
        return answer

    def _bounded(self, response: http.client.HTTPResponse, most: int) -> bytes:
        """A whole small answer, of at most `most` bytes."""
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

    def _response(self, method: str, path: str, accept: str) -> http.client.HTTPResponse:
        response = self._follow(method, path, accept)
        if response.status == http.client.UNAUTHORIZED:
            challenge = Challenge.parse(response.headers.get("www-authenticate", ""))
            self.close()
            self._authorize(challenge)
            response = self._follow(method, path, accept)
        self._refuse(response)
        return response

    def _follow(self, method: str, path: str, accept: str) -> http.client.HTTPResponse:
        url = urljoin(self._base, path)
        home = urlsplit(url)[:2]
        for _ in range(_HOPS):
            headers = {"Accept": accept, "User-Agent": _AGENT}
            # Blobs are often kept elsewhere, and who keeps them must not get the login.
            if self._authorization and urlsplit(url)[:2] == home:
                headers["Authorization"] = self._authorization
            response = self._send(method, url, headers)
            if response.status not in (301, 302, 303, 307, 308):
                return response
            there = urljoin(url, response.headers.get("location", ""))
            self.close()
            scheme, before = urlsplit(there).scheme, urlsplit(url).scheme
            if scheme != "https" and (scheme, before) != ("http", "http"):
                raise Blocked(f"The registry {self._name} redirects to an address that is not safe.")
            url = there
        raise Blocked(f"The registry {self._name} redirects too many times.")

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> http.client.HTTPResponse:
        parts = urlsplit(url)
        place = f"{parts.scheme}://{parts.netloc}"
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        again = self._kept is not None and self._kept[0] == place
        if not again:
            self.close()
        while True:
            link = self._kept[1] if self._kept else _connection.connect(parts.scheme, parts.netloc, self._limit)
            self._kept = place, link
            try:
                with _connection.watched(link, self._limit):
                    link.request(method, target, body, dict(headers))
                    self._latest = link.getresponse()
                    return self._latest
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                # A connection that was kept may be closed by the other side at any time.
                self.close()
                if not again:
                    raise
                again = False

    def _authorize(self, challenge: Challenge) -> None:
        if self._authorization and challenge.scheme == "basic":
            raise self._login_needed()
        login = login_for(self.reference.host, self._env)
        if challenge.scheme == "bearer":
            self._authorization = f"Bearer {self._token(challenge, login)}"
        elif challenge.scheme == "basic" and login and login.name:
            self._authorization = login.basic
        else:
            raise self._login_needed()

    def _token(self, challenge: Challenge, login: Login | None) -> str:
        realm = urlsplit(challenge.realm)
        if realm.scheme != "https" and (realm.scheme, self._base[:5]) != ("http", "http:"):
            raise Blocked(f"The registry {self._name} asks to log in at an address that is not safe.")
        scope = challenge.scope or f"repository:{self.reference.repository}:pull"
        query = {"service": challenge.service, "scope": scope}
        headers = {"Accept": "application/json", "User-Agent": _AGENT}
        if login and login.identity_token:
            form = {**query, "grant_type": "refresh_token", "refresh_token": login.identity_token, "client_id": _AGENT}
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            response = self._send("POST", challenge.realm, headers, urlencode(form).encode())
        else:
            if login:
                headers["Authorization"] = login.basic
            mark = "&" if realm.query else "?"
            response = self._send("GET", f"{challenge.realm}{mark}{urlencode(query)}", headers)
        body = self._bounded(response, MOST)
        if response.status in (400, 401, 403, 404):
            raise self._login_needed()
        self._refuse(response)
        data = Answer(response.status, {}, body).json(f"The token for {self._name}")
        token = (data.get("token") or data.get("access_token")) if isinstance(data, dict) else None
        if not isinstance(token, str) or not token.isprintable():
            raise self._login_needed()
        return token

    def _login_needed(self) -> Blocked:
        name = f"{self.reference.host}/{self.reference.repository}"
        return Blocked(
            f"The registry {self._name} does not show {name!r} without a login that may read it.",
            f"Run `docker login {self.reference.host}`, or check the name.",
        )

    def _refuse(self, response: http.client.HTTPResponse) -> None:
        """Statuses that say something about the registry, and not about what was asked."""
        if response.status in (401, 403):
            raise self._login_needed()
        if response.status == http.client.TOO_MANY_REQUESTS:
            raise Blocked(f"The registry {self._name} says: too many requests.", "Wait, or log in for a higher limit.")
        if response.status >= http.client.INTERNAL_SERVER_ERROR:
            raise Blocked(f"The registry {self._name} has a problem: it answers {response.status}.", self._remedy())
        if response.status == http.client.BAD_REQUEST and self._base.startswith("http:"):
            raise Blocked(
                f"The registry {self._name} takes no plain HTTP, or does not take this request.", self._remedy()
            )

    @property
    def _is_own(self) -> bool:
        return bool(self._own) and self.reference.endpoint == self._own

    def _remedy(self) -> str:
        if self._is_own:
            return "Run `lab status` to see how it is, `lab up` to start it again."
        return "Is it running, and is the network up?"


class Stream:
    """A large answer of `size` bytes (None: not told), read forward. Blocked where it is cut off, stops or crawls."""

    def __init__(self, response: http.client.HTTPResponse, registry: Registry) -> None:
        self.size = response.length
        self._response = response
        self._registry = registry
        self._started = time.monotonic()
        self._count = 0

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most `size`; none at the end."""
        with self._registry.trouble():
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
