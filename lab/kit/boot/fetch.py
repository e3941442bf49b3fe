"""Fetch a kit in a room: from a machine that is known by its certificate alone, going on where it broke off.

`lab kit get` uses it, and it is what a machine without the lab is sent.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import re
import shutil
import ssl
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

_LIMIT = 20.0  # seconds without a byte
_TRIES = 30  # in a row that bring nothing
_PAUSE = 2.0
_PIECE = 1 << 18
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,120}")


class Failed(Exception):
    """It could not be fetched; the text is one sentence for people."""


@dataclass(frozen=True)
class Source:
    """Where a kit is shared: address, the secret that lets in, and whether a certificate (DER) is the right one."""

    host: str
    port: int
    secret: str
    known: Callable[[bytes], bool]


@dataclass(frozen=True)
class About:
    """The kit that is shared there."""

    name: str
    size: int
    sha256: str


def fetch(source: Source, into: Path | None, told: Callable[[int, int], None]) -> Path:
    """Fetch it into the file `into`, or under its own name into this folder; `told` how many bytes are there.

    A part that an earlier try has left is gone on with. Raises Failed, or OSError where the disk refuses.
    """
    about = _about(source)
    target = into or Path(about.name)
    if target.is_file() and target.stat().st_size == about.size and _digest(target) == about.sha256:
        return target
    part = target.with_name(f".{target.name}.{about.sha256[:12]}.part")
    have = part.stat().st_size if part.is_file() else 0
    if shutil.disk_usage(target.absolute().parent).free < about.size - have:
        raise Failed(f"There is no room for the kit here: it has {about.size / 10**6:.0f} MB.")
    _all_of_it(source, about, part, told)
    if _digest(part) != about.sha256:
        part.unlink()
        raise Failed("What came is not the kit that is shared there; it was removed. Try again.")
    part.chmod(0o755)
    part.replace(target)
    return target


def _all_of_it(source: Source, about: About, part: Path, told: Callable[[int, int], None]) -> None:
    """Ask until all is there: a network that breaks is asked again."""
    left = _TRIES
    with part.open("ab") as out:
        while (have := out.tell()) < about.size:
            why = _some(source, about, out.write, have, told)
            out.flush()
            left = _TRIES if out.tell() > have else left - 1
            if out.tell() < about.size:
                if not left:
                    raise Failed(
                        f"The machine that shares the kit does not answer: {why}. What came is kept: try again."
                    )
                time.sleep(_PAUSE)
        out.truncate(about.size)


def _some(
    source: Source, about: About, write: Callable[[bytes], int], have: int, told: Callable[[int, int], None]
) -> str:
    """Write what one answer brings; why it ended ("" where it brought all)."""
    try:
        with closing(_line(source)) as line:
            answer = _asked(line, source, "kit", {"Range": f"bytes={have}-", "If-Match": f'"{about.sha256}"'})
            if answer.status != http.client.PARTIAL_CONTENT:
                return f"it answers {answer.status}"
            while data := answer.read(_PIECE):
                have += write(data)
                told(have, about.size)
    except (OSError, http.client.HTTPException) as error:
        return str(error) or type(error).__name__
    return "" if have >= about.size else "the line broke"


def _about(source: Source) -> About:
    try:
        with closing(_line(source)) as line:
            answer = _asked(line, source, "about", {})
            status, text = answer.status, answer.read(10_000)
        said = json.loads(text)
        if status != http.client.OK:
            raise Failed(str(said["problem"])[:200])
        about = About(str(said["name"]), int(said["size"]), str(said["sha256"]))
    except (OSError, http.client.HTTPException) as error:
        raise Failed(f"Nothing answers at {source.host}:{source.port}: {error}.") from error
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise Failed(f"What answers at {source.host}:{source.port} shares no kit.") from error
    if not _NAME.fullmatch(about.name) or not re.fullmatch(r"[0-9a-f]{64}", about.sha256) or about.size < 1:
        raise Failed(f"What answers at {source.host}:{source.port} shares no kit.")
    return about


def _asked(
    line: http.client.HTTPSConnection, source: Source, what: str, more: dict[str, str]
) -> http.client.HTTPResponse:
    line.request("GET", f"/v1/{what}", headers={"Authorization": f"Lab {source.secret}", **more})
    return line.getresponse()


def _line(source: Source) -> http.client.HTTPSConnection:
    """A line to the very machine: nothing is said before its certificate was looked at."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    line = http.client.HTTPSConnection(source.host, source.port, timeout=_LIMIT, context=context)
    line.auto_open = 0
    line.connect()
    if not source.known(line.sock.getpeercert(binary_form=True) or b""):
        line.close()
        raise Failed(f"What answers at {source.host}:{source.port} is another machine than the code is for.")
    return line


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def main(host: str, port: int, pin: str, secret: str) -> None:
    """For a machine without the lab: `pin` is the certificate's own digest. Says what to type next."""
    if sys.version_info < (3, 11):  # noqa: UP036 - it comes to any Python
        sys.exit("lab: The lab needs Python 3.11 or newer, and this is Python {}.{}.".format(*sys.version_info))
    source = Source(host, port, secret, lambda found: hashlib.sha256(found).hexdigest() == pin)
    moves = sys.stderr.isatty()

    def told(done: int, total: int) -> None:
        if moves or done == total:
            end = "\n" if done == total else ""
            print(f"\r{done / 10**6:.0f} of {total / 10**6:.0f} MB", end=end, file=sys.stderr, flush=True)

    try:
        got = fetch(source, None, told)
    except Failed as error:
        sys.exit(f"lab: {error}")
    except OSError as error:
        sys.exit(f"lab: {error.filename or os.curdir!r} cannot be written: {error.strerror}.")
    except KeyboardInterrupt:
        sys.exit("lab: interrupted; what came is kept: the same line goes on")
    print(f"It is here, and whole. Now type: sh {got}")
