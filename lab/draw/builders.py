"""A builder as a picture: its name, its nodes, and the BuildKit of each node, or the place where one will be."""

from __future__ import annotations

from collections.abc import Iterator

from lab.draw import Picture
from lab.draw.svg import BLUE, GREEN, GREY, Canvas, cut, fit
from lab.events.read import clean
from lab.facts import Builder, Node

_MOST = 8
_TALL, _STEP = 50.0, 60.0
_COLUMNS = ((2.0, 130.0), (160.0, 160.0), (348.0, 130.0))
NO_BUILDKIT = "no BuildKit yet"


def card(builder: Builder) -> Picture:
    """Builder → node → BuildKit; at most eight nodes are drawn."""
    nodes = builder.nodes[:_MOST]
    title = f"{clean(builder.name)}: builder, node, BuildKit"
    text = "\n".join(_text(builder, nodes))
    canvas = Canvas(text)
    for (x, _), head in zip(_COLUMNS, ("builder", "node" if len(nodes) == 1 else "nodes", "BuildKit"), strict=True):
        canvas.text(x, 12, head, size=12, bold=True)
    middle = 22 + _STEP * max(0, len(nodes) - 1) / 2
    _box(canvas, (0, middle), _head(builder), BLUE)
    for number, node in enumerate(nodes):
        top = 22 + _STEP * number
        _box(canvas, (1, top), (node.name, node.status, node.endpoint), BLUE)
        _link(canvas, 0, middle, top)
        _box(canvas, (2, top), _buildkit(node), GREEN if node.buildkit else GREY, dashed=not node.buildkit)
        _link(canvas, 1, top, top, dashed=not node.buildkit)
    return canvas.picture(title, text, 22 + _STEP * max(1, len(nodes)))


def _head(builder: Builder) -> tuple[str, ...]:
    star = "*" if builder.current else ""
    return f"{builder.name}{star}", builder.driver, "the current one" if builder.current else ""


def _buildkit(node: Node) -> tuple[str, ...]:
    count = len(node.platforms)
    platforms = f"{count} platform{'' if count == 1 else 's'}" if count else "no platforms"
    return (node.buildkit or NO_BUILDKIT, platforms)


def _text(builder: Builder, nodes: tuple[Node, ...]) -> Iterator[str]:
    yield cut("builder " + ", ".join(clean(word) for word in _head(builder) if word), 80)
    for node in nodes:
        yield cut("  node " + ", ".join(clean(word) for word in (node.name, node.status, node.endpoint) if word), 80)
        yield "    " + ", ".join(clean(word) for word in _buildkit(node))
    if len(builder.nodes) > _MOST:
        yield f"  and {len(builder.nodes) - _MOST} more nodes"


def _box(canvas: Canvas, place: tuple[int, float], lines: tuple[str, ...], tone: str, *, dashed: bool = False) -> None:
    column, top = place
    x, width = _COLUMNS[column]
    canvas.box(x, top, width, _TALL, tone, dashed=dashed, rounded=4)
    for number, line in enumerate(clean(line) for line in lines):
        size = 12 if number == 0 else 11
        canvas.text(x + 6, top + 14 + 15 * number, fit(line, width - 10, size, letter=0.6), size=size, bold=not number)


def _link(canvas: Canvas, column: int, start: float, end: float, *, dashed: bool = False) -> None:
    x, width = _COLUMNS[column]
    half = _TALL / 2
    canvas.line((x + width, start + half), (_COLUMNS[column + 1][0], end + half), dashed=dashed)
