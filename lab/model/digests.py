"""How a digest is shown where all of it would be too long: one way in sentences, one where space is scarce."""

from __future__ import annotations

_SHOWN = 12


def digits(digest: str) -> str:
    """Its first 12 hexadecimal digits, as pictures and lists show them."""
    return digest.rpartition(":")[2][:_SHOWN]


def brief(digest: str) -> str:
    """Its algorithm and its first 12 hexadecimal digits, as a sentence shows it: `sha256:1a2b3c4d5e6f…`."""
    algorithm, colon, _ = digest.rpartition(":")
    return f"{algorithm}{colon}{digits(digest)}…"
