"""Files that an exercise gives: another one for each learner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lab.course.leftovers import File
from lab.errors import Blocked
from lab.model.world import World


@dataclass(frozen=True)
class Given:
    """A file that is another one for each learner: `text` says how it begins."""

    name: str
    text: Callable[[World], str]

    def lay(self, world: World) -> None:
        """Write it, where it is missing or still as the lesson ships it. Blocked where it cannot be written."""
        place = world.workspace / self.name
        try:
            if not place.exists() or place.read_bytes() == self._shipped():
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(self.text(world), encoding="utf-8")
        except OSError as error:
            raise Blocked(f"{self.name} cannot be written: {error.strerror}.") from error

    def changed(self, world: World) -> bool:
        """Is it there, and neither as it was laid nor as the lesson ships it?"""
        place = world.workspace / self.name
        return place.is_file() and place.read_bytes() not in (self._shipped(), self.text(world).encode())

    def shipped(self, world: World) -> bool:
        """Is it still as the lesson ships it: nobody has laid it yet?"""
        place = world.workspace / self.name
        return place.is_file() and place.read_bytes() == self._shipped()

    def remove(self, world: World) -> str:
        """As the lesson ships it again; what the learner made of it is kept beside it."""
        from lab.course.workspace import restore

        if not self.changed(world):
            (world.workspace / self.name).unlink(missing_ok=True)
            restore(world.workspace, [self.name])
            return ""
        return "; ".join(restore(world.workspace, [self.name]))

    def _shipped(self) -> bytes:
        from lab.course.workspace import sources

        source = sources().get(self.name)
        return source.read_bytes() if source else b""


@dataclass(frozen=True)
class GivenFile(Given, File):
    """The same for a file that the learner's work goes into."""
