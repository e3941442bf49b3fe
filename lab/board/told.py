"""What a learner's lab tells the board of one step. Everything that comes in is read here, with doubt."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lab.errors import BadInput
from lab.model.results import Status

MOST_STEPS = 50  # in one message
_MOST_NAME, _MOST_SENTENCE, _MOST_COUNT = 60, 1000, 9999
_DAYS = 30 * 86400.0
_STATUSES = {status.label for status in Status}


@dataclass(frozen=True)
class Told:
    """One step: `since` and `at` in seconds of the board's own clock, `message` a sentence of the course's."""

    step: str
    status: str
    message: str
    passed: bool
    tries: int
    hints: int
    solved: bool
    since: float
    at: float


def for_sending(step: str, known: Mapping[str, Any], now: float) -> dict[str, Any]:
    """What is sent of a step: all of it. Times go as *seconds ago*, since no two clocks in a room agree."""
    return {
        "step": step,
        "status": str(known.get("status", "")),
        "message": str(known.get("message", "")),
        "passed": known.get("passed") is True,
        "tries": _number(known.get("tries")),
        "hints": _number(known.get("hints")),
        "solved": known.get("solved") is True,
        "since_ago": _ago(now - _real(known.get("since"), now)),
        "changed_ago": _ago(now - _real(known.get("at"), now)),
    }


def read(data: Any, now: float) -> list[Told]:
    """The steps of a message. BadInput where it is not of that form."""
    steps = data.get("steps") if isinstance(data, dict) else None
    if not isinstance(steps, list) or len(steps) > MOST_STEPS:
        raise BadInput(f"A message has a list of up to {MOST_STEPS} steps.")
    return [_one(step, now) for step in steps]


def _one(data: Any, now: float) -> Told:
    if not isinstance(data, dict):
        raise BadInput("A step is a table.")
    step, status, message = (data.get(name) for name in ("step", "status", "message"))
    if not isinstance(step, str) or len(step) > _MOST_NAME or not step.isidentifier():
        raise BadInput("A step has a name.")
    if not isinstance(status, str) or status not in _STATUSES:
        raise BadInput("A step has a status.")
    if not isinstance(message, str) or len(message) > _MOST_SENTENCE:
        raise BadInput("A message is one sentence.")
    return Told(
        step,
        status,
        message,
        data.get("passed") is True,
        _number(data.get("tries")),
        _number(data.get("hints")),
        data.get("solved") is True,
        now - _ago(_real(data.get("since_ago"))),
        now - _ago(_real(data.get("changed_ago"))),
    )


def _number(value: object) -> int:
    return max(0, min(value, _MOST_COUNT)) if type(value) is int else 0


def _real(value: object, otherwise: float = 0.0) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return otherwise
    try:
        return float(value) if math.isfinite(value) else otherwise
    except OverflowError:
        return otherwise


def _ago(seconds: float) -> float:
    return round(max(0.0, min(seconds, _DAYS)), 1)
