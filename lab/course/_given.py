"""Files that an exercise gives: another one for each learner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lab.course.leftovers import File
from lab.errors import Blocked
from lab.model.world import World


@dataclass(frozen=True)
class Given:
    """A file that is another one for each learner: `text` says how it begins.

    A `program` may be run, and nobody's work goes into it: it is laid anew each time.
    """

    name: str
    text: Callable[[World], str | bytes]
    program: bool = False

    def lay(self, world: World) -> None:
        """Write it, where it is missing or still as the lesson ships it. Blocked where it cannot be written."""
        place = world.workspace / self.name
        try:
            if self.program or not place.exists() or place.read_bytes() == self._shipped():
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(self._begins(world))
                if self.program:
                    place.chmod(0o755)
        except OSError as error:
            raise Blocked(f"{self.name!r} cannot be written: {error.strerror}.", "May you write there?") from error

    def changed(self, world: World) -> bool:
        """Is it there, and neither as it was laid nor as the lesson ships it?"""
        place = world.workspace / self.name
        return place.is_file() and place.read_bytes() not in (self._shipped(), self._begins(world))

    def shipped(self, world: World) -> bool:
        """Is it still as the lesson ships it: nobody has laid it yet?"""
        place = world.workspace / self.name
        return place.is_file() and place.read_bytes() == self._shipped()

    def remove(self, world: World) -> str:
        """As the lesson ships it again; what the learner made of it is kept beside it."""
        from lab.course.workspace import restore

        place = world.workspace / self.name
        if not self.program and self.changed(world):
            return "; ".join(restore(world.workspace, [self.name]))
        gone = place.is_file() and self._shipped() is None
        place.unlink(missing_ok=True)
        restore(world.workspace, [self.name])
        return f"file {self.name}" if gone else ""

    def _begins(self, world: World) -> bytes:
        text = self.text(world)
        return text if isinstance(text, bytes) else text.encode()

    def _shipped(self) -> bytes | None:
        from lab.course.workspace import sources

        source = sources().get(self.name)
        return source.read_bytes() if source else None


@dataclass(frozen=True)
class GivenFile(Given, File):
    """The same for a file that the learner's work goes into."""
