"""Show a result: as text for a terminal, as HTML for a notebook or a page. Views decide nothing here."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from lab.errors import shown
from lab.model.results import MIME, Result, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lab.errors import LabError

_CODE = re.compile(r"`([^`\n]+)`")
ERROR_MIME = "application/vnd.lab.error+json"
_COLOURS = {
    Status.PASSED: "32",
    Status.FAILED: "31",
    Status.NOT_ATTEMPTED: "36",
    Status.BLOCKED: "33",
    Status.BUG: "35",
}
_TONES = {
    Status.PASSED: "#1a7f37",
    Status.FAILED: "#cf222e",
    Status.NOT_ATTEMPTED: "#0969da",
    Status.BLOCKED: "#9a6700",
    Status.BUG: "#8250df",
}


def wants_colour(stream: Any, env: Mapping[str, str] = os.environ) -> bool:
    """Colours only for a terminal, and never against NO_COLOR."""
    if env.get("NO_COLOR"):
        return False
    return bool(env.get("FORCE_COLOR")) or (stream.isatty() and env.get("TERM") != "dumb")


def paint(text: str, code: str, *, colour: bool) -> str:
    """`text` in an ANSI colour, or as it is."""
    return f"\033[{code}m{text}\033[0m" if colour and text else text


def inline(text: str) -> str:
    """Text as HTML: all of it escaped, and what stands between backticks shown as code."""
    return _CODE.sub(r"<code>\1</code>", _escaped(text))


def _escaped(text: str) -> str:
    import html  # a terminal needs none of it

    return html.escape(text)


def as_text(result: Result, *, colour: bool = False) -> str:
    """One result in a few lines: mark, status, step; what is; found against wanted; what helps."""
    status = result.status
    head = paint(f"{status.mark} {status.label}", _COLOURS[status], colour=colour)
    lines = [f"{head}  {result.step}"]
    lines += [f"  {shown(text)}" for text in _sentences(result)]
    lines += [f"  {name:>6}: {shown(value)}" for name, value in _compared(result)]
    if _has_error(result):
        lines.append("  `lab explain --last` explains the error that was printed.")
    if result.picture:
        lines += [f"  {line}".rstrip() for line in ("", *result.picture["text"].splitlines(), "")]
    if result.next_step:
        lines.append(f"  next: {result.next_step}")
    return "\n".join(lines)


def as_html(result: Result, *, following: str | None = None) -> str:
    """The same as a small block of HTML that needs no script and reads well in light and dark themes.

    `following` (HTML) stands where the next step is named; None: its name.
    """
    status, tone = result.status, _TONES[result.status]
    parts = [
        f'<div class="lab-result lab-{status.label.replace(" ", "-")}" role="status" ',
        f'style="border-left:4px solid {tone};padding:.4em .9em;margin:.4em 0;">',
        f'<div><strong><span style="color:{tone}" aria-hidden="true">{status.mark}</span> ',
        f"{_escaped(status.label)}</strong> · <code>{_escaped(result.step)}</code></div>",
    ]
    parts += [f"<div>{inline(text)}</div>" for text in _sentences(result)]
    if rows := _compared(result):
        cells = "".join(
            f'<tr><th scope="row" style="text-align:left;white-space:nowrap;vertical-align:top">{name}</th>'
            f'<td style="text-align:left"><code>{_escaped(value)}</code></td></tr>'
            for name, value in rows
        )
        parts.append(f"<table>{cells}</table>")
    if _has_error(result):
        parts.append("<div><code>lab.explain()</code> explains the error that was printed.</div>")
    if result.picture:
        parts.append(result.picture["html"])
    parts.append(_evidence(result))
    if following is None and result.next_step:
        following = f"Next: <code>{_escaped(result.next_step)}</code>"
    if following:
        parts.append(f"<div>{following}</div>")
    return "".join([*parts, "</div>"])


def bundle(result: Result) -> dict[str, Any]:
    """The MIME bundle of a result: the data itself, HTML, and plain text, so that any view can show it."""
    return {MIME: result.to_json(), "text/html": as_html(result), "text/plain": as_text(result)}


_SAID_RIGHT = "You said “{said}”, and so it was. {because}"
_SAID_WRONG = "You said “{said}”. It was “{was}”. {because}"
_GOOD = "★ Right and good: {because}"
_BETTER = "☆ Right. It can still become better: {because}"


def outcome(predicted: Mapping[str, str]) -> str:
    """What was said before, what it was, and why: one line; "" where nothing was said."""
    said = predicted.get("said", "")
    text = _SAID_RIGHT if said == predicted["was"] else _SAID_WRONG
    return text.format(**predicted) if said else ""


def _after_a_pass(result: Result) -> list[str]:
    said = outcome(result.predicted) if result.predicted else ""
    good = result.good or {}
    mark = (_GOOD if good["reached"] == "yes" else _BETTER).format(because=good["because"]) if good else ""
    return list(filter(None, [said, mark]))


def _sentences(result: Result) -> list[str]:
    first = result.text
    if result.status is Status.PASSED:
        return [*filter(None, [first]), *_after_a_pass(result)]
    if result.status is Status.NOT_ATTEMPTED:
        return [first, f"To do: {result.goal}", *filter(None, [result.remedy])]
    return list(filter(None, [first, result.remedy]))


def _has_error(result: Result) -> bool:
    """Did the try that failed print an error, so that there is something to explain?"""
    said = (evidence.answer.lower() for evidence in result.evidence)
    return result.status is Status.FAILED and any("error" in text or "warning:" in text for text in said)


def _compared(result: Result) -> list[tuple[str, str]]:
    if result.status is not Status.FAILED:
        return []
    return [(name, result.values[name]) for name in ("found", "wanted") if result.values.get(name)]


def _evidence(result: Result) -> str:
    if not result.evidence:
        return ""
    shown = "".join(
        f'<div class="lab-label">Asked</div><pre><code>{_escaped(e.asked)}</code></pre>'
        f'<div class="lab-label">Answer</div><pre>{_escaped(_short(e.answer))}</pre>'
        for e in result.evidence
    )
    return f"<details><summary>Evidence</summary>{shown}</details>"


def _short(text: str, limit: int = 4000) -> str:
    return text if len(text) <= limit else f"{text[:limit]}\n… ({len(text) - limit} more characters)"


def error_bundle(error: LabError) -> dict[str, Any]:
    """An error of ours that is no step's result, as a MIME bundle: one clear line and what helps."""
    data = {"message": error.message, "remedy": error.remedy, "exit_status": error.exit_status}
    shown = (
        '<div class="lab-error" role="alert" style="border-left:4px solid #9a6700;padding:.4em .9em">'
        f"<strong>{inline(error.message)}</strong> {inline(error.remedy)}</div>"
    )
    return {ERROR_MIME: data, "text/html": shown, "text/plain": str(error)}
