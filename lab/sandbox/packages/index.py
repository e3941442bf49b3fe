"""What a package index says, and the files of the cache that match it."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from lab import paths
from lab.errors import Blocked

_PIECE = 1 << 20
# The smallest first. All archives have one of these.
_OPENERS: dict[str, Callable[[Path], lzma.LZMAFile | gzip.GzipFile]] = {".xz": lzma.LZMAFile, ".gz": gzip.GzipFile}


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


@dataclass(frozen=True)
class PackageList:
    """One compressed list of packages, as the suite's signed Release file has it; `file` is where it is kept."""

    suite: str
    architecture: str
    filename: str
    size: int
    sha256: str
    file: Path

    @property
    def label(self) -> str:
        """How a progress bar names it."""
        return f"list of packages of {self.suite} ({self.architecture})"


def package_list(release: str, suite: str, architecture: str, component: str, into: Path) -> PackageList | None:
    """The index of one component in a Release file; None where the archive has none for that architecture."""
    found: dict[str, tuple[str, int]] = {}
    for line in release.partition("\nSHA256:")[2].splitlines()[1:]:
        if not line.startswith(" "):
            break
        sha256, length, name = line.split()
        found[name] = sha256.lower(), int(length)
    by_hash = "\nAcquire-By-Hash: yes\n" in release
    for ending in _OPENERS:
        folder = f"{component}/binary-{architecture}"
        name = f"{folder}/Packages{ending}"
        if name in found:
            checksum, total = found[name]
            # By its hash it is there as long as the Release file that names it, whatever the mirror is just changing.
            there = f"{folder}/by-hash/SHA256/{checksum}" if by_hash else name
            place = into / f"{component}-Packages{ending}"
            return PackageList(suite, architecture, f"dists/{suite}/{there}", total, checksum, place)
    return None


def find(listed: PackageList, names: Iterable[str]) -> dict[str, Package]:
    """The packages of those `names` that the index has; no more of it is unpacked than must be read.

    Raises Blocked where it is damaged, and drops it.
    """
    due, rest = set(names), b""
    found: dict[str, Package] = {}
    try:
        with _OPENERS[listed.file.suffix](listed.file) as stream:
            while due and (part := stream.read(_PIECE)):
                whole, _, rest = (rest + part).rpartition(b"\n\n")
                fresh = lookup(whole, due)
                found |= fresh
                due -= fresh.keys()
    except (lzma.LZMAError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        listed.file.unlink(missing_ok=True)
        raise Blocked(f"The {listed.label} is damaged: {error}.", "Run `lab up` again: it is fetched again.") from error
    return found | lookup(rest, due)


def lookup(text: bytes, names: Iterable[str]) -> dict[str, Package]:
    """The packages of those `names` that the text of a Packages file describes."""
    text, found = b"\n" + text + b"\n\n", {}
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


def intact(wanted: Package | PackageList) -> bool:
    """Whether the cache holds this very file, whole."""
    if size(wanted.file) != wanted.size:
        return False
    with wanted.file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == wanted.sha256


def size(file: Path) -> int:
    """Bytes of a file; 0 where it is not there (yet)."""
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
