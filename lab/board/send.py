"""`python -m lab.board.send HOME`: tell the board what waits, then end. Started in the background after a check."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from lab.board import client
from lab.errors import LabError
from lab.learning import outbox

_TRIES = (0.0, 4.0, 12.0)  # seconds to wait before each; what fails still waits for the next sender


def send(home: Path, sleep: Callable[[float], None] = time.sleep) -> bool:
    """Wait for more to come, then tell the board, at most three times; was all told?"""
    sleep(outbox.PAUSE)
    for pause in _TRIES:
        sleep(pause)
        if not outbox.joined(home):
            return False
        with suppress(LabError, OSError):
            client.exchange(home)
            return True
    return False


if __name__ == "__main__":
    sys.exit(0 if send(Path(sys.argv[1])) else 3)
