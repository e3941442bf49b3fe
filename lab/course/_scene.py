"""Set an exercise's scene: the images that it is about have to be in the registry before a learner looks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lab.course.leftovers import File
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


@dataclass(frozen=True)
class Planted(File):
    """A file of the lesson that a step breaks: `text` is what stands in it for this learner."""

    text: Callable[[World], str]

    def lay(self, world: World) -> None:
        """Write it, where the learner has not changed it."""
        if not self.changed(world):
            place = world.workspace / self.name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(self.text(world), encoding="utf-8")

    def changed(self, world: World) -> bool:
        """Is it there, and neither as the lesson has it nor as it was planted?"""
        place = world.workspace / self.name
        return super().changed(world) and place.read_text(encoding="utf-8", errors="replace") != self.text(world)

    def remove(self, world: World) -> str:
        """Restore, keeping a copy of what the learner made of it; what was only planted is no loss."""
        if not self.changed(world):
            (world.workspace / self.name).unlink(missing_ok=True)
        return super().remove(world)
