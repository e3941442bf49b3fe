"""What an ELF file says of itself, read forward from its first bytes.

Our own, because a whole image's programs go through this as a stream: pyelftools seeks to and fro in a file, and is
made for sound ones, where a table of a hostile header may claim any size. It is the oracle of the tests instead: what
both read must be the same. Sources:
- the header, the program headers and the dynamic section: System V gABI, chapters 4 "ELF Header" and 5 "Program
  Header", "Dynamic Linking" (https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html);
- the x86-64 level: `GNU_PROPERTY_X86_ISA_1_NEEDED` of the x86-64 psABI, section "Program Property"
  (https://gitlab.com/x86-psABIs/x86-64-ABI);
- the Arm variant: "Addenda to the ABI for the Arm Architecture", section "The target-related attributes"
  (https://github.com/ARM-software/abi-aa/blob/main/addenda32/addenda32.rst);
- what Go writes: `debug/buildinfo` (https://pkg.go.dev/debug/buildinfo).
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lab.model.facts import Binary
from lab.model.platforms import Platform

if TYPE_CHECKING:
    from lab.images.blobs import Readable


HEAD = 64 << 10  # bytes of a file's beginning that are looked at
_ARM_LIMIT = 16 << 20
_NOTES_LIMIT = 64 << 10
_PATH_LIMIT = 4096
_MAX_SEGMENTS = 256
_MAX_SECTIONS = 256
_DYNAMIC_LIMIT = 16 << 20
_MAX_NEEDED = 256

_X86_64, _386, _ARM, _ARM64, _RISCV, _S390, _PPC64, _MIPS, _LOONG = 62, 3, 40, 183, 243, 22, 21, 8, 258
# (machine, bits, little-endian) → the name that Go, OCI and Docker give it
_ARCHITECTURES = {
    (_X86_64, 64, True): "amd64",
    (_X86_64, 32, True): "amd64p32",
    (_386, 32, True): "386",
    (_ARM, 32, True): "arm",
    (_ARM, 32, False): "armbe",
    (_ARM64, 64, True): "arm64",
    (_ARM64, 64, False): "arm64be",
    (_RISCV, 64, True): "riscv64",
    (_RISCV, 32, True): "riscv",
    (_S390, 64, False): "s390x",
    (_S390, 32, False): "s390",
    (_PPC64, 64, True): "ppc64le",
    (_PPC64, 64, False): "ppc64",
    (20, 32, False): "ppc",
    (_MIPS, 64, True): "mips64le",
    (_MIPS, 64, False): "mips64",
    (_MIPS, 32, True): "mipsle",
    (_MIPS, 32, False): "mips",
    (_LOONG, 64, True): "loong64",
    (43, 64, False): "sparc64",
    (2, 32, False): "sparc",
}
MACHINES = {name: key for key, name in _ARCHITECTURES.items()}  # name → (machine, bits, little-endian)
_SYSTEMS = {0: "linux", 3: "linux", 2: "netbsd", 6: "solaris", 9: "freebsd", 12: "openbsd"}
_SECTION = struct.Struct("<10I")
_ARM_ATTRIBUTES = 0x70000003
_CPU_ARCH, _COMPATIBILITY, _TEXT_TAGS = 6, 32, (4, 5)
# Tag_CPU_arch of the Arm supplement, as far as a variant of Docker's stands for it
_ARM_VARIANTS = {
    **dict.fromkeys((1, 2, 3, 4, 5), "v5"),
    **dict.fromkeys((6, 7, 8, 9), "v6"),
    10: "v7",
    14: "v8",
}


@dataclass(frozen=True)
class _Header:
    bits: int
    order: str  # of struct: "<" or ">"
    system: int
    machine: int
    segments: tuple[int, int, int]  # offset, size of one, how many
    sections: tuple[int, int, int]
    flags: int
    kind: int


@dataclass(frozen=True)
class _Segment:
    kind: int
    flags: int
    offset: int
    address: int
    size: int
    align: int


_LOAD, _DYNAMIC, _INTERP, _NOTE, _WRITABLE = 1, 2, 3, 4, 2
_RELOCATABLE = 1
_NEEDED, _STRINGS = 1, 5  # DT_NEEDED, DT_STRTAB


def elf(data: Forward, path: str) -> Binary:
    """The fact of a file that begins as an ELF file does; kind `damaged` where its header is cut short."""
    header = _header(data.head)
    if header is None:
        return Binary(path=path, kind="damaged")
    architecture = _ARCHITECTURES.get((header.machine, header.bits, header.order == "<"), "")
    platform = Platform(
        _SYSTEMS.get(header.system, f"osabi-{header.system}"), architecture or f"machine-{header.machine}"
    )
    segments = _segments(data, header)
    interpreter = _interpreter(data, segments)
    needed = _needed(data, header, segments)
    level = 0
    go: dict[str, int] = {}
    if header.machine in (_X86_64, _ARM):
        if header.machine == _X86_64:
            level = _level(data, header, segments)
        else:
            platform = replace(platform, variant=_arm_variant(data, header))
        go = _go_settings(data, segments)
    level = level or go.get("GOAMD64", 0)
    if not platform.variant and "GOARM" in go:
        platform = replace(platform, variant=f"v{go['GOARM']}")
    return Binary(
        path=path,
        kind="elf",
        platform=platform,
        interpreter=interpreter,
        level=level,
        needed=needed,
        relocatable=header.kind == _RELOCATABLE,
    )


def _header(head: bytes) -> _Header | None:
    if len(head) < 52 or head[4] not in (1, 2) or head[5] not in (1, 2):
        return None
    bits, order = 32 * head[4], "<" if head[5] == 1 else ">"
    layout = struct.Struct(order + ("HHIQQQIHHHHHH" if bits == 64 else "HHIIIIIHHHHHH"))
    if len(head) < 16 + layout.size:
        return None
    kind, machine, _, _, phoff, shoff, flags, _, phsize, phnum, shsize, shnum, _ = layout.unpack_from(head, 16)
    return _Header(bits, order, head[7], machine, (phoff, phsize, phnum), (shoff, shsize, shnum), flags, kind)


def _segments(data: Forward, header: _Header) -> list[_Segment]:
    offset, size, count = header.segments
    layout = struct.Struct(header.order + ("IIQQQQQQ" if header.bits == 64 else "IIIIIIII"))
    if size < layout.size or count > _MAX_SEGMENTS:
        return []
    table = data.at(offset, size * count)
    found = []
    for start in range(0, len(table) - layout.size + 1, size):
        row = layout.unpack_from(table, start)
        if header.bits == 64:
            found.append(_Segment(row[0], row[1], row[2], row[3], row[5], row[7]))
        else:
            found.append(_Segment(row[0], row[6], row[1], row[2], row[4], row[7]))
    return found


def _needed(data: Forward, header: _Header, segments: list[_Segment]) -> tuple[str, ...]:
    """The names of `DT_NEEDED`; none where their table lies further in than is looked."""
    table = next((s for s in segments if s.kind == _DYNAMIC), None)
    if table is None or table.offset + table.size > _DYNAMIC_LIMIT:
        return ()
    # The names stand before the table that points at them, so all up to it is kept while this file is read.
    whole = data.whole(table.offset + table.size)
    layout = struct.Struct(header.order + ("qQ" if header.bits == 64 else "iI"))
    part = whole[table.offset : table.offset + table.size]
    rows = [layout.unpack_from(part, at) for at in range(0, len(part) - layout.size + 1, layout.size)]
    place = next((_offset(segments, value) for tag, value in rows if tag == _STRINGS), None)
    if place is None:
        return ()
    wanted = [place + value for tag, value in rows if tag == _NEEDED][:_MAX_NEEDED]
    names = (whole[at : at + _PATH_LIMIT].split(b"\0", 1)[0] for at in wanted if at < len(whole))
    return tuple(name.decode("utf-8", "replace") for name in names if name)


def _offset(segments: list[_Segment], address: int) -> int | None:
    """Where in the file stands what is loaded to that address."""
    loaded = (s for s in segments if s.kind == _LOAD and s.address <= address < s.address + s.size)
    return next((s.offset + address - s.address for s in loaded), None)


def _interpreter(data: Forward, segments: list[_Segment]) -> str:
    wanted = next((s for s in segments if s.kind == _INTERP and s.size <= _PATH_LIMIT), None)
    if wanted is None:
        return ""
    return data.at(wanted.offset, wanted.size).split(b"\0", 1)[0].decode("utf-8", "replace")


def _level(data: Forward, header: _Header, segments: list[_Segment]) -> int:
    """The x86-64 level of `GNU_PROPERTY_X86_ISA_1_NEEDED`: bit 0 is the baseline, bit 3 is v4."""
    for segment in sorted((s for s in segments if s.kind == _NOTE), key=lambda s: s.offset):
        notes = data.at(segment.offset, min(segment.size, _NOTES_LIMIT))
        if bits := _isa_needed(notes, header.order, max(4, min(segment.align, 8))):
            return bits.bit_length()
    return 0


def _isa_needed(notes: bytes, order: str, align: int) -> int:
    position = 0
    while position + 12 <= len(notes):
        name_size, size, kind = struct.unpack_from(order + "III", notes, position)
        name = notes[position + 12 : position + 12 + min(name_size, 8)]
        start = position + 12 + _up(name_size, 4)
        if kind == 5 and name == b"GNU\0":
            return _x86_property(notes[start : start + size], order)
        position = start + _up(size, align)
    return 0


def _x86_property(properties: bytes, order: str) -> int:
    position = 0
    while position + 8 <= len(properties):
        kind, size = struct.unpack_from(order + "II", properties, position)
        if kind == 0xC0008002 and size == 4 and position + 12 <= len(properties):
            needed: int = struct.unpack_from(order + "I", properties, position + 8)[0]
            return needed & 0xF
        position += 8 + _up(size, 8)
    return 0


def _up(number: int, step: int) -> int:
    return -(-number // step) * step


def _arm_variant(data: Forward, header: _Header) -> str:
    """From the Arm attributes: which architecture the program was compiled for ("" where it does not say)."""
    offset, size, count = header.sections
    if not offset or size != _SECTION.size or count > _MAX_SECTIONS:
        return ""
    whole = data.whole(_ARM_LIMIT)
    for number in range(count):
        start = offset + number * size
        if start + size > len(whole):
            return ""
        _, kind, _, _, where, length, *_ = _SECTION.unpack_from(whole, start)
        if kind == _ARM_ATTRIBUTES:
            return _ARM_VARIANTS.get(_cpu_arch(whole[where : where + min(length, _NOTES_LIMIT)]), "")
    return ""


def _cpu_arch(attributes: bytes) -> int:
    """The first `Tag_CPU_arch` of the file, 0 where there is none. Each turn takes at least one byte."""
    name_end = attributes.find(b"\0", 5)
    if attributes[:1] != b"A" or attributes[5:name_end] != b"aeabi":
        return 0
    # The scope (`Tag_File`) and its length come first; they matter only where there are several.
    position = name_end + 1 + 5
    while position < len(attributes):
        tag, position = _uleb(attributes, position)
        if tag == _COMPATIBILITY:
            _, position = _uleb(attributes, position)
        if tag in _TEXT_TAGS or (tag >= _COMPATIBILITY and (tag == _COMPATIBILITY or tag % 2)):
            position = attributes.find(b"\0", position) + 1 or len(attributes)
            continue
        value, position = _uleb(attributes, position)
        if tag == _CPU_ARCH:
            return value
    return 0


def _uleb(data: bytes, position: int) -> tuple[int, int]:
    """A number in seven bits a byte, of at most five bytes, and where it ends."""
    value = 0
    for shift in range(0, 35, 7):
        if position >= len(data):
            break
        value |= (data[position] & 0x7F) << shift
        position += 1
        if data[position - 1] < 0x80:
            break
    return value, position


_GO_MAGIC = b"\xff Go buildinf:"


def _go_settings(data: Forward, segments: list[_Segment]) -> dict[str, int]:
    """What `go version -m` shows as `build KEY=VALUE`: Go writes no other mark of the variant or level."""
    writable = sorted(s.offset for s in segments if s.kind == _LOAD and s.flags & _WRITABLE)
    if not writable:
        return {}
    text = data.at(writable[0], HEAD)
    start = text.find(_GO_MAGIC)
    if start < 0:
        return {}
    # `GOARM=v6` is no value that Go knows: it compiles for its default then, and writes down the letter.
    found = re.findall(rb"\nbuild\t(GOARM(?==[0-9])|GOAMD64(?==v))=v?([0-9])", text[start:])
    return {key.decode(): int(value) for key, value in found}


class Forward:
    """Bytes at an offset, from a stream that only goes forward: offsets must be asked for in rising order.

    What lies behind already, or beyond the end, is answered short; nothing is ever put on disk.
    """

    def __init__(self, stream: Readable, head: bytes) -> None:
        self._stream = stream
        self.head = head + take(stream, HEAD - len(head)) if len(head) < HEAD else head
        self._position = len(self.head)

    def at(self, offset: int, size: int) -> bytes:
        """`size` bytes from `offset` on."""
        if offset < self._position:
            if self._position == len(self.head) < offset + size:
                self.whole(offset + size)
            return self.head[offset : offset + size]
        while self._position < offset:
            skipped = self._stream.read(min(offset - self._position, 1 << 20))
            if not skipped:
                return b""
            self._position += len(skipped)
        found = take(self._stream, size)
        self._position += len(found)
        return found

    def whole(self, limit: int) -> bytes:
        """All of it, up to `limit` bytes, where nothing was passed by already."""
        if self._position == len(self.head):
            more = take(self._stream, limit - len(self.head))
            self.head += more
            self._position += len(more)
        return self.head


def take(stream: Readable, size: int) -> bytes:
    """The next `size` bytes, fewer only at the end."""
    parts = []
    while size > 0 and (part := stream.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
