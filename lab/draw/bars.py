"""A few measured values side by side: native against emulated, against cross-compiled."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lab.draw.svg import BLUE, GREEN, ORANGE, WIDTH, Canvas, cut, fit, seconds
from lab.errors import BadInput
from lab.events.read import clean
from lab.model.picture import Picture

_MOST = 24
_BARS = 30
_FIRST, _LONGER, _NO_LONGER = (BLUE, ""), (ORANGE, "hatch"), (GREEN, "dots")


def bars(title: str, rows: Sequence[tuple[str, float]], unit: str = "s") -> Picture:
    """A bar chart of at most 24 rows; each says how many times the first one it is.

    Raises BadInput where there is nothing to draw, or a value that is no length: negative, infinite, no number.
    """
    title, rows = clean(title), [(clean(label), float(value)) for label, value in rows]
    if not rows or len(rows) > _MOST:
        raise BadInput(f"A bar chart of {len(rows)} rows cannot be drawn.", f"1 to {_MOST} can.")
    for label, value in rows:
        if not math.isfinite(value) or value < 0:
            raise BadInput(f"{value!r} for {label!r} is no length that could be drawn.")
    most = max(value for _, value in rows) or 1.0
    shown = [(label, value / most, _said(value, unit), _ratio(value, rows[0])) for label, value in rows]
    return _draw(title, _text(title, shown), shown)


def _said(value: float, unit: str) -> str:
    if unit == "s":
        return seconds(value)
    return f"{value:.3g} {unit}" if value < 1000 else f"{value:.0f} {unit}"


def _ratio(value: float, first: tuple[str, float]) -> str:
    """Empty for the first row itself, and where it is zero: nothing is so many times nothing."""
    if not first[1] or value == first[1]:
        return ""
    times = value / first[1]
    return f"{times:.0f} times" if times >= 100 else f"{times:.2g} times" if times < 1 else f"{times:.1f} times"


def _text(title: str, rows: list[tuple[str, float, str, str]]) -> str:
    wide = min(24, max(len(label) for label, *_ in rows))
    lines = [title]
    for label, share, said, ratio in rows:
        bar = "█" * max(1 if share else 0, round(share * _BARS))
        lines.append(f"  {cut(label, wide):{wide}}  {said:>8}  {bar} {ratio}".rstrip())
    if any(ratio for *_, ratio in rows):
        lines.append(f"  (compared with {cut(rows[0][0], 50)!r})")
    return "\n".join(lines)


def _draw(title: str, text: str, rows: list[tuple[str, float, str, str]]) -> Picture:
    canvas = Canvas(text)
    y = 4.0
    for place, (label, share, said, ratio) in enumerate(rows):
        tone, pattern = _FIRST if not place else _LONGER if share > rows[0][1] else _NO_LONGER
        wide = max(1.5, share * (WIDTH - 4)) if share else 0.1
        canvas.text(2, y + 12, fit(label, WIDTH - 150, 13), size=13)
        canvas.text(WIDTH - 2, y + 12, f"{said} ({ratio})" if ratio else said, size=13, end=True, bold=True)
        canvas.line((2 + wide, y + 27), (WIDTH - 2, y + 27), faint=True)
        canvas.box(2, y + 18, wide, 18, tone, pattern=pattern)
        y += 46
    if any(ratio for *_, ratio in rows):
        canvas.text(2, y + 9, fit(f"compared with “{rows[0][0]}”", WIDTH - 4, 12))
        y += 16
    return canvas.picture(title, text, y)
