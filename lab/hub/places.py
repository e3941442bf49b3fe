"""Where the hub keeps what it makes: a folder of its own, one of sockets, and the names that follow from them."""

from __future__ import annotations

from pathlib import Path

from lab import paths
from lab.sandbox import state


def folder() -> Path:
    """The hub's own folder: learners, their disks, JupyterHub's database. `lab hub forget` removes it."""
    return paths.home() / "hub"


def runtime() -> Path:
    """The folder of sockets, which is gone when the hub has ended."""
    return state.runtime().with_name(f"{state.runtime().name}-hub")


def doors() -> Path:
    """The sockets that every room sees."""
    return runtime() / "doors"


def groups() -> str:
    """The name of the control groups below which the rooms' own are."""
    return f"{state.cgroup()}-hub"
