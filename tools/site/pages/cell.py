"""One step on a page: its command, what a real run printed, the result, and a folded solution of the learner's part."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from lab.draw import render
from lab.model.facts import Evidence
from lab.model.results import MIME, Result
from lab.model.steps import Step

KINDS = {"whole": "Step", "gap": "Fill the gap", "own": "Exercise", "repair": "Mend it"}
_STYLE = re.compile(r' style="[^"]*"')
_BLANKS = re.compile(r'<span class="w">( +)</span>')  # blanks need no colour, and weigh a tenth of a page
_EVIDENCE = 2000  # characters of all answers of one result; who runs the step has them whole
_MESSAGE = 6  # lines
_CURSOR = re.compile(r"\x1b\[[0-9;?]*[A-LN-Za-ln-z]")  # escapes that move and clear; colours (m) stay


def card(step: Step, command: str, outputs: list[dict[str, Any]], *, executed: bool) -> str:
    """A block of HTML for one step. `command` is the cell's body without its `%%step` line."""
    kind = KINDS[step.kind]
    parts = [
        f'<section class="lab-step" id="{step.name}" aria-label="{kind} {step.name}">',
        f'<p class="lab-goal"><span>{kind}</span> <code>{step.name}</code> {render.inline(step.goal)}</p>',
    ]
    parts += list(_guided(step, command, outputs) if step.kind == "whole" else _exercise(step, outputs))
    if not executed:
        parts.append('<p class="lab-missing">Not executed: this page has no run yet.</p>')
    return "".join([*parts, "</section>"])


def _guided(step: Step, command: str, outputs: list[dict[str, Any]]) -> Iterator[str]:
    yield code(command)
    yield from shown(step.name, command, outputs)


def _exercise(step: Step, outputs: list[dict[str, Any]]) -> Iterator[str]:
    if step.kind == "gap":
        yield code(step.gap)
    for number, hint in enumerate(step.hints, 1):
        yield f"<details><summary>Hint {number}</summary><p>{render.inline(hint)}</p></details>"
    inside = "".join([code(step.solution), *shown(step.name, step.solution, outputs)])
    yield f'<details class="lab-solution"><summary>One way to do it</summary>{inside}</details>'


def code(text: str, language: str = "sh") -> str:
    """Highlighted code in the shape that the theme gives its copy button to; the button copies just this."""
    from pygments import highlight  # type: ignore[import-untyped]
    from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]
    from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]

    lexer = get_lexer_by_name(language, stripnl=False)
    inner = _BLANKS.sub(r"\1", highlight(text.rstrip("\n"), lexer, HtmlFormatter(nowrap=True)))
    return f'<div class="language-{language} highlight"><pre><span></span><code>{inner}</code></pre></div>'


def shown(name: str, command: str, outputs: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Each output as HTML: a stream with its colours, a result from its data, anything else from its own HTML."""
    for output in outputs:
        data = output.get("data") or {}
        if output["output_type"] == "stream":
            yield _printed("".join(output["text"]), name)
        elif MIME in data:
            yield result(Result.from_json(data[MIME]), command)
        elif "text/html" in data:
            yield f'<div class="lab-html" tabindex="0">{"".join(data["text/html"])}</div>'
        elif "image/svg+xml" in data:
            yield f'<div class="lab-html" tabindex="0">{"".join(data["image/svg+xml"])}</div>'
        elif "text/plain" in data:
            yield _printed("".join(data["text/plain"]), name)


def _printed(text: str, name: str) -> str:
    from nbconvert.filters import ansi2html

    clean = _CURSOR.sub("", text).rstrip("\n")
    inner = ansi2html(clean)
    wrap = " lab-wrap" if clean.count("\n") < _MESSAGE else ""  # a message is read whole; a table keeps its columns
    return f'<pre class="lab-output{wrap}" tabindex="0" role="region" aria-label="What {name} printed">{inner}</pre>'


def result(found: Result, command: str = "") -> str:
    """The result as every view shows it, in the page's own colours, under its picture as it was drawn.

    Left out: evidence that is the command itself (its output stands above), and the pointer to the next step.
    """
    kept = tuple(_shortened([one for one in found.evidence if one.asked.strip() != command.strip()]))
    block = _STYLE.sub("", render.as_html(replace(found, evidence=kept, next_step="", picture=None)))
    block = block.replace(' role="status"', "").replace("<pre>", '<pre tabindex="0">')
    block = block.replace("&quot;", '"').replace("&#x27;", "'")  # only text has them here, and JSON has many
    return f"{_picture(found)}<footer data-search-exclude>{block}</footer>"


def _picture(found: Result) -> str:
    if not found.picture:
        return ""
    drawn = found.picture["html"].replace("<pre", '<pre tabindex="0"')
    return f'<div class="lab-html" tabindex="0">{drawn}</div>'


def _shortened(evidence: Sequence[Evidence]) -> Iterator[Evidence]:
    """Each answer as long as its fair share of the page allows; the same question is shown once."""
    asked = {one.asked: one for one in evidence}
    share = _EVIDENCE // max(1, len(asked))
    for one in asked.values():
        more = len(one.answer) - share
        yield one if more <= 0 else replace(one, answer=f"{one.answer[:share]}\n… ({more} more characters)")
