"""The kernel's calls that make a room, by their own names; each raises OSError with what it was asked for."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
from pathlib import Path

NEWNS, NEWCGROUP, NEWUTS, NEWIPC = 0x00020000, 0x02000000, 0x04000000, 0x08000000
NEWUSER, NEWPID, NEWNET = 0x10000000, 0x20000000, 0x40000000
RDONLY, NOSUID, NODEV, BIND, MOVE, REC, PRIVATE = 0x1, 0x2, 0x4, 0x1000, 0x2000, 0x4000, 0x40000
_DETACH = 2  # umount2
_PIVOT_ROOT = {"x86_64": 155}.get(os.uname().machine, 41)
_OPEN_TREE, _MOVE_MOUNT, _MOUNT_SETATTR = 428, 429, 442  # the same number on all processors
_CLONE, _CLOEXEC, _EMPTY_PATH, _RECURSIVE, _FROM_EMPTY = 0x1, 0x80000, 0x1000, 0x8000, 0x4
_IDMAP = 0x00100000
_HERE = -100  # AT_FDCWD
_SIOCSIFFLAGS, _UP = 0x8914, 0x1
_LIBC = ctypes.CDLL(None, use_errno=True)


class _Attributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "users")]


def unshare(flags: int) -> None:
    """Leave the namespaces of these kinds for new ones."""
    _check(_LIBC.unshare(flags), "unshare")


def mount(source: str | Path, target: Path, kind: str = "none", flags: int = 0, data: str = "") -> None:
    """Mount `source` at `target`."""
    words = [os.fsencode(source), os.fsencode(target), kind.encode()]
    _check(_LIBC.mount(*words, ctypes.c_ulong(flags), data.encode() or None), f"mount {target}")


def bind(source: Path, target: Path) -> None:
    """Show `source`, with all that is mounted below it, at `target`."""
    mount(source, target, flags=BIND | REC)


def shown(source: Path, target: Path, users: int | None = None) -> None:
    """Show `source` at `target` for reading only; `users` is an open user namespace whose owners its files get.

    Where the file system cannot change owners, the files keep theirs.
    """
    what = _LIBC.syscall(_OPEN_TREE, _HERE, os.fsencode(source), _CLONE | _CLOEXEC | (0 if users else _RECURSIVE))
    _check(min(what, 0), f"open {source}")
    try:
        if users is None or not _set(what, RDONLY | _IDMAP, users):
            _check(0 if _set(what, RDONLY) else -1, f"show {source}")
        path = os.fsencode(target)
        _check(_LIBC.syscall(_MOVE_MOUNT, what, b"", _HERE, path, _FROM_EMPTY), f"show {target}")
    finally:
        os.close(what)


def _set(what: int, flags: int, users: int = 0) -> bool:
    wanted = _Attributes(set=flags, users=users)
    how = _EMPTY_PATH | (0 if users else _RECURSIVE)
    size = ctypes.c_size_t(ctypes.sizeof(wanted))
    return not _LIBC.syscall(_MOUNT_SETATTR, what, b"", how, ctypes.byref(wanted), size)


def enter_root(root: Path) -> None:
    """Make `root`, a mount, this process's root, and let go of the old one."""
    os.chdir(root)
    _check(_LIBC.syscall(_PIVOT_ROOT, b".", b"."), "pivot_root")
    _check(_LIBC.umount2(b".", _DETACH), "umount the old root")
    os.chdir("/")


def _check(answer: int, what: str) -> None:
    if answer:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)


def set_host_name(name: str) -> None:
    """Call this process's machine so."""
    words = name.encode()
    _check(_LIBC.sethostname(words, len(words)), "sethostname")


def start_loopback() -> None:
    """Bring the loopback interface of this process's network up."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        fcntl.ioctl(handle, _SIOCSIFFLAGS, b"lo".ljust(16, b"\0") + struct.pack("H22x", _UP))
