"""Cards that other sites show when a page is shared: made here, with no network, from the page's title."""

from __future__ import annotations

import hashlib
import html
import os
import textwrap
from pathlib import Path

from pages.diagram import drawer

SIZE = (1200, 630)
_FONT = "font-family='DejaVu Sans'"
_LINES = 4


def svg(title: str, kind: str, site: str) -> str:
    """The card as SVG: the kind of page, its title, the site's name."""
    width = 28 if len(title) < 60 else 36
    size = 68 if width == 28 else 52
    lines = textwrap.wrap(title, width, max_lines=_LINES, placeholder=" …")
    text = "".join(
        f"<text x='80' y='{250 + number * size * 1.25:.0f}' font-size='{size}' font-weight='bold' fill='#ffffff' "
        f"{_FONT}>{html.escape(line)}</text>"
        for number, line in enumerate(lines)
    )
    boxes = "".join(
        f"<rect x='{830 + 95 * n}' y='70' width='75' height='75' rx='12' fill='{fill}'/>"
        for n, fill in enumerate(("#4dd0e1", "#80cbc4", "#ffcc80"))
    )
    box = f"width='{SIZE[0]}' height='{SIZE[1]}'"
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' {box} viewBox='0 0 {SIZE[0]} {SIZE[1]}'>"
        f"<rect {box} fill='#0f2f3a'/>{boxes}"
        f"<text x='80' y='125' font-size='34' fill='#80deea' {_FONT}>{html.escape(kind)}</text>{text}"
        f"<text x='80' y='580' font-size='32' fill='#b2dfdb' {_FONT}>{html.escape(site)}</text></svg>"
    )


def jpeg(title: str, kind: str, site: str, cache: Path = Path("build/cards")) -> bytes:
    """The card as JPEG, 1200 by 630; kept, as many pages are built again unchanged."""
    drawing = svg(title, kind, site)
    kept = cache / f"{hashlib.sha256(drawing.encode()).hexdigest()[:20]}.jpg"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(f".{os.getpid()}")
        part.write_bytes(drawer().svg_to_jpg(drawing, width=SIZE[0], height=SIZE[1], quality=90))
        part.replace(kept)
    return kept.read_bytes()
