"""A kit's file: a few lines of shell, the pieces one after another, and at the end a zip that Python runs.

The zip holds the program and `contents.json`: of each piece its place, size, digest, and where its bytes are. Python
finds a zip by its end, so that the pieces before it may be of any size.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import IO, Any

FORMAT = 1
CONTENTS = "contents.json"
PLAIN, ZSTD = "plain", "zstd"
_MOST = 32_000_000  # bytes of contents.json
_PIECE = 1 << 20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+~:@!=-]*")
_HEX = re.compile(r"[0-9a-f]{64}")

CUT = "This kit is cut or damaged: {why}. Copy it again."


class Damaged(Exception):
    """This is no kit, or not as it was made; the text is one sentence for people."""


@dataclass(frozen=True)
class Piece:
    """One file in a kit: `path` is its place, `size` and `sha256` are those of the file once it is unpacked.

    `start`, `length` and `packed` (a digest) are those of its bytes in the kit, counted from the first piece.
    `platform` ("linux/amd64") is empty where it serves all.
    """

    path: str
    size: int
    sha256: str
    how: str
    start: int
    length: int
    packed: str
    platform: str = ""
    runs: bool = False

    @property
    def kind(self) -> str:
        """The first folder of its path: wheels, cache, site."""
        return self.path.partition("/")[0]


@dataclass(frozen=True)
class Kit:
    """A kit's contents. `packages` are apt's records: release, architecture, suite, name, fields."""

    file: Path
    id: str
    version: str
    platforms: tuple[str, ...]
    pythons: tuple[str, ...]
    releases: tuple[str, ...]
    packages: dict[str, Any]
    pieces: tuple[Piece, ...]
    begin: int
    size: int


def read(file: Path) -> Kit:
    """What the kit says of itself; no piece is read. Raises Damaged, or OSError where the file cannot be read."""
    size = file.stat().st_size
    try:
        text, tail = _tail(file)
    except (zipfile.BadZipFile, zlib.error, LookupError, ValueError, EOFError, RuntimeError) as error:
        raise Damaged(CUT.format(why="its end is missing or changed")) from error
    try:
        return _kit(file, text, tail, size)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise Damaged(CUT.format(why="its list of contents cannot be read")) from error


def _tail(file: Path) -> tuple[bytes, int]:
    """The list of contents, and where the zip begins."""
    with zipfile.ZipFile(file) as inner:
        if inner.getinfo(CONTENTS).file_size > _MOST:
            raise ValueError
        return inner.read(CONTENTS), min(one.header_offset for one in inner.infolist())


def _kit(file: Path, text: bytes, tail: int, size: int) -> Kit:
    data = json.loads(text)
    if data["format"] != FORMAT:
        raise Damaged("This kit is of another time than this program: make or take a newer one.")
    pieces = tuple(_piece(row) for row in data["pieces"])
    length = sum(one.length for one in pieces)
    if tail < length or any(one.start + one.length > length for one in pieces):
        raise Damaged(CUT.format(why="pieces are missing"))
    return Kit(
        file=file,
        id=hashlib.sha256(text).hexdigest(),
        version=str(data["lab"]),
        platforms=_texts(data["platforms"]),
        pythons=_texts(data["pythons"]),
        releases=_texts(data["releases"]),
        packages=dict(data["packages"]),
        pieces=pieces,
        begin=tail - length,
        size=size,
    )


def _texts(found: Any) -> tuple[str, ...]:
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise TypeError
    return tuple(found)


def _piece(row: dict[str, Any]) -> Piece:
    kinds = {"str": str, "int": int, "bool": bool}
    if not all(type(row[one.name]) is kinds[str(one.type)] for one in fields(Piece)):
        raise TypeError
    piece = Piece(**row)
    sound = all(_NAME.fullmatch(part) for part in piece.path.split("/")) and len(piece.path) < 512
    numbers = min(piece.size, piece.start, piece.length) >= 0
    if not (sound and numbers and _HEX.fullmatch(piece.sha256) and _HEX.fullmatch(piece.packed)):
        raise ValueError
    return piece


def check(kit: Kit, told: Callable[[int, int], None]) -> None:
    """Compare each piece with its digest; `told` how many bytes of how many are done. Raises Damaged."""
    total, done = sum(one.length for one in kit.pieces), 0
    with kit.file.open("rb") as stream:
        for piece in kit.pieces:
            digest = hashlib.sha256()
            for part in parts(stream, kit, piece):
                digest.update(part)
                done += len(part)
                told(done, total)
            if digest.hexdigest() != piece.packed:
                raise Damaged(CUT.format(why=f"{piece.path!r} in it is not what it was"))


def parts(stream: IO[bytes], kit: Kit, piece: Piece) -> Iterator[bytes]:
    """The bytes of a piece as they stand in the file. Raises Damaged where they end early."""
    stream.seek(kit.begin + piece.start)
    left = piece.length
    while left:
        part = stream.read(min(left, _PIECE))
        if not part:
            raise Damaged(CUT.format(why="it ends early"))
        left -= len(part)
        yield part


def copy(kit: Kit, piece: Piece, into: Path) -> None:
    """Write a plain piece to `into`, whole."""
    with kit.file.open("rb") as stream, into.open("wb") as out:
        for part in parts(stream, kit, piece):
            out.write(part)
