"""An engine that is played: it says what it is, and does nothing else."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from lab.model.platforms import Platform


@contextmanager
def engine_for(platform: Platform) -> Iterator[str]:
    """The address of an engine that says it is for that platform."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"platform": platform}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"tcp://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    """Answers as the engine's API does: a ping, the version, the info."""

    platform: Platform

    def do_HEAD(self) -> None:
        self._answer({})

    def do_GET(self) -> None:
        system, machine = self.platform.os, self.platform.architecture
        answers: dict[str, dict[str, object]] = {
            "_ping": {},
            "version": {"Version": "28.5.2", "ApiVersion": "1.44", "Os": system, "Arch": machine},
            "info": {"ServerVersion": "28.5.2", "OSType": system, "Architecture": machine, "OperatingSystem": "Linux"},
        }
        wanted = self.path.partition("?")[0].rpartition("/")[2]
        self._answer(answers.get(wanted, {"message": "This engine only says what it is."}), known=wanted in answers)

    do_POST = do_GET  # noqa: N815 - the name that the server looks for

    def _answer(self, data: dict[str, object], *, known: bool = True) -> None:
        body = json.dumps(data).encode()
        self.send_response(200 if known else 501)
        for name, value in (
            ("Api-Version", "1.44"),
            ("OSType", self.platform.os),
            ("Content-Type", "application/json"),
        ):
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """Nothing: it is asked by a check."""
