"""Unpack a layer's bytes as they come: gzip, zstd or none, told by the bytes themselves as engines do.

zlib and zstd do the unpacking. What strings frames together is our own, because `gzip.GzipFile` and `zstd.ZstdFile` put
no bound on how much comes out of how little. Sources: RFC 1952, section 2.2 (a file is a series of members);
RFC 8878, section 3 (frames may be appended).
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from lab.errors import BadInput, Blocked
from lab.images.program import GZIP, ZSTD

if TYPE_CHECKING:
    from lab.images.blobs import Readable

_CHUNK = 1 << 18
FREE = 1 << 30  # bytes that may come out before their ratio is looked at
_RATIO = 200


class Unpacker(Protocol):
    """One compressed frame at a time, a bounded piece at a time."""

    @property
    def eof(self) -> bool:
        """The frame has ended."""
        ...

    @property
    def unused_data(self) -> bytes:
        """What came after its end."""
        ...

    def decompress(self, data: bytes, most: int, /) -> bytes:
        """At most `most` bytes; what it did not use of `data` is kept for the next call."""
        ...


class _Gzip:
    def __init__(self) -> None:
        self._inner = zlib.decompressobj(31)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, most: int, /) -> bytes:
        kept = self._inner.unconsumed_tail
        return self._inner.decompress(kept + data if kept else data, most)


def unpacked(stream: Readable, what: str, *, free: int = FREE) -> io.BufferedReader:
    """The plain bytes of `stream`; `what` names it in messages.

    Reading raises BadInput for damage and for what unpacks to far more than its size, Blocked where this Python
    has no zstd.
    """
    head = b""
    while len(head) < len(ZSTD) and (part := stream.read(len(ZSTD) - len(head))):
        head += part
    if head.startswith(GZIP):
        return io.BufferedReader(_Frames(stream, head, _Gzip, what, free), _CHUNK)
    if head == ZSTD:
        return io.BufferedReader(_Frames(stream, head, zstd(what).ZstdDecompressor, what, free), _CHUNK)
    return io.BufferedReader(_Plain(stream, head), _CHUNK)


def zstd(what: str) -> Any:
    """Python's zstd, its own from 3.14 on; `what` names what needs it. Raises Blocked where there is none."""
    import importlib

    for name in ("compression.zstd", "backports.zstd"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise Blocked(
        f"{what} is compressed with zstd, which this Python cannot read.", "Use Python 3.14, or install backports.zstd."
    )


class _Plain(io.RawIOBase):
    def __init__(self, stream: Readable, head: bytes) -> None:
        self._stream = stream
        self._head = head

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        part, self._head = self._head or self._stream.read(len(buffer)), b""
        buffer[: len(part)] = part
        return len(part)


class _Frames(io.RawIOBase):
    """Frames one after the other, as many builders write them; only zeros may follow the last."""

    def __init__(self, stream: Readable, head: bytes, make: Callable[[], Unpacker], what: str, free: int) -> None:
        self._stream = stream
        self._waiting = head
        self._make = make
        self._unpacker = make()
        self._what = what
        self._free = free
        self._in = self._out = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        try:
            part = self._next(len(buffer))
        except LabErrors:
            raise
        except Exception as error:
            raise self._bad("is damaged: it does not unpack") from error
        buffer[: len(part)] = part
        self._out += len(part)
        if self._out > self._free and self._out > self._in * _RATIO:
            raise self._bad(f"unpacks to more than {_RATIO} times its size")
        return len(part)

    def _bad(self, why: str) -> BadInput:
        return BadInput(f"{self._what} {why}.", "It is damaged or hostile; nothing more of it was read.")

    def _next(self, most: int) -> bytes:
        while True:
            if self._unpacker.eof and not self._another():
                return b""
            # Bytes may still wait inside when none are left here.
            part = self._unpacker.decompress(self._waiting, most)
            self._waiting = b""
            if part:
                return part
            if not self._unpacker.eof:
                self._waiting = self._take()
                if not self._waiting:
                    raise self._bad("is cut short")

    def _another(self) -> bool:
        """Begin the next frame, if there is one."""
        rest = self._unpacker.unused_data.lstrip(b"\0")
        while not rest:
            taken = self._take()
            if not taken:
                return False
            rest = taken.lstrip(b"\0")
        self._unpacker = self._make()
        self._waiting = rest
        return True

    def _take(self) -> bytes:
        part = self._stream.read(_CHUNK)
        self._in += len(part)
        return part


LabErrors = (BadInput, Blocked)
