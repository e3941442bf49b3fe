"""`down`: remove what the lab made, and nothing else. What is there is looked up, not believed."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from lab import paths
from lab.errors import BadInput, Blocked
from lab.sandbox import cache, registry, state
from lab.sandbox.emulators import container, kernel
from lab.sandbox.engine import cleanup, own, users
from lab.sandbox.engine import snapshot as noted
from lab.sandbox.host import cgroups, network, process
from lab.sandbox.model import EngineRef, Sandbox
from lab.sandbox.state import State

_TRIES = 5
Removal = cleanup.Removal


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
            own.sweep(_absent(before))
            _remove_folder(state.runtime())
        return [line for line, _ in removals]


def release(before: State) -> None:
    """End what runs and undo what is outside the lab's folder, but keep the folder: the engine is to change."""
    for _, remove in _running(before, forgetting=False):
        remove()
    noted.forget()
    own.sweep(_absent(before))


def _removals(before: State | None, *, purge: bool) -> Iterator[Removal]:
    yield from _running(before, forgetting=purge)
    for handler in kernel.registered():
        if handler.name.startswith(kernel.own_prefix()):
            yield f"emulator {handler.name}", partial(kernel.remove, handler.name)
    if state.before().get("binfmt") and kernel.mounted():
        yield f"mount of {kernel.FOLDER}", kernel.unmount
    if paths.sandbox().exists():
        yield f"folder {paths.sandbox()}", partial(_remove_folder, paths.sandbox())
    if purge:
        for path in cache.folders():
            yield cache.told(path), partial(_remove_folder, path)
        if state.remembered():
            yield "the remembered addresses", state.forget


def _running(before: State | None, *, forgetting: bool) -> Iterator[Removal]:
    from lab.sandbox import buildkit

    if buildkit.progress().state == "building":
        yield "the build of BuildKit's image in the background", buildkit.stop
    theirs = noted.read()
    engine = before.engine if before else theirs.engine if theirs else None
    if engine and engine.kind == "learner":
        port = before.port if before else None
        yield from _on_learners_engine(engine, port or _remembered_port(), forgetting=forgetting)
    if daemons := [one for one in process.find(state.key()) if one.role == own.ROLE]:
        yield f"engine with its containers ({len(daemons)} processes)", own.stop
    elif cgroups.here(state.cgroup()):
        yield f"control groups {state.cgroup()}", own.stop
    if [one for one in process.find(state.key()) if one.role.startswith(registry.ROLE)]:
        yield "registry", registry.stop
    for name in own.bridges():
        yield f"bridge {name}", partial(network.remove, name)


def _on_learners_engine(engine: EngineRef, port: int | None, *, forgetting: bool) -> Iterator[Removal]:
    from lab.sandbox import buildkit

    if not users.answers(engine):
        if forgetting:
            return
        raise Blocked(
            f"Your Docker engine at {engine.host} does not answer: what the lab made on it would stay.",
            "Start it, then run `lab down` again; `lab down --purge` forgets about it.",
        )
    for name in container.installed():
        yield f"emulator {name} in the engine's kernel", partial(container.uninstall, engine)
    found = list(cleanup.on(engine, port))
    yield from found
    box = Sandbox(paths.sandbox(), engine, "", None)
    if (line := buildkit.unload(box, dry_run=True)) and line not in {known for known, _ in found}:
        yield line, partial(buildkit.unload, box)


def _remembered_port() -> int | None:
    port = state.remembered().get("port")
    return port if type(port) is int else None


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
