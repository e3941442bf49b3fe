"""Get a kit that is shared in the room."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from lab.board import code, line
from lab.errors import Blocked
from lab.kit.boot import fetch
from lab.kit.serve import PORT
from lab.sandbox.report import Listener

EXAMPLE = "As in: lab kit get 192.168.1.20 4F7K-9Q2M-X3TD"


def get(address: str, typed: str, into: Path | None, report: Listener) -> Path:
    """The kit's file, whole and as it is shared there. Raises UsageError, or Blocked where it cannot be had."""
    where = urlsplit(f"//{line.place(address, PORT, EXAMPLE)}")
    printed, secret = code.read(typed, "a kit")
    host, port = where.hostname or "", where.port or PORT
    source = fetch.Source(host, port, secret, lambda found: code.fingerprint(found) == printed)
    try:
        return fetch.fetch(source, into, lambda done, total: report.progress("kit", done, total, "B"))
    except fetch.Failed as error:
        raise Blocked(str(error)) from error
    except OSError as error:
        raise Blocked(f"{str(into or Path.cwd())!r} cannot be written: {error.strerror}.", "Make room.") from error
