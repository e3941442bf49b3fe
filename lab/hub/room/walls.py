"""The root that a room sees: the machine's programs for reading, a disk of its own, and nothing else of the machine."""

from __future__ import annotations

import os
from pathlib import Path

from lab.hub.room import kernel
from lab.hub.room.plan import CACHE, DOORS, HOME, Plan
from lab.sandbox.host.run import run

DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_SETTINGS = (
    "alternatives", "apt", "ca-certificates", "ca-certificates.conf", "debian_version", "dpkg", "fonts", "ld.so.cache",
    "ld.so.conf", "ld.so.conf.d", "localtime", "mime.types", "os-release", "ssl/certs", "ssl/openssl.cnf",
)  # fmt: skip
_TEXTS = {
    "passwd": f"root:x:0:0:learner:{HOME}:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    "group": "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n",
    "hosts": "127.0.0.1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "resolv.conf": "",
}
_EMPTY = ("dev", "proc", "sys", "tmp", "run")


def build(plan: Plan, root: Path, users: int) -> None:
    """Lay the room's root out in the folder `root`: as the machine's root, in mounts of this process's own.

    `users` is an open user namespace with the room's users. Raises OSError.
    """
    kernel.mount("none", Path("/"), flags=kernel.PRIVATE | kernel.REC)
    kernel.mount("tmpfs", root, "tmpfs", kernel.NODEV | kernel.NOSUID, "mode=0755,size=4m")
    _system(root)
    for path in plan.shown:
        _show(Path(path), root, users)
    _disk(plan, root, users)
    for name, group in plan.groups.items():
        kernel.bind(Path(group), _folder(root / ".groups" / (name or "all")))
    for name in DEVICES:
        place = _folder(root / ".devices") / name
        place.touch()
        kernel.bind(Path("/dev") / name, place)
    kernel.shown(Path(plan.doors), _folder(_in(root, DOORS)))
    for name in _EMPTY:
        _own(_folder(root / name), plan)
    for text in ("", *_TEXTS):
        _own(root / "etc" / text, plan)


def _system(root: Path) -> None:
    for path in map(Path, _SYSTEM):
        if path.is_symlink():
            (root / path.name).symlink_to(path.readlink())
        elif path.is_dir():
            kernel.shown(path, _folder(root / path.name))
    etc = _folder(root / "etc")
    for name, text in _TEXTS.items():
        (etc / name).write_text(text)
    for name in _SETTINGS:
        _show(Path("/etc") / name, root, None)


def _show(path: Path, root: Path, users: int | None) -> None:
    """Show one of the machine's files or folders at the same place; a link is made anew."""
    place = _in(root, path)
    if place.exists() or not path.exists():
        return
    _folder(place.parent)
    if path.is_symlink():
        place.symlink_to(path.readlink())
        return
    if path.is_dir():
        _folder(place)
    else:
        place.touch()
    kernel.shown(path, place, users)


def _disk(plan: Plan, root: Path, users: int) -> None:
    """The learner's own disk: their home, `/var`, and what they change of the cache."""
    disk = _own(_folder(_in(root, HOME)), plan)
    # mount(8) finds a free loop device, and has the kernel let go of it with the last room that sees it. Neither this
    # nor the other mounts forbid setuid programs: a room cannot lift that again, as containers with volumes try to, and
    # none of its users is one of the machine's
    command = ["mount", "-n", "-t", "ext4", "-o", "loop,discard", plan.disk, str(disk)]
    done = run(command, os.environ)
    if done.status:
        raise OSError(0, done.err.strip(), plan.disk)
    disk.chmod(0o700)
    hidden = _own(_folder(_own(disk, plan) / ".room"), plan)
    kernel.bind(_own(_folder(hidden / "var"), plan), _folder(root / "var"))
    kernel.bind(_own(_folder(hidden / "cache"), plan), _folder(_in(root, CACHE)))
    lower = _folder(root / ".lower")
    for number, path in enumerate(map(Path, plan.cached)):
        kernel.shown(path, _folder(lower / str(number)), users)
        _layered(plan, lower / str(number), hidden / "layers" / path.name, _in(root, CACHE) / path.name)


def _layered(plan: Plan, lower: Path, own: Path, place: Path) -> None:
    """Show `lower` at `place`, so that what is changed there is kept in `own`."""
    for folder in (own.parent, own, own / "upper", own / "work", place):
        _own(_folder(folder), plan)
    data = f"lowerdir={lower},upperdir={own / 'upper'},workdir={own / 'work'}"
    kernel.mount("overlay", place, "overlay", data=data)


def _in(root: Path, path: Path) -> Path:
    return root / path.relative_to("/")


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


def _own(path: Path, plan: Plan) -> Path:
    os.chown(path, plan.users, plan.users)
    return path
