"""The layers of an image laid one over the other, and its files found as a container finds them."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from lab.errors import BadInput
from lab.facts import Binary
from lab.layers.model import FOLDER, HOSTILE, Entry, Hardlink, Layer, Limits, Symlink

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lab.facts import Image

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_HOPS = 40
Folder = dict[str, "Node"]
Node = Folder | Binary | Symlink | str


def merge(layers: Sequence[Layer], limits: Limits | None = None) -> Root:
    """The image's files: each layer over those before it. BadInput for more layers than engines take."""
    most = (limits or Limits()).layers
    if len(layers) > most:
        raise BadInput(f"The image has {len(layers)} layers; engines take at most {most}.", HOSTILE)
    root = Root()
    for layer in layers:
        root.lay(layer)
    return root


class Root:
    """The files of an image. Paths begin at its root, and no link leads out of it."""

    def __init__(self) -> None:
        self._top: Folder = {}
        self._steps = 5_000_000
        self._found: dict[str, Folder] = {}  # folders that were walked to already, while nothing on the way changes

    def lay(self, layer: Layer) -> None:
        """Lay one more layer over what is there."""
        for path in layer.whiteouts:
            folder, name = self._parent(path)
            if folder is not None:
                folder.pop(name, None)
        for path in layer.opaque:
            found = self._walk(path)[1]
            if isinstance(found, dict):
                found.clear()
        self._found.clear()
        for path, entry in layer.entries:
            self._put(path, entry)
        self._found.clear()

    def find(self, path: str) -> Binary | None:
        """The file at that path, links followed, under the path where it truly is; None where there is none."""
        real, node = self._walk(path)
        return replace(node, path=real) if isinstance(node, Binary) else None

    def kind(self, path: str) -> str:
        """What stands at that path, links followed: `file`, `folder`, `other`, or "" where there is nothing."""
        node = self._walk(path)[1]
        if isinstance(node, dict):
            return FOLDER
        return "file" if isinstance(node, Binary) else (node if isinstance(node, str) else "")

    def real(self, path: str) -> str:
        """The path where it truly is, links followed; the path itself where nothing is there."""
        return self._walk(path)[0] or path

    def loaders(self) -> Iterator[str]:
        """The loaders that stand where programs ask for them."""
        for folder in ("/lib", "/lib64", "/libexec"):
            node = self._walk(folder)[1]
            if isinstance(node, dict):
                yield from (f"{folder}/{name}" for name in node if name.startswith(("ld-linux", "ld-musl", "ld64.so")))

    def has_loader(self, library: str) -> bool:
        """Is there a loader of that C library (`musl`, `glibc`)? Alpine's gcompat brings glibc's."""
        wanted = {"musl": ("ld-musl",), "glibc": ("ld-linux", "ld64.so")}.get(library, ())
        return bool(wanted) and any(one.rpartition("/")[2].startswith(wanted) for one in self.loaders())

    def program(self, image: Image, path: str = "") -> Binary | None:
        """The file at `path`, or what a container of that image starts; None where there is none."""
        command = (*image.entrypoint, *image.cmd)
        if path or not command:
            return self.find(path) if path else None
        return self.which(command[0], image)

    def which(self, word: str, image: Image) -> Binary | None:
        """The file that a word of a command names in a container: by its path, or through PATH."""
        if "/" in word:
            return self.find(word if word.startswith("/") else f"{image.workdir}/{word}")
        return self.through(word, next((line[5:] for line in image.env if line.startswith("PATH=")), DEFAULT_PATH))

    def through(self, word: str, path: str) -> Binary | None:
        """The file that a bare word names through `path`, a list of folders with colons between them."""
        found = [one for folder in path.split(":") if (one := self.find(f"{folder}/{word}"))]
        return next((one for one in found if one.runnable), found[0] if found else None)

    def programs(self) -> Iterator[Binary]:
        """Every ELF file, and every file that may be executed."""
        todo: list[tuple[str, Folder]] = [("", self._top)]
        while todo:
            path, folder = todo.pop()
            for name, node in folder.items():
                if isinstance(node, dict):
                    todo.append((f"{path}/{name}", node))
                elif isinstance(node, Binary) and (node.runnable or node.kind == "elf"):
                    yield replace(node, path=f"{path}/{name}")

    def _put(self, path: str, entry: Entry) -> None:
        where, _, name = path.rpartition("/")
        folder = self._found.get(where) or self._folder(where)
        if folder is None:
            raise BadInput(f"The layers put {'/' + path!r} behind links that lead nowhere.", HOSTILE)
        before = folder.get(name)
        if isinstance(before, dict | Symlink) and not (entry == FOLDER and isinstance(before, dict)):
            self._found.clear()
        if isinstance(entry, Hardlink):
            target, last = self._parent(entry.target)
            node = target.get(last) if target is not None else None
            if node is None or isinstance(node, dict):
                raise BadInput(f"The layers link {'/' + path!r} to a file that is not there.", HOSTILE)
            folder[name] = node
        elif entry == FOLDER:
            if not isinstance(before, dict):
                folder[name] = {}
        else:
            folder[name] = entry

    def _folder(self, path: str) -> Folder | None:
        """The folder at that path, made where it is missing; mostly it is the child of one that is known."""
        if not path:
            return self._top
        above, _, name = path.rpartition("/")
        known = self._found.get(above)
        node: Node | None = known.get(name) if known else None
        if not isinstance(node, dict):
            node = self._walk(path, make=True)[1]
        if isinstance(node, dict):
            self._found[path] = node
            return node
        return None

    def _parent(self, path: str) -> tuple[Folder | None, str]:
        """The folder that holds `path`, and its name there."""
        where, _, name = path.rpartition("/")
        node: Node | None = self._walk(where)[1] if where else self._top
        return (node if isinstance(node, dict) else None), name

    def _walk(self, path: str, *, make: bool = False) -> tuple[str, Node | None]:
        """Follow a path, links included; `make` makes the folders that are missing, as unpacking does."""
        todo = deque(path.split("/"))
        place = _Place(self._top)
        hops = 0
        while todo:
            part = todo.popleft()
            if part == "..":
                place.up()
            elif part not in ("", "."):
                target = place.down(part, make=make)
                if target is None:
                    return "", None
                hops += bool(target)
                self._steps -= len(target)
                if hops > _HOPS or self._steps < 0:
                    return "", None
                todo.extendleft(reversed(target.split("/")))
        return "/" + "/".join(place.names), place.node


class _Place:
    """Where a walk through the image has come to."""

    def __init__(self, top: Folder) -> None:
        self.names: list[str] = []
        self._folders = [top]
        self.node: Node = top

    def up(self) -> None:
        """The folder above; the root's is the root."""
        if self.names:
            self.names.pop()
            self._folders.pop()
            self.node = self._folders[-1]

    def down(self, part: str, *, make: bool) -> str | None:
        """Go into `part`: then "". Where it is a link, give its target; None where there is nothing."""
        if not isinstance(self.node, dict):
            return None
        below = self.node.get(part)
        if isinstance(below, Symlink):
            if below.target.startswith("/"):
                self.names.clear()
                del self._folders[1:]
                self.node = self._folders[0]
            return below.target or None
        if make and not isinstance(below, dict):
            below = self.node[part] = {}
        if below is None:
            return None
        self.node = below
        self.names.append(part)
        # A file is the end of the road: what is below it is nothing, and so is what is beside it.
        self._folders.append(below if isinstance(below, dict) else {})
        return ""
