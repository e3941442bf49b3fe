"""What a learner recalled of earlier lessons, and said in own words: kept for them, never graded."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lab.course import clinic, recall
from lab.errors import BadInput, UsageError
from lab.learning import progress
from lab.storage import read_json, set_aside, write_json

_FILE = "recalls.json"


def answer(home: Path, question: recall.Question, said: str) -> bool:
    """Keep an answer; is it the right one? Raises UsageError where it is none of the options."""
    read = question.read(said)
    right = read == question.answer
    data = _all(home)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    data["answers"][question.name] = {"said": read, "right": right, "when": now}
    write_json(home / _FILE, data)
    return right


def answers(home: Path) -> dict[str, bool]:
    """Which questions were answered, and whether the latest answer was right."""
    return {name: bool(one.get("right")) for name, one in _all(home)["answers"].items() if isinstance(one, dict)}


def due(home: Path, lesson: str = "") -> list[recall.Question]:
    """What to ask: a lesson's own questions; without a lesson those that were missed."""
    known = answers(home)
    if lesson:
        return list(recall.opening(lesson))
    return [one for one in recall.questions() if known.get(one.name) is False]


def unanswered(home: Path, lesson: str) -> list[recall.Question]:
    """Those of a lesson's questions that nobody has answered yet."""
    known = answers(home)
    return [one for one in recall.opening(lesson) if one.name not in known]


def wants_words(home: Path, lesson: str) -> bool:
    """Does that lesson ask for one's own words, and were none said?"""
    return any(one.lesson == lesson for one in recall.frames()) and not reflection(home, lesson)


def reflect(home: Path, lesson: str, words: str) -> recall.Frame:
    """Keep what somebody said in their own words, and give what it can be compared with."""
    frame = recall.frame(lesson)
    if not words.strip():
        raise UsageError("There are no words to keep.", "One sentence is enough.")
    refuse_early(home, lesson)
    data = _all(home)
    data["reflections"][lesson] = words.strip()
    write_json(home / _FILE, data)
    return frame


def refuse_early(home: Path, name: str) -> None:
    """UsageError for a case that has not passed: what decided it would give it away."""
    case = clinic.named(name)
    if case and not progress.passed(home, case.name):
        raise UsageError(f"What decided {case.code} is asked when the case has passed.", f"`lab check {case.name}`")


def reflection(home: Path, lesson: str) -> str:
    """What was said; "" where nothing was."""
    return str(_all(home)["reflections"].get(lesson, ""))


def _all(home: Path) -> dict[str, dict[str, Any]]:
    path = home / _FILE
    try:
        data: Any = read_json(path)
    except BadInput:
        set_aside(path)
        data = None
    given = data if isinstance(data, dict) else {}
    return {name: found if isinstance(found := given.get(name), dict) else {} for name in ("answers", "reflections")}
