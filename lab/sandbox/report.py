"""What `lab up` says while it works: phases, progress with sizes, notes."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Protocol, Self, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Listener(Protocol):
    """Somebody who is told how the work goes. Called from one thread at a time, or from several."""

    def phase(self, text: str) -> None:
        """A new stretch of work begins."""

    def progress(self, key: str, done: int, total: int, unit: str) -> None:
        """Of the thing `key`, `done` out of `total` are done; `unit` is "B" for bytes, else a plural noun."""

    def note(self, text: str) -> None:
        """Something that the learner should know; not an error."""


class Quiet:
    """Says nothing."""

    def phase(self, text: str) -> None:
        """Say nothing."""

    def progress(self, key: str, done: int, total: int, unit: str) -> None:
        """Say nothing."""

    def note(self, text: str) -> None:
        """Say nothing."""


quiet: Listener = Quiet()


class PlainListener:
    """Plain lines, for logs and where there is no terminal."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._finished: set[str] = set()

    def _say(self, text: str) -> None:
        print(text, file=self._stream, flush=True)

    def phase(self, text: str) -> None:
        """One line a phase."""
        self._say(f"* {text}")

    def progress(self, key: str, done: int, total: int, unit: str) -> None:
        """One line when `key` is complete: a log is no place for a moving bar."""
        if done >= total and key not in self._finished:
            self._finished.add(key)
            self._say(f"  {key}: {amount(total, unit)}")

    def note(self, text: str) -> None:
        """One line a note."""
        self._say(f"  {text}")


class RichListener:
    """Progress bars with sizes on a terminal, plain lines elsewhere; leaving its `with` ends the bars."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._plain = PlainListener(self._stream)
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._started = time.monotonic()

    def __enter__(self) -> Self:
        if self._stream.isatty():
            self._bars = _bars(self._stream)
            self._bars.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._bars:
            self._bars.stop()
            self._bars = None

    def phase(self, text: str) -> None:
        """Say the phase and how far in the work is."""
        if not self._bars:
            self._plain.phase(text)
            return
        passed = time.monotonic() - self._started
        self._bars.console.print(f"[bold]{text}[/] [dim]{passed:.0f} s[/]", highlight=False)

    def progress(self, key: str, done: int, total: int, unit: str) -> None:
        """Move the bar of `key`."""
        if not self._bars:
            self._plain.progress(key, done, total, unit)
            return
        if key not in self._tasks:
            self._tasks[key] = self._bars.add_task(key, total=total, label="")
        label = f"{amount(done, unit)} of {amount(total, unit)}"
        self._bars.update(self._tasks[key], completed=done, total=total, label=label)

    def note(self, text: str) -> None:
        """Say the note above the bars."""
        if not self._bars:
            self._plain.note(text)
            return
        self._bars.console.print(f"  {text}", highlight=False, markup=False)


def _bars(stream: TextIO) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (TextColumn("  {task.description}"), BarColumn(), TextColumn("{task.fields[label]}"))
    return Progress(*columns, console=Console(file=stream), transient=True)


_KILO = 1000


def amount(number: int, unit: str) -> str:
    """A quantity for people: `72.6 MB` for bytes, `120 packages` for the rest."""
    if unit != "B":
        return f"{number} {unit}"
    size = float(number)
    for prefix in ("B", "kB", "MB"):
        if size < _KILO:
            return f"{size:.0f} {prefix}" if prefix == "B" else f"{size:.1f} {prefix}"
        size /= _KILO
    return f"{size:.1f} GB"
