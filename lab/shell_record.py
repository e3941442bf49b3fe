"""What was typed in `lab shell`, and what came back: marked by the shell, heard on the way, kept in a file.

bash marks where a command begins and ends with control sequences that no terminal shows; they are taken out again
before the learner's own terminal sees them.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lab import witness
from lab.errors import LabError
from lab.facts import Call
from lab.sandbox import builders
from lab.storage import read_json, write_json, write_text

FOLDER, COUNT = "LAB_SHELL", witness.COUNT
_MARK = re.compile(rb"\x1b\]7117;([SE]);([^\x07]*)\x07")
_BEGINNING = b"\x1b]7117;"
_CONTROL = re.compile(r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[0-?]*[ -/]*[@-~]|\x1b[@-Z\\-_=>]|[\x00-\x08\x0e-\x1a]")
_KEPT = 40  # commands
_OUTPUT = 200_000  # bytes of one command's output
_OWN = re.compile(r"^lab(\s+(check|hint|next|list|solution|reset|status|up|down|start|tour|completion|shell)\b|\s*$)")


@dataclass(frozen=True)
class Typed:
    """One command line: what it printed (as text, without colours) and its exit status. `number` counts prompts."""

    number: int
    command: str
    output: str
    exit_status: int
    seconds: float
    started: str
    began: float = 0.0
    ended: float = 0.0
    calls: tuple[Call, ...] = ()

    @property
    def asks_the_lab(self) -> bool:
        """It asks the lab how things stand, and is no try of a step."""
        return bool(_OWN.match(self.command.strip()))


class Recorder:
    """Listens to the terminal; keeps each command in the session's file when it has ended."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rest = b""
        self._now: tuple[str, float, str] | None = None  # the command, when it began, and that as people write it
        self._output = bytearray()
        self._typed: list[Typed] = []

    def heard(self, piece: bytes) -> bytes:
        """Take a piece of what the shell printed; what is to be shown of it."""
        data, self._rest = self._rest + piece, b""
        shown = bytearray()
        at = 0
        for mark in _MARK.finditer(data):
            self._take(data[at : mark.start()], shown)
            at = mark.end()
            if mark[1] == b"S":
                self._begin(mark[2])
            else:
                self._end(mark[2])
        tail = data[at:]
        cut = _half_mark(tail)
        self._rest = tail[cut:]
        self._take(tail[:cut], shown)
        return bytes(shown)

    def _take(self, data: bytes, shown: bytearray) -> None:
        shown += data
        if self._now and len(self._output) < _OUTPUT:
            self._output += data[: _OUTPUT - len(self._output)]

    def _begin(self, coded: bytes) -> None:
        try:
            command = base64.b64decode(coded, validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            command = "?"
        self._now = (command.strip("\n"), time.time(), datetime.now(UTC).isoformat(timespec="seconds"))
        self._output.clear()

    def _end(self, said: bytes) -> None:
        status, _, number = said.decode("ascii", "replace").partition(";")
        if not (status.isdigit() and number.isdigit()):
            return
        if self._now:
            command, began, started = self._now
            text = as_text(bytes(self._output))
            ended = time.time()
            calls = witness.calls(self._folder, int(number) - 1)
            seconds = round(ended - began, 3)
            self._typed.append(Typed(int(number), command, text, int(status), seconds, started, began, ended, calls))
            del self._typed[:-_KEPT]
        self._now = None
        try:
            write_json(_file(self._folder), {"count": int(number), "typed": [asdict(one) for one in self._typed]})
        except LabError:
            return  # a full disk must not end the shell; `lab check` then says what it can see
        builders.fit()


def _half_mark(data: bytes) -> int:
    """Where a mark begins that is not all here yet; the length of `data` where none does."""
    at = data.rfind(b"\x1b")
    if at < 0:
        return len(data)
    tail = data[at:]
    return at if _BEGINNING.startswith(tail) or tail.startswith(_BEGINNING) else len(data)


def as_text(output: bytes) -> str:
    """What stood on the screen in the end: no colours, no moves of the cursor, of an overwritten line its last form."""
    text = _CONTROL.sub("", output.decode("utf-8", "replace").replace("\r\n", "\n"))
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))


def _file(folder: Path) -> Path:
    return folder / "typed.json"


def session() -> Path | None:
    """The folder of the `lab shell` that this process runs in; None outside of one."""
    chosen = os.environ.get(FOLDER)
    return Path(chosen) if chosen and Path(chosen).is_dir() else None


def typed(folder: Path, *, patience: float = 1.0) -> list[Typed]:
    """The tries so far, oldest first. The one that has just ended is waited for; what cannot be read is none."""
    wanted = os.environ.get(COUNT, "0")
    until = time.monotonic() + patience
    while True:
        count, found = _read(folder)
        if count >= (int(wanted) if wanted.isdigit() else 0) or time.monotonic() > until:
            return [one for one in found if not one.asks_the_lab and one.number > _forgotten(folder)]
        time.sleep(0.02)


def _read(folder: Path) -> tuple[int, list[Typed]]:
    try:
        data: Any = read_json(_file(folder))
        return int(data["count"]), [_typed(one) for one in data["typed"]]
    except (LabError, TypeError, KeyError, ValueError):
        return 0, []


def _typed(data: dict[str, Any]) -> Typed:
    calls = tuple(Call(**{**one, "words": tuple(one["words"])}) for one in data["calls"])
    return Typed(**{**data, "calls": calls})


def forget(folder: Path) -> None:
    """What was typed so far is no try of a step any more: it passed one, or was undone."""
    write_text(folder / "forgotten", str(_read(folder)[0] + 1))


def _forgotten(folder: Path) -> int:
    try:
        return int((folder / "forgotten").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return 0


def stand_at(step: str) -> None:
    """Let the prompt of this session name the step that is next."""
    if folder := session():
        write_text(folder / "step", step)


def windows(tries: Sequence[Typed], limit: int = 10) -> list[Sequence[Typed]]:
    """What may be one try of a step, likeliest first: the last commands together, then each of them alone."""
    recent = tries[-limit:]
    together = [recent[start:] for start in range(len(recent) - 1, -1, -1)]
    alone = [[one] for one in reversed(recent[:-1])]
    return [*together, *alone]
