"""What steps leave in the world, and how a reset takes it away again: tags, images, builders, files."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass

from lab.errors import BadInput, LabError
from lab.model.world import World
from lab.probes import engine, handed, registry
from lab.sandbox.engine import adapt_new_builders, restore_defaults


@dataclass(frozen=True)
class Tag:
    """A tag in `$REGISTRY`, and the engine's own copy of it."""

    name: str

    def remove(self, world: World) -> str:
        """Delete the tag from the registry and the image from the engine."""
        gone = registry.delete(world, self.name)
        reference = f"{world.registry}/{self.name}"
        status, *_ = engine.docker(world, "image", "rm", "--force", reference)
        return f"tag {reference}" if gone or not status else ""


@dataclass(frozen=True)
class BuilderNamed:
    """A builder of the sandbox's own buildx configuration, with its containers and volumes."""

    name: str

    def remove(self, world: World) -> str:
        """`docker buildx rm`, if there is such a builder."""
        if engine.known_builders(world).named(self.name) is None:
            return ""
        adapt_new_builders()  # or its name may mean a container of the learner's
        status, _, err, _ = engine.docker(world, "buildx", "rm", "--force", self.name, limit=120)
        if status:
            raise LabError(f"The builder {self.name!r} could not be removed: {err.strip()}")
        return f"builder {self.name}"


@dataclass(frozen=True)
class BuilderDefaults:
    """What buildx tells each new builder: a file of the lab's that a learner can change."""

    def remove(self, world: World) -> str:
        """Write it as the lab does, where it is another by now."""
        del world
        return "settings for new builders" if restore_defaults() else ""


@dataclass(frozen=True)
class Container:
    """A container that a step left running."""

    name: str

    def remove(self, world: World) -> str:
        """`docker rm --force`, if there is such a container."""
        status, out, _, _ = engine.docker(world, "ps", "--all", "--quiet", "--filter", f"name=^{self.name}$")
        if status or not out.strip():
            return ""
        engine.docker(world, "rm", "--force", "--volumes", self.name, limit=60)
        return f"container {self.name}"


@dataclass(frozen=True)
class Emulators:
    """The emulators that the lab registered with the kernel. Those of others stay."""

    def remove(self, world: World) -> str:
        """Take the lab's own handlers away."""
        from lab import sandbox

        del world
        own = [handler.name for handler in sandbox.registered() if handler.own]
        if own:
            sandbox.up(emulators=False)
        return f"emulators {', '.join(own)}" if own else ""


@dataclass(frozen=True)
class File:
    """A file in the learner's folder: put back as the lesson has it; the learner's own is kept beside it."""

    name: str

    def changed(self, world: World) -> bool:
        """Is it there, and not as the lesson has it?"""
        from lab.course.workspace import sources

        source, mine = sources().get(self.name), world.workspace / self.name
        return mine.is_file() and (source is None or mine.read_bytes() != source.read_bytes())

    def remove(self, world: World) -> str:
        """Restore, keeping a copy."""
        from lab.course.workspace import restore

        return "; ".join(restore(world.workspace, [self.name]))


@dataclass(frozen=True)
class HandedOver:
    """What jobs handed on in a folder: their metadata files, and the digests in the registry that only these name."""

    folder: str
    repository: str

    def remove(self, world: World) -> str:
        """Delete the digests, and then the files that name them."""
        names = []
        for path in sorted((world.workspace / self.folder).glob("*.json")):
            try:
                digest = handed.digest_in(json.loads(path.read_bytes()))
            except (OSError, ValueError, RecursionError):
                digest = ""
            if digest:
                with contextlib.suppress(BadInput):  # a digest that is none
                    registry.delete(world, f"{self.repository}@{digest}")
            path.unlink(missing_ok=True)
            names.append(path.name)
        return f"{self.folder}: {', '.join(names)}" if names else ""
