"""The slides: one for each lesson, with its question, its picture and a prediction to ask, on a page of their own.

What is on them comes from the course and its real run; `docs/workshop/slides.toml` chooses, and has what rooms say.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab import course
from lab.draw.render import inline
from lab.errors import BadInput
from lab.learning.tour import results_of
from lab.learning.tour.runs import Run
from lab.model.steps import Prediction
from pages import diagram
from pages.lesson import Page, minutes, sources

PLACE = "workshop/slides.md"
_TOKEN = "LABBLOCK{}X"  # noqa: S105 - a place in a page
_MERMAID = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ASK = "Ask first"
_SAY = "Somebody will say"
_ANSWER = "Then say"

HEAD = """---
title: Slides
description: A slide for each lesson, with its picture, a question to ask first, and what rooms say wrong.
template: slides.html
search:
  exclude: true
---
"""
TITLE = """<section class="slide title" id="start" aria-label="Contents"><h1>Slides</h1>
<nav aria-label="Slides"><ol>{contents}</ol></nav>
<p class="keys"><kbd>→</kbd> <kbd>←</kbd> next and back · <kbd>Home</kbd> this page ·
<kbd>N</kbd> notes for the teacher · <kbd>D</kbd> dark or light · <kbd>F</kbd> full screen ·
<a href="../">How to teach a group</a></p></section>"""


@dataclass(frozen=True, kw_only=True)
class Slide:
    """A lesson's slide: see the head of `slides.toml` for what its fields mean."""

    lesson: str
    ask: str
    say: str
    answer: str
    diagram: str = ""


def read(file: Path) -> dict[str, Slide]:
    """The slides by their lesson's stem; BadInput where a lesson has none, or one asks what no step predicts."""
    data = tomllib.loads(file.read_text(encoding="utf-8"))
    found = {one["lesson"]: Slide(**one) for one in data["slide"]}
    for lesson in course.lessons():
        slide = found.get(lesson.stem)
        if slide is None:
            raise BadInput(f"The lesson {lesson.name!r} has no slide in {file.name!r}.")
        if slide.ask not in {step.name for step in lesson.steps if step.predict}:
            raise BadInput(
                f"In {file.name!r}, the slide of {lesson.stem!r} asks for {slide.ask!r}, which predicts nothing."
            )
    return found


def page(file: Path, runs: Sequence[Run]) -> Page:
    """The page of all slides."""
    slides = read(file)
    made = Page("", "", {_TOKEN.format(0): _title(runs)})
    parts, plain = [f"{HEAD}\n{_TOKEN.format(0)}\n{{: #start }}"], ["# Slides"]
    for run in runs:
        slide, stem = slides[run.lesson.stem], run.lesson.stem
        token = _TOKEN.format(len(made.blocks))
        made.blocks[token] = _section(slide, run)
        parts.append(f"{token}\n{{: #{stem} }}")
        plain.append(_plain(slide, run))
    made.markdown, made.plain = ("\n\n".join(texts) + "\n" for texts in (parts, plain))
    return made


def _title(runs: Sequence[Run]) -> str:
    lessons = [run.lesson for run in runs]
    contents = "".join(f'<li><a href="#{one.stem}">{inline(one.question)}</a></li>' for one in lessons)
    return TITLE.format(contents=contents)


def _section(slide: Slide, run: Run) -> str:
    lesson = run.lesson
    told = f"Lesson {lesson.number} of {len(course.lessons())} · {minutes(lesson)} minutes"
    return "".join(
        [
            f'<section class="slide" id="{lesson.stem}" aria-label="{told}">',
            f"<header><p>{told}</p><h2>{inline(lesson.question)}</h2></header>",
            f'<div class="picture">{picture(slide, lesson)}</div>',
            _asked(_prediction(slide)),
            _notes(slide, run),
            "</section>",
        ]
    )


def picture(slide: Slide, lesson: course.Lesson) -> str:
    """The picture as HTML: the slide's own diagram, or the lesson's first. BadInput where there is none."""
    found = slide.diagram or next((one[1] for text in sources(lesson) if (one := _MERMAID.search(text))), "")
    if not found:
        raise BadInput(f"The lesson {lesson.name!r} has no diagram for its slide.")
    return diagram.figure(found.strip() + "\n")


def _prediction(slide: Slide) -> Prediction:
    asked = course.step(slide.ask).predict
    assert asked  # noqa: S101 - `read` has looked
    return asked


def _asked(asked: Prediction) -> str:
    options = "".join(f"<li>{inline(option)}</li>" for option in asked.options)
    options = f"<ol>{options}</ol>" if options else ""
    return f'<div class="ask"><p><strong>{_ASK}</strong></p><p>{inline(asked.question)}</p>{options}</div>'


def _notes(slide: Slide, run: Run) -> str:
    lines = [f"<p><strong>{_SAY}:</strong> “{inline(slide.say)}”</p>"]
    lines.append(f"<p><strong>{_ANSWER}:</strong> {inline(slide.answer)}</p>")
    if was := _was(slide, run):
        lines.append(
            f"<p><strong>In the run that this site shows:</strong> {inline(was['was'])}. {inline(was['because'])}</p>"
        )
    return f'<details class="notes"><summary>For the teacher</summary>{"".join(lines)}</details>'


def _was(slide: Slide, run: Run) -> Mapping[str, str]:
    """How the prediction came out where the lesson was run; nothing where it was not."""
    results = results_of(run.outputs.get(slide.ask, []))
    return (results[-1].predicted or {}) if results else {}


def _plain(slide: Slide, run: Run) -> str:
    asked = _prediction(slide)
    options = [f"{number}. {option}" for number, option in enumerate(asked.options, 1)]
    lines = [f"## {run.lesson.number} · {run.lesson.question}", f"{_ASK}: {asked.question}"]
    lines += ["\n".join(options)] if options else []
    return "\n\n".join([*lines, f"{_SAY}: “{slide.say}”", f"{_ANSWER}: {slide.answer}"])
