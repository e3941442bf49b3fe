"""Write a kit: the same files give the same bytes."""

from __future__ import annotations

import hashlib
import importlib.resources
import io
import json
import os
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from lab import __version__, paths
from lab.errors import Blocked
from lab.images.layers.unpack import zstd
from lab.kit.boot import kitfile
from lab.kit.boot.kitfile import Piece
from lab.kit.gather import Gathered
from lab.kit.plan import Plan
from lab.sandbox.report import Listener
from lab.storage import own_folder

_LEVEL = 15
_PIECE = 1 << 20
_TIME = (1980, 1, 1, 0, 0, 0)
_PACKED = (".whl", ".deb", ".gz", ".png", ".woff2")  # nothing is won by packing these again
_BOOT = ("__init__.py", "kitfile.py", "run.py", "setup.py")
_MAIN = """\
import sys

if sys.version_info < (3, 11):
    sys.exit("lab: This kit needs Python 3.11 or newer, and this is Python %d.%d." % sys.version_info[:2])
from boot import run

sys.exit(run.main())
"""
# The second line is for a Python that is given a kit without its end: all that it can say is that it does not know
# this "coding".
_HEAD = """\
#!/bin/sh
# coding: this-kit-is-cut-or-damaged.Copy-it-again
stop() {{ echo "lab: $*" >&2; exit 1; }}
[ "$(wc -c <"$0")" -eq {size} ] || stop "This kit is cut or damaged: it should have {size} bytes. Copy it again."
command -v sha256sum >/dev/null && [ "$(tail -c {tail} "$0" | sha256sum | cut -c 1-64)" != {digest} ] &&
  stop "This kit is cut or damaged: its end is not what it was. Copy it again."
command -v python3 >/dev/null || stop "python3 is missing. Install Python 3.11 or newer."
exec python3 "$0" "$@"
exit
"""


@dataclass(frozen=True)
class Draft:
    """A kit that can be written: its pieces, each with the file that has its bytes, and what is before and after."""

    head: bytes
    pieces: tuple[tuple[Piece, Path], ...]
    tail: bytes

    @property
    def size(self) -> int:
        """Bytes of the kit."""
        return len(self.head) + sum(piece.length for piece, _ in self.pieces) + len(self.tail)


def draft(wanted: Plan, found: Gathered, report: Listener) -> Draft:
    """All but the writing; what gets smaller by it is packed with zstd, in the cache. Raises Blocked."""
    report.phase(f"Checking and packing {len(found.files)} files")
    pieces, start = [], 0
    for place, (file, platform) in sorted(found.files.items()):
        piece, source = _piece(place, file, platform, start)
        start += piece.length
        pieces.append((piece, source))
        report.progress("files", len(pieces), len(found.files), "files")
    tail = _tail(wanted, found, [piece for piece, _ in pieces])
    return Draft(_head(start, tail), tuple(pieces), tail)


def write(one: Draft, into: Path, report: Listener) -> str:
    """Write it, whole or not at all; its digest. Raises Blocked where the disk refuses."""
    digest, done = hashlib.sha256(), 0
    part = into.with_name(f".{into.name}.part")
    try:
        with part.open("wb") as out:
            for data in _bytes(one):
                digest.update(data)
                out.write(data)
                done += len(data)
                report.progress(into.name, done, one.size, "B")
        part.chmod(0o755)
        part.replace(into)
    except OSError as error:
        raise Blocked(
            f"{str(into)!r} cannot be written: {error.strerror}.", "Make room, or name another -o."
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return digest.hexdigest()


def _bytes(one: Draft) -> Iterator[bytes]:
    yield one.head
    for piece, source in one.pieces:
        seen = hashlib.sha256()
        with source.open("rb") as stream:
            while data := stream.read(_PIECE):
                seen.update(data)
                yield data
        if seen.hexdigest() != piece.packed:
            raise Blocked(f"{str(source)!r} has changed while the kit was made.", "Try again.")
    yield one.tail


def _piece(place: str, file: Path, platform: str, start: int) -> tuple[Piece, Path]:
    sha256, size = digest(file)
    packed = file if file.name.endswith(_PACKED) or "/blobs/" in place else _smaller(file, sha256, size)
    name, length = (sha256, size) if packed == file else digest(packed)
    how = kitfile.PLAIN if packed == file else kitfile.ZSTD
    runs = bool(file.stat().st_mode & 0o100)
    return Piece(place, size, sha256, how, start, length, name, platform, runs), packed


def digest(file: Path) -> tuple[str, int]:
    """The digest of a file, and its bytes. Raises Blocked where it cannot be read."""
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest(), stream.tell()
    except OSError as error:
        raise Blocked(f"{str(file)!r} cannot be read: {error.strerror}.", "Try again.") from error


def _smaller(file: Path, sha256: str, size: int) -> Path:
    """The file packed with zstd, in the cache; itself, where that is no smaller, or its reader needs it plain."""
    if file.name.endswith(".lock"):
        return file
    packed = own_folder(paths.cache() / "kit" / "packed") / f"{sha256}-{_LEVEL}.zst"
    if not packed.is_file():
        fresh = packed.with_name(f".{packed.name}.{os.getpid()}")
        fresh.write_bytes(zstd("A kit").compress(file.read_bytes(), _LEVEL))
        fresh.replace(packed)
    return packed if packed.stat().st_size < size else file


def _tail(wanted: Plan, found: Gathered, pieces: Sequence[Piece]) -> bytes:
    contents = {
        "format": kitfile.FORMAT,
        "lab": __version__,
        "platforms": wanted.platforms,
        "pythons": wanted.pythons,
        "releases": wanted.releases,
        "packages": found.packages,
        "pieces": [asdict(piece) for piece in pieces],
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        _put(packed, "__main__.py", _MAIN.encode())
        boot = importlib.resources.files("lab.kit.boot")
        for name in _BOOT:
            _put(packed, f"boot/{name}", (boot / name).read_bytes())
        _put(packed, kitfile.CONTENTS, json.dumps(contents, sort_keys=True).encode())
    return out.getvalue()


def _put(packed: zipfile.ZipFile, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name, _TIME)
    info.external_attr, info.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
    packed.writestr(info, content)


def _head(length: int, tail: bytes) -> bytes:
    """The lines of shell. They name the size of the whole, which their own is a part of."""
    size, named = 0, hashlib.sha256(tail).hexdigest()
    while True:
        head = _HEAD.format(size=size, tail=len(tail), digest=named).encode()
        if size == len(head) + length + len(tail):
            return head
        size = len(head) + length + len(tail)
