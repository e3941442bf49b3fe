"""Which steps need an emulator: tests register one for them, and for no other."""

from __future__ import annotations

from lab.model.steps import Step
from lab.probes import needs


def emulates(step: Step) -> bool:
    """Whether the step is blocked where no emulator is, or where nobody may agree to one."""
    return bool({needs.emulator, needs.consent} & set(step.needs))
