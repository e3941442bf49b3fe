"""What a kit has made on this machine beside the cache: the lab's own environment of Python, and the site."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from lab import paths
from lab.sandbox.cache import disk_usage
from lab.sandbox.host.files import remove_folder
from lab.sandbox.model import Removal
from lab.sandbox.report import amount


def folder() -> Path:
    """The folder of all that, in the lab's home."""
    return paths.home() / "kit"


def share() -> Path:
    """The folder of what `lab kit serve` is known by."""
    return paths.home() / "kit-share"


def removals() -> Iterator[Removal]:
    """Both, where they are. The lab that runs may be in the first, so nothing of it may be needed after that."""
    if share().is_dir():
        yield Removal("what a kit was shared with: its certificate and code", partial(remove_folder, share()))
    if folder().is_dir():
        yield Removal(
            f"the lab that a kit set up {folder()} ({amount(disk_usage(folder()), 'B')})",
            partial(remove_folder, folder()),
        )
