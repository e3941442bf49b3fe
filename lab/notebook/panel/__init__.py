"""The live views of a notebook: the panel at its top, a card with buttons under each step, a clock while one runs.

Widgets are made only where a page can show them. Everywhere else (nbconvert, the site, GitHub, a headless run) the
same is said as HTML and text, which also go with every widget. Only this package imports ipywidgets.
"""

from __future__ import annotations

from lab import course
from lab.model.results import Result
from lab.model.steps import Step
from lab.notebook.panel import asked, cards, page, top
from lab.notebook.panel.clock import running

__all__ = ["close_panel", "open_panel", "running", "show_card"]

_open: list[top.Panel] = []


def open_panel() -> top.Panel | None:
    """Show the panel of this notebook; one that was open before is closed. What is no lesson has none."""
    close_panel()
    if page.case_of(page.notebook()) or page.is_capstone(page.notebook()):
        return None
    panel = top.Panel(page.lesson_of(page.notebook()), live=page.is_live())
    _open.append(panel)
    panel.open()
    return panel


def close_panel() -> None:
    """Stop following what happens (what `%unload_ext lab` does)."""
    while _open:
        _open.pop().close()


def show_card(step: Step, result: Result) -> None:
    """Show a step's result under its cell; the panel follows."""
    cards.show(step, result)
    asked.refresh()
    for panel in _open:
        if step.lesson not in (course.WARD, course.CAPSTONE):
            panel.at(course.lesson(step.lesson))
        panel.refresh()
        panel.ask_soon()
