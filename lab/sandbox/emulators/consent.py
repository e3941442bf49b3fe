"""Emulators in `up`: registered where the learner agreed, by the lab itself or through the engine."""

from __future__ import annotations

import os
from dataclasses import replace

from lab.sandbox import state
from lab.sandbox.emulators import container
from lab.sandbox.emulators import kernel as emulation
from lab.sandbox.model import EngineRef
from lab.sandbox.report import Report
from lab.sandbox.state import State


def apply(now: State, agreed: bool | None, report: Report) -> State:  # noqa: FBT001  # three answers
    """Register what is missing where the learner agreed, now or (after a restart of the machine) before."""
    if agreed is False:
        for handler in emulation.registered():
            emulation.remove(handler.name)
        if now.engine.kind == "learner":
            container.uninstall(now.engine)
    elif agreed or now.emulators:
        _register(now.engine, report, again=agreed is None)
    if agreed is not None and agreed != now.emulators:
        now = replace(now, emulators=agreed)
        state.write(now)
    return now


def _register(engine: EngineRef, report: Report, *, again: bool) -> None:
    """Through the engine where its kernel is another one, or where only the engine is root."""
    if engine.remote or (engine.kind == "learner" and os.geteuid()):
        if not again and (engine.remote or emulation.missing()):
            container.install(engine, report)
    elif emulation.missing():
        emulation.register(report)
