"""What a kit holds, and whether it is sound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lab.errors import BadInput, Blocked
from lab.kit.boot import kitfile
from lab.sandbox.report import amount

_PARTS = {"wheels": "Python's packages", "debs": "the engine's packages", "images": "images", "site": "the site"}


@dataclass(frozen=True)
class KitContents:
    """A sound kit: bytes of the whole and of each part; `id` is the digest of its list of contents."""

    path: Path
    id: str
    version: str
    platforms: tuple[str, ...]
    pythons: tuple[str, ...]
    releases: tuple[str, ...]
    size: int
    files: int
    parts: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "path": str(self.path)}

    def as_text(self) -> str:
        """A few lines for people."""
        rows = {
            "Kit": f"{self.path.name}, {amount(self.size, 'B')}, {self.files} files, each as it was made",
            "Lab": self.version,
            "Platforms": ", ".join(self.platforms),
            "Python": ", ".join(self.pythons),
            "Engine for": ", ".join(self.releases),
            "Holds": shown(self.parts),
        }
        return "\n".join(f"{name:<11} {value}" for name, value in rows.items())


def contents(path: Path, told: Callable[[int, int], None] | None = None) -> KitContents:
    """What a kit holds, after each of its files was compared with its digest; `told` hears how many bytes are done.

    Raises BadInput for one that is damaged or is no kit, Blocked where the file cannot be read.
    """
    kit = opened(path)
    try:
        kitfile.check(kit, told or (lambda _done, _total: None))
    except kitfile.Damaged as error:
        raise BadInput(f"{str(path)!r}: {error}") from error
    except OSError as error:
        raise Blocked(f"{str(path)!r} cannot be read: {error.strerror}.") from error
    return KitContents(
        path=path,
        id=kit.id,
        version=kit.version,
        platforms=kit.platforms,
        pythons=kit.pythons,
        releases=kit.releases,
        size=kit.size,
        files=len(kit.pieces),
        parts=sizes((piece.path, piece.length) for piece in kit.pieces),
    )


def opened(path: Path) -> kitfile.Kit:
    """The kit's list of contents; no piece is read. Raises BadInput, or Blocked where the file cannot be read."""
    try:
        return kitfile.read(path)
    except kitfile.Damaged as error:
        raise BadInput(f"{str(path)!r}: {error}") from error
    except OSError as error:
        raise Blocked(
            f"{str(path)!r} cannot be read: {error.strerror}.", "Name the file that holds the kit."
        ) from error


def sizes(rows: Any) -> dict[str, int]:
    """Bytes by part of a kit, out of places and bytes."""
    found: Counter[str] = Counter()
    for place, length in rows:
        first, _, rest = place.partition("/")
        found["debs" if rest.startswith("debs/") else "images" if first == "cache" else first] += length
    return dict(sorted(found.items()))


def shown(parts: dict[str, int]) -> str:
    """As in `images 180 MB, …`."""
    return ", ".join(f"{_PARTS.get(name, name)} {amount(size, 'B')}" for name, size in parts.items())
