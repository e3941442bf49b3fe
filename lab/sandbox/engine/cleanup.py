"""What the lab has on the user's engine: found by marks, names and what was there before; removed, and no more."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from lab.errors import Blocked
from lab.sandbox import state
from lab.sandbox.engine import builders, buildx_store, commands, listing, snapshot
from lab.sandbox.engine.listing import ImageName
from lab.sandbox.engine.snapshot import Snapshot
from lab.sandbox.host.client import told
from lab.sandbox.images import PULLED
from lab.sandbox.model import EngineRef, Removal

_RESISTS = "See why, then run `lab down` again."


def on(engine: EngineRef, port: int | None) -> Iterator[Removal]:
    """What is to be removed from the engine, builders first. Raises Blocked where it does not answer."""
    docker = commands.client(engine)
    before = snapshot.read()
    for name in buildx_store.names():
        yield Removal(f"builder {name}", partial(_remove_builder, engine, name))
    known = _containers(engine)
    ours = [one for one in known if _is_ours(one, port)]
    for one in ours:
        remove = partial(_remove, docker.container.remove, one.name, force=True, volumes=True)
        yield Removal(f"container {one.name}", remove)
    for name in _volumes(engine):
        yield Removal(f"volume {name}", partial(_remove, docker.volume.remove, name))
    in_use = {one.image for one in known} - {one.image for one in ours}
    images = listing.images(engine)
    for removal in _images(engine, images, before, port):
        if removal.line.removeprefix("image ") not in in_use:
            yield removal


@dataclass(frozen=True)
class _Container:
    name: str
    image: str
    label: str


def _containers(engine: EngineRef) -> list[_Container]:
    row = f'{{{{.Names}}}}\t{{{{.Image}}}}\t{{{{.Label "{commands.LABEL}"}}}}'
    return [_Container(*fields) for fields in commands.table(engine, 3, "ps", "--all", "--no-trunc", "--format", row)]


def _is_ours(one: _Container, port: int | None) -> bool:
    """By its label, or as a builder's node that the lab named, or as made of an image in the lab's registry."""
    named = one.name.startswith(buildx_store.CONTAINER + builders.prefix())
    return one.label == state.key() or named or (port is not None and one.image.startswith(f"localhost:{port}/"))


def _volumes(engine: EngineRef) -> list[str]:
    marked = commands.rows(engine, "volume", "ls", "--quiet", "--filter", f"label={commands.LABEL}={state.key()}")
    named = commands.rows(
        engine, "volume", "ls", "--quiet", "--filter", f"name=^{buildx_store.CONTAINER}{builders.prefix()}"
    )
    return sorted({*marked, *named})


def _images(engine: EngineRef, images: list[ImageName], before: Snapshot | None, port: int | None) -> Iterator[Removal]:
    """Names in the lab's registry; what the lessons pulled; pulled names that stood for something else before."""
    docker = commands.client(engine)
    own = f"localhost:{port}/" if port else "\0"
    for name in sorted({one.name for one in images if one.repository.startswith(own)}):
        yield Removal(f"image {name}", partial(_remove, docker.image.remove, name))
    if before is None:
        return
    ids = {one.id for one in images}
    for one in images:
        old = before.names.get(one.name)
        if one.name in PULLED and old is None:
            yield Removal(f"image {one.name}", partial(_remove, docker.image.remove, one.name))
        elif old and old != one.id and old in ids:
            yield Removal(f"image {one.name}: back to yours", partial(_give_back, engine, one, old))
    for name in sorted({one.name for one in images if _came_by_pulling(one, before)}):
        yield Removal(f"image {name}", partial(_remove, docker.image.remove, name))


def _came_by_pulling(one: ImageName, before: Snapshot) -> bool:
    """A platform's image that lost its name to another platform's, as the classic store has it."""
    repositories = {name.rpartition(":")[0] for name in PULLED}
    return not one.tag and one.repository in repositories and one.id not in before.images


def _give_back(engine: EngineRef, now: ImageName, old: str) -> None:
    docker = commands.client(engine)
    with told(f"The image {now.name!r} cannot be given back its name", _RESISTS):
        docker.image.tag(old, now.name)
    left = [one.name for one in listing.images(engine) if one.id == now.id]
    for name in left:
        _remove(docker.image.remove, name)


def _remove_builder(engine: EngineRef, name: str) -> None:
    with contextlib.suppress(Blocked):  # where no sandbox is up
        builders.adapt_new(state.load())
    if builders.safe_to_remove(name, engine):
        _remove(commands.client(engine).buildx.remove, name)
    else:
        buildx_store.forget(name)


def _remove(remove: Callable[..., object], name: str, **options: bool) -> None:
    with told(f"{name!r} cannot be removed from your engine", _RESISTS):
        unless_gone(remove, name, **options)


def unless_gone(remove: Callable[..., object], name: str, **options: bool) -> None:
    """Remove; what is gone already is no error."""
    from python_on_whales import DockerException

    try:
        remove(name, **options)
    except DockerException as error:
        said = (error.stderr or "").lower()
        if not any(words in said for words in ("no such", "not found", "no builder")):
            raise
