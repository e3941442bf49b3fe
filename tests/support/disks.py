"""Small disks of a test's own, which can be filled and made read-only."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import time
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

    def shrink(self, free: int) -> None:
        """Leave so many bytes. What works in the background may write on meanwhile, so it is tried for a while."""
        until = time.monotonic() + 30
        while True:
            try:
                return self.resize(shutil.disk_usage(self.folder).used + free)
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)

    def resize(self, size: int) -> None:
        """Be so many bytes large; OSError where more is in it."""
        self._mount(32, f"size={size}")

    def _mount(self, flags: int, data: str) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.mount(b"tmpfs", os.fsencode(self.folder), b"tmpfs", flags, data.encode() or None):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def gone(self) -> None:
        ctypes.CDLL(None, use_errno=True).umount2(os.fsencode(self.folder), 2)
