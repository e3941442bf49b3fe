"""What each step wants and how it goes wrong, for teachers: a page for each lesson.

The usual mistakes are the wrong ends in `tests/ways`, which the tests run as learners would, and the sentences that
learners read are those in `tests/course/said`. So what stands here is what happens.
"""

from __future__ import annotations

import functools
import importlib
import re
import string
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lab import course
from lab.course import recall
from lab.draw.render import inline
from lab.model.steps import Step
from pages import cell
from pages.lesson import Page, minutes
from pages.plans import room

INDEX = """---
title: Exercises and mistakes
description: What each step of the course wants, the usual ways in which it goes wrong, and one way to do it.
---
# Exercises and mistakes

For each step: what it is for, what learners predict, the mistakes that it knows, and one way to do it, folded.

The mistakes are the wrong ends that the course's own tests try on a real engine. Type what was done into the step's
cell, and you get that sentence. In the sentences, `any:latest` stands for the step's own tag.

A step is *by number* where its scene or its right answer follows from the learner's own number: [Exams](exams.md).

| Lesson | Steps | Mistakes | By number |
|---|---:|---:|---:|
{rows}
"""
HERE = "<!-- the exercises that differ -->"
EXAMS = """These {count} steps set another scene, or want another answer, for another number:

| Lesson | Step | What it asks |
|---|---|---|
{rows}
"""
_TOKEN = "LABBLOCK{}X"  # noqa: S105 - a place in a page
_SAID = re.compile(r"^(\w+): (?!passes: )(.+)\n  found: (.*)\n wanted: (.*)$", re.MULTILINE)
_PREDICT = "They predict"
_WRONG = "How it goes wrong"
_FOLDED = "What was done"
_WAY = "One way to do it"


@functools.cache
def ways(stem: str, tests: Path) -> Mapping[str, Any]:
    """The ways of a lesson's steps by the step's name, out of the folder of the tests."""
    if str(tests) not in sys.path:
        sys.path.append(str(tests))
    found: Mapping[str, Any] = importlib.import_module(f"ways.{stem.replace('-', '_')}").WAYS
    return found


def pages(tests: Path) -> dict[str, Page]:
    """Each page by its place in the site."""
    made = {f"workshop/{lesson.stem}.md": page(lesson, tests) for lesson in course.lessons()}
    index = INDEX.format(rows="\n".join(_row(lesson, tests) for lesson in course.lessons()))
    return {"workshop/exercises.md": Page(index, ""), **made}


def exams(text: str, tests: Path) -> str:
    """The page on exams: `text` as it is written, with the steps that differ from number to number in their place."""
    rows = [
        f"| {lesson.number} | [`{step.name}`]({lesson.stem}.md#{step.name}) | {step.goal} |"
        for lesson in course.lessons()
        for step in seeded(lesson, tests)
    ]
    return text.replace(HERE, EXAMS.format(count=len(rows), rows="\n".join(rows)))


def seeded(lesson: course.Lesson, tests: Path) -> list[Step]:
    """The steps of a lesson that differ with the learner's number."""
    return [step for step in lesson.steps if ways(lesson.stem, tests)[step.name].seeds]


def _row(lesson: course.Lesson, tests: Path) -> str:
    mistakes = sum(len(_mistakes(one.wrong)) for one in ways(lesson.stem, tests).values())
    link = f"[{lesson.number} · {lesson.question}]({lesson.stem}.md)"
    return f"| {link} | {len(lesson.steps)} | {mistakes} | {len(seeded(lesson, tests)) or ''} |"


def page(lesson: course.Lesson, tests: Path) -> Page:
    """The page of one lesson."""
    made = Page("", "")
    name = lesson.stem.replace("-", "_")
    files = sorted((tests / "course" / "said").glob(f"{name}*.txt"))  # a lesson's tests may stand in several files
    said = "\n".join(file.read_text(encoding="utf-8") for file in files)
    markdown, plain = list(_head(lesson)), list(_head(lesson))[1:]
    for step in lesson.steps:
        way = ways(lesson.stem, tests)[step.name]
        token = _TOKEN.format(len(made.blocks))
        made.blocks[token] = "".join(_step(step, way, said))
        markdown += [f"## `{step.name}` {{ #{step.name} }}", step.goal, f"{token}\n{{: #{step.name}-more }}"]
        plain += [f"## `{step.name}`", step.goal, *_plain(step, way, said)]
    made.markdown, made.plain = ("\n\n".join(texts) + "\n" for texts in (markdown, plain))
    return made


def _head(lesson: course.Lesson) -> Iterator[str]:
    title = f"{lesson.number} · {lesson.question}"
    about = (
        f"The exercises of the lesson “{lesson.question}”, the usual mistakes, and one way to do each, for teachers."
    )
    yield f'---\ntitle: "Teaching {title}"\ndescription: "{about}"\n---'
    yield f"# {title}"
    alone = minutes(lesson)
    yield (
        f"{alone} minutes alone, {room(alone)} in the room · [the lesson](../lessons/{lesson.stem}.md) · "
        f"[its slide](slides.md#{lesson.stem}) · [all lessons](exercises.md)"
    )
    frame = recall.frame(lesson.stem)
    yield "Afterwards, learners can:"
    yield "\n".join(f"- {goal}" for goal in frame.goals)
    yield f"**Ask at the end:** {frame.explain} A good answer says:"
    yield "\n".join(f"- {point}" for point in frame.points)


def _step(step: Step, way: Any, said: str) -> Iterator[str]:
    yield f'<div class="lab-step lab-teach"><p><strong>{"".join(_kinds(step, way))}</strong></p>'
    if step.predict:
        yield f"<p>{_PREDICT}: {inline(step.predict.question)} {inline(_options(step))}</p>"
    yield f"<p>{_WRONG}:</p><ul>"
    for template, scripts in _mistakes(way.wrong).items():
        sentence, found, wanted = spoken(step.name, template, said)
        more = f"<br>Found: {inline(found)}. Wanted: {inline(wanted)}." if found else ""
        folded = "".join(cell.code(script) for script in scripts)
        yield f"<li><p>{inline(sentence)}{more}</p><details><summary>{_FOLDED}</summary>{folded}</details></li>"
    yield f'</ul><details class="lab-solution"><summary>{_WAY}</summary>{cell.code(step.solution)}</details></div>'


def _kinds(step: Step, way: Any) -> Iterator[str]:
    yield cell.KINDS[step.kind]
    yield " · by number" if way.seeds else ""


def _options(step: Step) -> str:
    options = step.predict.options if step.predict else ()
    return f"({' · '.join(options)})" if options else ""


def _mistakes(wrong: list[tuple[str, str]]) -> dict[str, list[str]]:
    """The scripts that end in each message, as a learner would type them."""
    found: dict[str, list[str]] = {}
    for script, template in wrong:
        found.setdefault(template, []).append("\n".join(line.strip() for line in script.strip().splitlines()))
    return found


def spoken(step: str, template: str, said: str) -> tuple[str, str, str]:
    """A message as a learner reads it, with what was found and wanted; with dots where no test has said it."""
    parts = [(text, place) for text, place, _, _ in string.Formatter().parse(template)]
    pattern = "".join(re.escape(text) + ("" if place is None else ".*?") for text, place in parts)
    for name, sentence, found, wanted in _SAID.findall(said):
        if name == step and re.fullmatch(pattern, sentence):
            return sentence, found, wanted
    return "".join(text + ("" if place is None else "…") for text, place in parts), "", ""


def _plain(step: Step, way: Any, said: str) -> Iterator[str]:
    yield "".join(_kinds(step, way))
    if step.predict:
        yield f"{_PREDICT}: {step.predict.question} {_options(step)}".rstrip()
    for template, scripts in _mistakes(way.wrong).items():
        yield f"Mistake: {spoken(step.name, template, said)[0]}"
        yield from (f"```sh\n{script}\n```" for script in scripts)
    yield f"{_WAY}:\n\n```sh\n{step.solution}\n```"
