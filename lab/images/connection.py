"""One connection to a registry: plain or TLS, through a proxy where one is set, and never waiting for ever."""

from __future__ import annotations

import functools
import http.client
import ipaddress
import os
import socket
import ssl
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lab.errors import Blocked

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLOCK = 1 << 17  # bytes of a body that are sent at once


class Unreachable(Blocked):
    """No whole answer came. `what` says how ("refuses the connection …"), `helps` what mends it ("" where unknown)."""

    def __init__(self, name: str, error: Exception, limit: float, remedy: str = "") -> None:
        self.what, self.helps = reason(error, limit)
        super().__init__(f"The registry {name} {self.what}.", self.helps or remedy)


def is_plain(endpoint: str) -> bool:
    """Does Docker speak plain HTTP to this registry without being told? On loopback it does."""
    host = urlsplit(f"//{endpoint}").hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def connect(scheme: str, netloc: str, limit: float) -> http.client.HTTPConnection:
    """A connection that is not made yet; each of its waits ends after `limit` seconds."""
    if scheme == "http":
        return http.client.HTTPConnection(netloc, timeout=limit, blocksize=_BLOCK)
    proxy = _proxy(netloc)
    connection = http.client.HTTPSConnection(proxy or netloc, timeout=limit, context=_trust(netloc), blocksize=_BLOCK)
    if proxy:
        connection.set_tunnel(netloc)
    return connection


@contextmanager
def watched(connection: http.client.HTTPConnection, limit: float) -> Iterator[None]:
    """End the wait for an answer after `limit` seconds, however slowly it drips: then TimeoutError."""
    late = threading.Event()

    def end() -> None:
        late.set()
        if sock := connection.sock:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                return

    timer = threading.Timer(limit, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, http.client.HTTPException, ValueError) as error:
        if late.is_set():
            raise TimeoutError from error
        raise
    finally:
        timer.cancel()
    # A header that was cut off by us looks like a whole one.
    if late.is_set():
        raise TimeoutError


def reason(error: Exception, limit: float) -> tuple[str, str]:
    """What it means that a connection ended so ("… refuses the connection"), and what helps ("" where it is plain)."""
    for kinds, what, remedy in _REASONS:
        if isinstance(error, kinds):
            return what.format(limit=limit), remedy
    return f"cannot be reached: {getattr(error, 'strerror', None) or type(error).__name__}", ""


_REASONS: tuple[tuple[tuple[type[Exception], ...], str, str], ...] = (
    ((TimeoutError,), "did not answer within {limit:g} s", ""),
    ((ConnectionRefusedError,), "refuses the connection: nothing listens there", ""),
    ((socket.gaierror,), "cannot be found: its name has no address", "Is the name right, and is the network up?"),
    (
        (ssl.SSLCertVerificationError,),
        "shows a certificate that this machine does not trust",
        "Give Docker its CA in /etc/docker/certs.d.",
    ),
    ((ssl.SSLError,), "does not speak TLS as it should; it may speak plain HTTP", ""),
    (
        (http.client.IncompleteRead, http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError),
        "broke off in the middle of its answer",
        "",
    ),
    ((http.client.HTTPException, ValueError), "gives an answer that is not HTTP", ""),
)


@functools.lru_cache(maxsize=8)
def _trust(netloc: str) -> ssl.SSLContext:
    """What the system trusts, and what Docker was told to trust for this registry."""
    context = ssl.create_default_context()
    for own in sorted(Path("/etc/docker/certs.d", netloc).glob("*.crt")):
        context.load_verify_locations(own)
    return context


def _proxy(netloc: str) -> str:
    if not any(name in os.environ for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")):
        return ""
    from urllib import request

    known = request.getproxies_environment()
    if request.proxy_bypass_environment(netloc, known):  # type: ignore[attr-defined]  # unknown to the stubs
        return ""
    return urlsplit(known.get("https") or known.get("all") or "").netloc
