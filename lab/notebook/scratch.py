"""Cells that are no step (`!docker ps`, `%%bash`): they work in the sandbox too, never on the learner's own engine.

What they see is the environment of this kernel, so that is what changes; other notebooks have kernels of their own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from lab.errors import LabError
from lab.probes.here import this_world

_ELSEWHERE = ("DOCKER_CONTEXT", "BUILDX_BUILDER")
_before: dict[str, str | None] = {}  # what we changed, as it was
_ours: dict[str, str | None] = {}  # and as we made it


def follow(ipython: Any) -> None:
    """Fit the environment now and before each cell: a sandbox may come up, go down, or get another registry."""
    fit()
    if fit not in ipython.events.callbacks["pre_run_cell"]:
        ipython.events.register("pre_run_cell", fit)


def leave(ipython: Any) -> None:
    """Put the environment back."""
    if fit in ipython.events.callbacks["pre_run_cell"]:
        ipython.events.unregister("pre_run_cell", fit)
    _take_back()


def fit(*_cell: object) -> None:
    """Make this process's environment that of the sandbox; where none is up, one in which no engine answers."""
    _take_back()
    try:
        wanted: Mapping[str, str] = this_world().env
    except LabError:
        from lab.sandbox import state

        kept = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
        wanted = {**kept, "DOCKER_HOST": f"unix://{state.socket()}"}
    for name in {*os.environ, *wanted}:
        if os.environ.get(name) != wanted.get(name):
            _before[name], _ours[name] = os.environ.get(name), wanted.get(name)
            _set(name, wanted.get(name))


def _take_back() -> None:
    """Undo the last fit; what the learner has set since stays."""
    for name, value in _ours.items():
        if os.environ.get(name) == value:
            _set(name, _before[name])
    _before.clear()
    _ours.clear()


def _set(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
