"""What a program's own first bytes say: its machine and loader, or what it is if it is no program of a machine.

Source of the script's rules: the kernel's `binfmt_script`.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from lab.images.elf import HEAD, Forward, elf, take
from lab.model.facts import Binary

if TYPE_CHECKING:
    from lab.images.blobs import Readable


__all__ = ["HEAD", "read"]

_SNIFF = 4096
_SCRIPT_LINE = 256  # all that the kernel looks at
_KINDS: tuple[tuple[bytes, str], ...] = (
    (b"!<arch>\n", "archive"),
    (b"PK\x03\x04", "archive"),
    (b"\x1f\x8b", "archive"),
    (b"\xfd7zXZ\x00", "archive"),
    (b"BZh", "archive"),
    (b"\x28\xb5\x2f\xfd", "archive"),
    (b"MZ", "pe"),
    (b"\x00asm", "wasm"),
    *(
        (magic, "mach-o")
        for magic in (b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xfe\xed\xfa\xcf", b"\xca\xfe\xba\xbe")
    ),
)
_HTML = re.compile(
    rb"\s*(?:\xef\xbb\xbf)?\s*(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html|head|body|\?xml)", re.IGNORECASE | re.DOTALL
)

_CONTROL = re.compile(rb"[\x00-\x06\x0e-\x1a\x7f]")


def read(source: bytes | Readable, path: str = "", *, head: bytes = b"") -> Binary:
    """What these bytes are. A stream is read forward only, and no further than is needed.

    `head` are the stream's first bytes where they were taken from it already. Nothing that the bytes hold makes
    this raise; what cannot be told is left empty.
    """
    stream = io.BytesIO(source) if isinstance(source, bytes) else source
    if len(head) < _SNIFF:
        head += take(stream, _SNIFF - len(head))
    if not head.startswith(b"\x7fELF"):
        kind = _kind(head)
        interpreter = _script_interpreter(head) if kind == "script" else ""
        return Binary(path=path, kind=kind, interpreter=interpreter)
    return elf(Forward(stream, head), path)


def _kind(head: bytes) -> str:
    if not head:
        return "empty"
    if head.startswith(b"#!"):
        return "script"
    known = next((kind for magic, kind in _KINDS if head.startswith(magic)), "")
    if known:
        return known
    if _HTML.match(head[:1024]):
        return "html"
    return "text" if _is_text(head) else "unknown"


def _is_text(head: bytes) -> bool:
    if _CONTROL.search(head):
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        # The cut may have gone through a letter.
        return error.start >= len(head) - 4
    return True


def _script_interpreter(head: bytes) -> str:
    """As the kernel reads it: spaces skipped, up to the next space; a carriage return belongs to the name."""
    line = head[2:_SCRIPT_LINE].split(b"\n", 1)[0].strip(b" \t").split(b"\0", 1)[0]
    return re.split(rb"[ \t]", line, maxsplit=1)[0].decode("utf-8", "replace")
