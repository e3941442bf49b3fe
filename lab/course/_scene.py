"""Set an exercise's scene: the images that it is about have to be in the registry before a learner looks."""

from __future__ import annotations

from collections.abc import Sequence

from lab.errors import BadInput, Blocked, NotThere
from lab.images import build
from lab.images.build import Manifest
from lab.model.platforms import Platform
from lab.model.world import World
from lab.probes import engine, registry

NOT_MADE = "The exercise's image {tag!r} could not be made: {reason}"


def push(  # noqa: PLR0913 - each is named where it is given
    world: World,
    tag: str,
    platform: Platform,
    folder: str,
    *,
    file: str = "Dockerfile",
    options: Sequence[str] = (),
) -> None:
    """Build `files/FOLDER` for a platform and push it, where the tag is missing. Blocked where it cannot be.

    The engine's own builder does it: the learner's current one may be stopped, or limited to another platform.
    """
    if missing(world, tag):
        _build(world, tag, platform, folder, file=file, options=options)


def push_in_turn(world: World, tag: str, platforms: Sequence[Platform], folder: str) -> None:
    """Push one platform after another to the same tag, where it is missing: the last one is what it stands for."""
    if missing(world, tag):
        for platform in platforms:
            _build(world, tag, platform, folder)


def missing(world: World, tag: str) -> bool:
    """Is there no such tag in the registry?"""
    try:
        registry.index(tag)(world)
    except NotThere:
        return True
    return False


def put(world: World, tag: str, manifest: Manifest) -> None:
    """Push an image or an index that was made without an engine, where the tag is missing. Blocked where it cannot be.

    Its bytes, and so its digest, are the same each time.
    """
    if not missing(world, tag):
        return
    repository, _, name = tag.partition(":")
    try:
        build.push(world.mirror or world.registry, repository, name or "latest", manifest)
    except BadInput as error:
        raise Blocked(NOT_MADE.format(tag=tag, reason=error.message), error.remedy) from error


def name(world: World, tag: str, *sources: str) -> None:
    """Make a tag of what the registry has under other names, without building. Blocked where it cannot be."""
    whole = [f"{world.registry}/{one}" for one in (tag, *sources)]
    _docker(world, tag, "buildx", "imagetools", "create", "-t", *whole)


def _build(  # noqa: PLR0913 - the same
    world: World,
    tag: str,
    platform: Platform,
    folder: str,
    *,
    file: str = "Dockerfile",
    options: Sequence[str] = (),
) -> None:
    place = world.workspace / "files" / folder
    builder = world.env.get("DOCKER_CONTEXT") or "default"
    known = ("--builder", builder, "--platform", str(platform), "-f", str(place / file))
    _docker(world, tag, "build", *known, *options, "-t", f"{world.registry}/{tag}", "--push", str(place))


def _docker(world: World, tag: str, *words: str) -> None:
    status, _, err, _ = engine.docker(world, *words, limit=120)
    if status:
        raise Blocked(NOT_MADE.format(tag=tag, reason=err.strip()[-300:]), "Is the folder whole?")
