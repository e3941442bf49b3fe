"""A small registry in this process, that can be told to misbehave. Holds what `lab.images.build` makes."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lab.images import build

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lab.images.build import Manifest


_MISSING = (404, {"Content-Type": "application/json"}, b'{"errors":[{"code":"NOT_FOUND"}]}')


class Handler(BaseHTTPRequestHandler):
    """One request; what to do wrong is looked up by the path's end."""

    protocol_version = "HTTP/1.1"
    server: FakeRegistry

    def do_GET(self) -> None:
        """Ask the faults, then what is held."""
        self.server.asked.append((self.path, dict(self.headers)))
        path = urlsplit(self.path).path
        fault = next((fault for end, fault in self.server.faults.items() if end in path), None)
        if fault:
            fault(self)
        else:
            self.send(*self.server.lookup(path))

    def do_POST(self) -> None:
        """A login: kept, then answered as a GET is."""
        self.server.posted.append(self.rfile.read(int(self.headers["content-length"])).decode())
        self.do_GET()

    def do_DELETE(self) -> None:
        """Manifests go by digest, with all their tags."""
        _, _, rest = self.path.partition("/v2/")
        repository, _, target = rest.partition("/manifests/")
        gone = [
            key for key, (_, kept) in self.server.manifests.items() if key[0] == repository and kept.digest == target
        ]
        for key in gone:
            del self.server.manifests[key]
        self.send(*((202, {}, b"") if gone else _MISSING))

    def do_PUT(self) -> None:
        """A tag moves to another manifest."""
        repository, _, target = self.path.partition("/v2/")[2].partition("/manifests/")
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.add(repository, target, build.Manifest(build.blob(body, self.headers["content-type"])))
        self.send(201, {}, b"")

    def send(self, status: int, headers: dict[str, str], body: bytes, *, length: int | None = None) -> None:
        """An answer; `length` may lie."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Tests print nothing."""


class FakeRegistry(ThreadingHTTPServer):
    """`registry.add("hello", "multi", manifest)`, then ask at `registry.address`."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server_address[1]}"
        self.manifests: dict[tuple[str, str], tuple[str, Manifest]] = {}
        self.blobs: dict[str, bytes] = {}
        self.faults: dict[str, Callable[[Handler], None]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.posted: list[str] = []

    def add(self, repository: str, tag: str, manifest: Manifest) -> None:
        """Hold an image or index with all that belongs to it."""
        for blob in manifest.blobs:
            with blob.open() as stream:
                self.blobs[blob.digest] = stream.read()
        for inner in manifest.manifests:
            self.add(repository, inner.digest, inner)
        for name in (tag, manifest.digest):
            self.manifests[repository, name] = (tag, manifest)

    def lookup(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of a path."""
        repository, kind, target = path.removeprefix("/v2/").rsplit("/", 2)
        if kind == "manifests" and (repository, target) in self.manifests:
            blob = self.manifests[repository, target][1].blob
            with blob.open() as stream:
                return 200, {"Content-Type": blob.media_type, "Docker-Content-Digest": blob.digest}, stream.read()
        if kind == "blobs" and target in self.blobs:
            return 200, {"Content-Type": "application/octet-stream"}, self.blobs[target]
        if kind == "tags":
            tags = sorted({tag for name, tag in self.manifests if name == repository and ":" not in tag})
            if tags:
                return (
                    200,
                    {"Content-Type": "application/json"},
                    json.dumps({"name": repository, "tags": tags}).encode(),
                )
        return _MISSING

    def handle_error(self, *_: object) -> None:
        """The other side hangs up when it has seen enough; that is what some tests are about."""


@contextmanager
def running() -> Iterator[FakeRegistry]:
    """A registry on a free port of loopback, for the length of a `with`."""
    with FakeRegistry() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(5)


def status(code: int, body: bytes = b"{}", **headers: str) -> Callable[[Handler], None]:
    """Answer that status, whatever was asked."""
    return lambda handler: handler.send(code, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def hang(handler: Handler) -> None:
    """Take the question and say nothing."""
    time.sleep(3)
    handler.close_connection = True


def drip(handler: Handler) -> None:
    """A header that never ends, one letter at a time."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
    for _ in range(60):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.05)
    handler.close_connection = True


def cut(handler: Handler) -> None:
    """Half of the answer, then the connection is closed."""
    code, headers, body = handler.server.lookup(handler.path)
    handler.send(code, headers, body[: len(body) // 2], length=len(body))
    handler.close_connection = True


def changed(handler: Handler) -> None:
    """The right length and form, one byte another."""
    code, headers, body = handler.server.lookup(handler.path)
    handler.send(code, headers, body[:-2] + b" " + body[-1:])


def endless(handler: Handler) -> None:
    """An answer without an end."""
    handler.send_response(200)
    handler.end_headers()
    for _ in range(4000):
        handler.wfile.write(b"[" * (1 << 16))
    handler.close_connection = True


def no_http(handler: Handler) -> None:
    """Another protocol."""
    handler.wfile.write(b"220 ready\r\n")
    handler.close_connection = True
