"""What was typed in `lab shell`, and what came back: marked by the shell, heard on the way, kept in a file.

bash marks where a command begins and ends with control sequences that no terminal shows, and the lab where its own
words do; they are taken out again before the learner's own terminal sees them.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import re
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.model.facts import Call
from lab.model.steps import Step
from lab.sandbox.engine import adapt_new_builders
from lab.storage import read_json, write_json, write_text
from lab.terminal import marks, witness
from lab.terminal.shell import has_command
from lab.terminal.spoken import Mark, Part, Reader, Spoken, kept

FOLDER, COUNT = "LAB_SHELL", witness.COUNT
_CONTROL = re.compile(r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[0-?]*[ -/]*[@-~]|\x1b[@-Z\\-_=>]|[\x00-\x08\x0e-\x1a]")
LOOKS = frozenset({"file", "show", "timeline", "builders", "emulators", "audit", "doctor"})  # they look at things
_KEPT = 40  # commands
_OUTPUT = 200_000  # bytes of one command's output


@dataclass(frozen=True)
class Typed:
    """One command line: what it printed (as text, without colours) and its exit status. `number` counts prompts.

    `parts` are its words by who printed them; `last` is the verb of the lab that it ended with, or that is at work.
    """

    number: int
    command: str
    parts: tuple[Part, ...]
    exit_status: int
    seconds: float
    started: str
    began: float = 0.0
    ended: float = 0.0
    calls: tuple[Call, ...] = ()
    last: str = ""

    @property
    def output(self) -> str:
        """What it printed, but for the lab's own words."""
        return kept(self.parts, frozenset())

    def without_the_lab(self, verbs: frozenset[str] = frozenset()) -> Typed | None:
        """The same without what the lab said and did, but for these verbs; None where nothing is left of it.

        Where it ended with such a verb, its exit status is that of the last program before.
        """
        if not has_command(self.command):
            return None
        parts = tuple(part for part in self.parts if set(part[0].split()) <= verbs)
        calls = tuple(witness.of_learner(self.calls, verbs))
        asked = len(parts) < len(self.parts) or len(calls) < len(self.calls) or bool(self.last)
        if asked and self.last not in verbs and not calls and not kept(parts, verbs).strip():
            return None
        status = self.exit_status
        if self.last and self.last not in verbs:
            status = (calls[-1].exit_status or 0) if calls else 0
        return replace(self, parts=parts, calls=calls, exit_status=status)


@dataclass
class _Line:
    """A command line that runs."""

    number: int
    command: str
    began: float
    started: str
    spoken: Spoken


class Recorder:
    """Listens to the terminal; keeps each command in the session's file when it has ended, or the lab asks."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._reader = Reader()
        self._now: _Line | None = None
        self._count = 0
        self._typed: list[Typed] = []

    @property
    def held_back(self) -> bytes:
        """What may still become a mark."""
        return self._reader.rest

    def heard(self, piece: bytes) -> bytes:
        """Take a piece of what the shell printed; what is to be shown of it."""
        shown = bytearray()
        for one in self._reader.feed(piece):
            if isinstance(one, bytes):
                shown += one
            elif one.kind == "S":
                self._begin(one.words)
            elif one.kind == "E":
                self._end(one.words)
            if self._now and (isinstance(one, bytes) or one.kind in "LM"):
                self._now.spoken.hear(one)
            if isinstance(one, Mark) and one.kind == "L":
                self._write(asked_by=one.words.partition(";")[0])
        return bytes(shown)

    def _begin(self, coded: str) -> None:
        try:
            command = base64.b64decode(coded, validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            command = "?"
        started = datetime.now(UTC).isoformat(timespec="seconds")
        spoken = Spoken(_OUTPUT)
        self._now = _Line(self._count + 1, command.strip("\n"), time.time(), started, spoken)

    def _end(self, said: str) -> None:
        status, _, number = said.partition(";")
        if not (status.isdigit() and number.isdigit()):
            return
        self._count = int(number)
        if self._now:
            verb, its_status = self._now.spoken.last
            line = replace(self._now, number=self._count)
            self._typed.append(self._as_typed(line, int(status), verb if its_status == status else ""))
            del self._typed[:-_KEPT]
        self._now = None
        self._write()
        adapt_new_builders()

    def _as_typed(self, line: _Line, status: int, last: str) -> Typed:
        ended = time.time()
        return Typed(
            number=line.number,
            command=line.command,
            parts=tuple((whose, as_text(bytes(words))) for whose, words in line.spoken.parts),
            exit_status=status,
            seconds=round(ended - line.began, 3),
            started=line.started,
            began=line.began,
            ended=ended,
            calls=witness.calls(self._folder, line.number - 1),
            last=last,
        )

    def _write(self, asked_by: str = "") -> None:
        """Keep what was typed; with what the line that runs has done so far, where the lab asks in the middle of it."""
        now = [self._as_typed(self._now, 0, self._now.spoken.running)] if self._now and asked_by else []
        typed = [asdict(one) for one in (*self._typed, *now)]
        with contextlib.suppress(LabError):  # a full disk must not end the shell; `lab check` says what it can see
            write_json(_file(self._folder), {"count": self._count, "asked_by": asked_by, "typed": typed})


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
    """What was typed since the last step passed, oldest first; of the line that runs, what it did before it asked.

    The command that has just ended is waited for; what cannot be read is none.
    """
    found = _read_when_there(folder, patience)
    number, parts, calls, when = _forgotten(folder)
    rest = [_rest_of(one, parts, calls, when) if one.number == number else one for one in found]
    return [one for one in rest if one.number >= number and one.without_the_lab() is not None]


def on_screen(folder: Path, *, patience: float = 1.0) -> Typed | None:
    """The last command that was the learner's own, whether a step has passed since or not."""
    own = (one.without_the_lab(LOOKS) for one in reversed(_read_when_there(folder, patience)))
    return next((one for one in own if one is not None), None)


def _read_when_there(folder: Path, patience: float) -> list[Typed]:
    wanted = os.environ.get(COUNT, "0")
    until = time.monotonic() + patience
    while True:
        data, found = _read(folder)
        if data.get("asked_by") == str(os.getpid()) or time.monotonic() > until:
            return found
        if marks.PLACE not in os.environ and data.get("count", 0) >= (int(wanted) if wanted.isdigit() else 0):
            return found
        time.sleep(0.02)


def _read(folder: Path) -> tuple[dict[str, Any], list[Typed]]:
    try:
        data: Any = read_json(_file(folder))
        return {"count": int(data["count"]), "asked_by": data.get("asked_by", "")}, [
            _typed(one) for one in data["typed"]
        ]
    except (LabError, TypeError, KeyError, ValueError, AttributeError):
        return {}, []


def _typed(data: dict[str, Any]) -> Typed:
    calls = tuple(Call(**{**one, "words": tuple(one["words"])}) for one in data["calls"])
    return Typed(**{**data, "calls": calls, "parts": tuple((whose, words) for whose, words in data["parts"])})


def _rest_of(line: Typed, parts: int, calls: int, when: float) -> Typed:
    """What a line did after it was looked at."""
    return replace(line, parts=line.parts[parts:], calls=line.calls[calls:], began=max(line.began, when))


def forget(folder: Path) -> None:
    """What was typed so far is no try of a step any more: it passed one, or was undone."""
    data, found = _read(folder)
    number = data.get("count", 0) + 1
    running = next((one for one in found if one.number == number), None)
    done = (len(running.parts), len(running.calls)) if running else (0, 0)
    write_json(folder / "forgotten.json", [number, *done, time.time()])


def _forgotten(folder: Path) -> tuple[int, int, int, float]:
    """The line that ran when it was last forgotten, how many of its parts and calls are, and when that was."""
    try:
        number, parts, calls, when = read_json(folder / "forgotten.json")
        return int(number), int(parts), int(calls), float(when)
    except (LabError, TypeError, ValueError):
        return 0, 0, 0, 0.0


def stand_at(step: Step | None, place: Path | None = None) -> None:
    """Let the prompt of the session in `place`, else of this one, name the step that is next."""
    if folder := place or session():
        write_text(folder / "step", step.name if step else "")


def windows(tries: Sequence[Typed], limit: int = 10) -> list[Sequence[Typed]]:
    """What may be one try of a step, likeliest first: the last commands together, then each of them alone."""
    recent = tries[-limit:]
    together = [recent[start:] for start in range(len(recent) - 1, -1, -1)]
    alone = [[one] for one in reversed(recent[:-1])]
    return [*together, *alone]
