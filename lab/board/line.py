"""The line to a board: TLS to a machine that is known by its certificate alone, and messages in JSON."""

from __future__ import annotations

import http.client
import json
import re
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from lab.errors import Blocked, UsageError

PORT = 8990
LIMIT = 5.0  # seconds that the board may take
UNKNOWN, WRONG_CODE, OFTEN = 401, 403, 429
SILENT = "The board at {address} does not answer: {why}."
JOIN = "As in: lab join 192.168.1.20 4F7K-9Q2M-X3TD"
_MOST = 1_000_000  # bytes of an answer
_HOST = re.compile(r"[\w.:%-]+")
Line = http.client.HTTPSConnection


class Refused(Exception):
    """The board says no; `status` is the number of its answer."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status


def place(address: str, usual: int = PORT, example: str = JOIN) -> str:
    """An address as people type it, in one form, with its port. UsageError with an `example` where it is none."""
    try:
        parts = urlsplit(f"//{address.strip()}")
        host, port = parts.hostname, parts.port or usual
    except ValueError:
        host, port = None, usual
    if not host or "@" in address or address.strip() != parts.netloc or not _HOST.fullmatch(host):
        raise UsageError(f"{address[:80]!r} is not an address.", example)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def connected(where: str, limit: float = LIMIT) -> Line:
    """A line to whatever answers there. Blocked where nothing does."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # no authority vouches for it: the certificate itself is compared before a word is said
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    parts = urlsplit(f"//{where}")
    line = Line(parts.hostname or "", parts.port, timeout=limit, context=context)
    line.auto_open = 0  # a line that broke is not opened again behind our back, to whoever answers then
    try:
        line.connect()
    except (OSError, UnicodeError) as error:
        raise Blocked(
            SILENT.format(address=where, why=_why(error)), "Is this machine in the room's network?"
        ) from error
    return line


def _why(error: Exception) -> str:
    return "it takes too long" if isinstance(error, TimeoutError) else getattr(error, "strerror", "") or str(error)


def certificate(line: http.client.HTTPSConnection) -> bytes:
    """Of whatever is at the other end; to be compared before a word is said."""
    found = line.sock.getpeercert(binary_form=True)
    return found or b""


def ask(line: Line, where: str, what: str, words: object, key: str = "") -> dict[str, Any]:
    """Send a message and read the answer; `key` says who asks. Blocked where none comes, Refused where it is a no."""
    headers = {"Content-Type": "application/json"}
    if key:
        headers["Authorization"] = f"Lab {key}"
    try:
        line.request("POST", f"/v1/{what}", json.dumps(words), headers)
        answer = line.getresponse()
        status, body = answer.status, answer.read(_MOST)
        data = json.loads(body or b"{}")
    except (OSError, http.client.HTTPException, ValueError, RecursionError) as error:
        raise Blocked(SILENT.format(address=where, why=_why(error))) from error
    said = data if isinstance(data, dict) else {}
    if status != http.HTTPStatus.OK:
        raise Refused(status, _reason(status, said))
    return said


def _reason(status: int, said: Mapping[str, Any]) -> str:
    return "it was asked too often" if status == OFTEN else str(said.get("problem", f"it answers {status}"))[:200]
