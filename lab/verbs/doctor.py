"""`lab doctor`: what this machine is like, and what it can build."""

from __future__ import annotations

import json
import sys
from argparse import Namespace

from lab.draw import render

_COLOURS = {"✔": "32", "·": "36", "✘": "31", "■": "33"}


def doctor(given: Namespace) -> int:
    """Look, say it, and give the exit status: 0 fine, 1 something to mend, 3 blocked."""
    from lab.doctor import diagnose

    found = diagnose(own=given.own, online=given.online)
    if given.json:
        print(json.dumps(found.to_json(), indent=1))
        return found.exit_status
    marked(found.as_text())
    return found.exit_status


def marked(text: str) -> None:
    """Print lines, their marks in colour where the terminal has colours."""
    colour = render.wants_colour(sys.stdout)
    for line in text.splitlines():
        mark, rest = line[:1], line[1:]
        print((render.paint(mark, _COLOURS[mark], colour=colour) if mark in _COLOURS else mark) + rest)
