"""A build as it went: one lane per platform, its steps over a seconds axis."""

from __future__ import annotations

import re
from dataclasses import dataclass
from textwrap import wrap

from lab.draw.svg import BLUE, GREEN, GREY, ORANGE, RED, WIDTH, Canvas, cut, fit, seconds
from lab.events import BuildEvents, Vertex, emulated
from lab.model.picture import Picture
from lab.model.platforms import Platform, listed

_MOST = 30
_BARS, _LABEL, _COLUMNS = 22, 30, 80
_LEFT = 176.0
_STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600, 1800, 3600, 14400)

# what a step was → how its block looks: tone, pattern, dashed outline; the letter of its bar in text
_LOOKS = {
    "": (BLUE, "", False, "█"),
    "emulated": (ORANGE, "hatch", False, "▒"),
    "cross-compiled": (GREEN, "dots", False, "▓"),
    "cached": (GREY, "", True, "·"),
    "stopped": (GREY, "cross", False, "░"),
    "not run": (GREY, "", True, " "),
    "not done": (GREY, "", True, "░"),
    "FAILED": (RED, "cross", False, "x"),
}


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """What is to be drawn: lanes with their steps, and how many seconds the axis has."""

    title: str
    lanes: list[tuple[str, list[Vertex]]]
    end: float
    notes: list[str]
    native: Platform | None

    @property
    def axis(self) -> float:
        """How wide the axis is, so that the words after the last block have room."""
        longest = max((len(self.took(v)) for _, steps in self.lanes for v in steps), default=0)
        return WIDTH - _LEFT - 10 - longest * 12 * 0.53

    def mark(self, vertex: Vertex) -> str:
        """What is special about a step."""
        return mark(vertex, self.native)

    def took(self, vertex: Vertex) -> str:
        """How long a step took, and what is special about it."""
        special = self.mark(vertex)
        quiet = special in ("cached", "not run", "not done")
        return special if quiet else f"{seconds(vertex.seconds)} {special}".rstrip()

    def span(self, vertex: Vertex) -> tuple[float, float]:
        """Where a step begins and ends, as shares of the axis."""
        start = min(max(vertex.started or 0.0, 0.0), self.end)
        unfinished = start if vertex.started is None else self.end
        stop = unfinished if vertex.completed is None else vertex.completed
        return start / self.end, max(start, min(stop, self.end)) / self.end


def timeline(events: BuildEvents) -> Picture:
    """The build's steps; the longest are drawn where there are more than thirty."""
    kept = _chosen(events)
    lanes = [(lane, drawn) for lane, steps in _lanes(events) if (drawn := [v for v in steps if v in kept])]
    left = len(events.vertices) - sum(len(steps) for _, steps in lanes)
    made_for = listed(events.platforms) if events.platforms else "one platform"
    plan = _Plan(
        title=f"The build in {seconds(events.seconds)}: {made_for}",
        lanes=lanes,
        end=max(events.seconds, 0.001),
        notes=_notes(events, left),
        native=events.native,
    )
    return _draw(plan, _text(plan))


def mark(vertex: Vertex, native: Platform | None) -> str:
    """What is special about a step, in a word; empty where nothing is."""
    if vertex.error:
        return "stopped" if vertex.stopped else "FAILED"
    if vertex.cached:
        return "cached"
    if vertex.started is None:
        return "not run"
    if vertex.completed is None:
        return "not done"
    if vertex.kind == "run" and vertex.crosses:
        return "cross-compiled"
    return "emulated" if native and emulated(vertex, native) else ""


def label(vertex: Vertex) -> str:
    """A step's name without what its lane and its digest say already."""
    text = re.sub(r"@sha256:[0-9a-f]{64}", "", vertex.text).replace("docker.io/library/", "")
    number = f"{vertex.stage} {vertex.step}" if vertex.crosses or "stage-" not in vertex.stage else vertex.step
    return f"{number.strip()} {text}".strip()


def _lanes(events: BuildEvents) -> list[tuple[str, list[Vertex]]]:
    lanes: dict[Platform | None, list[Vertex]] = {None: []} | {platform: [] for platform in events.platforms}
    for vertex in sorted(events.vertices, key=_order):
        lanes[vertex.target].append(vertex)
    shared = "for all platforms" if events.platforms else "for the one platform"
    return [(str(platform) if platform else shared, steps) for platform, steps in lanes.items()]


def _order(vertex: Vertex) -> tuple[bool, float]:
    return vertex.started is None, vertex.started or 0.0


def _chosen(events: BuildEvents) -> set[Vertex]:
    """Failures first, then what took long."""
    ranked = sorted(events.vertices, key=lambda v: (not v.error, v.kind == "internal", -v.seconds))
    return set(ranked[:_MOST])


def _notes(events: BuildEvents, left: int) -> list[str]:
    notes: list[str] = []
    for vertex in events.failed[:3]:
        ended = vertex.error.rpartition("did not complete successfully: ")[2]
        notes.append(cut(f"{cut(label(vertex), 60)} failed: {ended}", 240))
        notes += [cut(f"It said: {line.strip()}", 240) for line in vertex.log[-1:] if line.strip()]
    if events.error and not events.failed:
        notes.append(cut(f"The build failed: {events.error}", 240))
    notes += [cut(f"BuildKit warned: {one.text}", 240) for one in events.warnings[:3]]
    if left:
        notes.append(f"{left} shorter steps are left out.")
    return notes


def _text(plan: _Plan) -> str:
    lines = wrap(plan.title, _COLUMNS)
    for lane, steps in plan.lanes:
        lines.append(lane)
        for vertex in steps:
            first, last = (round(share * _BARS) for share in plan.span(vertex))
            first = min(first, _BARS - 1)
            letter = _LOOKS[plan.mark(vertex)][3]
            block = "" if vertex.started is None else letter * max(1, last - first)
            bar = (" " * first + block).ljust(_BARS)
            lines.append(f"  {cut(label(vertex), _LABEL):{_LABEL}} │{bar}│ {plan.took(vertex)}".rstrip())
    lines.append(f"  {'':{_LABEL}} 0{seconds(plan.end):>{_BARS}}")
    return "\n".join([*lines, *(line for note in plan.notes for line in wrap(note, _COLUMNS))])


def _draw(plan: _Plan, text: str) -> Picture:
    canvas = Canvas(text)
    y = 20.0
    _axis(canvas, plan, y + sum(24 + 19 * len(steps) for _, steps in plan.lanes))
    for lane, steps in plan.lanes:
        canvas.text(2, y + 14, lane, size=13, bold=True)
        y += 20
        for vertex in steps:
            _block(canvas, vertex, y, plan)
            y += 19
        y += 4
    for line in (line for note in plan.notes for line in wrap(note, 66)):
        canvas.text(2, y + 14, line)
        y += 16
    return canvas.picture(plan.title, text, y + 4)


def _axis(canvas: Canvas, plan: _Plan, bottom: float) -> None:
    step = next((s for s in _STEPS if plan.end / s <= 4), plan.end / 3)
    for count in range(int(plan.end / step) + 1):
        x = _LEFT + plan.axis * count * step / plan.end
        canvas.line((x, 16), (x, bottom), faint=True)
        canvas.text(x + 2, 11, f"{count * step:.4g} s")


def _block(canvas: Canvas, vertex: Vertex, y: float, plan: _Plan) -> None:
    canvas.text(8, y + 13, fit(label(vertex), _LEFT - 14))
    first, last = plan.span(vertex)
    tone, pattern, dashed, _ = _LOOKS[plan.mark(vertex)]
    x, wide = _LEFT + plan.axis * first, max(2.5, plan.axis * (last - first))
    if vertex.started is None:
        wide = 0.0
    else:
        canvas.box(x, y + 2, wide, 13, tone, pattern=pattern, dashed=dashed)
    canvas.text(x + wide + 5, y + 13, plan.took(vertex))
