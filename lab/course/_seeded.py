"""Which answer belongs to which name: another one for each learner, the same one for the same learner."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

from lab.model.world import World

T = TypeVar("T")


def shuffled(world: World, purpose: str, things: Sequence[T]) -> tuple[T, ...]:
    """The same things in an order of this learner's own; another purpose (a step's name) gives another order."""
    ranks = [hashlib.sha256(f"{world.seed}:{purpose}:{place}".encode()).digest() for place in range(len(things))]
    return tuple(things[place] for place in sorted(range(len(things)), key=ranks.__getitem__))


def chosen(world: World, purpose: str, things: Sequence[T]) -> T:
    """One of the things."""
    return shuffled(world, purpose, things)[0]
