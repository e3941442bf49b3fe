"""What the lab keeps in its cache: downloads, and what it unpacked, compiled and made of them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from lab import paths
from lab.sandbox.host.files import remove_folder
from lab.sandbox.model import Removal
from lab.sandbox.report import amount

# By name and not the folder whole: LAB_CACHE may be one that holds other things too.
OURS = (
    "apt", "base-*", "buildkit", "debs", "emulators-*", "engine-*", "go", "go-tree", "kit", "registry-*",
    ".emulators-*", ".unpacking-*", "kubernetes", "hub-*",
)  # fmt: skip
_FETCHED = ("apt", "debs", "go")


def folders() -> list[Path]:
    """All that `down --purge` drops."""
    return sorted(path for pattern in OURS for path in paths.cache().glob(pattern))


def downloaded() -> int:
    """Bytes that were fetched from a mirror or a proxy: not what was unpacked, compiled or made of them."""
    return sum(disk_usage(paths.cache() / name) for name in _FETCHED)


def removals() -> Iterator[Removal]:
    """Each of them, listed as `cached /…/debs (82.4 MB)`."""
    for path in folders():
        yield Removal(f"cached {path} ({amount(disk_usage(path), 'B')})", partial(remove_folder, path))


def leave() -> None:
    """Remove the cache's folder itself, where nothing is in it and nobody chose it by LAB_CACHE."""
    if "LAB_CACHE" not in os.environ:
        with contextlib.suppress(OSError):
            paths.cache().rmdir()


def disk_usage(folder: Path, counted: set[tuple[int, int]] | None = None) -> int:
    """Bytes that the files of a folder take on the disk; what cannot be read counts nothing.

    A file with several names counts once. Those in `counted` (device, inode) have been; the others are added to it.
    """
    total, seen = 0, set() if counted is None else counted
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                found = os.lstat(os.path.join(path, name))  # noqa: PTH118  # many files: plain calls are quick
            except OSError:
                continue
            if (one := (found.st_dev, found.st_ino)) not in seen:
                seen.add(one)
                total += found.st_blocks * 512
    return total
