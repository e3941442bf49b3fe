"""Starts one daemon apart from whoever asked for it; a script on its own, run as `python -I -S launcher.py …`.

Arguments: the log file, `shared` or the path of a small file, then the daemon's command. With a path, the daemon
gets a view of the mounts of its own: what it mounts is seen by nobody else and is gone when it ends, however it
ends. The file is shown to it as `net.ipv4.ip_forward`: the lab's bridge needs no forwarding, the lab does not
switch it on for the whole machine, and the engine would warn about that at each `docker run`.
"""

from __future__ import annotations

import ctypes
import os
import sys

_CLONE_NEWNS = 0x00020000
_MS_BIND, _MS_REC, _MS_SLAVE = 0x1000, 0x4000, 0x80000
_FORWARD = b"/proc/sys/net/ipv4/ip_forward"


def _check(answer: int, what: str) -> None:
    if answer:
        sys.exit(f"{what}: {os.strerror(ctypes.get_errno())}")


def _own_mounts(forward: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    _check(libc.unshare(_CLONE_NEWNS), "unshare")
    _check(libc.mount(b"none", b"/", None, _MS_REC | _MS_SLAVE, None), "mount /")
    _check(libc.mount(os.fsencode(forward), _FORWARD, None, _MS_BIND, None), "mount ip_forward")


def main(log: str, view: str, command: list[str]) -> None:
    """Become the daemon, as a grandchild that init adopts, in a session of its own."""
    if view != "shared":
        _own_mounts(view)
    if os.fork():
        os._exit(0)
    os.setsid()
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.execvp(command[0], command)  # noqa: S606  # there is no shell on purpose


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
