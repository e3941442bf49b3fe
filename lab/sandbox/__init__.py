"""The sandbox: engine, registry, emulators, base images and builder; made by `up`, removed by `down`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lab.sandbox.bringup import up
    from lab.sandbox.emulators.kernel import Handler, missing_emulators, registered
    from lab.sandbox.engine import environment
    from lab.sandbox.model import EngineRef, Sandbox
    from lab.sandbox.overview import Overview, status
    from lab.sandbox.state import load
    from lab.sandbox.teardown import down

__all__ = [
    "EngineRef", "Handler", "Overview", "Sandbox", "down", "environment", "load", "missing_emulators", "registered",
    "status", "up",
]  # fmt: skip

# Each check of a step asks `load`, and must not wait for what only `up` and `down` need.
_HOMES = {
    "EngineRef": "model", "Sandbox": "model", "load": "state", "environment": "engine",
    "up": "bringup", "down": "teardown",
    "Handler": "emulators.kernel", "registered": "emulators.kernel", "missing_emulators": "emulators.kernel",
    "Overview": "overview", "status": "overview",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
