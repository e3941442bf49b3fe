"""What a lesson begins and ends with: questions on earlier lessons, what one will be able to do, words to say it in.

The texts stand in `recall.toml`, beside this file.
"""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Question:
    """Asked when the lesson `lesson` opens, about the earlier lesson `about` (both are stems).

    `answer` is one of `options`. `source` is where that is so: a step of the course, or a document's address.
    """

    name: str
    lesson: str
    about: str
    ask: str
    options: tuple[str, ...]
    answer: str
    because: str
    source: str

    def read(self, said: str) -> str:
        """An answer as people give it: the option, or its number. UsageError for none of them."""
        words = " ".join(said.split())
        if words.isdigit() and 1 <= int(words) <= len(self.options):
            return self.options[int(words) - 1]
        for option in self.options:
            if option.lower() == words.lower():
                return option
        raise UsageError(f"{said!r} is none of the answers.", f"Give a number from 1 to {len(self.options)}.")


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A lesson's beginning and end: what one will be able to do (`goals`), and one thing to say in one's own words.

    `model` is one way to say it, `points` what a good answer has in it.
    """

    lesson: str
    goals: tuple[str, ...]
    explain: str
    model: str
    points: tuple[str, ...]


@functools.cache
def questions() -> tuple[Question, ...]:
    """All questions, in the order of the course."""
    return tuple(Question(**{**one, "options": tuple(one["options"])}) for one in _read().get("question", ()))


def opening(lesson: str) -> tuple[Question, ...]:
    """The questions that a lesson opens with."""
    return tuple(one for one in questions() if one.lesson == lesson)


@functools.cache
def frames() -> tuple[Frame, ...]:
    """What each lesson begins and ends with, as far as that is written."""
    found = _read().get("lesson", ())
    return tuple(Frame(**{**one, "goals": tuple(one["goals"]), "points": tuple(one["points"])}) for one in found)


def frame(lesson: str) -> Frame:
    """The beginning and the end of a lesson, by its stem, or what a case asks. UsageError where it asks nothing."""
    for one in frames():
        if one.lesson == lesson:
            return one
    from lab.course import CAPSTONE, capstone, clinic
    from lab.probes import here

    if lesson == CAPSTONE:
        return capstone.frame()
    if case := clinic.named(lesson):
        return clinic.frame(case, here.seed())
    raise UsageError(f"The lesson {lesson!r} asks for nothing in your own words.")


def framed(name: str) -> Frame:
    """What a lesson or a case asks to be said in own words, by any of its names."""
    from lab import course
    from lab.course import clinic

    case = clinic.named(name)
    return frame(case.name if case else course.lesson(name).stem)


@functools.cache
def _read() -> dict[str, list[dict[str, Any]]]:
    with Path(__file__).with_name("recall.toml").open("rb") as file:
        return tomllib.load(file)
