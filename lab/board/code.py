"""The code of a class: twelve characters that prove the board to a learner, and let the learner in.

The first eight are a fingerprint of the board's certificate, made slow on purpose (scrypt), so that nobody makes
another certificate with the same one while a class lasts. The last four are a secret of the board's.
"""

from __future__ import annotations

import hashlib
import secrets

from lab.errors import UsageError

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # no I, L, O, U: nobody has to ask which one it is
_LOOK_ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1", "-": "", " ": ""})
_PRINT, _SECRET = 8, 4
_SALT = b"multiplatform-lab board"


def fingerprint(certificate: bytes) -> str:
    """The part of the code that stands for a certificate (DER)."""
    found = hashlib.scrypt(certificate, salt=_SALT, n=2**14, r=8, p=1, dklen=_PRINT * 5 // 8)
    number = int.from_bytes(found)
    return "".join(_LETTERS[(number >> 5 * place) & 31] for place in reversed(range(_PRINT)))


def secret() -> str:
    """A new secret part."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_SECRET))


def shown(printed: str, hidden: str) -> str:
    """The code as it is read aloud: `4F7K-9Q2M-X3TD`."""
    whole = printed + hidden
    return "-".join(whole[start : start + 4] for start in range(0, len(whole), 4))


def read(typed: str, what: str = "a class") -> tuple[str, str]:
    """Fingerprint and secret of a code of `what`, as people type it. UsageError where it is none."""
    plain = typed.upper().translate(_LOOK_ALIKE)
    if len(plain) != _PRINT + _SECRET or set(plain) - set(_LETTERS):
        raise UsageError(f"{typed[:40]!r} is not the code of {what}.", "It looks like 4F7K-9Q2M-X3TD.")
    return plain[:_PRINT], plain[_PRINT:]
