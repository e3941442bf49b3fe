"""Folders that go, with what is still at work in them."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from lab.errors import Blocked

_TRIES = 5


def remove_folder(path: Path) -> None:
    """Remove a folder whole, or a file. Raises Blocked where something in it resists."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    try:
        for _ in range(_TRIES):  # a daemon that was just killed may still be at the end of its last change
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(path)
            if not path.exists():
                return
        shutil.rmtree(path)
    except OSError as error:
        raise Blocked(
            f"{str(error.filename or path)!r} cannot be removed: {error.strerror}.",
            "Run `lab down` again, as root if need be.",
        ) from error
