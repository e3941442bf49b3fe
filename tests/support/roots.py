"""Machines without a route: this one, or a root file system made from the distribution's packages; each with an empty home."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab.sandbox.packages import apt, mirror

_JOURNEY = Path(__file__).parent / "journey.py"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# A mount namespace of its own, so that all of it is gone with the last process. /sys has to be mounted anew to tell of
# this network's interfaces; pivot_root, and not chroot, since runc does the same inside.
_HERE = """
keep=$1; shift
mount --rbind /sys/fs/cgroup "$keep"; mount -t sysfs sysfs /sys; mount --rbind "$keep" /sys/fs/cgroup
exec "$@"
"""
_ENTER = """
root=$1; shift
mount --bind "$root" "$root"; cd "$root"
mount -t proc proc proc
mount -t sysfs sysfs sys; mount --rbind /sys/fs/cgroup sys/fs/cgroup; mount --rbind /dev dev
mount -t tmpfs tmpfs run; mount -t tmpfs tmpfs tmp
mkdir -p .before; pivot_root . .before
exec "$@"
"""


def system_python() -> str:
    """The version of the machine's own Python, as in "3.11"."""
    told = "import sys; print('{}.{}'.format(*sys.version_info))"
    return subprocess.run(["/usr/bin/python3", "-c", told], capture_output=True, text=True, check=True).stdout.strip()


def journey(kit: Path, home: Path, *words: str, root: Path | None = None) -> dict[str, Any]:
    """What `journey.py` found, in a network namespace of its own; `home` is as it is seen from inside of `root`."""
    spaces = ["--net", "--mount", *(["--pid", "--fork", "--kill-child"] if root else [])]
    keep = home.parent / "cgroup"
    script, where = (_ENTER, root) if root else (_HERE, keep)
    if not root:
        keep.mkdir()
    inside = "/journey.py" if root else str(home.parent / "journey.py")
    shutil.copy(_JOURNEY, (root or home.parent) / "journey.py")
    env = {"HOME": str(home), "PATH": _PATH, "LANG": "C.UTF-8"}
    done = subprocess.run(
        ["unshare", *spaces, "sh", "-euc", script, "sh", str(where), "/usr/bin/python3", inside, str(kit), "--loopback", *words],
        env=env, capture_output=True, text=True, timeout=1200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@contextmanager
def debian(codename: str, place: Path) -> Iterator[Path]:
    """A Debian with Python and apt and nothing more, as mmdebstrap makes it; the tool is unpacked, not installed."""
    tool = place / "tool"
    apt.unpack(apt.fetch(["mmdebstrap"])["mmdebstrap"], tool)
    host, root = mirror.host_mirror(), place / codename
    source = f"deb [signed-by={host.keyring}] {host.uri} {codename} main"
    options = ["--mode=root", "--variant=apt", "--include=python3", "--format=directory", "--quiet"]
    done = subprocess.run(
        ["perl", str(tool / "usr/bin/mmdebstrap"), *options, codename, str(root), source],
        capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    try:
        yield root
    finally:
        shutil.rmtree(root)


def release() -> str:
    """This machine's release, as a kit names it."""
    found = platform.freedesktop_os_release()
    return f"{found['ID']}:{found['VERSION_ID']}"


def may() -> bool:
    """Can this process make namespaces?"""
    return os.geteuid() == 0 and shutil.which("unshare") is not None
