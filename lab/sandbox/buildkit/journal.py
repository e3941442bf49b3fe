"""How far the build of BuildKit's image is: two small files, written by the builder and read by everybody.

The sandbox's own file says whether its engine can get the image. The cache's file says how far the one compilation
is that all sandboxes of this cache share.
"""

from __future__ import annotations

import os
import time
from bisect import bisect
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from lab import paths
from lab.sandbox.background import read
from lab.storage import write_json

State = Literal["none", "hub", "building", "ready", "failed"]

# What the stages took, in seconds, on two cores of a small cloud machine; what they took here replaces it.
TYPICAL = {"packages": 5.0, "modules": 8.0, "compile": 100.0, "image": 8.0}
PHASES = {
    "packages": "fetching runc and Go from the distribution",
    "modules": "downloading BuildKit's modules",
    "compile": "compiling BuildKit",
    "image": "making the image",
    "": "handing the image over",
}
# Share of the compiled packages → share of the time, measured: the last ones are large, and are linked.
_CURVE = ((0.0, 0.0), (0.1, 0.05), (0.25, 0.18), (0.5, 0.4), (0.75, 0.57), (0.9, 0.75), (0.95, 0.87), (1.0, 0.96))
_SURE = 0.25  # from this share on, what was measured now is believed and not what it took before
_BUILDING = "BuildKit's image is being built in the background."
_BUILDING_FOR = "BuildKit's image is being built in the background: {phase}, about {left:.0f} s left."
_PAUSE = 0.25  # seconds between two writes of one phase


@dataclass(frozen=True)
class BuildProgress:
    """Where BuildKit's image is.

    `state`: "none" (nobody asked for it), "hub" (Docker Hub answers: the engine pulls it), "building", "ready",
    "failed" (then `error` and `remedy` say why, in one line each). Seconds; `seconds_left` is an estimate, None where
    there is nothing to wait for. `log` is the builder's.
    """

    state: State
    phase: str = ""
    done: int = 0
    total: int = 0
    seconds_elapsed: float = 0.0
    seconds_left: float | None = None
    log: Path | None = None
    error: str = ""
    remedy: str = ""

    @property
    def waiting(self) -> str:
        """What to tell somebody who waits for it while it is being built: one sentence."""
        text = _BUILDING if self.seconds_left is None else _BUILDING_FOR
        return text.format(phase=self.phase, left=self.seconds_left)

    def to_json(self) -> dict[str, Any]:
        """Plain values, for `lab status --json`."""
        return {**asdict(self), "log": str(self.log) if self.log else None}


def sandbox_file() -> Path:
    """The record of this sandbox."""
    return paths.sandbox() / "buildkit.json"


def cache_folder() -> Path:
    """Where the image, the lock and the shared record are."""
    return paths.cache() / "buildkit"


class Journal:
    """The builder's pen: says which phase it is in, how far, and how long it may still take."""

    def __init__(self, clock: Any = time.time) -> None:
        self._clock = clock
        self._file = cache_folder() / "progress.json"
        self._expected = {**TYPICAL, **_times(read(cache_folder() / "durations.json"))}
        self._measured: dict[str, float] = {}
        self._phase, self._since, self._written = "", clock(), 0.0

    def phase(self, name: str) -> None:
        """A new phase begins."""
        now = self._clock()
        if self._phase:
            self._measured[self._phase] = now - self._since
        self._phase, self._since = name, now
        self._put(0, 0, now)

    def step(self, done: int, total: int) -> None:
        """`done` of the phase's `total` are done."""
        now = self._clock()
        if now - self._written >= _PAUSE or done >= total:
            self._put(done, total, now)

    def finish(self, *, remember: bool) -> None:
        """The last phase is over; `remember` how long each took, where nothing was there before."""
        self.phase("")
        if remember:
            times = {name: round(seconds, 1) for name, seconds in self._measured.items() if name in TYPICAL}
            write_json(cache_folder() / "durations.json", times)

    def _put(self, done: int, total: int, now: float) -> None:
        left = seconds_left(self._phase, done, total, now - self._since, self._expected)
        self._written = now
        write_json(
            self._file,
            {"phase": self._phase, "done": done, "total": total, "left": left, "at": now, "pid": os.getpid()},
        )


def seconds_left(phase: str, done: int, total: int, elapsed: float, expected: dict[str, float]) -> float:
    """An estimate: what is left of this phase, plus the phases after it as they took before.

    Early in a phase it leans on what the phase took before, later on its own pace.
    """
    order = list(TYPICAL)
    later = sum(expected[name] for name in order[order.index(phase) + 1 :]) if phase in order else 0.0
    usual = expected.get(phase, 0.0)
    share = done / total if total else 0.0
    share = along(share) if phase == "compile" else share
    if not share:
        return max(usual - elapsed, 1.0) + later
    trust = min(share / _SURE, 1.0)
    own_pace = elapsed * (1 - share) / share
    return trust * own_pace + (1 - trust) * usual * (1 - share) + later


def along(share: float) -> float:
    """The share of the time that has passed when `share` (0 to 1) of the packages are compiled."""
    share = min(max(share, 0.0), 1.0)
    place = min(bisect([x for x, _ in _CURVE], share), len(_CURVE) - 1)
    (x0, y0), (x1, y1) = _CURVE[place - 1], _CURVE[place]
    return y0 + (y1 - y0) * (share - x0) / (x1 - x0)


def _times(record: dict[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in record.items() if name in TYPICAL and isinstance(value, int | float)}
