"""What `lab up` makes in the background, and how it is known to be at work: by a record that the maker signs."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from lab import paths
from lab.errors import BadInput
from lab.sandbox import state
from lab.sandbox.host import process
from lab.storage import read_json

_STARTING = 20.0  # seconds that a fresh maker has to sign the record with its number


class Told(Protocol):
    """How far a maker is."""

    @property
    def state(self) -> str:
        """`building` while it is at work."""


P = TypeVar("P", bound=Told)


def spawn(module: str, words: Sequence[str], *, role: str, log: Path, environment: Mapping[str, str]) -> None:
    """Start `python -m MODULE WORDS` as the maker with that role; its old log is dropped."""
    log.unlink(missing_ok=True)
    process.start(
        [sys.executable, "-P", "-m", module, *words],
        key=state.key(),
        role=role,
        log=log,
        env={**environment, "LAB_HOME": str(paths.home()), "LAB_CACHE": str(paths.cache())},
    )


def alive(record: Mapping[str, Any], role: str) -> bool:
    """Is the maker that signed the record (`pid`, `at`) at work? One that has not signed yet is, for a short while."""
    pid = int(number(record.get("pid")))
    if not pid:
        # A clock that was set back must not keep it alive until it has caught up.
        return abs(time.time() - number(record.get("at"))) < _STARTING
    # A process number may be somebody else's by now; the mark in its environment is not.
    try:
        environ = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
    return bool(process.role_of(environ, state.key()) == role)


def ended(progress: Callable[[], P], timeout: float) -> P:
    """What `progress` says as soon as it is not "building" any more, or after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while (now := progress()).state == "building" and time.monotonic() < deadline:
        time.sleep(0.2)
    return now


def stop(role: str, file: Path) -> bool:
    """End the maker with that role, with everything that it started; its record goes. Was there one?"""
    stopped = bool(process.stop(state.key(), role, grace=3.0))
    if read(file).get("state") == "building":
        file.unlink(missing_ok=True)
    return stopped


def yield_to_others() -> None:
    """The learner's own work comes first."""
    try:
        os.nice(15)
    except OSError:
        return


def read(file: Path) -> dict[str, Any]:
    """A record; empty where there is none, or only half of one."""
    try:
        found = read_json(file)
    except BadInput:
        return {}
    return found if isinstance(found, dict) else {}


def number(value: object) -> float:
    """A number of a record; 0 where somebody wrote something else."""
    return float(value) if isinstance(value, int | float) else 0.0
