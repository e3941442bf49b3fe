"""How much of a lesson is the learner's own work, counted."""

from __future__ import annotations

from dataclasses import dataclass

from lab import course
from lab.course import recall

KINDS = ("whole", "gap", "own", "repair")


@dataclass(frozen=True)
class Figures:
    """The counts of one lesson, or of the course: steps of each kind, predictions, recall questions."""

    name: str
    whole: int
    gap: int
    own: int
    repair: int
    predictions: int
    recall: int

    @property
    def steps(self) -> int:
        """All of its steps."""
        return self.whole + self.gap + self.own + self.repair

    @property
    def share(self) -> float:
        """Of all steps, those with work of the learner's own: a gap, an exercise or a repair."""
        return (self.steps - self.whole) / self.steps if self.steps else 0.0

    def to_json(self) -> dict[str, object]:
        """Plain values."""
        return {**vars(self), "steps": self.steps, "share": round(self.share, 3)}


def of_lesson(lesson: course.Lesson) -> Figures:
    """Count one lesson."""
    kinds = [step.kind for step in lesson.steps]
    asked = sum(step.predict is not None for step in lesson.steps)
    counts = {kind: kinds.count(kind) for kind in KINDS}
    return Figures(name=lesson.name, predictions=asked, recall=len(recall.opening(lesson.stem)), **counts)


def of_course() -> tuple[Figures, ...]:
    """Every lesson, and the whole course last."""
    each = [of_lesson(lesson) for lesson in course.lessons()]
    names = (*KINDS, "predictions", "recall")
    return (*each, Figures(name="course", **{name: sum(getattr(one, name) for one in each) for name in names}))


def as_text() -> str:
    """A table for people."""
    head = ("lesson", "steps", *KINDS, "own work", "predictions", "recall")
    rows = [head] + [
        (
            one.name,
            *(str(count) for count in (one.steps, one.whole, one.gap, one.own, one.repair)),
            f"{one.share:.0%}",
            str(one.predictions),
            str(one.recall),
        )
        for one in of_course()
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    )
