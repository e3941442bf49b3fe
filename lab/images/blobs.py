"""Bytes that go by under a digest, checked while they are read."""

from __future__ import annotations

import hashlib
from typing import Protocol

from lab.errors import BadInput, LabError

MOST = 64 << 30  # bytes of a blob whose size nobody told
_CHUNK = 1 << 18


class Readable(Protocol):
    """Anything that gives its next bytes."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most `size`; none at the end."""
        ...


def verify(content: bytes, digest: str, what: str, error: type[LabError] = BadInput) -> None:
    """Raise `error` where these bytes are not those of the digest; `what` names them."""
    stream = Verified(None, digest, len(content), what, error)
    stream.take(content)
    stream.finish()


class Verified:
    """A stream that raises `error` as soon as it cannot be what it was said to be.

    More bytes than `size` are refused at once, so that an endless stream ends; the digest is known at the end, for
    which `finish` reads what is left.
    """

    def __init__(
        self,
        stream: Readable | None,
        digest: str,
        size: int | None,
        what: str,
        error: type[LabError] = BadInput,
    ) -> None:
        algorithm, _, self._wanted = digest.partition(":")
        if algorithm not in ("sha256", "sha384", "sha512"):
            raise BadInput(f"{what} has the digest {digest!r}, of a kind that is not known.")
        self._hash = hashlib.new(algorithm)
        self._stream = stream
        self._left = MOST if size is None else size
        self._told = size is not None
        self._what = what
        self._error = error

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most `size`."""
        part = self._stream.read(size) if self._stream else b""
        if part:
            self.take(part)
        return part

    def take(self, part: bytes) -> None:
        """Count and hash bytes that were read already."""
        self._left -= len(part)
        if self._left < 0:
            raise self._error(f"{self._what} has more bytes than it should have.")
        self._hash.update(part)

    def finish(self) -> None:
        """Read what is left and compare."""
        while self.read(_CHUNK):
            pass
        if self._left and self._told:
            raise self._error(f"{self._what} is cut short: {self._left} bytes are missing.")
        if self._hash.hexdigest() != self._wanted:
            raise self._error(f"{self._what} is not what its digest says: it was changed or damaged.")
