"""Coroutines, played to their end wherever a test runs."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def played(coroutine: Coroutine[Any, Any, T]) -> T:
    """What it returns. In a thread of its own: a browser that the tests keep has a loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()
