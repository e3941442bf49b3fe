"""What an image's layers hold, read as streams and laid one over the other, with nothing put on disk.

Whiteouts, opaque folders, hard and symbolic links mean what they mean to containerd; links never lead out of the
image. What an archive may cost is bounded (`Limits`), and hostile ones get one clear line. Our own, because no library
lays layers over one another without unpacking them to disk. Source of the rules: the OCI image specification, "Image
Layer Filesystem Changeset", sections "Applying Changesets" and "Whiteouts"
(https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lab.errors import BadInput
from lab.images import program
from lab.images.layers.model import FOLDER, HOSTILE, OTHER, Entry, Hardlink, Layer, Limits, Script, Symlink
from lab.images.layers.root import DEFAULT_PATH, Root, merge
from lab.images.layers.tar import Tar
from lab.images.layers.unpack import unpacked
from lab.model.facts import Binary

if TYPE_CHECKING:
    from lab.images.blobs import Readable
    from lab.images.layers.tar import Member

__all__ = ["DEFAULT_PATH", "FOLDER", "Layer", "Limits", "Root", "Script", "merge", "path_of", "read"]

_OPAQUE = ".wh..wh..opq"
_WHITEOUT = ".wh."
_SNIFF = 4096
_SCRIPT = 64 << 10  # bytes of a script that are kept, so that what it starts can be read


def read(stream: Readable, what: str = "A layer", limits: Limits | None = None) -> Layer:
    """Read one layer's archive to its end; `what` names it in messages.

    Raises BadInput for what is damaged or hostile. The digest is the stream's own to check (`blobs.Verified`).
    """
    limits = limits or Limits()
    plain = unpacked(stream, what, free=limits.free)
    tar = Tar(plain, what)
    entries: list[tuple[str, Entry]] = []
    whiteouts: list[str] = []
    opaque: list[str] = []
    same: dict[Binary, Binary] = {}
    for member in tar:
        limits.take(member, what)
        path = path_of(member.name, what)
        folder, _, name = path.rpartition("/")
        if name == _OPAQUE:
            opaque.append(folder)
        elif name.startswith(_WHITEOUT):
            whiteouts.append(f"{folder}/{name[len(_WHITEOUT) :]}".lstrip("/"))
        elif path:
            entry = _entry(tar, member, what, limits)
            # Most files are alike in all that is kept of them.
            entries.append((path, same.setdefault(entry, entry) if isinstance(entry, Binary) else entry))
    return Layer(tuple(entries), tuple(whiteouts), tuple(opaque))


def path_of(name: str, what: str) -> str:
    """An archive's name for a file, cleaned; BadInput where it leads out of the archive's own root.

    An absolute name begins at that root, as engines unpack it; ko writes such names.
    """
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise BadInput(f"{what} holds {name!r}, which leads out of the image.", HOSTILE)
    return "/".join(parts)


_PLAIN = {runnable: Binary(path="", kind="unknown", runnable=runnable) for runnable in (False, True)}


def _entry(tar: Tar, member: Member, what: str, limits: Limits) -> Entry:
    if member.kind == "link":
        return Symlink(member.target)
    if member.kind == "hardlink":
        return Hardlink(path_of(member.target.lstrip("/"), what))
    if member.kind != "file":
        return FOLDER if member.kind == "folder" else OTHER
    runnable = bool(member.mode & 0o111)
    head = tar.read(min(member.size, _SNIFF))
    if not runnable and not head.startswith((program.ELF, program.SCRIPT)):
        return _PLAIN[False] if head else Binary(path="", kind="empty", runnable=False)
    if head.startswith(program.SCRIPT):
        return _script(tar, head, limits, runnable=runnable)
    return replace(program.read(_Rest(tar), head=head), runnable=runnable)


def _script(tar: Tar, head: bytes, limits: Limits, *, runnable: bool) -> Script:
    room = min(_SCRIPT, limits.scripts)
    shell = b"sh" in head.split(b"\n", 1)[0]
    whole = head + tar.read(room - len(head)) if shell and room > len(head) else head
    # Of what no shell reads, only the first line says what is started.
    text = (whole if shell else whole.split(b"\n", 1)[0])[:room]
    limits.scripts -= len(text)
    found = program.read(head)
    return Script(
        path="",
        kind=found.kind,
        interpreter=found.interpreter,
        runnable=runnable,
        text=text.decode("utf-8", "replace"),
    )


class _Rest:
    """The rest of an entry: an end is an end here, and no damage."""

    def __init__(self, tar: Tar) -> None:
        self._tar = tar

    def read(self, size: int, /) -> bytes:
        return self._tar.read(size)
