"""The folder that a tour works in: one of its own for the time that it runs; a killed tour's goes with the next one."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = "lab-tour-"


@contextmanager
def made() -> Iterator[Path]:
    """A folder for one tour; those of tours that were killed go first."""
    from filelock import FileLock

    sweep()
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as folder, FileLock(Path(folder) / "lock"):
        yield Path(folder)


def known() -> list[Path]:
    """The folders of this user's tours, at work or dead."""
    found = Path(tempfile.gettempdir()).glob(f"{_PREFIX}*")
    return [path for path in found if path.lstat().st_uid == os.getuid() and not path.is_symlink()]


def sweep() -> None:
    """Remove the folders of tours that were killed; one whose tour is at work holds its lock."""
    from filelock import FileLock, Timeout

    for folder in known():
        if (folder / "lock").is_file():
            with suppress(Timeout, OSError), FileLock(folder / "lock", timeout=0):
                shutil.rmtree(folder)
