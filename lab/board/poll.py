"""While a notebook is open: ask the board now and then what the teacher shows, and tell it what still waits."""

from __future__ import annotations

import random
import threading
from contextlib import suppress
from pathlib import Path

from lab.board import client
from lab.errors import LabError
from lab.learning import outbox

EVERY = 10.0  # seconds


class Poll:
    """Asks from a thread of its own until `stop`; says nothing where no class was joined."""

    def __init__(self, home: Path, every: float = EVERY) -> None:
        self._home, self._every = home, every
        self._stop = threading.Event()
        threading.Thread(target=self._run, name="lab-class", daemon=True).start()

    def stop(self) -> None:
        """Ask no more."""
        self._stop.set()

    def _run(self) -> None:
        # thirty laptops that were opened at once should not ask at once
        while not self._stop.wait(self._every * random.uniform(0.8, 1.2)):  # noqa: S311
            if outbox.joined(self._home):
                with suppress(LabError, OSError):
                    client.exchange(self._home)
