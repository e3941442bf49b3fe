"""Emulators in `up`: registered where the learner agreed, in the way that the engine allows."""

from __future__ import annotations

from dataclasses import replace

from lab.sandbox import engine as engines
from lab.sandbox import state
from lab.sandbox.emulators import kernel
from lab.sandbox.report import Listener
from lab.sandbox.state import State


def apply(now: State, agreed: bool | None, report: Listener) -> State:  # noqa: FBT001  # three answers
    """Register what is missing where the learner agreed, now or (after a restart of the machine) before."""
    engine = engines.of(now.engine)
    if agreed is False:
        for removal in kernel.removals():
            removal.remove()
        engine.remove_emulators()
    elif agreed or now.emulators:
        engine.register_emulators(report, again=agreed is None)
    if agreed is not None and agreed != now.emulators:
        now = replace(now, emulators=agreed)
        state.write(now)
    return now
