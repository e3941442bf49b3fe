"""Whether this machine can have a hub, and what all rooms share: the lab's cache, filled before the class comes."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import sys
from pathlib import Path

from lab import __version__, paths, sandbox
from lab.errors import BadInput, Blocked
from lab.hub import places
from lab.probes.here import environment_of
from lab.sandbox import buildkit, cache, golang, registry
from lab.sandbox.emulators import kernel
from lab.sandbox.engine import daemon
from lab.sandbox.host.files import remove_folder
from lab.sandbox.report import Listener
from lab.storage import read_json, write_json

_NEEDED = "jupyterhub"
_OLDEST = (5, 19)  # shows files of others as a room's own, also below what the room changes
_PROGRAMS = ("mount", "mkfs.ext4")
_PATIENCE = 1800.0  # seconds for what is compiled the first time


def check() -> None:
    """Raise Blocked, with what to do, where this machine cannot have a hub."""
    if sys.platform != "linux" or os.geteuid() != 0:
        raise Blocked("A hub needs Linux and root: it makes a room of its own for each learner.", "Run it with sudo.")
    if _kernel() < _OLDEST:
        raise Blocked(f"The kernel here is {os.uname().release}; rooms need 5.19 or newer.", "Use a newer system.")
    if not importlib.util.find_spec(_NEEDED):
        raise Blocked(
            "JupyterHub is not installed here.",
            'In a checkout: `make setup-hub`. Else: pip install "multiplatform-lab[hub]".',
        )
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
    if absent := [name for name in _PROGRAMS if not shutil.which(name, path=path)]:
        raise Blocked(f"The hub needs {' and '.join(absent)}.", "They are in the packages mount and e2fsprogs.")
    if not Path("/proc/self/ns/user").exists() or not Path("/dev/loop-control").exists():
        raise Blocked(
            "The kernel here offers no user namespaces or no loop devices.",
            "In a container there are none; use a machine, or a virtual machine.",
        )
    daemon.check_possible()


def _kernel() -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", os.uname().release)[:2])


def fill(report: Listener) -> None:
    """Fill the lab's cache, so that no room needs the network: a sandbox is brought up once, and removed.

    Quick where that was done before; of two hubs that start with one cache, the second waits. Raises Blocked.
    """
    from filelock import FileLock

    if _filled():
        return
    try:
        paths.cache().mkdir(parents=True, exist_ok=True)
        with FileLock(paths.cache() / "hub-filling"):
            if not _filled():
                _fill(report)
    except OSError as error:
        raise Blocked(f"The images for the rooms cannot be kept: {_why(error)}.", "Make room on the disk.") from error


def _fill(report: Listener) -> None:
    report.phase("Fetching what all rooms share; the first time, this takes some minutes")
    home = places.folder() / "model"
    with environment_of({"LAB_HOME": str(home)}):
        try:
            sandbox.up(private=True, emulators=False, report=report)
            kernel.fetch(report)
            for name, made in (("BuildKit", buildkit.wait(_PATIENCE)), ("Go", golang.wait(_PATIENCE))):
                if made.state not in ("ready", "hub"):
                    raise Blocked(f"The image of {name} cannot be made: {made.error}", "Its lessons need it.")
            _keep_images(paths.sandbox())
        finally:
            sandbox.down()
            remove_folder(home)
    write_json(_stamp(), {"version": __version__, "names": _names()})


def _keep_images(box: Path) -> None:
    """What each room's registry holds from its first start on, so that none has to make it."""
    fresh, place = images().with_name("hub-registry.new"), images()
    for old in (fresh, place):
        remove_folder(old)
    shutil.copytree(registry.images(box), fresh, ignore=shutil.ignore_patterns("_uploads"))  # it runs still
    fresh.rename(place)


def _why(error: OSError) -> str:
    """In a few words; a copy of a folder fails with a list of what failed."""
    if isinstance(error, shutil.Error):
        return str(error.args[0][0][-1])
    return error.strerror or str(error)


def images() -> Path:
    """Where a hub's cache keeps them."""
    return paths.cache() / "hub-registry"


def _filled() -> bool:
    try:
        found = read_json(_stamp())
        return images().is_dir() and bool(found["version"] == __version__) and set(found["names"]) <= set(_names())
    except (BadInput, TypeError, KeyError):
        return False


def _names() -> list[str]:
    return [path.name for path in cache.folders() if path.is_dir() and not path.name.startswith(".")]


def _stamp() -> Path:
    return paths.cache() / "hub-filled.json"
