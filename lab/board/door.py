"""Where a board listens, and where learners find it."""

from __future__ import annotations

import socket
from contextlib import suppress

from lab.board import line
from lab.errors import Blocked
from lab.sandbox.host import network

_TRIED = 20  # ports


def bound(port: int, listen: str, *, fixed: bool) -> socket.socket:
    """A socket that listens at `port`, or (not `fixed`) at one of the next; at any where it is 0. Raises Blocked."""
    last = ""
    for number in [port] if fixed or not port else range(port, port + _TRIED):
        try:
            made = opened(number, listen)
        except OSError as error:
            last = error.strerror or str(error)
            continue
        made.setblocking(False)  # noqa: FBT003 - that is its only form
        return made
    raise Blocked(f"The port {port} cannot be used: {last}.", "Stop what uses it, or choose another one with --port.")


def opened(port: int, listen: str = "") -> socket.socket:
    """A socket that listens at this very port, of all addresses or of one. Raises OSError."""
    if not listen and socket.has_dualstack_ipv6():
        return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
    family = socket.AF_INET6 if ":" in listen else socket.AF_INET
    return socket.create_server((listen, port), family=family)


def port_of(door: socket.socket) -> int:
    """The port that it listens at."""
    return int(door.getsockname()[1])


def addresses(listen: str, port: int, usual: int = line.PORT) -> tuple[str, ...]:
    """Where learners may find this machine, without the `usual` port; nothing is sent to find out."""
    tail = "" if port == usual else f":{port}"
    if listen:
        return (f"[{listen}]{tail}" if ":" in listen else f"{listen}{tail}",)
    return tuple(f"{one}{tail}" for one in hosts()) or (f"127.0.0.1{tail}",)


def hosts() -> tuple[str, ...]:
    """The addresses by which others may reach this machine, the likeliest first; none where it has only loopback."""
    found = [_way_out(), *network.own_addresses()]
    return tuple(dict.fromkeys(one for one in found if one and not one.startswith("127.")))


def _way_out() -> str:
    """The address that this machine has towards others: "connecting" a datagram socket only chooses it."""
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # nobody's: the documentation's own network
        return str(probe.getsockname()[0])
    return ""
