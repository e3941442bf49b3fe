"""What the panel and the terminal say of a class that was joined. Only names of steps came from its board."""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import Path

from lab import course
from lab.board import client
from lab.draw import render
from lab.errors import LabError
from lab.model.steps import Step


@dataclass(frozen=True)
class Room:
    """A class that was joined: under which name, and what the teacher shows (step, solution) and offers to reset."""

    name: str
    shown: tuple[tuple[str, str], ...] = ()
    offered: tuple[str, ...] = ()


def of_learner(home: Path) -> Room | None:
    """The class as it is shown; None where none was joined. Solutions are the course's own."""
    joined, news = client.member(home), client.news(home)
    if joined is None:
        return None
    shown = [(one, found.solution) for one in news.solutions if (found := _step(one))]
    return Room(joined.name, tuple(shown), tuple(one for one in news.resets if _step(one)))


def _step(name: str) -> Step | None:
    try:
        return course.step(name)
    except LabError:
        return None


_JOINED = "You are in a class, as {name}. Its board sees how your steps stand; `lab leave` ends that."
_SHOWN = "Your teacher shows the solution of {step}:"
_OFFERED = (
    "Your teacher suggests that you begin {step} again: press Reset this step under its cell, or `lab reset {step}`. "
    "Nothing is undone without you."
)


def as_text(room: Room | None) -> list[str]:
    """For a terminal."""
    return [_JOINED.format(name=room.name), *news(room)] if room else []


def news(room: Room | None) -> list[str]:
    """What the teacher shows and offers, for a terminal."""
    if room is None:
        return []
    solutions = [f"{_SHOWN.format(step=step)}\n{text}" for step, text in room.shown]
    return [*(_OFFERED.format(step=step) for step in room.offered), *solutions]


def as_html(room: Room | None) -> str:
    """For the panel, without script."""
    if room is None:
        return ""
    offered = [f"<div>{render.inline(_OFFERED.format(step=step))}</div>" for step in room.offered]
    shown = [f'<div class="lab-shown">{_solution(step, text)}</div>' for step, text in room.shown]
    joined = f"<small>{render.inline(_JOINED.format(name=room.name))}</small>"
    return f'<div class="lab-room" role="status">{"".join([*offered, *shown])}{joined}</div>'


def _solution(step: str, text: str) -> str:
    return f"{html.escape(_SHOWN.format(step=step))}<pre><code>{html.escape(text)}</code></pre>"
