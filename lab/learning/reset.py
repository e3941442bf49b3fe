"""Bring steps back to where nobody had tried them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lab.course import capstone
from lab.learning import predictions, progress
from lab.model.steps import Step
from lab.model.world import World


def told(count: int) -> str:
    """What is said when so many steps were undone."""
    return "1 step was reset." if count == 1 else f"{count} steps were reset."


def undo(steps: Sequence[Step], world: World) -> Iterator[str]:
    """Undo what these steps made, last step first; yields one line for each thing. Progress and transcripts go too."""
    done: set[object] = set()
    for step in reversed(steps):
        for made in step.makes:
            if made not in done and (said := made.remove(world)):
                yield said
            done.add(made)
        world.forget(step.name)
    names = [step.name for step in steps]
    if set(capstone.steps()) <= set(names):  # its proofs share one scene, which one of them alone must not take away
        yield from filter(None, (made.remove(world) for made in capstone.LAID))
    progress.forget(world.home, names)
    predictions.forget(world.home, names)
