"""What a notebook asks: a prediction before a step, questions on earlier lessons, a lesson in one's own words.

Each can be answered with the keyboard alone, and changed; none is in the way.
"""

from __future__ import annotations

import functools
import html
from collections.abc import Callable, Sequence
from typing import Any

from lab import paths
from lab.course import recall
from lab.draw.render import inline
from lab.learning import predictions, progress, questions, recalls
from lab.model.steps import Step
from lab.notebook.panel import buttons, page
from lab.notebook.panel.style import STYLE

_KEPT = "Kept: “{said}”. You can change it until the step has passed. Now run the step."
_WRITE = "Write your answer first."
_PASSED = "This step has passed, so nothing is left to predict."

_shown: dict[str, Callable[[], None]] = {}  # what has to follow progress, by what it asks


def predict(step: Step) -> None:
    """Ask for a prediction; after the step has passed, say what was said and what it was."""
    entry = progress.read(paths.learner()).get(step.name, progress.Entry())
    said = predictions.said(paths.learner(), step.name)
    made = _Prediction(step) if page.is_live() else None
    if made:
        _shown[step.name] = made.refresh
    _display(questions.prediction(step, said, _outcome(entry, said)), made.widget if made else None)


def recap(asked: Sequence[recall.Question]) -> None:
    """Ask what a lesson opens with."""
    title = questions.recall_title(len(asked))
    live = page.is_live()
    widget = buttons.column([_text(_html(f"<strong>{title}</strong>")), *map(_recall, asked)]) if live else None
    _display(questions.opening(asked), widget)


def reflect(frame: recall.Frame) -> None:
    """Ask for a lesson in one's own words."""
    widget = _reflection(frame) if page.is_live() else None
    _display(questions.reflection(frame, recalls.reflection(paths.learner(), frame.lesson)), widget)


def refresh() -> None:
    """Show what changed: a step has passed, or was reset."""
    for follow in list(_shown.values()):
        follow()


def _display(bundle: dict[str, Any], widget: Any) -> None:
    if widget is not None:
        bundle = {**page.views(widget), **bundle, "text/html": page.SAVED + bundle["text/html"]}
    page.display(bundle)


def _outcome(entry: progress.Entry, said: str) -> dict[str, str] | None:
    return {"said": said, "was": entry.was, "because": entry.because} if entry.passed and entry.was else None


class _Prediction:
    """The widget of one prediction."""

    def __init__(self, step: Step) -> None:
        self._step = step
        asked = step.predict
        self._said = page.widgets().HTML()
        self._answer = _Answer(asked.options if asked else (), self._take, self._say)
        question = inline(asked.question) if asked else ""
        head = _text(_html(f"<strong>{questions.PREDICT}:</strong> {question}"))
        self.widget = buttons.column([head, self._answer.widget, self._said])
        self._told: object = None
        self.refresh()

    def refresh(self) -> None:
        """Follow the step: once it has passed, nothing can be said any more, and the answer is told."""
        entry = progress.read(paths.learner()).get(self._step.name, progress.Entry())
        said = predictions.said(paths.learner(), self._step.name)
        now = (entry.passed, entry.was, said)
        if now == self._told:
            return  # a line that is not kept yet stays
        self._told = now
        self._answer.show(said, closed=bool(entry.passed))
        if found := _outcome(entry, said):
            self._say(questions.outcome(found))
        else:
            self._say(_PASSED if entry.passed else _KEPT.format(said=said) if said else "")

    def _take(self, words: str) -> None:
        predictions.say(paths.learner(), self._step, words)
        self.refresh()

    def _say(self, text: str) -> None:
        _status(self._said, inline(text))


class _Answer:
    """Where an answer is given: a button for each option, or one line and a button.

    JupyterLab takes the arrow keys for itself, so a group of radio buttons could not be used with the keyboard.
    """

    def __init__(self, options: Sequence[str], take: Callable[[str], None], say: buttons.Say) -> None:
        self._line = None if options else page.widgets().Text(description="Your answer:")
        self._options = {one: buttons.button(_plain(one), functools.partial(take, one), say) for one in options}
        if self._line is not None:
            self._line.style.description_width = "initial"
            line = self._line
            self._keep = buttons.button("Keep", lambda: take(line.value) if line.value.strip() else say(_WRITE), say)
            self.widget = buttons.column([line, buttons.row([self._keep])])
            return
        self.widget = buttons.row(list(self._options.values()))
        self.widget.add_class("lab-answers")

    def show(self, said: str, *, closed: bool = False) -> None:
        """Mark what was said; `closed` where it is too late for another answer."""
        if self._line is not None:
            self._line.value = said
            self._line.disabled = self._keep.disabled = closed
        for option, made in self._options.items():
            made.disabled = closed
            (made.add_class if option == said else made.remove_class)("lab-said")


def _recall(question: recall.Question) -> Any:
    said = page.widgets().HTML()

    def take(words: str) -> None:
        right = recalls.answer(paths.learner(), question, words)
        answer.show(words)
        _status(said, inline(questions.recalled(question, right=right)))

    answer = _Answer(question.options, take, lambda text: _status(said, html.escape(text)))
    return buttons.column([_text(_html(inline(question.ask))), answer.widget, said])


def _reflection(frame: recall.Frame) -> Any:
    widgets = page.widgets()
    before = recalls.reflection(paths.learner(), frame.lesson)
    words = widgets.Textarea(value=before, description="Your words:", rows=4, layout={"width": "calc(100% - 6px)"})
    words.style.description_width = "initial"
    said = widgets.HTML()
    model = buttons.column([])

    def take() -> None:
        recalls.reflect(paths.learner(), frame.lesson, words.value)
        _status(said, f"Kept. <strong>{questions.MODEL}:</strong> {inline(frame.model)}")
        if not model.children:
            model.children = [_text(_html(questions.POINTS)), *(_tick(point) for point in frame.points)]

    def say(text: str) -> None:
        _status(said, html.escape(text))

    head = _text(_html(f"<strong>{questions.REFLECT}:</strong> {inline(frame.explain)}"))
    keep = buttons.button("Keep, and compare", take, say)
    return buttons.column([head, words, buttons.row([keep]), said, model])


def _tick(point: str) -> Any:
    made = page.widgets().Checkbox(description=_plain(point), indent=False, layout={"width": "auto"})
    made.add_class("lab-tick")
    return made


def _plain(text: str) -> str:
    """For a label, which shows no code."""
    return text.replace("`", "")


def _text(text: str) -> Any:
    return page.widgets().HTML(text)


def _html(text: str) -> str:
    return f'{STYLE}<div class="lab-card">{text}</div>'


def _status(place: Any, text: str) -> None:
    place.value = _html(f'<div role="status">{text}</div>') if text else ""
