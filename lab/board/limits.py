"""How often somebody may ask: a bucket of tries that fills again with time, for each of them."""

from __future__ import annotations

import time
from collections.abc import Callable

_MOST_KNOWN = 2000


class Limit:
    """`burst` tries at once, and `per_minute` more as time goes by, for each name."""

    def __init__(self, burst: int, per_minute: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst, self._rate, self._clock = burst, per_minute / 60, clock
        self._left: dict[str, tuple[float, float]] = {}  # name: tries left, when that was so

    def open(self, name: str) -> bool:
        """Is a try left? None is taken."""
        return self._now(name) >= 1

    def take(self, name: str) -> bool:
        """Take a try, if one is left."""
        left = self._now(name)
        if len(self._left) >= _MOST_KNOWN and name not in self._left:
            self._forget()
        self._left[name] = (left - (left >= 1), self._clock())
        return left >= 1

    def _now(self, name: str) -> float:
        left, at = self._left.get(name, (float(self._burst), self._clock()))
        return min(self._burst, left + (self._clock() - at) * self._rate)

    def _forget(self) -> None:
        """Drop those whose bucket is full again, or else those that asked the longest ago."""
        self._left = {name: kept for name, kept in self._left.items() if self._now(name) < self._burst}
        for name in sorted(self._left, key=lambda one: self._left[one][1])[: len(self._left) - _MOST_KNOWN // 2]:
            del self._left[name]
