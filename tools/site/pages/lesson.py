"""A lesson's page from its notebook and its run: Markdown for MkDocs, and plain Markdown for other readers.

The page's Markdown holds tokens where a step stands; `Page.blocks` has their HTML. Markdown would only get into the
way of what a terminal printed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lab import course
from lab.course import recall
from lab.errors import BadInput
from lab.learning import questions
from lab.learning.tour import results_of, step_name
from lab.learning.tour.runs import Run
from lab.model.results import MIME
from pages import cell as cell_html

_MINUTES = re.compile(r"takes about (\d+) minutes")
_TAKES = re.compile(r"^This takes about \d+ minutes\.\n?", re.MULTILINE)
_HEADING = re.compile(r"\A(#{1,3} [^\n]+)")
_CALLOUT = re.compile(r"^> \[!(\w+)\]\n((?:>.*\n?)+)", re.MULTILINE)
_NOTEBOOK = re.compile(r"\]\(\d+-([a-z0-9-]+)\.ipynb(#[^)]*)?\)")
_PLACE = "LABBLOCK{}X"
_KINDS = {"important": "info", "caution": "danger"}


@dataclass
class Page:
    """A page that is made, not written: its Markdown, its HTML blocks by token, and itself as plain Markdown."""

    markdown: str
    plain: str
    blocks: dict[str, str] = field(default_factory=dict)


def filled(content: str, blocks: dict[str, str]) -> str:
    """The page's HTML with the blocks in the places of their tokens."""
    return re.sub(r'<p id="[^"]+">(LABBLOCK\d+X)</p>', lambda match: blocks[match[1]], content)


def minutes(lesson: course.Lesson) -> int:
    """How long the lesson says that it takes; BadInput where it does not say so."""
    for cell in _cells(lesson):
        if match := _MINUTES.search(_source(cell)):
            return int(match[1])
    raise BadInput(f"The lesson {lesson.name!r} does not say how long it takes.", "“This takes about 10 minutes.”")


def page(run: Run) -> Page:
    """The page of a lesson."""
    made = Page("", "")
    markdown, plain = [_front(run)], []
    for cell in _cells(run.lesson):
        text = _source(cell)
        if cell["cell_type"] == "markdown":
            markdown.append(_prose(text, cell["id"], run))
            plain.append(_links(text))
        elif asks := _asked(text, run):
            token = _PLACE.format(len(made.blocks))
            made.blocks[token] = asks["text/html"].replace("<details", f'<details id="{cell["id"]}"', 1)
            markdown.append(f"{token}\n{{: #{cell['id']} }}")
            plain.append(asks["text/plain"])
        elif name := step_name(text):
            token = _PLACE.format(len(made.blocks))
            command = text.partition("\n")[2]
            outputs = run.outputs.get(name, [])
            made.blocks[token] = cell_html.card(course.step(name), command, outputs, executed=bool(run.stamp))
            markdown.append(f"{token}\n{{: #{name} }}")  # the id lets MkDocs check links to the step
            plain += _plain_step(name, command, outputs)
    made.markdown = "\n\n".join(markdown) + "\n"
    made.plain = "\n\n".join([plain[0], stamp(run), *plain[1:]]) + "\n"
    return made


def _asked(text: str, run: Run) -> dict[str, Any]:
    """What a cell asks, as HTML and as text; nothing for any other cell."""
    words = text.split()
    if len(words) != 2 or words[0] not in ("%predict", "%recap", "%reflect"):
        return {}
    magic, name = words
    if magic == "%predict":
        results = results_of(run.outputs.get(name, []))
        return questions.prediction(course.step(name), predicted=results[-1].predicted if results else None)
    stem = course.lesson(name).stem
    return questions.opening(recall.opening(stem)) if magic == "%recap" else questions.reflection(recall.frame(stem))


def stamp(run: Run) -> str:
    """Where and when the page's outputs were printed."""
    if not run.stamp:
        return "Not executed: the outputs of this page are missing."
    facts = run.stamp
    day = datetime.fromisoformat(facts["date"]).strftime("%d %B %Y").lstrip("0")
    tools = [f"Docker engine {facts['engine']} ({facts['store']} image store)", f"buildx {facts['buildx']}"]
    tools += [f"BuildKit {facts['buildkit']}"] if facts.get("buildkit") else []
    return f"All output on this page is of a real run on {day}: {', '.join(tools)}, on {facts['platform']}."


def _front(run: Run) -> str:
    lesson = run.lesson
    steps = len(lesson.steps)
    facts = {
        "title": lesson.question,
        "description": f"{lesson.question} An executable lesson of {minutes(lesson)} minutes with {steps} checked "
        "steps, shown with the output of a real run.",
    }
    return "---\n" + "".join(f"{name}: {json.dumps(text)}\n" for name, text in facts.items()) + "---"


def _prose(text: str, cell_id: str, run: Run) -> str:
    text = _CALLOUT.sub(_admonition, _links(text))
    if cell_id == "title":
        heading, _, rest = text.partition("\n")
        rest = _TAKES.sub("", rest)  # the line of facts says it already
        return f"{heading} {{#title}}\n\n{_facts(run)}\n{rest}"
    return _HEADING.sub(rf"\1 {{#{cell_id}}}", text, count=1)


def _facts(run: Run) -> str:
    lesson = run.lesson
    download = f"[Notebook]({lesson.notebook.name}){{ .lab-download download={lesson.notebook.name} }}"
    head = f"{minutes(lesson)} minutes · {len(lesson.steps)} steps · {download}\n{{ .lab-facts }}"
    kind = "lab-stamp" if run.stamp else "lab-missing"
    return f"{head}\n\n{stamp(run)}\n{{ .{kind} }}\n"


def _admonition(match: re.Match[str]) -> str:
    kind = match[1].lower()
    lines = [line.removeprefix(">").removeprefix(" ") for line in match[2].splitlines()]
    body = "\n".join(f"    {line}" if line else "" for line in lines)
    return f"!!! {_KINDS.get(kind, kind)}\n\n{body}\n"


def _links(text: str) -> str:
    return _NOTEBOOK.sub(lambda match: f"]({match[1]}.md{match[2] or ''})", text)


def _plain_step(name: str, command: str, outputs: list[dict[str, Any]]) -> Iterator[str]:
    one = course.step(name)
    own = one.kind != "whole"
    yield f"**{cell_html.KINDS[one.kind]} `{name}`:** {one.goal}"
    yield from [_fence(one.gap, "sh")] if one.kind == "gap" else []
    yield from ["One way to do it:"] if own else []
    yield _fence(one.solution if own else command, "sh")
    printed = "".join(map(_text, outputs)).rstrip("\n")
    yield from [_fence(printed, "text")] if printed else []
    yield from (_fence(found.picture["text"], "text") for found in results_of(outputs) if found.picture)


def _text(output: dict[str, Any]) -> str:
    if output["output_type"] == "stream":
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", "".join(output["text"]))
    data = output.get("data") or {}
    return "" if MIME in data else "".join(data.get("text/plain", "")) + "\n"


def _fence(text: str, language: str) -> str:
    ticks = "`" * max([3, *(len(run) + 1 for run in re.findall("`{3,}", text))])
    return f"{ticks}{language}\n{text.rstrip()}\n{ticks}"


def sources(lesson: course.Lesson) -> list[str]:
    """What stands in the lesson's cells, in order."""
    return [_source(cell) for cell in _cells(lesson)]


def _cells(lesson: course.Lesson) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = json.loads(lesson.notebook.read_text(encoding="utf-8"))["cells"]
    return cells


def _source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])
