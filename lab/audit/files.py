"""Named files of a folder or of an archive, read where they stand; names never lead out."""

from __future__ import annotations

import io
import json
import posixpath
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, Protocol

from lab.errors import BadInput
from lab.images import layers
from lab.images.layers.tar import Tar
from lab.images.program import COMPRESSED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAMAGED = "It is damaged, or was written by another tool than it seems."
_MOST = 8 << 20
_MEMBERS = 100_000


class Files(Protocol):
    """Files by their names within one place; `name` is the place's own."""

    name: str

    def open(self, path: str) -> IO[bytes] | None:
        """The file as a stream; None where there is none."""
        ...

    def size(self, path: str) -> int:
        """In bytes."""
        ...


class InFolder:
    """A folder's files."""

    def __init__(self, folder: Path) -> None:
        self.name = str(folder)
        self._folder = folder.resolve()

    def open(self, path: str) -> IO[bytes] | None:
        """BadInput where the name, or a link, leads out of the folder."""
        place = (self._folder / path).resolve()
        if not place.is_relative_to(self._folder):
            raise BadInput(f"{self.name!r} names a file outside of itself: {path!r}.", DAMAGED)
        return place.open("rb") if place.is_file() else None

    def size(self, path: str) -> int:
        """In bytes."""
        return (self._folder / path).stat().st_size


class InArchive:
    """An archive's files: found once, then read where they stand."""

    def __init__(self, archive: Path) -> None:
        self.name = str(archive)
        self._archive = archive
        self._places: dict[str, tuple[int, int]] = {}
        self._links: dict[str, str] = {}
        what = repr(self.name)
        with archive.open("rb") as stream:
            if stream.peek(6).startswith(COMPRESSED):
                raise BadInput(f"{what} is compressed as a whole.", "Unpack it first, for example with gunzip.")
            tar = Tar(stream, what)
            for member in tar:
                path = layers.path_of(member.name, what)
                if member.kind == "file":
                    self._places[path] = tar.tell(), member.size
                elif member.kind == "link":
                    # Older engines write a layer that two images share once, and link to it.
                    self._links[path] = posixpath.normpath(f"{posixpath.dirname(path)}/{member.target}")
                if len(self._places) + len(self._links) > _MEMBERS:
                    raise BadInput(f"{what} holds more files than any image should.", DAMAGED)

    def open(self, path: str) -> IO[bytes] | None:
        """A stream of its own, that begins and ends where the file does."""
        place = self._places.get(self._links.get(path, path))
        return _Part(self._archive, *place) if place else None

    def size(self, path: str) -> int:
        """In bytes."""
        return self._places[self._links.get(path, path)][1]


class _Part(io.BytesIO):
    """Some bytes in the middle of a file, read from there and not held."""

    def __init__(self, archive: Path, start: int, size: int) -> None:
        super().__init__()
        self._stream = archive.open("rb")
        self._stream.seek(start)
        self._left = size

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes."""
        part = self._stream.read(self._left if size is None or size < 0 else min(size, self._left))
        self._left -= len(part)
        return part

    def close(self) -> None:
        """Let go of the file."""
        self._stream.close()
        super().close()


@contextmanager
def opened(files: Files, path: str) -> Iterator[IO[bytes] | None]:
    """The file as a stream for the length of a `with`; None where there is none."""
    stream = files.open(path)
    try:
        yield stream
    finally:
        if stream:
            stream.close()


def content(files: Files, path: str) -> bytes | None:
    """A small file's bytes; None where there is none, BadInput where it is not small."""
    with opened(files, path) as stream:
        if stream is None:
            return None
        found = stream.read(_MOST + 1)
    if len(found) > _MOST:
        raise BadInput(f"{path!r} of {files.name!r} has more than {_MOST} bytes.", DAMAGED)
    return found


def parsed(data: bytes, what: str) -> Any:
    """JSON, or BadInput."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise BadInput(f"{what} is no JSON.", DAMAGED) from None


def table(data: bytes, what: str) -> dict[str, Any]:
    """A JSON table, or BadInput."""
    found = parsed(data, what)
    if not isinstance(found, dict):
        raise BadInput(f"{what} is no table.", DAMAGED)
    return found
