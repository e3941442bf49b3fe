"""Notice that something changed: a few small files for the panel, whole folders for `lab check --watch`."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from lab import paths
from lab.learning import outbox

_EVERY = 0.3  # seconds; a stat of four files costs microseconds
_ENTRIES = 4000  # a folder with more is no lesson's; what is beyond counts as unchanged

Mark = tuple[tuple[str, int, int], ...]


def of_learner() -> list[Path]:
    """The files that tell how the course and the sandbox stand."""
    sandbox = paths.sandbox()
    return [
        paths.learner() / "progress.json",
        outbox.membership(paths.learner()),
        outbox.news(paths.learner()),
        sandbox / "state.json",
        sandbox / "buildkit.json",
        paths.cache() / "buildkit" / "progress.json",
    ]


def mark(places: Iterable[Path]) -> Mark:
    """How these files and folders look now: another mark, another content. What is not there has none."""
    found = []
    for place in places:
        for path in _walk(place):
            try:
                about = path.lstat()
            except OSError:
                continue
            found.append((str(path), about.st_mtime_ns, about.st_ino))
            if len(found) >= _ENTRIES:
                return tuple(found)
    return tuple(found)


def _walk(place: Path) -> Iterable[Path]:
    yield place
    for folder, folders, files in os.walk(place):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(folder) / name for name in (*folders, *sorted(files)))


class Watch:
    """Calls `changed` from a thread of its own each time that one of `places` changes, until `stop`."""

    def __init__(self, places: Callable[[], Iterable[Path]], changed: Callable[[], None]) -> None:
        self._places = places
        self._changed = changed
        self._stop = threading.Event()
        self._seen = mark(places())
        self._thread = threading.Thread(target=self._run, name="lab-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; nothing is called after this has come back, except what is being called now."""
        self._stop.set()
        if self._thread is not threading.current_thread():
            self._thread.join(5)

    def _run(self) -> None:
        while not self._stop.wait(_EVERY):
            now = mark(self._places())
            if now != self._seen:
                self._seen = now
                self._changed()
