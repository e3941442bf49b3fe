"""`down`: remove what the lab made, and nothing else. What is there is looked up, not believed."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from lab import paths
from lab.errors import BadInput, Blocked
from lab.sandbox import cached, cgroups, emulators, learner, network, private, process, registry, state
from lab.sandbox.state import State

_TRIES = 5
Removal = tuple[str, Callable[[], object]]


def down(*, purge: bool = False, dry_run: bool = False) -> list[str]:
    """Remove what `up` made; with `purge` all of the cache too. The learner's progress and notebooks stay.

    Answers what was (with `dry_run`: would be) removed, one line each. Raises Blocked where something resists.
    """
    with state.lock():
        try:
            before = state.read()
        except BadInput:
            before = None  # what is there is found without it
        removals = list(_removals(before, purge=purge))
        if not dry_run:
            for _, remove in removals:
                remove()
            private.sweep(_absent(before))
            _remove_folder(state.runtime())
        return [line for line, _ in removals]


def release(before: State) -> None:
    """End what runs and undo what is outside the lab's folder, but keep the folder: the engine is to change."""
    for _, remove in _running(before, forgetting=False):
        remove()
    private.sweep(_absent(before))


def _removals(before: State | None, *, purge: bool) -> Iterator[Removal]:
    yield from _running(before, forgetting=purge)
    for handler in emulators.registered():
        if handler.name.startswith(emulators.own_prefix()):
            yield f"emulator {handler.name}", partial(emulators.remove, handler.name)
    if state.before().get("binfmt") and emulators.mounted():
        yield f"mount of {emulators.FOLDER}", emulators.unmount
    if paths.sandbox().exists():
        yield f"folder {paths.sandbox()}", partial(_remove_folder, paths.sandbox())
    if purge:
        for path in cached.folders():
            yield cached.told(path), partial(_remove_folder, path)
        if state.remembered():
            yield "the remembered addresses", state.forget


def _running(before: State | None, *, forgetting: bool) -> Iterator[Removal]:
    from lab.sandbox import buildkit

    if buildkit.progress().state == "building":
        yield "the build of BuildKit's image in the background", buildkit.stop
    if before and before.engine.kind == "learner":
        yield from _on_learners_engine(before, forgetting=forgetting)
    if daemons := [one for one in process.find(state.key()) if one.role == private.ROLE]:
        yield f"engine with its containers ({len(daemons)} processes)", private.stop
    elif cgroups.here(state.cgroup()):
        yield f"control groups {state.cgroup()}", private.stop
    if [one for one in process.find(state.key()) if one.role.startswith(registry.ROLE)]:
        yield "registry", registry.stop
    if network.exists(state.bridge()):
        yield f"bridge {state.bridge()}", partial(network.remove, state.bridge())


def _on_learners_engine(before: State, *, forgetting: bool) -> Iterator[Removal]:
    from lab.sandbox import buildkit

    if not learner.answers(before.engine):
        if forgetting:
            return
        raise Blocked(
            f"Your Docker engine at {before.engine.host} does not answer: what the lab made on it would stay.",
            "Start it, then run `lab down` again; `lab down --purge` forgets about it.",
        )
    sandbox = before.sandbox()
    for command in learner.leftovers(before.engine, before.port):
        yield f"docker {' '.join(command)}", partial(learner.run, before.engine, command)
    if line := buildkit.unload(sandbox, dry_run=True):
        yield line, partial(buildkit.unload, sandbox)


def _absent(before: State | None) -> tuple[str, ...]:
    return tuple({*state.before().get("absent", ()), *(before.absent if before else ())})


def _remove_folder(path: Path) -> None:
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    try:
        for _ in range(_TRIES):  # a daemon that was just killed may still be at the end of its last change
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(path)
            if not path.exists():
                return
        shutil.rmtree(path)
    except OSError as error:
        raise Blocked(
            f"{str(error.filename or path)!r} cannot be removed: {error.strerror}.",
            "Run `lab down` again, as root if need be.",
        ) from error
