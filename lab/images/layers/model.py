"""What is kept of a layer, and what one image may cost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from lab.errors import BadInput
from lab.images.layers.unpack import FREE
from lab.model.facts import Binary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.images.layers.tar import Member

HOSTILE = "It is damaged or hostile; nothing more of it was read."


@dataclass
class Limits:
    """What one image may cost: each layer takes from it what it uses. `unpacked` and `scripts` are in bytes.

    Where `scripts` is used up, no more of their text is kept; all else that is used up is an error. `free` bytes of a
    layer may be unpacked before it is looked at how many came out of how few.
    """

    entries: int = 300_000
    unpacked: int = 64 << 30
    layers: int = 512
    names: int = 64 << 20
    scripts: int = 32 << 20
    free: int = FREE

    def again(self, layer: Layer) -> None:
        """A layer that was read before, for another image, counts too."""
        self.entries -= len(layer.entries)

    def take(self, member: Member, what: str) -> None:
        """One more entry; BadInput where it is too much."""
        self.entries -= 1
        self.names -= len(member.name) + len(member.target)
        self.unpacked -= member.size
        for left, of in ((self.entries, "files"), (self.names, "names"), (self.unpacked, "bytes")):
            if left < 0:
                raise BadInput(f"{what} holds more {of} than any image should.", HOSTILE)


@dataclass(frozen=True, kw_only=True)
class Script(Binary):
    """A script with its text, as far as it is kept ("" where it is not)."""

    text: str = ""


class Symlink(NamedTuple):
    """A symbolic link, with its target as it was written."""

    target: str


class Hardlink(NamedTuple):
    """Another name for a file that stands at `target`."""

    target: str


FOLDER, OTHER = "folder", "other"
Entry = Binary | Symlink | Hardlink | str


@dataclass(frozen=True)
class Layer:
    """One layer: its entries in order (paths without a leading slash), and what it takes away from those below."""

    entries: tuple[tuple[str, Entry], ...]
    whiteouts: tuple[str, ...] = ()
    opaque: tuple[str, ...] = ()

    def programs(self) -> Iterator[Binary]:
        """Its ELF files and scripts, each under its path."""
        for path, entry in self.entries:
            if isinstance(entry, Binary) and entry.kind in ("elf", "script"):
                yield replace(entry, path=f"/{path}")
