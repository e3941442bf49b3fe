"""What the board of a class may know of a learner who has joined it, kept here until it has been sent.

Of each step: how it stands, with which help, since when, and which of the course's own sentences was the last answer.
Never a command, an output or a path: a sentence goes without what was found, and what blocks a step as one of a
few kinds. Nothing here may slow a check down or spoil it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.errors import BadInput, LabError
from lab.model.results import Result, Status
from lab.storage import own_folder, read_json, write_json, write_text

if TYPE_CHECKING:
    from lab.learning.progress import Entry

PAUSE = 1.0  # seconds that a sender waits for more to come, and in which no second one is started
_PATIENCE = 1.0  # seconds that a check may wait for the outbox
_OFF = "LAB_SENDER"  # "no" where nothing is to be started in the background

NO_SANDBOX = "No sandbox is up."
NO_ENGINE = "The engine does not answer."
NO_REGISTRY = "The registry does not answer."
NO_EMULATOR = "An emulator is missing."
STORE = "The engine's image store cannot do it."
BUILDER = "A builder cannot do it."
DISK = "A file cannot be read or written."
OTHER = "Something else is missing: the learner's own screen says what."
UNREADABLE = "An answer cannot be read."
# What blocks a step, by words of the sentence that the learner reads.
_KINDS = (
    (r"sandbox|lab up` did not finish", NO_SANDBOX),
    (r"emulator|cannot be started", NO_EMULATOR),
    (r"image store", STORE),
    (r"disk|cannot be (?:read|written)", DISK),
    (r"engine|docker (?:daemon|version)", NO_ENGINE),
    (r"[Bb]uilder|[Bb]uildx|BuildKit", BUILDER),
    (r"[Rr]egistry", NO_REGISTRY),
)
REASONS = (*dict.fromkeys(kind for _, kind in _KINDS), OTHER, UNREADABLE)


def folder(home: Path) -> Path:
    """Where what belongs to the class is kept; `lab leave` removes it."""
    return home / "class"


def membership(home: Path) -> Path:
    """The file that is there while the learner has joined a class."""
    return folder(home) / "class.json"


def news(home: Path) -> Path:
    """The file with what the teacher shows or offers."""
    return folder(home) / "news.json"


def joined(home: Path) -> bool:
    """Has this learner joined a class?"""
    return membership(home).is_file()


def tell(home: Path, entries: Mapping[str, Entry], step: str = "", result: Result | None = None) -> None:
    """Progress has changed: note it, and have it sent. Whatever goes wrong here, the check goes on."""
    from filelock import Timeout

    with suppress(LabError, OSError, Timeout):
        with opened(home, _PATIENCE) as box:
            if result is not None:
                box.answered(step, sentence(result))
            box.renew(entries)
        _send_soon(home)


def sentence(result: Result) -> str:
    """The course's own sentence behind a result, without what was found; of what blocks, only the kind."""
    if result.status is Status.PASSED or result.message != "{reason}":
        return "" if result.status is Status.PASSED else result.message
    if result.status is Status.BLOCKED:
        reason = result.values.get("reason", "")
        return next((kind for words, kind in _KINDS if re.search(words, reason)), OTHER)
    return UNREADABLE if result.status is Status.FAILED else ""


class Outbox:
    """The newest state of each step, numbered in the order of changes; what has a number above `sent` still waits."""

    def __init__(self, data: Any) -> None:
        known = data if isinstance(data, dict) else {}
        steps = known.get("steps")
        table = steps if isinstance(steps, dict) else {}
        self.steps: dict[str, dict[str, Any]] = {n: one for n, one in table.items() if isinstance(one, dict)}
        self.last, self.sent = _whole(known.get("last")), _whole(known.get("sent"))
        if self.sent > self.last:  # somebody's edit
            self.sent = 0

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"last": self.last, "sent": self.sent, "steps": self.steps}

    def answered(self, step: str, message: str) -> None:
        """The last check of the step had this answer."""
        self._put(step, {**self.steps.get(step, {}), "message": message})

    def renew(self, entries: Mapping[str, Entry]) -> None:
        """Take over what progress says, also of changes that nobody told."""
        for name, entry in entries.items():
            known = self.steps.get(name)
            now = _stand(entry)
            if known is None and not _touched(entry):
                continue
            known = known or {}
            since = known.get("since") if _waits(known) == _waits(now) and "since" in known else time.time()
            self._put(name, {**known, **now, "since": since})
        for name in self.steps.keys() - entries.keys():  # it was reset
            if self.steps[name].get("status") != Status.NOT_ATTEMPTED.label:
                self._put(name, {**_NOTHING, "message": "", "since": time.time()})

    def waiting(self) -> list[tuple[str, dict[str, Any]]]:
        """What has not been sent, the oldest change first."""
        found = [(name, one) for name, one in self.steps.items() if _whole(one.get("number")) > self.sent]
        return sorted(found, key=lambda pair: _whole(pair[1].get("number")))

    def told(self, steps: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """The board has these; what has changed since has a greater number."""
        self.sent = min(self.last, max([self.sent, *(_whole(one.get("number")) for _, one in steps)]))

    def again(self) -> None:
        """The board knows nothing of it (any more): all of it waits."""
        self.sent = 0

    def _put(self, name: str, now: dict[str, Any]) -> None:
        before = self.steps.get(name, {})
        if now == before:
            return
        self.last += 1
        self.steps[name] = {**now, "number": self.last, "at": time.time()}


_NOTHING: dict[str, Any] = {
    "status": Status.NOT_ATTEMPTED.label,
    "passed": False,
    "tries": 0,
    "hints": 0,
    "solved": False,
}


def _stand(entry: Entry) -> dict[str, Any]:
    return {
        "status": entry.last,
        "passed": bool(entry.passed),
        "tries": entry.tries,
        "hints": entry.hints,
        "solved": entry.solved,
    }


def _touched(entry: Entry) -> bool:
    return _stand(entry) != _NOTHING


def _waits(one: Mapping[str, Any]) -> bool:
    """Does somebody stand before that step who has tried it?"""
    return one.get("status") in (Status.FAILED.label, Status.BLOCKED.label) and not one.get("passed")


def _whole(value: object) -> int:
    return value if type(value) is int else 0


@contextmanager
def opened(home: Path, patience: float = 10.0) -> Iterator[Outbox]:
    """The outbox, to be changed: no other process does so meanwhile. A damaged one counts as empty."""
    from filelock import FileLock

    path = own_folder(folder(home)) / "outbox.json"
    with FileLock(folder(home) / ".outbox.lock", timeout=patience, mode=0o600):
        try:
            data = read_json(path)
        except BadInput:
            data = None
        box = Outbox(data)
        before = None if data is None else repr(box.to_json())
        yield box
        if repr(box.to_json()) != before:
            write_json(path, box.to_json())


def _send_soon(home: Path) -> None:
    """Start a sender, unless one is still waiting for more: that one takes this along."""
    stamp = folder(home) / ".sender"
    with suppress(FileNotFoundError):
        if abs(time.time() - stamp.stat().st_mtime) < PAUSE:
            return
    if os.environ.get(_OFF) == "no":
        return
    write_text(stamp, "")
    command = [sys.executable, "-P", "-m", "lab.board.send", str(home)]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
    # somebody has to ask for its end, or a kernel that lives for days would collect dead children
    threading.Thread(target=process.wait, name="lab-sender", daemon=True).start()
