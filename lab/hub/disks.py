"""The learners' disks: an image each, with a file system that cannot grow beyond it and takes only what is used."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from pathlib import Path

from lab.errors import Blocked
from lab.hub import places
from lab.sandbox.host.run import run
from lab.storage import own_folder

_LOOPS = Path("/sys/block")
_PATIENCE = 15.0  # seconds


def image(number: int) -> Path:
    """The image of the disk of the learner with that number."""
    return places.folder() / "disks" / f"{number}.img"


def prepare(number: int, size: int, owner: int) -> Path:
    """The image, made where it is missing: `size` bytes, empty, `owner`'s. Raises Blocked."""
    place = image(number)
    if place.exists():
        return place
    fresh = place.with_suffix(".new")
    try:
        own_folder(place.parent)
        with fresh.open("wb") as file:
            fresh.chmod(0o600)
            file.truncate(size)
        options = f"root_owner={owner}:{owner},lazy_itable_init=1,lazy_journal_init=1"
        command = ["mkfs.ext4", "-q", "-m", "0", "-E", options, str(fresh)]
        path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
        done = run(command, {"PATH": path}, limit=_PATIENCE * 8)
    except (OSError, subprocess.TimeoutExpired) as error:
        why = getattr(error, "strerror", None) or "it takes too long"
        raise Blocked(f"A learner's disk cannot be made: {why}.", "It needs `mkfs.ext4`, and some space.") from error
    if done.status:
        fresh.unlink(missing_ok=True)
        raise Blocked(f"A learner's disk cannot be made: {done.err.strip()}.", "Free some space.")
    return fresh.rename(place)


def used(number: int) -> int:
    """Bytes that a learner's disk takes of the machine's."""
    try:
        return image(number).stat().st_blocks * 512
    except FileNotFoundError:
        return 0


def remove(number: int) -> None:
    """Remove a learner's disk, with all that they did."""
    image(number).unlink(missing_ok=True)


async def released(number: int) -> None:
    """Wait until no room sees the disk any more: the kernel lets go of it a moment after the last process.

    Raises Blocked where it does not.
    """
    deadline = time.monotonic() + _PATIENCE
    while _held(number):
        if time.monotonic() > deadline:
            raise Blocked("The learner's disk is still in use.", "Try again in a moment.")
        await asyncio.sleep(0.1)


def _held(number: int) -> bool:
    path = str(image(number))
    for file in _LOOPS.glob("loop*/loop/backing_file"):
        try:
            if file.read_text().strip() == path:
                return True
        except OSError:
            continue  # it was let go of just now
    return False
