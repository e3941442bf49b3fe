"""Small files of our own: written whole or not at all, read with doubt."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from lab.errors import BadInput, Blocked


def write_json(path: Path, data: object) -> None:
    """Replace `path` with `data` in one move (mode 0600, folders 0700); Blocked where the disk refuses."""
    write_text(path, json.dumps(data, indent=1, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Replace `path` with `text` in one move; a reader sees the old file or the new one, never half of it."""
    try:
        own_folder(path.parent)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as file:
                file.write(text)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise Blocked(f"{str(path)!r} cannot be written: {error.strerror}.", _remedy(error)) from error


def own_folder(path: Path) -> Path:
    """The folder, made where it is missing; what is made, parents too, is for its owner alone. Raises OSError."""
    for folder in reversed([one for one in (path, *path.parents) if not one.exists()]):
        folder.mkdir(mode=0o700, exist_ok=True)
    path.mkdir(exist_ok=True)  # says so where a file is in its place
    return path


def read_json(path: Path) -> Any:
    """What stands in `path`, or None where there is no such file; BadInput where it is no JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8", errors="surrogateescape"))
    except FileNotFoundError:
        return None
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{str(path)!r} is damaged: {error}.") from error
    except OSError as error:
        raise Blocked(f"{str(path)!r} cannot be read: {error.strerror}.", _remedy(error)) from error


def set_aside(path: Path) -> Path:
    """Move a damaged file out of the way, without losing it, and say where it is now."""
    for number in range(1, 1000):
        aside = path.with_name(f"{path.name}.damaged-{number}")
        if not aside.exists():
            path.replace(aside)
            return aside
    raise Blocked(f"There are 999 damaged copies of {str(path)!r}.", "Look at them and remove some.")


def _remedy(error: OSError) -> str:
    import errno

    if error.errno == errno.ENOSPC:
        return "The disk is full: free some space and try again."
    if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
        return "Set LAB_HOME to a folder that you may write to."
    return ""
