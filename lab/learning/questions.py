"""Predictions, recall and reflection as HTML that folds open without a script, and as text: for every kind of page."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from lab.course import recall
from lab.draw import render
from lab.draw.render import inline
from lab.model.steps import Step

MIME = "application/vnd.lab.question+json"
PREDICT = "Before you run it"
RECALL_ONE = "Do you remember? 1 question on earlier lessons"
RECALL = "Do you remember? {count} questions on earlier lessons"
REFLECT = "In your own words"
MODEL = "One way to say it"
POINTS = "Does yours say this, too?"
_NOTHING_SAID = "It is “{was}”. {because}"
_RECALLED = "Right."
_NOT_RECALLED = "It is: {answer}."


def outcome(predicted: Mapping[str, str]) -> str:
    """What was said, what it was, and why; `predicted` is as in a result."""
    return render.outcome(predicted) or _NOTHING_SAID.format(**predicted)


def recalled(question: recall.Question, *, right: bool) -> str:
    """What is told after an answer to a recall question."""
    first = _RECALLED if right else _NOT_RECALLED.format(answer=question.answer.rstrip("."))
    return f"{first} {question.because}"


def recall_title(count: int) -> str:
    """The heading over so many questions."""
    return RECALL_ONE if count == 1 else RECALL.format(count=count)


def prediction(step: Step, said: str = "", predicted: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A prediction as a MIME bundle. `predicted` is what a result says of it, once the step has passed."""
    asked = step.predict
    if asked is None:
        return {}
    answer = outcome(predicted) if predicted else ""
    data = {"kind": "prediction", "step": step.name, "question": asked.question, "options": list(asked.options)}
    lines = [f"{PREDICT}: {asked.question}", *_numbered(asked.options)]
    lines += [f"You said “{said}”."] if said and not answer else []
    lines += [answer] if answer else []
    body = _options(asked.options) + (_fold("The answer", f"<p>{inline(answer)}</p>") if answer else "")
    return {
        MIME: data | {"said": said, "answer": answer},
        "text/html": _fold(f"<strong>{PREDICT}:</strong> {inline(asked.question)}", body, "lab-ask"),
        "text/plain": "\n".join(lines),
    }


def opening(asked: Sequence[recall.Question]) -> dict[str, Any]:
    """The questions that a lesson opens with, as a MIME bundle: each answer folds open."""
    title = recall_title(len(asked))
    lines, items = [title], []
    for number, one in enumerate(asked, 1):
        answer = f"<p><strong>{inline(one.answer)}</strong></p><p>{inline(one.because)}</p>"
        items.append(f"<li><p>{inline(one.ask)}</p>{_options(one.options)}{_fold('The answer', answer)}</li>")
        lines += [f"{number}. {one.ask}", *(f"   {line}" for line in _numbered(one.options))]
    data = {"kind": "recall", "questions": [one.name for one in asked]}
    body = f"<ul>{''.join(items)}</ul>"
    return {
        MIME: data,
        "text/html": _fold(f"<strong>{title}</strong>", body, "lab-ask"),
        "text/plain": "\n".join(lines),
    }


def reflection(frame: recall.Frame, words: str = "") -> dict[str, Any]:
    """What a lesson asks for in one's own words, as a MIME bundle: a way to say it folds open."""
    own = f"<p>You said: {html.escape(words)}</p>" if words else ""
    body = f"<p>{inline(frame.explain)}</p>{own}{_fold(MODEL, model_html(frame))}"
    lines = [f"{REFLECT}: {frame.explain}", *([f"You said: {words}"] if words else [])]
    return {
        MIME: {"kind": "reflection", "lesson": frame.lesson, "said": words},
        "text/html": _fold(f"<strong>{REFLECT}</strong>", body, "lab-ask"),
        "text/plain": "\n".join(lines),
    }


def model_html(frame: recall.Frame) -> str:
    """What one's own words can be compared with."""
    points = "".join(f"<li>{inline(point)}</li>" for point in frame.points)
    return f"<p>{inline(frame.model)}</p><p>{POINTS}</p><ul>{points}</ul>"


def _options(options: Sequence[str]) -> str:
    items = "".join(f"<li>{inline(option)}</li>" for option in options)
    return f'<ol class="lab-options">{items}</ol>' if items else ""


def _numbered(options: Sequence[str]) -> list[str]:
    return [f"{number}) {option}" for number, option in enumerate(options, 1)]


def _fold(title: str, body: str, kind: str = "") -> str:
    name = f' class="{kind}"' if kind else ""
    return f"<details{name}><summary>{title}</summary>{body}</details>"
