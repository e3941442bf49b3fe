"""Where the lab's own words begin and end in what a learner's command prints, so that they never count as its answer.

`lab` itself marks them, with control sequences that no terminal shows, at the place that `LAB_MARKS` names: the
terminal of `lab shell`, or the pipe of a notebook's cell. Whoever listens there (`spoken`) takes the marks out again.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

PLACE = "LAB_MARKS"
HOME = "home"  # `lab` without a verb


@contextmanager
def around(verb: str) -> Iterator[list[int]]:
    """Mark what is printed inside as that verb's; its exit status goes into the list."""
    status: list[int] = []
    place = _opened()
    if place is None:
        yield status
        return
    try:
        _write(place, f"L;{os.getpid()};{verb};{'direct' if _leads_to(place) else 'piped'}")
        yield status
    finally:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
        _write(place, f"M;{os.getpid()};{status[0] if status else ''}")
        os.close(place)


def _opened() -> int | None:
    place = os.environ.get(PLACE)
    try:
        return os.open(place, os.O_WRONLY | os.O_NOCTTY) if place else None
    except OSError:
        return None


def _leads_to(place: int) -> bool:
    """Does standard output go straight there (or nowhere), and not through a file or another program?"""
    try:
        out, there = os.fstat(1), os.fstat(place)
    except OSError:
        return True
    return stat.S_ISCHR(out.st_mode) or (out.st_dev, out.st_ino) == (there.st_dev, there.st_ino)


def _write(place: int, words: str) -> None:
    with suppress(OSError):
        os.write(place, f"\x1b]7117;{words}\x07".encode())
