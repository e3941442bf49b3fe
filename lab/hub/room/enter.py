"""Makes a room and stays in it as its first process; run as `python -m lab.hub.room.enter` with a plan on its input.

The room lives as long as its input is open: with whoever started it, it ends too, however that ends.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from lab.errors import Blocked
from lab.hub.room import kernel, porter, walls
from lab.hub.room.plan import FIRST, MANY, Plan

_OWN = kernel.NEWNS | kernel.NEWUSER | kernel.NEWPID | kernel.NEWNET | kernel.NEWIPC | kernel.NEWUTS | kernel.NEWCGROUP
_MEMBERS = "cgroup.procs"
_COVERED = ("tmp", "run")


def main() -> int:
    """The exit status of the room's command; one line on standard error where the room cannot be made."""
    plan = Plan.from_line(sys.stdin.readline())
    users = _namespace_of_users(plan)
    root = Path(tempfile.mkdtemp(prefix="room-", dir=Path(plan.doors).parent))
    ready, mapped = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        _inside(plan, root, users, (ready[1], mapped[0]))
    os.close(ready[1])
    if os.read(ready[0], 1):
        _map(child, plan.users)
        os.write(mapped[1], b"1")
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    root.rmdir()
    return status


def _inside(plan: Plan, root: Path, users: int, pipes: tuple[int, int]) -> None:
    """In a child: the machine's root still, then the room's."""
    try:
        kernel.unshare(kernel.NEWNS)
        walls.build(plan, root, users)
        _join(plan)
        kernel.unshare(_OWN if "" not in plan.groups else _OWN & ~kernel.NEWCGROUP)
        os.write(pipes[0], b"1")
        os.read(pipes[1], 1)
        os.setgroups([])
        os.setresgid(0, 0, 0)
        os.setresuid(0, 0, 0)
        first = os.fork()
        if not first:
            _furnish(plan, root)
            os._exit(porter.serve(plan))
        os.close(0)
        os.close(plan.into)
        os._exit(os.waitstatus_to_exitcode(os.waitpid(first, 0)[1]) & 0xFF)
    except OSError as error:
        sys.stderr.write(f"{error.filename or 'The room'}: {error.strerror}\n")
    except subprocess.TimeoutExpired:
        sys.stderr.write(f"{plan.disk}: it cannot be mounted in time\n")
    os._exit(Blocked.exit_status)


def _join(plan: Plan) -> None:
    """Enter the room's control groups; from here on, they are all that is seen of the machine's."""
    for group in plan.groups.values():
        (Path(group) / _MEMBERS).write_text("0")
    if unified := plan.groups.get(""):
        # a group of version 2 that hands controllers on to others holds no processes of its own; it is the root that
        # the room sees, all the same
        kernel.unshare(kernel.NEWCGROUP)
        first = Path(unified) / FIRST
        (first / _MEMBERS).write_text("0")
        for name in (Path(unified) / "cgroup.controllers").read_text().split():
            (Path(unified) / "cgroup.subtree_control").write_text(f"+{name}")


def _furnish(plan: Plan, root: Path) -> None:
    """As the room's first process: what only its own root can mount, then the way in is closed."""
    flat = kernel.NODEV | kernel.NOSUID
    new = root / "run"  # any folder would do: it becomes the root
    kernel.bind(root, new)
    kernel.mount("proc", new / "proc", "proc", flat)
    kernel.mount("sysfs", new / "sys", "sysfs", flat)
    kernel.mount("tmpfs", new / "dev", "tmpfs", kernel.NOSUID, "mode=0755,size=64k")
    _devices(new)
    kernel.mount("tmpfs", new / "tmp", "tmpfs", flat, "mode=1777")
    kernel.mount("tmpfs", new / "run", "tmpfs", flat, "mode=0755")
    _show_again(plan, root, new)
    _groups(plan, new)
    kernel.enter_root(new)
    kernel.set_host_name(plan.name)
    kernel.start_loopback()


def _show_again(plan: Plan, root: Path, new: Path) -> None:
    """What is shown of the machine's `/tmp` and `/run`, where the lab may lie, is on top of the room's own again."""
    for path in map(Path, plan.shown):
        here, there = root / path.relative_to("/"), new / path.relative_to("/")
        if path.parts[1] not in _COVERED or there.is_symlink() or there.exists():
            continue
        there.parent.mkdir(parents=True, exist_ok=True)
        if here.is_symlink():
            there.symlink_to(here.readlink())
        elif here.exists():
            there.mkdir() if here.is_dir() else there.touch()
            kernel.bind(here, there)


def _devices(root: Path) -> None:
    dev = root / "dev"
    for name in walls.DEVICES:
        (dev / name).touch()
        kernel.bind(root / ".devices" / name, dev / name)
    for name in ("pts", "shm", "mqueue"):
        (dev / name).mkdir()
    kernel.mount("devpts", dev / "pts", "devpts", kernel.NOSUID, "newinstance,ptmxmode=0666,mode=0620,gid=5")
    kernel.mount("tmpfs", dev / "shm", "tmpfs", kernel.NODEV | kernel.NOSUID, "mode=1777")
    kernel.mount("mqueue", dev / "mqueue", "mqueue")
    (dev / "ptmx").symlink_to("pts/ptmx")
    for name, target in {"fd": "", "stdin": "/0", "stdout": "/1", "stderr": "/2"}.items():
        (dev / name).symlink_to(f"/proc/self/fd{target}")


def _groups(plan: Plan, root: Path) -> None:
    place = root / "sys/fs/cgroup"
    if "" in plan.groups:
        kernel.bind(root / ".groups/all", place)
        return
    kernel.mount("tmpfs", place, "tmpfs", kernel.NODEV | kernel.NOSUID, "mode=0755,size=64k")
    for name in plan.groups:
        (place / name).mkdir()
        kernel.bind(root / ".groups" / name, place / name)


def _namespace_of_users(plan: Plan) -> int:
    """An open user namespace with the room's users, by which the machine's files are shown as the room's root's."""
    ready, done = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        os.close(done[1])
        kernel.unshare(kernel.NEWUSER)
        os.write(ready[1], b"1")
        os.read(done[0], 1)
        os._exit(0)
    os.read(ready[0], 1)
    _map(child, plan.users)
    found = os.open(f"/proc/{child}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    os.close(done[1])
    os.waitpid(child, 0)
    return found


def _map(process: int, first: int) -> None:
    for kind in ("uid_map", "gid_map"):
        Path(f"/proc/{process}/{kind}").write_text(f"0 {first} {MANY}\n")


if __name__ == "__main__":
    sys.exit(main())
