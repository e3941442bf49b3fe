"""Mermaid diagrams, drawn while the site is built: the page needs no script, no font and no other host for them.

mermaidx runs the real Mermaid in a small embedded engine. What it draws is slimmed to shapes and text with class
names, so that the page's own colours hold in light, dark and print, and is given a description in words.
"""

from __future__ import annotations

import hashlib
import html
import importlib
import os
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lab import storage
from lab.errors import Blocked

# Drawn before, and kept in the repository: drawing takes some seconds each. Another source has another name.
KEPT = Path(os.environ.get("LAB_DIAGRAMS") or Path(__file__).parents[1] / "drawn")
_RECIPE = 1  # counted up when a diagram is drawn or slimmed otherwise, so that an older one is not taken for it
_OPTIONS = '%%{init: {"htmlLabels": false, "flowchart": {"htmlLabels": false, "padding": 14}}}%%\n'
_SVG = "{http://www.w3.org/2000/svg}"
_KEPT = {
    *("class", "d", "x", "y", "dx", "dy", "width", "height", "rx", "ry", "cx", "cy", "r", "points", "transform"),
    *("viewBox", "text-anchor", "marker-end", "marker-start", "refX", "refY", "markerUnits", "markerWidth"),
    *("markerHeight", "orient", "x1", "x2", "y1", "y2"),
}
_EDGE = re.compile(r"^L_(.+)_\d+$")
_SHAPES = {f"{_SVG}{name}" for name in ("path", "rect", "polygon", "circle", "ellipse", "line")}
_LONG = re.compile(r"-?\d+\.\d{2,}")


def fence(source: str, language: str, css_class: str, options: Any, md: Any, **more: Any) -> str:
    """What the page holds in place of a fence of Mermaid (a formatter of pymdownx.superfences)."""
    del language, css_class, options, md, more
    return figure(source)


def figure(source: str) -> str:
    """A diagram as HTML: the picture, and its description for those who cannot see it."""
    picture, words = drawn(source)
    width, height = re.findall(r'viewBox="[-\d.]+ [-\d.]+ ([\d.]+) ([\d.]+)"', picture)[0]
    label = html.escape(words, quote=True)
    opening = f'<svg role="img" aria-label="{label}" width="{float(width):.0f}" height="{float(height):.0f}"'
    return f'<figure class="lab-diagram" tabindex="0">{picture.replace("<svg", opening, 1)}</figure>'


def drawn(source: str, cache: Path | None = None) -> tuple[str, str]:
    """The slim SVG of a diagram and its description; kept, so that it is drawn once."""
    key = hashlib.sha256(f"{_RECIPE}{_OPTIONS}{source}".encode()).hexdigest()[:20]
    kept = (cache or KEPT) / f"{key}.svg"
    if kept.exists():
        words, _, picture = kept.read_text(encoding="utf-8").partition("\n")
        return picture, words
    picture, words = slim(_draw(source), f"d{key[:6]}")
    storage.write_text(kept, f"{words}\n{picture}")
    return picture, words


def _draw(source: str) -> str:
    svg: str = drawer().render(_OPTIONS + source).svg()
    return svg


def drawer() -> Any:
    """mermaidx, which draws diagrams and turns SVG into PNG; Blocked where it is not installed."""
    try:
        return importlib.import_module("mermaidx")
    except ImportError as error:
        raise Blocked("The pictures need mermaidx, which is not there.", "`make setup` installs it.") from error


def slim(svg: str, name: str) -> tuple[str, str]:
    """Shapes, text and class names only, with ids that are this diagram's own; and the description."""
    ET.register_namespace("", "http://www.w3.org/2000/svg")
    root = ET.fromstring(svg)  # noqa: S314 - what Mermaid drew from our own text
    words = described(root)
    used = set(re.findall(r"url\(#([^)]+)\)", svg))
    _prune(root, used)
    for element in root.iter():
        _attributes(element, name)
    for attribute in ("width", "class", "style"):
        root.attrib.pop(attribute, None)
    return ET.tostring(root, encoding="unicode"), words


def _prune(parent: ET.Element, used: set[str]) -> None:
    for child in list(parent):
        _prune(child, used)
        tag = child.tag.removeprefix(_SVG)
        unused = tag == "marker" and child.get("id") not in used
        empty = tag in {"g", "text"} and not _words(child) and not any(one.tag in _SHAPES for one in child.iter())
        if tag in {"style", "defs"} or unused or empty or (tag == "rect" and not child.get("width")):
            parent.remove(child)
        elif tag == "tspan" and len(child):
            child.text = _words(child)
            for inner in list(child):
                child.remove(inner)


def _attributes(element: ET.Element, name: str) -> None:
    is_marker = element.tag == f"{_SVG}marker"
    identity = element.get("id", "")
    for key in [key for key in element.attrib if key not in _KEPT]:
        del element.attrib[key]
    for key, value in element.attrib.items():
        short = _LONG.sub(lambda match: f"{float(match[0]):.1f}".removesuffix(".0"), value)
        element.set(key, " ".join(dict.fromkeys(short.split())) if key == "class" else short.replace("my-svg", name))
    if is_marker:
        element.set("id", identity.replace("my-svg", name))


def described(root: ET.Element) -> str:
    """A diagram in words: each arrow as “from → to”, or all its text where it is of another kind."""
    nodes = {}
    for element in root.iter(f"{_SVG}g"):
        if match := re.match(r"my-svg-flowchart-(.+)-\d+$", element.get("id", "")):
            nodes[match[1]] = _words(element)
    sentences = list(_arrows(root, nodes))
    return "Diagram. " + ("; ".join(sentences) if sentences else _words(root)) + "."


def _arrows(root: ET.Element, nodes: dict[str, str]) -> Iterator[str]:
    labels = {g.get("data-id", ""): _words(g) for g in root.iter(f"{_SVG}g") if g.get("data-id")}
    for path in root.iter(f"{_SVG}path"):
        match = _EDGE.match(path.get("data-id", ""))
        ends = [(a, b) for a in nodes for b in nodes if match and match[1] == f"{a}_{b}"]
        for start, end in ends:
            label = labels.get(path.get("data-id", ""), "")
            yield f"{nodes[start]} → {f'({label}) ' if label else ''}{nodes[end]}"


def _words(element: ET.Element) -> str:
    rows = [row for row in element.iter(f"{_SVG}tspan") if "row" in row.get("class", "")]
    texts = ["".join(row.itertext()) for row in rows] or list(element.itertext())
    return " ".join(" ".join(texts).split())
