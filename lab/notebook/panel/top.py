"""The panel at the top of a lesson: its steps, how they stand, the machine, what to do next."""

from __future__ import annotations

import html
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lab import course, paths, sandbox
from lab.board.poll import Poll
from lab.learning import progress, runner
from lab.learning.watch import Watch, of_learner
from lab.model.results import Status
from lab.notebook.panel import asked, buttons, cards, page, room, view
from lab.notebook.panel.style import STYLE
from lab.probes.here import this_world
from lab.probes.host import this_machine

if TYPE_CHECKING:
    from lab.sandbox.overview import Overview


class Panel:
    """One lesson's panel, kept up to date until `close`. `lesson` None: the next open one, until a step is run."""

    def __init__(self, lesson: course.Lesson | None, *, live: bool) -> None:
        self.lesson = lesson or open_lesson()
        self._known = lesson is not None
        self._found: Overview | None = None
        self._asking = threading.Lock()
        self._shown = ""
        self._handle: Any = None
        self._watch: Watch | None = None
        self._poll: Poll | None = None
        self._box = _Box(lambda: self.lesson) if live else None

    def open(self) -> None:
        """Show it here, and follow what happens, in this notebook and elsewhere."""
        if not self._box:
            self._ask()
        bundle = self._bundle()
        if self._box:
            self._box.show(self._shown)
            bundle |= page.views(self._box.widget)
            self._watch = Watch(of_learner, self._changed)
            self._poll = Poll(paths.learner())
            self.ask_soon()
        self._handle = page.display(bundle, display_id=True)

    def close(self) -> None:
        """Stop following."""
        if self._watch:
            self._watch.stop()
            self._watch = None
        if self._poll:
            self._poll.stop()
            self._poll = None

    def at(self, lesson: course.Lesson) -> None:
        """A step of this lesson was run here: the notebook is this lesson's, where its name did not say so."""
        if not self._known:
            self.lesson, self._known = lesson, True

    def refresh(self) -> None:
        """Show how things stand now; nothing is sent where nothing changed."""
        before = self._shown
        bundle = self._bundle()
        if self._shown == before:
            return
        if self._box:
            self._box.show(self._shown)
        elif self._handle:
            self._handle.update(bundle, raw=True)

    def ask_soon(self) -> None:
        """Ask what is up, without making anybody wait; a page that is not live was asked once."""
        if self._box:
            threading.Thread(target=lambda: buttons.carefully(self._ask_and_show), daemon=True).start()

    def _ask_and_show(self) -> None:
        if self._asking.acquire(blocking=False):
            try:
                self._ask()
            finally:
                self._asking.release()
            self.refresh()

    def _ask(self) -> None:
        self._found = sandbox.status(sizes=False)

    def _changed(self) -> None:
        buttons.carefully(self.refresh)
        for card in cards.shown():
            buttons.carefully(card.refresh)
        buttons.carefully(asked.refresh)
        self.ask_soon()

    def _bundle(self) -> dict[str, Any]:
        entries, joined = progress.read(paths.learner()), room.of_learner(paths.learner())
        now = view.view(self.lesson, entries, self._found, str(this_machine().platform), joined)
        self._shown = view.as_html(now, page.link_to if self._box else None)
        saved, kept = page.SAVED if self._box else "", replace(now, room=None)  # a notebook is passed on: no name in it
        return {
            view.MIME: kept.to_json(),
            "text/html": saved + view.as_html(kept),
            "text/plain": view.as_text(kept),
        }


class _Box:
    """The panel's widget: a text that is replaced whole, and two buttons."""

    def __init__(self, lesson: Callable[[], course.Lesson]) -> None:
        self._lesson = lesson
        self._html, self._said = page.widgets().HTML(), page.widgets().HTML()
        made = [
            buttons.button("Check this lesson", self._look, self._say),
            buttons.twice("Reset this lesson", "Press again to reset its steps", self._undo, self._say),
        ]
        self.widget = buttons.column([self._html, buttons.row(made), self._said])

    def show(self, text: str) -> None:
        """Replace the text."""
        self._html.value = STYLE + text

    def _look(self) -> None:
        here = this_world()
        results = [runner.check(step, here) for step in self._lesson().steps]
        for result in results:
            cards.take(result)
        passed = sum(result.status is Status.PASSED for result in results)
        self._say(f"Checked just now: {passed} of {len(results)} steps pass.")

    def _undo(self) -> None:
        from lab.learning.reset import told, undo

        steps = self._lesson().steps
        said = list(undo(steps, this_world()))
        self._say(" · ".join([told(len(steps)), *said]))

    def _say(self, text: str) -> None:
        self._said.value = f'{STYLE}<div class="lab-card" role="status">{html.escape(text)}</div>' if text else ""


def open_lesson() -> course.Lesson:
    """The lesson of the next open step; the first one where all have passed."""
    entries = progress.read(paths.learner())
    for lesson in course.lessons():
        if any(not entries.get(step.name, progress.Entry()).passed for step in lesson.steps):
            return lesson
    return course.lessons()[0]
