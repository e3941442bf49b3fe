"""Whom a BuildKit node of the lab's own lets in: found out by knocking, in three ways."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass

from lab.model.facts import Evidence, Fact
from lab.model.steps import Probe
from lab.model.world import World
from lab.sandbox import nodes as places
from lab.sandbox.engine.variables import PORT
from lab.sandbox.nodes import settings

# How HTTP/2 begins, and so what BuildKit's clients send first: the fixed words, and a frame of settings (type 4).
_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"


@dataclass(frozen=True, kw_only=True)
class Door(Fact):
    """How a node answers who comes in plain text, who comes over TLS without a key, and who has one."""

    node: str
    plain: bool
    stranger: bool
    keyed: bool


def door(name: str) -> Probe[Door]:
    """Knock at a node in three ways."""

    def probe(_world: World) -> Door:
        plain = _knock(name, None)
        stranger, keyed = (_over_tls(name, key=key) for key in (False, True))
        lines = {"in plain text": plain, "over TLS, without a key": stranger, "over TLS, with the key": keyed}
        said = "\n".join(f"{how}: {'let in' if let else 'turned away'}" for how, let in lines.items())
        asked = f"connections to {places.host(name)}:{PORT}"
        return Door(node=name, plain=plain, stranger=stranger, keyed=keyed, evidence=(Evidence(asked, said),))

    return probe


def _over_tls(name: str, *, key: bool) -> bool:
    """Whether a node lets in who speaks TLS; nobody does without the authority's certificate."""
    keys = settings.folder(settings.CLIENT)
    try:
        context = ssl.create_default_context(cafile=str(keys / "ca.pem"))
        context.set_alpn_protocols(["h2"])
        if key:
            context.load_cert_chain(keys / "cert.pem", keys / "key.pem")
    except (OSError, ValueError):
        return False
    return _knock(name, context)


def _knock(name: str, context: ssl.SSLContext | None) -> bool:
    """Whether the node begins to talk; with TLS 1.3, who has no key learns of it only then."""
    host = places.host(name)
    try:
        with socket.create_connection((host, PORT), 2) as raw:
            if context is None:
                return _talks(raw)
            with context.wrap_socket(raw, server_hostname=host) as one:
                return _talks(one)
    except (OSError, ValueError):
        return False


def _talks(one: socket.socket) -> bool:
    one.sendall(_HELLO)
    answer = one.recv(9)
    return len(answer) == 9 and answer[3] == 4
