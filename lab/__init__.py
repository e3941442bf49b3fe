"""Learn multi-platform Docker images on a real engine, with every step checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from lab.notebook.magic import (
        check,
        explain,
        hint,
        load_ipython_extension,
        reset,
        solution,
        unload_ipython_extension,
    )
    from lab.sandbox.engine import docker

__all__ = [
    "check",
    "docker",
    "explain",
    "hint",
    "load_ipython_extension",
    "reset",
    "solution",
    "unload_ipython_extension",
]


def __getattr__(name: str) -> Any:
    """Load the notebook verbs only when they are asked for, so that `lab --help` stays quick."""
    if name == "docker":
        from lab.sandbox.engine import docker

        return docker
    if name in __all__:
        from lab.notebook import magic

        return getattr(magic, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
