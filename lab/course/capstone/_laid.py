"""The scene of the capstone: the repository in the learner's folder, version 1 in the registry, a builder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from lab.course import _runner, _scene
from lab.course.capstone import _history, _stock, _texts
from lab.course.capstone._faults import IMAGES, THREE, begin, forget, repository
from lab.course.leftovers import BuilderNamed
from lab.errors import Blocked, NotThere
from lab.model.steps import F, Probe
from lab.model.world import World
from lab.probes import needs, registry
from lab.probes.published import looked_up

FOLDER = "capstone"
REPOSITORY = f"{FOLDER}/lighthouse"
BUILDER = "lighthouse"
CANDIDATE, RELEASE = "2-rc", "2"
NOT_BEGUN = "The capstone has not begun."
NO_CANDIDATE = "There is no candidate yet: the tag {tag} is missing."
NOT_WHOLE = "The candidate is not whole yet: {tag} lacks a platform, and P2 says which."
TRIAL = "lab-trial"  # the version that a check lets the learner's scripts make


def scene(world: World) -> None:
    """Lay out what is missing: the files once, the tags in a registry that has none, the builder. Blocked if not."""
    needs.own_registry(world)
    place = world.workspace / REPOSITORY
    if not place.exists():
        _history.lay(place, _texts.repository(world))
        for name, content in _texts.beside(world).items():
            if not (place.parent / name).exists():
                _written(place.parent / name, content)
    if _scene.missing(world, repository("base:1")):
        _stock.push(world)
    _runner.ready(world, BUILDER)
    begin(world)


def _written(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise Blocked(f"{path} cannot be written: {error.strerror}.") from error


def laid(world: World) -> Path:
    """The repository. NotThere where the learner has not begun."""
    place = world.workspace / REPOSITORY
    if not place.is_dir():
        raise NotThere(NOT_BEGUN, "`lab capstone start` lays the repository out.")
    return place


def candidate(probe: Probe[F]) -> Probe[F]:
    """The same probe, once there is a candidate of all three images for all three platforms; NotThere before."""

    def asked(world: World) -> F:
        whole(world)
        return probe(world)

    return asked


def whole(world: World) -> None:
    """NotThere while the candidate lacks an image or a platform."""
    laid(world)
    for image in IMAGES:
        tag = repository(f"{image}:{CANDIDATE}")
        found = looked_up(tag)(world).index
        if found is None:
            raise NotThere(NO_CANDIDATE.format(tag=f"{world.registry}/{tag}"))
        if not found.platforms >= THREE:
            raise NotThere(NOT_WHOLE.format(tag=f"{world.registry}/{tag}"))


@contextmanager
def trial(world: World) -> Iterator[None]:
    """The tags of a check's own trial are gone before it, and after it."""
    forget_trial(world)
    try:
        yield
    finally:
        forget_trial(world)


def forget_trial(world: World) -> None:
    """Delete the tags of the trial."""
    for image in IMAGES:
        for tag in registry.tags(repository(image))(world).names:
            if tag.startswith(TRIAL):
                registry.delete(world, f"{repository(image)}:{tag}")


@dataclass(frozen=True)
class Lighthouse:
    """All that was laid out; a reset keeps what the learner has made of it in a folder beside it."""

    def remove(self, world: World) -> str:
        """Empty the repositories, and move the learner's work away."""
        said = [f"the tags of {world.registry}/lighthouse"] if "/" not in world.registry and _stock.empty(world) else []
        folder = world.workspace / FOLDER
        names = [REPOSITORY.rpartition("/")[2], *_texts.beside(world)]
        there = [folder / name for name in names if (folder / name).exists()]
        if there and changed(world):
            mine = folder / f"mine-{datetime.now().astimezone():%Y%m%d-%H%M%S-%f}"
            mine.mkdir()
            for path in there:
                path.replace(mine / path.name)
            said.append(f"{FOLDER}: yours is kept in {mine.name}")
        elif there:
            for path in there:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            said.append(f"folder {REPOSITORY}")
        forget(world.home)
        return "; ".join(said)


def changed(world: World) -> bool:
    """Has the learner changed any file of it?"""
    place = world.workspace / REPOSITORY
    files = {place / name: text for name, text in _texts.repository(world).items()}
    files |= {place.parent / name: text for name, text in _texts.beside(world).items()}
    there = {path for path in place.rglob("*") if path.is_file() and ".git" not in path.relative_to(place).parts}
    return bool(there - files.keys()) or any(not path.is_file() or path.read_bytes() != t for path, t in files.items())


LAID = (Lighthouse(), BuilderNamed(BUILDER))
