"""Set an exercise's scene: the images that it is about have to be in the registry before a learner looks."""

from __future__ import annotations

from lab.errors import Blocked, NotThere
from lab.model.platforms import Platform
from lab.model.world import World
from lab.probes import engine, registry


def push(world: World, tag: str, platform: Platform, folder: str, *, file: str = "Dockerfile") -> None:
    """Build `files/FOLDER` for a platform and push it, where the tag is missing. Blocked where it cannot be.

    The engine's own builder does it: the learner's current one may be stopped, or limited to another platform.
    """
    try:
        registry.index(tag)(world)
    except NotThere:
        pass
    else:
        return
    place = world.workspace / "files" / folder
    builder = world.env.get("DOCKER_CONTEXT") or "default"
    options = ("--builder", builder, "--platform", str(platform), "-f", str(place / file))
    status, _, err, _ = engine.docker(
        world, "build", *options, "-t", f"{world.registry}/{tag}", "--push", str(place), limit=120
    )
    if status:
        raise Blocked(f"The exercise's image {tag!r} could not be made: {err.strip()[-300:]}", "Is the folder whole?")


def lay(world: World, name: str, text: str) -> None:
    """Write a file into the learner's folder, where it is missing. Blocked where it cannot be written."""
    path = world.workspace / name
    if path.exists():
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Blocked(f"{name!r} cannot be written: {error.strerror}.", "May you write into this folder?") from error
