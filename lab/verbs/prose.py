"""The lesson's own text that leads to a step, for a terminal: the notebook's Markdown, without anything of HTML."""

from __future__ import annotations

import os
import re
import sys

from lab import course
from lab.steps import Step
from lab.storage import read_json

_PICTURE = re.compile(r"^```mermaid\n.*?^```\n?", re.MULTILINE | re.DOTALL)
_ELSEWHERE = re.compile(r"\[([^\]]+)\]\((?!https?:)[^)]*\)")  # a link inside of the lessons leads nowhere here
_LINK = re.compile(r"\[([^\]]+)\]\((https?:[^)]+)\)")
_CALLOUT = re.compile(r"^> \[!(\w+)\]$", re.MULTILINE)
_HTML = re.compile(r"</?[a-z][^<>]*>")


def show(step: Step) -> None:
    """Print it: set with rich on a terminal, else as it was written."""
    text = leading_to(step)
    if not text:
        return
    if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        from rich.console import Console
        from rich.markdown import Markdown

        console = Console(highlight=False)
        console.print(Markdown(text, hyperlinks=False), width=min(console.width, 100))
        print()
    else:
        print(f"{text}\n")


def leading_to(step: Step) -> str:
    """The Markdown between the cell of the step before and this step's own; "" where the lesson has none."""
    texts: list[str] = []
    for cell in read_json(course.lesson(step.lesson).notebook)["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            texts.append(plain(source))
        elif source.split()[:2] == ["%%step", step.name]:
            return "\n\n".join(filter(None, texts))
        elif source.startswith("%%step"):
            texts.clear()
    return ""


def plain(markdown: str) -> str:
    """Markdown as a terminal can show it: drawings and HTML go, links of the lessons become words."""
    fenced = re.split(r"(^```.*?^```$)", _PICTURE.sub("", markdown), flags=re.MULTILINE | re.DOTALL)
    return "".join(part if part.startswith("```") else _words(part) for part in fenced).strip()


def _words(markdown: str) -> str:
    text = _ELSEWHERE.sub(r"\1", markdown)
    text = _LINK.sub(r"\1 (\2)", text)
    text = _CALLOUT.sub(lambda found: f"> **{found[1].capitalize()}:**", text)
    return "".join(part if part.startswith("`") else _HTML.sub("", part) for part in re.split(r"(`[^`\n]*`)", text))
