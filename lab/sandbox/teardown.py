"""`down`: remove what the lab made, and nothing else. What is there is looked up, not believed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from lab import paths
from lab.errors import BadInput
from lab.sandbox import buildkit, cache, golang, registry, state
from lab.sandbox import engine as engines
from lab.sandbox.emulators import kernel
from lab.sandbox.engine import snapshot, traces
from lab.sandbox.engine.own import Own
from lab.sandbox.host.files import remove_folder
from lab.sandbox.model import Removal
from lab.sandbox.state import State


def down(*, purge: bool = False, dry_run: bool = False) -> list[str]:
    """Remove what `up` made; with `purge` all of the cache too. The learner's progress and notebooks stay.

    Answers what was (with `dry_run`: would be) removed, one line each. Raises Blocked where something resists.
    """
    with state.lock():
        try:
            before = state.read()
        except BadInput:
            before = None  # what is there is found without it
        found = list(removals(before, purge=purge))
        if not dry_run:
            for removal in found:
                removal.remove()
            traces.sweep(_absent(before))
            remove_folder(state.runtime())
            if purge:
                cache.leave()
        return [removal.line for removal in found]


def removals(before: State | None, *, purge: bool) -> Iterator[Removal]:
    """All that `down` takes away, in its order. Raises Blocked where an engine that must be asked does not answer."""
    yield from _running(before, forgetting=purge)
    yield from kernel.removals()
    yield from kernel.mount_removal()
    if paths.sandbox().exists():
        yield Removal(f"folder {paths.sandbox()}", partial(remove_folder, paths.sandbox()))
    if purge:
        yield from cache.removals()
        yield from state.remembered_removal()


def release(before: State) -> None:
    """End what runs and undo what is outside the lab's folder, but keep the folder: the engine is to change."""
    for removal in _running(before, forgetting=False):
        removal.remove()
    snapshot.forget()
    traces.sweep(_absent(before))


def _running(before: State | None, *, forgetting: bool) -> Iterator[Removal]:
    yield from buildkit.build_removals()
    yield from golang.build_removals()
    last, own = engines.last(before), Own()
    if last and last != own:
        yield from last.removals(before, forgetting=forgetting)
    yield from own.removals(before, forgetting=forgetting)
    yield from registry.removals()
    yield from traces.bridge_removals()


def _absent(before: State | None) -> tuple[str, ...]:
    return tuple({*state.before().get("absent", ()), *(before.absent if before else ())})
