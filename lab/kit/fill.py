"""Put what a kit holds into the lab's cache, where `lab up` looks before it asks any network."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from platform import machine
from typing import IO

from lab import paths
from lab.errors import BadInput, Blocked
from lab.images.layers.unpack import unpacked
from lab.kit import place, read
from lab.kit.boot import kitfile, setup
from lab.kit.boot.kitfile import Kit, Piece
from lab.model.platforms import Platform
from lab.sandbox.packages import apt
from lab.sandbox.packages.index import Package
from lab.sandbox.report import Listener

_PIECE = 1 << 20


def fill(file: Path, report: Listener) -> int:
    """Unpack what this machine can use; how many files were new. What was there and is whole stays as it is.

    Raises BadInput where the kit is damaged, Blocked where the disk refuses; nothing of it is left then.
    """
    kit = read.opened(file)
    records = _records(kit)
    report.phase(f"Unpacking {file.name}")
    made: list[Path] = []
    new = 0
    try:
        wanted = [piece for piece in kit.pieces if _is_for_this(piece, records)]
        for number, piece in enumerate(wanted, 1):
            new += _put(kit, piece, _target(piece), made)
            report.progress(file.name, number, len(wanted), "files")
        for (suite, architecture), known in records.items():
            apt.remember(suite, architecture, known)
    except BaseException as error:
        _undo(made)
        if isinstance(error, kitfile.Damaged):
            raise BadInput(f"{str(file)!r}: {error}") from error
        if isinstance(error, OSError):
            where = error.filename or paths.cache()
            raise Blocked(
                f"{str(where)!r} cannot be written: {error.strerror}.", "Make room, or set LAB_CACHE."
            ) from error
        raise
    return new


def _records(kit: Kit) -> dict[tuple[str, str], dict[str, Package]]:
    """The records of packages for this machine, by suite and architecture; none where the kit has no engine for it."""
    architecture = Platform.of("linux", machine()).architecture
    try:
        suites = kit.packages[setup.release()][architecture]
    except (KeyError, TypeError):
        return {}
    try:
        return {
            (_word(suite), _word(other)): {name: Package(**one) for name, one in known.items()}
            for suite, records in suites.items()
            for other, known in records.items()
        }
    except (TypeError, AttributeError, ValueError) as error:
        raise BadInput(f"{str(kit.file)!r}: its list of packages cannot be read.", "Copy it again.") from error


def _word(name: str) -> str:
    if not name.isalnum():
        raise ValueError
    return name


def _is_for_this(piece: Piece, records: dict[tuple[str, str], dict[str, Package]]) -> bool:
    if piece.kind not in ("cache", "site") or piece.platform not in ("", setup.this_platform()):
        return False
    names = {one.file.name for known in records.values() for one in known.values()}
    return not piece.path.startswith("cache/debs/") or Path(piece.path).name in names


def _target(piece: Piece) -> Path:
    """Where a piece goes: its path has only plain names, which reading the list has seen to."""
    kind, _, rest = piece.path.partition("/")
    return (paths.cache() if kind == "cache" else place.folder() / kind) / rest


def _put(kit: Kit, piece: Piece, target: Path, made: list[Path]) -> bool:
    """Write it where it is not there as it should be; was that so? `made` gets what is new, folders too."""
    if target.is_file() and target.stat().st_size == piece.size and _digest(target) == piece.sha256:
        return False
    for folder in reversed([one for one in target.parents if not one.exists()]):
        folder.mkdir(exist_ok=True)
        made.append(folder)
    fresh = target.with_name(f".{target.name}.kit")
    try:
        digest = hashlib.sha256()
        with kit.file.open("rb") as stream, fresh.open("wb") as out:
            for part in _plain(kit, piece, stream):
                digest.update(part)
                out.write(part)
        if digest.hexdigest() != piece.sha256:
            raise kitfile.Damaged(kitfile.CUT.format(why=f"{piece.path!r} in it is not what it was"))
        fresh.chmod(0o755 if piece.runs else 0o644)
        made.append(target)
        fresh.replace(target)
    finally:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
    return True


def _plain(kit: Kit, piece: Piece, stream: IO[bytes]) -> Iterator[bytes]:
    packed = kitfile.parts(stream, kit, piece)
    if piece.how == kitfile.PLAIN:
        yield from packed
        return
    # no piece that is packed is large: the emulators have some megabytes
    whole = unpacked(io.BytesIO(b"".join(packed)), f"{piece.path!r} in the kit", free=piece.size)
    while part := whole.read(_PIECE):
        yield part


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _undo(made: list[Path]) -> None:
    """Take away what was just put there."""
    for path in reversed(made):
        with suppress(OSError):
            path.rmdir() if path.is_dir() else path.unlink()
