"""The libraries that a started program asks its loader for, and theirs in turn: is each there for this machine?

Only a library that is in the image, and only for another machine, is told. One that is not there at all may come from
somewhere that cannot be seen here. Source: `ld.so(8)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.audit import noise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lab.facts import Binary, Image
    from lab.layers import Root
    from lab.platforms import Platform

_FOLDERS = ("/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/local/lib", "/lib32", "/usr/lib32")
_MOST = 500


def foreign_libraries(
    root: Root, programs: Iterable[Binary], image: Image, label: Platform
) -> Iterator[tuple[Binary, str, Binary]]:
    """A program, the name that it asks for, and the library of that name that is for another machine."""
    own = [one for one in programs if _fits(one, label) and one.needed]
    if not own:
        return
    named: dict[str, list[Binary]] = {}
    for one in root.programs():
        if noise.LIBRARY.search(one.path):
            named.setdefault(one.path.rpartition("/")[2], []).append(one)
    path = next((line.partition("=")[2] for line in image.env if line.startswith("LD_LIBRARY_PATH=")), "")
    folders = (*filter(None, path.split(":")), *_FOLDERS)
    known: set[str] = set()
    todo = [(one, name) for one in own for name in one.needed]
    while todo and len(known) < _MOST:
        program, name = todo.pop(0)
        if name in known or "/" in name:
            continue
        known.add(name)
        here = [found for folder in folders if (found := root.find(f"{folder}/{name}"))]
        fitting = next((one for one in (*here, *named.get(name, ())) if _fits(one, label)), None)
        if fitting is not None:
            todo += [(fitting, more) for more in fitting.needed]
        elif here:
            yield program, name, here[0]


def _fits(one: Binary, label: Platform) -> bool:
    return one.platform is not None and one.platform.architecture == label.architecture
