"""Small disks of a test's own, which can be filled and made read-only."""

from __future__ import annotations

import contextlib
import ctypes
import os
from pathlib import Path


class Disk:
    """A small disk of the test's own: a tmpfs, which can be filled and made read-only."""

    def __init__(self, folder: Path, size: int) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._mount(0, f"size={size},mode=700")

    def fill(self) -> None:
        """Leave no byte."""
        with (self.folder / "filler").open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"x" * 65536)

    def free(self) -> None:
        (self.folder / "filler").unlink()

    def read_only(self) -> None:
        self._mount(32 | 1, "")  # MS_REMOUNT | MS_RDONLY

    def writable(self) -> None:
        self._mount(32, "")

    def _mount(self, flags: int, data: str) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.mount(b"tmpfs", os.fsencode(self.folder), b"tmpfs", flags, data.encode() or None):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def gone(self) -> None:
        ctypes.CDLL(None, use_errno=True).umount2(os.fsencode(self.folder), 2)
