"""What stands under a step: its result, hints one at a time, a solution when it is allowed, and their buttons."""

from __future__ import annotations

import html
from typing import Any

from lab import course, paths
from lab.draw import render
from lab.learning import hints, progress, runner
from lab.learning.capstone import refuse_early
from lab.model.results import Result, Status
from lab.model.steps import Step
from lab.notebook.panel import buttons, page
from lab.notebook.panel.style import STYLE
from lab.probes.here import this_world

_cards: dict[str, Card] = {}


def show(step: Step, result: Result) -> None:
    """Display a result; with buttons where a page can have them."""
    bundle = render.bundle(result)
    if page.is_live():
        card = _cards[step.name] = Card(step, result)
        bundle = {**page.views(card.widget), **bundle, "text/html": page.SAVED + bundle["text/html"]}
    page.display(bundle)


def shown() -> list[Card]:
    """The cards of this kernel: of each step the latest."""
    return list(_cards.values())


def take(result: Result) -> None:
    """Hand a new result to the step's card, if there is one."""
    if card := _cards.get(result.step):
        card.take(result)


class Card:
    """One step's card."""

    def __init__(self, step: Step, result: Result) -> None:
        self.step, self.result = step, result
        self._asked = self._solved = False
        self._html, self._extra, self._said = page.widgets().HTML(), page.widgets().HTML(), page.widgets().HTML()
        self._hint = buttons.button("Hint", self._give_hint, self._say)
        self._solution = buttons.button("Show a solution", self._solve, self._say)
        made = [
            buttons.button("Check again", self._look, self._say),
            self._hint,
            self._solution,
            buttons.twice("Reset this step", "Press again to reset it", self._undo, self._say),
        ]
        self.widget = buttons.column([self._html, self._extra, buttons.row(made), self._said])
        self.refresh()

    def take(self, result: Result) -> None:
        """A new result of the same step."""
        self.result = result
        self.refresh()

    def refresh(self) -> None:
        """Show result, hints and buttons as they are now."""
        entry = progress.read(paths.learner()).get(self.step.name, progress.Entry())
        _put(self._html, render.as_html(self.result, following=_following(self.result)) + self._since(entry))
        count = entry.hints if self._asked else 0
        said = hints.from_try(self.step, hints.latest(self.step)) if self._asked else ""
        _put(self._extra, hints_html(self.step, count, said) + self._solution_html())
        left = len(self.step.hints) - entry.hints
        self._hint.description = f"Hint ({left} left)" if left else "All hints"
        self._hint.disabled = self._asked and not left
        self._solution.disabled = not hints.may_see_solution(self.step, entry)
        self._solution.tooltip = (
            "after a pass or after all hints" if self._solution.disabled else "one way; others are just as good"
        )

    def _since(self, entry: progress.Entry) -> str:
        if entry.last == self.result.status.label:
            return ""
        return f"<div>This step changed since then. It is now: <strong>{html.escape(entry.last)}</strong>.</div>"

    def _solution_html(self) -> str:
        if not self._solved:
            return ""
        code = html.escape(self.step.solution)
        return f"<div><strong>One way to do it</strong> (others are just as good)</div><pre><code>{code}</code></pre>"

    def _look(self) -> None:
        self.take(runner.check(self.step, this_world()))

    def _give_hint(self) -> None:
        refuse_early(self.step)
        self._asked = True
        progress.show_hint(paths.learner(), self.step)
        self.refresh()

    def _solve(self) -> None:
        refuse_early(self.step)
        self._solved = True
        progress.show_solution(paths.learner(), self.step)
        self.refresh()

    def _undo(self) -> None:
        from lab.learning.reset import told, undo

        here = this_world()
        said = list(undo([self.step], here))
        self._asked = self._solved = False
        self.take(runner.check(self.step, here))
        self._say(" · ".join([told(1), *said]))

    def _say(self, text: str) -> None:
        _put(self._said, f'<div role="status">{html.escape(text)}</div>' if text else "")


def _put(place: Any, text: str) -> None:
    value = f'{STYLE}<div class="lab-card">{text}</div>' if text else ""
    if place.value != value:  # the same text again would close an open "Evidence"
        place.value = value


_NEXT = "Next: {step}"
_NEXT_LESSON = "Next: {step} in lesson {number}, {question}"


def _following(result: Result) -> str:
    """What comes next, as a link that the page can follow."""
    following = course.steps().get(result.next_step)
    if not following or result.status is not Status.PASSED:
        return ""
    lesson = course.lesson(following.lesson)
    words = f"<code>{html.escape(following.name)}</code>"
    attributes = page.link_to(f"{lesson.name}.ipynb", following.name)
    text = _NEXT if following.lesson == result.lesson else _NEXT_LESSON
    step = f"<a {attributes}>{words}</a>" if attributes else words
    return text.format(step=step, number=lesson.number, question=html.escape(lesson.question))


def hints_html(step: Step, count: int, said: str) -> str:
    """The hints that were asked for, after what the latest try itself tells."""
    about = f"<div><strong>From what you ran:</strong> {render.inline(said)}</div>" if said else ""
    items = "".join(f"<li>{render.inline(text)}</li>" for text in step.hints[:count])
    return about + (f"<div><strong>Hints</strong></div><ol>{items}</ol>" if items else "")
