"""What the lab has on the learner's engine: found by marks, names and what was there before; removed, and no more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from lab.sandbox import state
from lab.sandbox.engine import builders, snapshot, users
from lab.sandbox.engine.client import told
from lab.sandbox.engine.snapshot import PULLED, Image, Theirs
from lab.sandbox.model import EngineRef

Removal = tuple[str, Callable[[], object]]
_RESISTS = "See why, then run `lab down` again."
_PULL_LIMIT = 300.0


def registry_name() -> str:
    """The name of the registry's container and of its volume."""
    return f"lab-registry-{state.key()}"


def start_registry(engine: EngineRef, port: int) -> None:
    """Run the registry as a labelled container, where its program cannot be had. Raises Blocked."""
    from lab.sandbox.engine.client import bound

    docker, name, mark = bound(engine.docker, users.environment(engine), _PULL_LIMIT), registry_name(), _mark()
    remedy = "Check the network (its image comes from Docker Hub), then run `lab up` again."
    with told("The registry cannot be started on your engine", remedy):
        _gone(docker.container.remove, name, force=True)
        if not docker.image.exists(snapshot.REGISTRY):
            docker.image.pull(snapshot.REGISTRY, quiet=True)
        docker.volume.create(name, labels=mark)
        docker.container.create(
            snapshot.REGISTRY,
            name=name,
            labels=mark,
            publish=[(f"127.0.0.1:{port}", 5000)],
            envs={"REGISTRY_STORAGE_DELETE_ENABLED": "true", "REGISTRY_HTTP_HEADERS": f"{{X-Lab: [{state.key()}]}}"},
            volumes=[(name, "/var/lib/registry")],
        )
        docker.container.start(name)


def on(engine: EngineRef, port: int | None) -> Iterator[Removal]:
    """What is to be removed from the engine, builders first. Raises Blocked where it does not answer."""
    docker = users.client(engine)
    before = snapshot.read()
    for name in builders.names():
        yield f"builder {name}", partial(_remove_builder, engine, name)
    known = _containers(engine)
    ours = [one for one in known if _is_ours(one, port)]
    for one in ours:
        yield f"container {one.name}", partial(_remove, docker.container.remove, one.name, force=True, volumes=True)
    for name in _volumes(engine):
        yield f"volume {name}", partial(_remove, docker.volume.remove, name)
    in_use = {one.image for one in known} - {one.image for one in ours}
    images = snapshot.images(engine)
    for line, remove in _images(engine, images, before, port):
        if line.removeprefix("image ") not in in_use:
            yield line, remove


@dataclass(frozen=True)
class _Container:
    name: str
    image: str
    label: str


def _containers(engine: EngineRef) -> list[_Container]:
    row = f'{{{{.Names}}}}\t{{{{.Image}}}}\t{{{{.Label "{users.LABEL}"}}}}'
    return [_Container(*fields) for fields in snapshot.table(engine, 3, "ps", "--all", "--no-trunc", "--format", row)]


def _is_ours(one: _Container, port: int | None) -> bool:
    """By its label, or as a builder's node that the lab named, or as made of an image in the lab's registry."""
    named = one.name.startswith(builders.CONTAINER + builders.prefix())
    return one.label == state.key() or named or (port is not None and one.image.startswith(f"localhost:{port}/"))


def _volumes(engine: EngineRef) -> list[str]:
    marked = snapshot.rows(engine, "volume", "ls", "--quiet", "--filter", f"label={users.LABEL}={state.key()}")
    named = snapshot.rows(
        engine, "volume", "ls", "--quiet", "--filter", f"name=^{builders.CONTAINER}{builders.prefix()}"
    )
    return sorted({*marked, *named})


def _images(engine: EngineRef, images: list[Image], before: Theirs | None, port: int | None) -> Iterator[Removal]:
    """Names in the lab's registry; what the lessons pulled; pulled names that stood for something else before."""
    docker = users.client(engine)
    own = f"localhost:{port}/" if port else "\0"
    for name in sorted({one.name for one in images if one.repository.startswith(own)}):
        yield f"image {name}", partial(_remove, docker.image.remove, name)
    if before is None:
        return
    ids = {one.id for one in images}
    for one in images:
        old = before.names.get(one.name)
        if one.name in PULLED and old is None:
            yield f"image {one.name}", partial(_remove, docker.image.remove, one.name)
        elif old and old != one.id and old in ids:
            yield f"image {one.name}: back to yours", partial(_give_back, engine, one, old)
    for name in sorted({one.name for one in images if _came_by_pulling(one, before)}):
        yield f"image {name}", partial(_remove, docker.image.remove, name)


def _came_by_pulling(one: Image, before: Theirs) -> bool:
    """A platform's image that lost its name to another platform's, as the classic store has it."""
    repositories = {name.rpartition(":")[0] for name in PULLED}
    return not one.tag and one.repository in repositories and one.id not in before.images


def _give_back(engine: EngineRef, now: Image, old: str) -> None:
    docker = users.client(engine)
    with told(f"The image {now.name!r} cannot be given back its name", _RESISTS):
        docker.image.tag(old, now.name)
    left = [one.name for one in snapshot.images(engine) if one.id == now.id]
    for name in left:
        _remove(docker.image.remove, name)


def _remove_builder(engine: EngineRef, name: str) -> None:
    builders.fit()
    if builders.safe_to_remove(name, engine):
        _remove(users.client(engine).buildx.remove, name)
    else:
        builders.forget(name)


def _remove(remove: Callable[..., object], name: str, **options: bool) -> None:
    with told(f"{name!r} cannot be removed from your engine", _RESISTS):
        _gone(remove, name, **options)


def _gone(remove: Callable[..., object], name: str, **options: bool) -> None:
    """Remove; what is gone already is no error."""
    from python_on_whales import DockerException

    try:
        remove(name, **options)
    except DockerException as error:
        said = (error.stderr or "").lower()
        if not any(words in said for words in ("no such", "not found", "no builder")):
            raise


def _mark() -> dict[str, str]:
    return {users.LABEL: state.key()}
