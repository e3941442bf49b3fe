"""What came of a step: one status, and all that a view needs to show it, to JSON and back."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any

from lab.errors import BadInput
from lab.facts import Evidence

MIME = "application/vnd.lab.result+json"


class Status(Enum):
    """How a step stands. The exit status is part of it, so that no view has to decide one."""

    PASSED = ("passed", 0, "✔")
    FAILED = ("failed", 1, "✘")
    NOT_ATTEMPTED = ("not attempted", 1, "○")
    BLOCKED = ("blocked", 3, "■")
    BUG = ("our bug", 70, "!")

    def __init__(self, label: str, exit_status: int, mark: str) -> None:
        self.label = label
        self.exit_status = exit_status
        self.mark = mark

    @classmethod
    def named(cls, label: str) -> Status:
        """The status with that label; BadInput where there is none."""
        for status in cls:
            if status.label == label:
                return status
        raise BadInput(f"{label!r} is not a status.")


@dataclass(frozen=True, kw_only=True)
class Result:
    """One check of one step.

    `message` is a template and `values` fill it, so that another language can say it; `found` against `wanted`
    stand in `values` too. `remedy` is what helps where it is blocked. `picture` is a drawing of the facts (`title`,
    `text`, `html`), where the step has one.
    """

    step: str
    lesson: str
    status: Status
    goal: str
    message: str = ""
    values: dict[str, str] = field(default_factory=dict)
    remedy: str = ""
    evidence: tuple[Evidence, ...] = ()
    seconds: float = 0.0
    when: str = ""
    next_step: str = ""
    picture: dict[str, str] | None = None

    @property
    def text(self) -> str:
        """The message with its values in place."""
        return self.message.format(**self.values)

    def to_json(self) -> dict[str, Any]:
        """A plain table that `from_json` reads back."""
        return {**asdict(self), "status": self.status.label}

    @classmethod
    def from_json(cls, data: Any) -> Result:
        """Read what `to_json` wrote; BadInput for anything else."""
        try:
            known = {name: data[name] for name in cls.__dataclass_fields__ if name in data}
            known["status"] = Status.named(known["status"])
            known["evidence"] = tuple(Evidence(**e) for e in known.get("evidence", ()))
            return cls(**known)
        except (KeyError, TypeError, AttributeError) as error:
            raise BadInput(f"This is not the result of a step: {type(error).__name__}: {error}.") from error


def worst(statuses: list[Status]) -> int:
    """The exit status of several results: our bug before blocked, blocked before failed."""
    order = (Status.BUG, Status.BLOCKED, Status.FAILED, Status.NOT_ATTEMPTED)
    return next((status.exit_status for status in order if status in statuses), 0)
