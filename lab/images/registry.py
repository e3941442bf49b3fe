"""The one client of registries: what is read, pushed, deleted or only pinged goes through here.

It holds what all of these share: which registries are plain HTTP, TLS, proxies, logins, redirects, deadlines, and one
clear Blocked for every way of not answering. The standard library alone, because a check that asks only the registry
must be quick. Plain HTTP is decided as Docker does (`localhost` and 127.0.0.0/8). Source: the OCI distribution
specification, sections "Pull", "Push" and "Content Management"
(https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md).
"""

from __future__ import annotations

import http.client
import io
import os
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Self
from urllib.parse import urlencode, urljoin, urlsplit

from lab.errors import Blocked
from lab.images import connection
from lab.images.exchange import AGENT, MOST, Answer, Exchange, Question, Stream
from lab.images.login import Challenge, Login, login_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import IO

    from lab.images.reference import Reference
    from lab.model.world import World

LIMIT = 10.0  # seconds for one small answer, and for each wait within a large one
_HOPS = 5
_ANY = "*/*"
_REDIRECTS = (301, 302, 303, 307, 308)


def ping(address: str, *, limit: float = LIMIT) -> Answer:
    """What `HOST[:PORT]` answers to `GET /v2/`, of whatever status. Unreachable where nothing answers."""
    exchange = Exchange(repr(address), limit, "Is it running, and is the network up?")
    try:
        with exchange.trouble():
            return exchange.answer(exchange.send(f"{_scheme(address)}://{address}/v2/", Question("GET")))
    finally:
        exchange.close()


class Registry:
    """One registry, for one repository. `limit` is in seconds."""

    def __init__(self, reference: Reference, world: World | None = None, *, limit: float | None = None) -> None:
        self.reference = reference
        self._env: Mapping[str, str] = world.env if world else os.environ
        self._own = world.registry.split("/")[0] if world else ""
        place = (world.mirror if world and reference.endpoint == self._own else None) or reference.endpoint
        self._base = f"{_scheme(place)}://{place}/v2/{reference.repository}/"
        self._authorization = ""
        self._exchange = Exchange(self._name, LIMIT if limit is None else limit, self._remedy())
        self.close = self._exchange.close

    def get(self, path: str, *, accept: str = _ANY, most: int = MOST) -> Answer:
        """The answer to `GET /v2/REPOSITORY/path`, of any status that says something about what was asked."""
        return self._asked(path, Question("GET", {"Accept": accept}), most)

    def delete(self, path: str) -> Answer:
        """The answer to `DELETE`."""
        return self._asked(path, Question("DELETE", {"Accept": _ANY}), MOST)

    def head(self, path: str, *, accept: str = _ANY) -> Answer:
        """The answer to `HEAD`, of any status: it has no body."""
        return self._told(path, Question("HEAD", {"Accept": accept}))

    def post(self, path: str) -> Answer:
        """The answer to an empty `POST`, of any status."""
        return self._told(path, Question("POST"))

    def put(self, path: str, body: Callable[[], IO[bytes]], size: int, kind: str) -> Answer:
        """The answer to a `PUT` of `size` bytes of the media type `kind`, of any status. `body` opens them afresh."""
        headers = {"Content-Type": kind, "Content-Length": str(size)}
        return self._told(path, Question("PUT", headers, body))

    @contextmanager
    def open(self, path: str) -> Iterator[Stream]:
        """A blob as a stream."""
        with self._exchange.trouble():
            response = self._response(path, Question("GET", {"Accept": _ANY}))
            self._refuse(response.status)
        try:
            if response.status != http.client.OK:
                raise Blocked(
                    f"The registry {self._name} has no {path!r} ({response.status}).", "Push the image again."
                )
            yield Stream(response, self._exchange)
        finally:
            if not response.isclosed():
                self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _name(self) -> str:
        return repr(self.reference.endpoint)

    def _asked(self, path: str, question: Question, most: int) -> Answer:
        with self._exchange.trouble():
            response = self._response(path, question)
            self._refuse(response.status)
            answer = self._exchange.answer(response, most)
        if answer.status == http.client.NOT_FOUND and self._is_own and not answer.is_a_registrys:
            raise Blocked(f"Something other than a registry answers at {self._name}.", self._remedy())
        return answer

    def _told(self, path: str, question: Question) -> Answer:
        with self._exchange.trouble():
            return self._exchange.answer(self._response(path, question))

    def _response(self, path: str, question: Question) -> http.client.HTTPResponse:
        """The answer as it comes, redirects followed, after a login where one is asked for and can be given."""
        response = self._follow(path, question)
        if response.status == http.client.UNAUTHORIZED:
            challenge = Challenge.parse(response.headers.get("www-authenticate", ""))
            if challenge.scheme in ("basic", "bearer"):
                self.close()
                self._authorize(challenge)
                response = self._follow(path, question)
        return response

    def _follow(self, path: str, question: Question) -> http.client.HTTPResponse:
        url = urljoin(self._base, path)
        home = urlsplit(url)[:2]
        for _ in range(_HOPS):
            asked = question
            # Blobs are often kept elsewhere, and who keeps them must not get the login.
            if self._authorization and urlsplit(url)[:2] == home:
                asked = replace(question, headers={**question.headers, "Authorization": self._authorization})
            response = self._exchange.send(url, asked)
            if response.status not in _REDIRECTS or question.method in ("POST", "PUT"):
                return response
            there = urljoin(url, response.headers.get("location", ""))
            self.close()
            scheme, before = urlsplit(there).scheme, urlsplit(url).scheme
            if scheme != "https" and (scheme, before) != ("http", "http"):
                raise Blocked(f"The registry {self._name} redirects to an address that is not safe.")
            url = there
        raise Blocked(f"The registry {self._name} redirects too many times.")

    def _authorize(self, challenge: Challenge) -> None:
        if self._authorization and challenge.scheme == "basic":
            raise self._login_needed()
        login = login_for(self.reference.host, self._env)
        if challenge.scheme == "bearer":
            self._authorization = f"Bearer {self._token(challenge, login)}"
        elif login and login.name:
            self._authorization = login.basic
        else:
            raise self._login_needed()

    def _token(self, challenge: Challenge, login: Login | None) -> str:
        realm = urlsplit(challenge.realm)
        if realm.scheme != "https" and (realm.scheme, self._base[:5]) != ("http", "http:"):
            raise Blocked(f"The registry {self._name} asks to log in at an address that is not safe.")
        answer = self._exchange.answer(self._exchange.send(*self._token_question(challenge, login)))
        if answer.status in (400, 401, 403, 404):
            raise self._login_needed()
        self._refuse(answer.status)
        data = answer.json(f"The token for {self._name}")
        token = (data.get("token") or data.get("access_token")) if isinstance(data, dict) else None
        if not isinstance(token, str) or not token.isprintable():
            raise self._login_needed()
        return token

    def _token_question(self, challenge: Challenge, login: Login | None) -> tuple[str, Question]:
        """Where to ask for a token, and how."""
        scope = challenge.scope or f"repository:{self.reference.repository}:pull"
        query = {"service": challenge.service, "scope": scope}
        headers = {"Accept": "application/json"}
        if login and login.identity_token:
            refresh = {"grant_type": "refresh_token", "refresh_token": login.identity_token, "client_id": AGENT}
            form = urlencode({**query, **refresh}).encode()
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(form))}
            return challenge.realm, Question("POST", headers, lambda: io.BytesIO(form))
        if login:
            headers["Authorization"] = login.basic
        mark = "&" if urlsplit(challenge.realm).query else "?"
        return f"{challenge.realm}{mark}{urlencode(query)}", Question("GET", headers)

    def _login_needed(self) -> Blocked:
        name = f"{self.reference.host}/{self.reference.repository}"
        return Blocked(
            f"The registry {self._name} does not show {name!r} without a login that may read it.",
            f"Run `docker login {self.reference.host}`, or check the name.",
        )

    def _refuse(self, status: int) -> None:
        """Statuses that say something about the registry, and not about what was asked."""
        if status in (401, 403):
            raise self._login_needed()
        if status == http.client.TOO_MANY_REQUESTS:
            raise Blocked(f"The registry {self._name} says: too many requests.", "Wait, or log in for a higher limit.")
        if status >= http.client.INTERNAL_SERVER_ERROR:
            raise Blocked(f"The registry {self._name} has a problem: it answers {status}.", self._remedy())
        if status == http.client.BAD_REQUEST and self._base.startswith("http:"):
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


def _scheme(place: str) -> str:
    return "http" if connection.is_plain(place) else "https"
