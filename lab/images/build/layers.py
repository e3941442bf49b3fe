"""Blobs and layers: the same files give the same bytes, whoever makes them, whenever and where."""

from __future__ import annotations

import gzip
import hashlib
import io
import stat
import tarfile
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from lab.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TAR = "application/vnd.oci.image.layer.v1.tar"
TAR_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Blob:
    """Bytes under their digest: in memory, or in a file where they are large.

    `size` is in bytes; `diff_id` is the digest of a layer's tar before it was compressed.
    """

    media_type: str
    content: bytes | Path
    digest: str
    size: int
    diff_id: str = ""

    def open(self) -> IO[bytes]:
        """A fresh stream of the bytes. Raises BadInput where their file is gone."""
        if isinstance(self.content, bytes):
            return io.BytesIO(self.content)
        try:
            return self.content.open("rb")
        except OSError as error:
            raise BadInput(f"{str(self.content)!r} cannot be read: {error.strerror}.", "Make it again.") from error


@dataclass(frozen=True)
class File:
    """A regular file of a layer; a large one may stand in a file of the host's."""

    content: bytes | Path
    mode: int = 0o644


@dataclass(frozen=True)
class Folder:
    """A folder of a layer. Parents need not be named: they are made, with mode 0755."""

    mode: int = 0o755


@dataclass(frozen=True)
class Link:
    """A symbolic link, or a hard one to another file of the same layer."""

    target: str
    hard: bool = False


Content = File | Folder | Link | tuple[bytes, int]


def blob(content: bytes | Path, media_type: str) -> Blob:
    """Any bytes as a blob, with whatever media type."""
    digest = hashlib.sha256()
    size = 0
    with Blob(media_type, content, "", 0).open() as stream:
        while part := stream.read(_CHUNK):
            digest.update(part)
            size += len(part)
    name = f"sha256:{digest.hexdigest()}"
    return Blob(media_type, content, name, size, diff_id=name)


def layer(
    files: Mapping[str, Content],
    *,
    compress: bool = True,
    media_type: str | None = None,
    folder: Path | None = None,
) -> Blob:
    """A layer of `files` (path in the image → what it is; `(bytes, mode)` is short for a `File`).

    Sorted, owned by root, of the year 1970. The layer is kept in memory, or in a file in `folder`. Raises
    BadInput for a path that leads out of the image.
    """
    kind = media_type or (TAR_GZIP if compress else TAR)
    with _sink(folder) as (stream, path):
        outer = _Hashing(stream)
        if compress:
            with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=outer, mtime=0) as packed:
                inner = _Hashing(packed)
                _write_tar(inner, files)
        else:
            inner = outer
            _write_tar(inner, files)
        content = path or _whole(stream)
    return Blob(kind, content, outer.name, outer.size, diff_id=inner.name)


def files_of(folder: Path) -> dict[str, Content]:
    """Everything below `folder`, for `layer`: modes and links kept, owners and times not."""
    found: dict[str, Content] = {}
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        name = path.relative_to(folder).as_posix()
        if stat.S_ISLNK(mode):
            found[name] = Link(str(path.readlink()))
        elif stat.S_ISDIR(mode):
            found[name] = Folder(stat.S_IMODE(mode))
        elif stat.S_ISREG(mode):
            found[name] = File(path, stat.S_IMODE(mode))
        else:
            raise BadInput(f"{str(path)!r} is neither a file, a folder nor a link.", "Leave it out of the image.")
    return found


class _Hashing:
    """A sink that hashes and counts what goes through it."""

    def __init__(self, stream: IO[bytes] | gzip.GzipFile) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self._digest.update(data)
        self.size += len(data)
        self._stream.write(data)
        return len(data)

    def flush(self) -> None:
        """The stream beneath is flushed when it is closed."""

    @property
    def name(self) -> str:
        return f"sha256:{self._digest.hexdigest()}"


@contextmanager
def _sink(folder: Path | None) -> Iterator[tuple[IO[bytes], Path | None]]:
    if folder is None:
        yield io.BytesIO(), None
        return
    with tempfile.NamedTemporaryFile(dir=folder, prefix="layer-", suffix=".tar", delete=False) as stream:
        yield stream, Path(stream.name)


def _whole(stream: IO[bytes]) -> bytes:
    stream.seek(0)
    return stream.read()


def _write_tar(sink: _Hashing, files: Mapping[str, Content]) -> None:
    named = {_name(path): entry for path, entry in files.items()}
    for path in list(named):
        for parent in PurePosixPath(path).parents[:-1]:
            named.setdefault(str(parent), Folder())
    with tarfile.open(fileobj=sink, mode="w|", format=tarfile.PAX_FORMAT) as tar:  # type: ignore[call-overload]
        # A hard link's target must stand before it.
        for path in sorted(named, key=lambda path: (_is_hard(named[path]), path)):
            _add(tar, path, named[path])


def _is_hard(entry: Content) -> bool:
    return isinstance(entry, Link) and entry.hard


def _name(path: str) -> str:
    parts = PurePosixPath(path.lstrip("/")).parts
    if not parts or ".." in parts or "\0" in path:
        raise BadInput(f"{path!r} cannot be a path in an image.", "Give one below the root, without `..`.")
    return "/".join(parts)


def _add(tar: tarfile.TarFile, path: str, entry: Content) -> None:
    if isinstance(entry, tuple):
        entry = File(*entry)
    member = tarfile.TarInfo(path)
    if isinstance(entry, Folder):
        member.type, member.mode = tarfile.DIRTYPE, entry.mode
        tar.addfile(member)
    elif isinstance(entry, Link):
        member.type, member.mode = (tarfile.LNKTYPE if entry.hard else tarfile.SYMTYPE), 0o777
        member.linkname = _name(entry.target) if entry.hard else entry.target
        tar.addfile(member)
    else:
        member.mode = entry.mode
        content = entry.content
        member.size = len(content) if isinstance(content, bytes) else content.stat().st_size
        with io.BytesIO(content) if isinstance(content, bytes) else content.open("rb") as stream:
            tar.addfile(member, stream)
