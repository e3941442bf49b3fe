"""What `make test-all` runs, each night, and `make test` does not: more of the same, and what takes minutes."""

import os
from collections.abc import Sequence
from typing import TypeVar

import pytest

T = TypeVar("T")

SLOW = bool(os.environ.get("LAB_SLOW"))
nightly = pytest.mark.skipif(not SLOW, reason="LAB_SLOW=1 runs it")


def by_day(items: Sequence[T], every: int) -> list[T]:
    """Of many that are alike, each `every`-th by day, always the same ones; at night all of them."""
    return list(items) if SLOW else list(items[::every])
