"""What a step asks of the world: tests bring about what it needs, and no more."""

from __future__ import annotations

from lab.model.steps import Step
from lab.probes import needs


def emulates(step: Step) -> bool:
    """Whether the step is blocked where no emulator is, or where nobody may agree to one."""
    return bool({needs.emulator, needs.consent} & set(step.needs))


def asks(step: Step, what: str) -> bool:
    """Does one of the step's probes ask for that? Probes are known by their names: functions, or objects of a class."""
    names = (getattr(probe, "__qualname__", type(probe).__qualname__) for probe in step.probes)
    return any(what in name.lower() for name in names)
