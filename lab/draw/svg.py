"""The few shapes that the pictures are made of. Text is `currentColor`; fills are pale, so that it reads on them."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from lab.model.picture import Picture

WIDTH = 480  # small enough to be read on a telephone, where the drawing shrinks with the page
BLUE, ORANGE, RED, GREEN, GREY = "#3b82c4", "#c2700a", "#d9423f", "#2f9155", "#7a7f87"
_LETTER = 0.55  # of the font's size: as wide as usual fonts are on average
_PATTERNS = {
    "hatch": '<path d="M-2 2l4-4M0 8l8-8M6 10l4-4" stroke="{tone}" stroke-width="2.4"/>',
    "dots": '<circle cx="4" cy="4" r="1.7" fill="{tone}"/>',
    "cross": '<path d="M0 0l8 8M8 0l-8 8" stroke="{tone}" stroke-width="1.8"/>',
}


@dataclass
class Canvas:
    """A drawing in the making. `seed` tells its patterns' names from those of other figures on the same page."""

    seed: str
    parts: list[str] = field(default_factory=list)
    used: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """A name for this figure: the same for the same content."""
        return "lab-" + hashlib.sha256(self.seed.encode("utf-8", "replace")).hexdigest()[:10]

    def box(  # noqa: PLR0913  # a rectangle has that many sides to it
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        tone: str,
        *,
        pattern: str = "",
        dashed: bool = False,
        strong: bool = False,
        rounded: float = 2,
    ) -> None:
        """A rectangle: pale, or filled with a pattern, or empty with a dashed outline."""
        where = f'x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}" rx="{rounded}"'
        dash = ' stroke-dasharray="4 3"' if dashed else ""
        width_of_line = 2 if strong else 1.2
        opacity = 0 if dashed else 0.28
        self.parts.append(
            f'<rect {where} fill="{tone}" fill-opacity="{opacity}" stroke="{tone}" '
            f'stroke-width="{width_of_line}"{dash}/>'
        )
        if pattern:
            key = f"{pattern}-{tone.strip('#')}"
            self.used[key] = _PATTERNS[pattern].format(tone=tone)
            self.parts.append(f'<rect {where} fill="url(#{self.name}-{key})"/>')

    def text(  # noqa: PLR0913  # neither has a text fewer
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: int = 12,
        end: bool = False,
        bold: bool = False,
        code: bool = False,
    ) -> None:
        """A line of text, from `x` to the right or (`end`) up to it."""
        more = ' text-anchor="end"' if end else ""
        more += ' font-weight="600"' if bold else ""
        more += ' font-family="monospace"' if code else ""
        self.parts.append(
            f'<text x="{number(x)}" y="{number(y)}" font-size="{size}" fill="currentColor"{more}>'
            f"{html.escape(text)}</text>"
        )

    def line(self, *points: tuple[float, float], dashed: bool = False, faint: bool = False) -> None:
        """A thin line through points."""
        path = "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points)
        more = ' stroke-dasharray="4 3"' if dashed else ""
        opacity = 0.25 if faint else 0.7
        self.parts.append(f'<path d="{path}" fill="none" stroke="currentColor" stroke-opacity="{opacity}"{more}/>')

    def picture(self, title: str, text: str, height: float) -> Picture:
        """The figure: the drawing, a caption, and the text form for everybody who wants it."""
        patterns = "".join(
            f'<pattern id="{self.name}-{key}" width="8" height="8" patternUnits="userSpaceOnUse">{shape}</pattern>'
            for key, shape in sorted(self.used.items())
        )
        defs = f"<defs>{patterns}</defs>" if patterns else ""
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {number(height)}" width="100%" role="img" '
            f'aria-labelledby="{self.name}-title {self.name}-desc" '
            f'style="display:block;max-width:40em;height:auto;color:inherit">'
            f'<title id="{self.name}-title">{html.escape(title)}</title>'
            f'<desc id="{self.name}-desc">{html.escape(spoken(text))}</desc>{defs}{"".join(self.parts)}</svg>'
        )
        return Picture(title, text, figure(title, svg, text))


def figure(title: str, content: str, text: str) -> str:
    """`content` with its caption and its text form, on one line, as Markdown's readers want it."""
    return (
        f'<figure class="lab-picture" style="margin:.8em 0"><figcaption style="font-weight:600;margin:0 0 .4em">'
        f"{html.escape(title)}</figcaption>{content}"
        f'<details><summary>As text</summary><pre style="overflow-x:auto">{on_one_line(text)}</pre></details></figure>'
    )


def on_one_line(text: str) -> str:
    """Escaped, its line ends written as HTML writes them."""
    return "&#10;".join(html.escape(line) for line in text.split("\n"))


def spoken(text: str) -> str:
    """The text form for a voice: bars left out, columns read one after the other."""
    lines = (re.sub(r"│.*│|█+", "  ", line).strip() for line in text.split("\n"))
    return "; ".join(re.sub(r"\s{2,}", ", ", line) for line in lines if line)


def number(value: float) -> str:
    """A coordinate without needless digits."""
    return f"{value:.1f}".rstrip("0").rstrip(".")


def fit(text: str, width: float, size: int = 12, *, letter: float = _LETTER) -> str:
    """`text`, cut with an ellipsis where it would be wider than `width` units."""
    return cut(text, int(width / (size * letter)))


def cut(text: str, letters: int) -> str:
    """`text` in at most so many letters."""
    return text if len(text) <= letters else text[: max(0, letters - 1)].rstrip() + "…"


def seconds(value: float) -> str:
    """A time for a person: three digits that mean something."""
    if value >= 100:
        return f"{value:.0f} s"
    if value >= 10:
        return f"{value:.1f} s"
    return f"{value:.2f} s" if value >= 0.095 else f"{value * 1000:.0f} ms"


def amount(size: int) -> str:
    """A size for a person, in the decimal units that registries use."""
    value = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 999.5 or unit == "GB":
            return f"{value:.0f} {unit}" if unit == "B" or value >= 99.5 else f"{value:.3g} {unit}"
        value /= 1000
    raise AssertionError  # the loop always returns


def table(rows: Sequence[Sequence[str]], *, right: frozenset[int] = frozenset(), gap: int = 2) -> list[str]:
    """Lines of text with the columns below one another; those in `right` end at the same place."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = zip(row, widths, strict=True)
        placed = (cell.rjust(w) if i in right else cell.ljust(w) for i, (cell, w) in enumerate(cells))
        lines.append((" " * gap).join(placed).rstrip())
    return lines
