"""The sandbox: engine, registry, emulators, base images and builder; made by `up`, removed by `down`."""

from __future__ import annotations

from lab.sandbox.emulators import Handler, registered
from lab.sandbox.lifecycle import up
from lab.sandbox.model import EngineRef, Sandbox
from lab.sandbox.state import load
from lab.sandbox.status import Status, status
from lab.sandbox.teardown import down

__all__ = [
    "EngineRef", "Handler", "Sandbox", "Status", "down", "load", "missing_emulators", "registered", "status", "up",
]  # fmt: skip


def missing_emulators(sandbox: Sandbox) -> list[str]:
    """The platforms of the lessons that the engine could run only after `up(emulators=True)`."""
    from lab.sandbox import emulators

    return [] if sandbox.engine.remote else emulators.missing()
