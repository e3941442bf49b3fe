"""The private engine's own bridge, made and removed through the kernel's interface (no `ip`, no `iptables`).

It has no way out: containers on it reach one another and this host, nothing else.
"""

from __future__ import annotations

import fcntl
import ipaddress
import re
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.errors import Blocked

_PATIENCE = 5.0  # seconds
_NAME_SIZE = 16  # IFNAMSIZ, with the closing zero
_SIOCSIFFLAGS, _SIOCSIFADDR, _SIOCSIFNETMASK = 0x8914, 0x8916, 0x891C
_SIOCGIFADDR, _SIOCBRADDBR, _SIOCBRDELBR = 0x8915, 0x89A0, 0x89A1
_UP = 0x1 | 0x40  # IFF_UP, IFF_RUNNING
_LINKS = Path("/sys/class/net")
_OURS = re.compile(r"10\.213\.([1-9]|[1-9][0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-4])\.1")
_ROUTES = Path("/proc/net/route")


def ensure(name: str, remembered: object = None) -> str:
    """The address of the bridge `name` ("10.213.7.1"), made if it is not there, on a subnet that nothing uses.

    `remembered` is an address of an earlier time, taken again where it is still free. Raises Blocked.
    """
    if address := _address(name):
        return address
    with _alone():
        return _make(name, remembered)


@contextmanager
def _alone() -> Iterator[None]:
    """One sandbox of this machine at a time chooses a subnet, whoever's it is. The kernel keeps no file of it."""
    deadline = time.monotonic() + _PATIENCE
    with socket.socket(socket.AF_UNIX) as mark:
        while True:
            try:
                mark.bind("\0lab-chooses-a-subnet")
                break
            except OSError:
                if time.monotonic() > deadline:
                    break
                time.sleep(0.02)
        yield


def _make(name: str, remembered: object) -> str:
    kept = remembered if isinstance(remembered, str) and _OURS.fullmatch(remembered) else None
    address = kept if kept and _free(kept) else _choose()
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as handle:
            if not (_LINKS / name).exists():
                fcntl.ioctl(handle, _SIOCBRADDBR, _padded(name))
            fcntl.ioctl(handle, _SIOCSIFADDR, _padded(name) + _inet(address))
            fcntl.ioctl(handle, _SIOCSIFNETMASK, _padded(name) + _inet("255.255.255.0"))
            fcntl.ioctl(handle, _SIOCSIFFLAGS, _padded(name) + struct.pack("H22x", _UP))
    except OSError as error:
        raise Blocked(
            f"The kernel refuses the network bridge {name!r}: {error.strerror}.",
            "Inside a container, run it with --privileged; or install Docker yourself.",
        ) from error
    return address


def remove(name: str) -> bool:
    """Remove the bridge `name`; answers whether there was one."""
    if not (_LINKS / name / "bridge").exists():
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as handle:
        fcntl.ioctl(handle, _SIOCSIFFLAGS, _padded(name) + struct.pack("H22x", 0))
        fcntl.ioctl(handle, _SIOCBRDELBR, _padded(name))
    return True


def exists(name: str) -> bool:
    """Whether a link of that name is there."""
    return (_LINKS / name).exists()


def links() -> list[str]:
    """The names of this machine's links."""
    return sorted(path.name for path in _LINKS.iterdir()) if _LINKS.is_dir() else []


def used(routes: str) -> list[ipaddress.IPv4Network]:
    """The subnets in a /proc/net/route table; the default route is none."""
    found = []
    for line in routes.splitlines()[1:]:
        fields = line.split()
        base, mask = (socket.inet_ntoa(struct.pack("=I", int(fields[i], 16))) for i in (1, 7))
        if mask != "0.0.0.0":  # noqa: S104  # a mask, not an address to listen on
            found.append(ipaddress.IPv4Network(f"{base}/{mask}", strict=False))
    return found


_INNER = ("lo", "docker", "br-", "veth", "lab-", "virbr")


def own_addresses() -> tuple[str, ...]:
    """The IPv4 addresses of this machine's interfaces to others, without bridges of containers; nobody is asked."""
    outer = [name for _, name in socket.if_nameindex() if not name.startswith(_INNER)]
    return tuple(dict.fromkeys(filter(None, map(_address, outer))))


def _choose() -> str:
    for third in range(1, 255):
        if _free(address := f"10.213.{third}.1"):
            return address
    raise Blocked("All of 10.213.0.0/16 is in use on this machine.", "Free a part of it, then run `lab up`.")


def _free(address: str) -> bool:
    subnet = ipaddress.IPv4Network(f"{address}/24", strict=False)
    return not any(subnet.overlaps(other) for other in used(_ROUTES.read_text()))


def _address(name: str) -> str | None:
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
            answer = fcntl.ioctl(handle, _SIOCGIFADDR, _padded(name) + bytes(24))
    except OSError:
        return None
    return socket.inet_ntoa(answer[20:24])


def _padded(name: str) -> bytes:
    return name.encode().ljust(_NAME_SIZE, b"\0")


def _inet(address: str) -> bytes:
    return struct.pack("H2x4s16x", socket.AF_INET, socket.inet_aton(address))
