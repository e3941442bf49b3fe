"""What a learner said before a step was run. It is kept, never graded, and never in the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lab.errors import BadInput, UsageError
from lab.learning import progress
from lab.model.steps import Step
from lab.storage import read_json, set_aside, write_json

_FILE = "predictions.json"


def say(home: Path, step: Step, answer: str) -> str:
    """Keep an answer, and give it back as it was read. It may be changed until the step passes.

    Raises UsageError where the step asks nothing, has passed, or has no such answer.
    """
    if step.predict is None:
        raise UsageError(f"The step {step.name!r} asks for no prediction.", "`lab next` says what to do.")
    if progress.passed(home, step.name):
        raise UsageError(f"The step {step.name!r} has passed, so nothing is left to predict.")
    read = step.predict.read(answer)
    if not read:
        raise UsageError("An empty answer is no prediction.", f"As in: lab predict {step.name} ANSWER")
    write_json(home / _FILE, _all(home) | {step.name: read})
    return read


def said(home: Path, step: str) -> str:
    """What was said; "" where nothing was."""
    return _all(home).get(step, "")


def forget(home: Path, steps: list[str]) -> None:
    """Drop what was said before these steps."""
    kept = _all(home)
    if any(step in kept for step in steps):
        write_json(home / _FILE, {name: answer for name, answer in kept.items() if name not in steps})


def _all(home: Path) -> dict[str, str]:
    path = home / _FILE
    try:
        data: Any = read_json(path)
    except BadInput:
        set_aside(path)
        data = None
    return {str(name): str(answer) for name, answer in data.items()} if isinstance(data, dict) else {}
