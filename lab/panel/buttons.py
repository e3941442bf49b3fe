"""Buttons that say their errors calmly, do one thing at a time, and ask before what cannot be undone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from lab.errors import LabError
from lab.log import keep_traceback
from lab.panel import page

_PATIENCE = 6.0  # seconds in which the second press counts
Do = Callable[[], None]
Say = Callable[[str], None]


def button(words: str, do: Do, say: Say) -> Any:
    """A button that does `do`; what goes wrong is told to `say`, in one line."""
    made = page.widgets().Button(description=words)
    busy = threading.Lock()

    def pressed(_button: Any) -> None:
        if not busy.acquire(blocking=False):
            return
        made.icon = "hourglass-half"
        try:
            say("")
            carefully(do, say)
        finally:
            made.icon = ""
            busy.release()

    made.on_click(pressed)
    return made


def carefully(do: Do, say: Say = lambda _text: None) -> None:
    """Do it; a learner never sees a traceback, from no button and from no thread."""
    try:
        do()
    except LabError as error:
        say(str(error))
    except Exception:  # noqa: BLE001 - the net under every button
        say(f"An internal error of the lab, not your fault. Details: {keep_traceback('panel')}")


def twice(words: str, question: str, do: Do, say: Say) -> Any:
    """A button that asks at the first press, and does it at a second one soon after."""
    waiting: list[threading.Timer] = []

    def back() -> None:
        while waiting:
            waiting.pop().cancel()
        made.description, made.button_style = words, ""

    def pressed() -> None:
        if waiting:
            back()
            do()
            return
        made.description, made.button_style = question, "warning"
        timer = threading.Timer(_PATIENCE, back)
        timer.daemon = True
        waiting.append(timer)
        timer.start()

    made = button(words, pressed, say)
    return made


def row(made: Sequence[Any]) -> Any:
    """Buttons beside one another, on a second line where the page is narrow."""
    return _with_class("lab-buttons", page.widgets().HBox(list(made)))


def column(made: Sequence[Any]) -> Any:
    """Widgets below one another."""
    return _with_class("lab-box", page.widgets().VBox(list(made)))


def _with_class(name: str, box: Any) -> Any:
    box.add_class(name)
    return box
