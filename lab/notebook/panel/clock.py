"""A line above a command's output, while it runs: for how long, and on which stages of a build."""

from __future__ import annotations

import html
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lab.notebook.panel import page
from lab.notebook.panel.buttons import carefully
from lab.notebook.panel.stages import Stages
from lab.notebook.panel.style import STYLE

_AFTER = 1.0  # seconds; a quick command needs no clock
_EVERY = 0.5


@contextmanager
def running() -> Iterator[Callable[[str], None]]:
    """Show the line; what is given gets each piece of output. The line is gone when the command has ended."""
    if not page.is_live():
        yield lambda _text: None
        return
    stages, over = Stages(), threading.Event()
    line = page.widgets().HTML(layout=page.widgets().Layout(display="none"))
    page.display({**page.views(line), "text/plain": ""}, metadata={"lab": "live"})
    clock = threading.Thread(target=lambda: carefully(lambda: _tick(line, stages, over)), daemon=True)
    clock.start()
    try:
        yield stages.feed
    finally:
        over.set()
        clock.join(5)
        line.close()


def _tick(line: Any, stages: Stages, over: threading.Event) -> None:
    started = time.monotonic()
    pause = _AFTER
    while not over.wait(pause):
        pause = _EVERY
        line.value = f"{STYLE}{as_html(time.monotonic() - started, stages.line())}"
        line.layout.display = "flex"


def as_html(seconds: float, stages: str) -> str:
    """The line itself."""
    words = f"at work for {int(seconds) // 60}:{int(seconds) % 60:02}"
    text = html.escape(" · ".join(filter(None, [words, stages])))
    return f'<div class="lab-live"><span aria-hidden="true">▶ </span>{text}</div>'
