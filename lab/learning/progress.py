"""What a learner has done, kept in one small file that survives the sandbox.

A pass stays a pass: a later look at the same step may say otherwise about the world of today, but nothing that
was finished is asked again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab import course
from lab.errors import BadInput, Blocked
from lab.learning import outbox
from lab.model.results import Result, Status
from lab.storage import own_folder, read_json, set_aside, write_json

if TYPE_CHECKING:
    from lab.model.steps import Step

_FILE = "progress.json"


@dataclass(frozen=True)
class Entry:
    """One step's past: when it first passed ("": never), how the last check went, and with which help.

    `hints` were shown, and the solution where `solved` is true, before it passed. `proof` is what the last pass has
    proven; `predicted` is "right" or "wrong" ("" where nothing was predicted), `was` and `because` are the right answer
    to what the step asks before; `good` that the work was good, too.
    """

    passed: str = ""
    version: str = ""
    last: str = Status.NOT_ATTEMPTED.label
    tries: int = 0
    hints: int = 0
    solved: bool = False
    proof: str = ""
    predicted: str = ""
    good: bool = False
    was: str = ""
    because: str = ""

    @classmethod
    def from_json(cls, data: Any) -> Entry:
        """Read one entry; what is not of its form counts as nothing."""
        if not isinstance(data, dict):
            return cls()
        like: dict[str, Any] = vars(cls())
        given: dict[str, Any] = {name: v for name, v in data.items() if type(v) is type(like.get(name))}
        return cls(**given)


def read(home: Path) -> dict[str, Entry]:
    """All entries by step name. A damaged file is set aside, never lost, and counts as empty."""
    path = home / _FILE
    try:
        data = read_json(path)
    except BadInput:
        set_aside(path)
        return {}
    steps = data.get("steps") if isinstance(data, dict) else None
    return {name: Entry.from_json(entry) for name, entry in steps.items()} if isinstance(steps, dict) else {}


def passed(home: Path, step: str) -> bool:
    """Did that step ever pass?"""
    return bool(read(home).get(step, Entry()).passed)


def next_open(home: Path) -> Step | None:
    """The course's first step that never passed; None where all have."""
    entries = read(home)
    return next((step for step in course.steps().values() if not entries.get(step.name, Entry()).passed), None)


def is_stale(entry: Entry, step: Step) -> bool:
    """Did the step pass in an earlier form, before what it asks for was changed?"""
    return bool(entry.passed) and entry.version != step.version


def record(home: Path, step: Step, result: Result) -> None:
    """Remember how a check went. A full disk does not spoil the check itself."""
    known = read(home).get(step.name)
    if result.status is Status.PASSED and known and known.last == result.status.label and not is_stale(known, step):
        return  # a second look at what has passed tells nothing new: no lock, no write
    try:
        with _changing(home) as entries:
            old = entries.get(step.name, Entry())
            now_passed = result.status is Status.PASSED
            tried = replace(
                old, last=result.status.label, tries=old.tries + (result.status in (Status.PASSED, Status.FAILED))
            )
            entries[step.name] = _passed(tried, step, result) if now_passed else tried
    except Blocked:
        return
    _tell(home, step.name, result)


def _tell(home: Path, step: str = "", result: Result | None = None) -> None:
    """The board of the class, where the learner has joined one, may know."""
    if outbox.joined(home):
        outbox.tell(home, read(home), step, result)


def _passed(entry: Entry, step: Step, result: Result) -> Entry:
    asked, good = result.predicted or {}, result.good or {}
    said = "" if not asked.get("said") else "right" if asked["said"] == asked["was"] else "wrong"
    return replace(
        entry,
        passed=entry.passed or result.when,
        version=step.version,
        proof=result.text,
        predicted=entry.predicted or said,
        good=entry.good or good.get("reached") == "yes",
        was=asked.get("was", ""),
        because=asked.get("because", ""),
    )


def show_solution(home: Path, step: Step) -> None:
    """Note that the solution was shown before the step passed."""
    with _changing(home) as entries:
        old = entries.get(step.name, Entry())
        entries[step.name] = old if old.passed else replace(old, solved=True)
    _tell(home)


def show_hint(home: Path, step: Step) -> int:
    """Count one more hint as shown (not more than there are) and say how many are now."""
    with _changing(home) as entries:
        old = entries.get(step.name, Entry())
        shown = min(old.hints + 1, len(step.hints))
        entries[step.name] = replace(old, hints=shown)
    _tell(home)
    return shown


def forget(home: Path, steps: list[str]) -> None:
    """Drop the entries of these steps."""
    with _changing(home) as entries:
        for name in steps:
            entries.pop(name, None)
    _tell(home)


@contextmanager
def _changing(home: Path) -> Iterator[dict[str, Entry]]:
    from filelock import FileLock, Timeout

    try:
        own_folder(home)
        with FileLock(home / f".{_FILE}.lock", timeout=10, mode=0o600):
            entries = read(home)
            yield entries
            write_json(home / _FILE, {"steps": {name: vars(entry) for name, entry in entries.items()}})
    except (OSError, Timeout) as error:
        raise Blocked(f"Progress cannot be kept: {error}.", "Is the disk full, or LAB_HOME read-only?") from error
