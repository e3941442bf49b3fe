"""What a package index says, and the files of the cache that match it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lab import paths


@dataclass(frozen=True)
class Package:
    """One .deb as the index has it: `size` in bytes, `sha256` in hex, `filename` relative to the mirror."""

    name: str
    version: str
    filename: str
    size: int
    sha256: str

    @property
    def label(self) -> str:
        """How a progress bar names it."""
        return f"{self.name} ({self.filename.rpartition('_')[2].removesuffix('.deb')})"

    @property
    def file(self) -> Path:
        """Where the cache keeps it."""
        return paths.cache() / "debs" / Path(self.filename).name


def lookup(index: bytes, names: Iterable[str]) -> dict[str, Package]:
    """The packages of those `names` that a Packages file (or several, one after the other) describes."""
    text, found = b"\n" + index + b"\n\n", {}
    for name in names:
        start = text.find(f"\nPackage: {name}\n".encode()) + 1
        if not start:
            continue
        stanza = text[start : text.index(b"\n\n", start)].decode()
        fields = dict(line.split(": ", 1) for line in stanza.splitlines() if ": " in line and line[0] != " ")
        found[name] = Package(
            name, fields["Version"], fields["Filename"], int(fields["Size"]), fields["SHA256"].lower()
        )
    return found


def intact(package: Package) -> bool:
    """Whether the cache holds this very file, whole."""
    if size(package.file) != package.size:
        return False
    with package.file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == package.sha256


def size(file: Path) -> int:
    """Bytes of a file; 0 where it is not there (yet)."""
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
