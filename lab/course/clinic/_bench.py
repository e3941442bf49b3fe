"""The folder of a case: what its scene lays there, and how a reset takes it away."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lab import course
from lab.course.clinic._case import FOLDER
from lab.course.leftovers import File
from lab.errors import Blocked
from lab.model.world import World

# Tiny programs of lesson 3, one for each platform; each prints what it was made for.
GREETER = "hello-{architecture}"
_PROGRAMS = "files/mismatch/programs"

# What most cases build: the greeter of the platform that is built for, and nothing else.
DOCKERFILE = """\
FROM scratch
ARG TARGETARCH
COPY hello-${TARGETARCH} /hello
ENTRYPOINT ["/hello"]
"""

Texts = Callable[[World], Mapping[str, str]]


# Always the same date: builders write it into layers, and two that build the same files shall make the same layer.
_DATED = datetime(2026, 1, 1, tzinfo=UTC).timestamp()


@dataclass(frozen=True)
class Bench(File):
    """A case's own folder, `files/clinic/NAME`: texts that may differ from learner to learner, and programs.

    `programs` are files there, each with the architecture of the greeter that it is. `noted` are files that the scene
    writes when it has seen what it made: they are no work of the learner's.
    """

    texts: Texts = lambda _world: {}
    programs: tuple[tuple[str, str], ...] = ()
    noted: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """Where it is, below the learner's folder."""
        return f"{FOLDER}/{self.name}"

    def place(self, world: World) -> Path:
        """The folder itself."""
        return world.workspace / self.folder

    def lay(self, world: World) -> None:
        """Write what is missing. Blocked where it cannot be written."""
        place = self.place(world)
        try:
            for name, content in self._laid(world).items():
                path = place / name
                if not path.exists():
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(content)
                    path.chmod(0o755 if content.startswith((b"#!", b"\x7fELF")) else 0o644)
                    os.utime(path, (_DATED, _DATED))
        except OSError as error:
            raise Blocked(f"{self.folder} cannot be written: {error.strerror}.") from error

    def changed(self, world: World) -> bool:
        """Is the folder there, and not as it was laid?"""
        place = self.place(world)
        if not place.is_dir():
            return False
        there = {str(path.relative_to(place)): path for path in place.rglob("*") if path.is_file()}
        for name in self.noted:
            there.pop(name, None)
        laid = self._laid(world)
        return there.keys() != laid.keys() or any(path.read_bytes() != laid[name] for name, path in there.items())

    def remove(self, world: World) -> str:
        """Delete it; what a learner has changed is kept beside it."""
        place = self.place(world)
        if not place.is_dir():
            return ""
        if self.changed(world):
            mine = place.with_name(f"{place.name}.mine-{datetime.now().astimezone():%Y%m%d-%H%M%S-%f}")
            place.replace(mine)
            return f"{self.folder}: yours is kept as {mine.name}"
        shutil.rmtree(place)
        return f"folder {self.folder}"

    def _laid(self, world: World) -> dict[str, bytes]:
        texts = {name: text.encode() for name, text in self.texts(world).items()}
        return texts | {name: greeter(architecture) for name, architecture in self.programs}


@dataclass(frozen=True)
class Note:
    """What a scene keeps for its check, out of the way of the learner's work."""

    name: str

    def read(self, world: World) -> str:
        """What was kept; "" where nothing was."""
        try:
            return self._file(world).read_text(encoding="utf-8").strip()
        except OSError:
            return ""

    def write(self, world: World, text: str) -> None:
        """Keep it, where nothing is kept yet. Blocked where it cannot be written."""
        try:
            if not self._file(world).exists():
                self._file(world).parent.mkdir(parents=True, exist_ok=True)
                self._file(world).write_text(f"{text}\n", encoding="utf-8")
        except OSError as error:
            raise Blocked(f"{self._file(world)} cannot be written: {error.strerror}.") from error

    def remove(self, world: World) -> str:
        """Forget it; there is nothing to say of it."""
        self._file(world).unlink(missing_ok=True)
        return ""

    def _file(self, world: World) -> Path:
        return world.home / "clinic" / self.name


def greeter(architecture: str) -> bytes:
    """The greeter of that architecture."""
    path: Path = course.lessons_dir() / _PROGRAMS / GREETER.format(architecture=architecture)
    return path.read_bytes()
