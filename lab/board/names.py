"""Names as people choose them: letters, digits and a few signs, so that no name can carry HTML or move a terminal."""

from __future__ import annotations

import unicodedata

from lab.errors import UsageError

MOST = 40
_SIGNS = set(" .-_'\u2019()")
_MARKS = 3  # accents on one letter


def cleaned(name: str) -> str:
    """The name in one form, with single spaces. UsageError where it is none."""
    plain = " ".join(unicodedata.normalize("NFC", name[: MOST * 8]).split())
    if not plain or len(plain) > MOST:
        raise UsageError(f"A name has 1 to {MOST} characters.", "As in: lab join ADDRESS CODE --name Ada")
    if strange := [letter for letter in plain if not _allowed(letter)]:
        raise UsageError(f"A name cannot have {strange[0]!a} in it.", "Letters, digits, spaces and .-_'() can be.")
    if not any(unicodedata.category(letter)[0] in "LN" for letter in plain) or _piled(plain):
        raise UsageError("A name needs letters, and few accents on each.", "As in: lab join ADDRESS CODE --name Ada")
    return plain


def _allowed(letter: str) -> bool:
    return letter in _SIGNS or unicodedata.category(letter)[0] in "LMN"


def _piled(name: str) -> bool:
    row = 0
    for letter in name:
        row = row + 1 if unicodedata.category(letter)[0] == "M" else 0
        if row > _MARKS:
            return True
    return False
