"""What a program's own first bytes say: its machine and loader, or what it is if it is no program of a machine.

The one table of magic bytes. It is our own because libmagic and its like know thousands of kinds, name them in prose
and are one more library to install, where a dozen are asked for here. Sources: for scripts `load_script` in the kernel
(https://github.com/torvalds/linux/blob/v6.12/fs/binfmt_script.c); for gzip RFC 1952, section 2.3.1; for zstd RFC 8878,
section 3.1.1; for WebAssembly its core specification (https://www.w3.org/TR/wasm-core-1/, "Binary Format", "Modules").
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from lab.images.elf import HEAD, Forward, elf, take
from lab.model.facts import Binary
from lab.model.platforms import Platform

if TYPE_CHECKING:
    from lab.images.blobs import Readable


__all__ = ["COMPRESSED", "ELF", "GZIP", "HEAD", "SCRIPT", "ZSTD", "platform_of", "read"]

ELF, SCRIPT = b"\x7fELF", b"#!"
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
COMPRESSED = (GZIP, ZSTD, b"BZh", b"\xfd7zXZ")
_SNIFF = 4096
_UP_TO_MACHINE = 20  # bytes of an ELF header up to and with the field that names the machine
_SCRIPT_LINE = 256  # all that the kernel looks at
_KINDS: tuple[tuple[bytes, str], ...] = (
    (b"!<arch>\n", "archive"),
    (b"PK\x03\x04", "archive"),
    *((magic, "archive") for magic in COMPRESSED),
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
    if not head.startswith(ELF):
        kind = _kind(head)
        interpreter = _script_interpreter(head) if kind == "script" else ""
        return Binary(path=path, kind=kind, interpreter=interpreter)
    return elf(Forward(stream, head), path)


def platform_of(magic: str) -> Platform | None:
    """The platform of the programs that begin with these bytes (in hex); None where they are not of a processor.

    So a kernel's handler is known by what it waits for: an ELF header up to and with its machine.
    """
    try:
        head = bytes.fromhex(magic)
    except ValueError:
        return None
    if not head.startswith(ELF) or len(head) < _UP_TO_MACHINE:
        return None
    found = read(head.ljust(64, b"\0")).platform
    return found if found and found.is_known else None


def _kind(head: bytes) -> str:
    if not head:
        return "empty"
    if head.startswith(SCRIPT):
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
