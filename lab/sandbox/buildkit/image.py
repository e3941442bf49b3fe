"""BuildKit's image: the two programs, a runc with its libraries, a shell, certificates; laid out as upstream's.

Nothing of it is run or asked of the host's linker: which libraries a program needs, its own header says.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.errors import Blocked
from lab.images import build
from lab.sandbox import images
from lab.sandbox.packages import apt, deb

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lab.sandbox.report import Listener


@dataclass(frozen=True)
class DynamicLinks:
    """What a dynamic program's header asks for: its loader (a path) and its libraries (names)."""

    loader: str
    libraries: tuple[str, ...]


def runtime(report: Listener, foreign: str = "") -> dict[str, build.Content]:
    """Everything of the image that is not BuildKit itself, from the distribution's packages.

    `foreign` is Debian's name of another architecture than this machine's. Raises Blocked where a package or a library
    is missing.
    """
    suffix = f":{foreign}" if foreign else ""
    runc, busybox = f"runc{suffix}", f"busybox-static{suffix}"
    found = apt.fetch([runc, busybox], report=report)
    needed = apt.fetch([name + suffix for name in deb.depends(found[runc])], report=report)
    files = images.busybox_files(images.busybox_binary(found[busybox]).content)
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        for package in (found[runc], *needed.values()):
            apt.unpack(package, tree)
        program = next((path for path in tree.glob("usr/*bin/runc") if not path.is_symlink()), None)
        if program is None:
            raise Blocked(f"the package {found[runc].name!r} holds no runc.", "Run `lab up` again.")
        files |= {"usr/bin/buildkit-runc": build.File(program.read_bytes(), 0o755)}
        files |= libraries(program, tree)
    return files | images.certificates() | {"etc/buildkit": build.Folder(), "var/lib/buildkit": build.Folder(0o700)}


def assemble(
    programs: Path, files: dict[str, build.Content], *, version: str, platform: str, layout: Path
) -> build.Manifest:
    """Make the image and keep it, whole or not at all, in the folder `layout`."""
    names = {f"usr/bin/{path.name}": build.File(path, 0o755) for path in sorted(programs.iterdir())}
    layout.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=layout.parent, prefix=".draft-") as folder:
        layer = build.layer(files | names, folder=Path(folder))
        image = build.image([layer], platform=platform, config=_config(version))
        draft = Path(folder) / "layout"
        build.write_layout(draft, image, names=[images.BUILDKIT])
        draft.replace(layout)
    return build.read_layout(layout)


def libraries(program: Path, tree: Path) -> dict[str, build.Content]:
    """The loader and the libraries of `program`, and theirs in turn, found in the unpacked packages `tree`."""
    found: dict[str, build.Content] = {}
    due = [program]
    while due:
        asked = dynamic_links(due.pop())
        if asked.loader:
            loader = _place(Path(asked.loader).name, tree, program)
            found[asked.loader.lstrip("/")] = build.File(loader.read_bytes(), 0o755)
        for name in asked.libraries:
            place = _place(name, tree, program)
            at = place.relative_to(tree).as_posix()
            if at not in found:
                found[at] = build.File(place.read_bytes(), 0o755)
                due.append(place)
    return found


def dynamic_links(path: Path) -> DynamicLinks:
    """Read a program's or a library's header."""
    from elftools.elf.dynamic import DynamicSection
    from elftools.elf.elffile import ELFFile
    from elftools.elf.segments import InterpSegment

    with path.open("rb") as stream:
        elf = ELFFile(stream)
        asked = [part.get_interp_name() for part in elf.iter_segments() if isinstance(part, InterpSegment)]
        sections = [part for part in elf.iter_sections() if isinstance(part, DynamicSection)]
        # pyelftools gives a tag its name as an attribute that no type checker can know.
        tags: list[Any] = [tag for part in sections for tag in part.iter_tags("DT_NEEDED")]
    return DynamicLinks(next(iter(asked), ""), tuple(tag.needed for tag in tags))


def _place(name: str, tree: Path, program: Path) -> Path:
    # Debian's loader looks in lib/TRIPLET and usr/lib/TRIPLET, and nowhere deeper without being told.
    places: Iterable[Path] = (path for base in ("usr/lib", "lib") for path in tree.glob(f"{base}/*/{name}"))
    for path in places:
        if path.is_file():
            return path
    raise Blocked(
        f"no package that {program.name} depends on has {name!r}.",
        "Please report which distribution this is; Docker Hub's image works in the meantime.",
    )


def _config(version: str) -> dict[str, object]:
    return {
        "Env": [images.SEARCH_PATH, "BUILDKIT_SETUP_CGROUPV2_ROOT=1"],
        "Entrypoint": ["buildkitd"],
        "Volumes": {"/var/lib/buildkit": {}},
        "Labels": {
            "org.opencontainers.image.title": "BuildKit",
            "org.opencontainers.image.version": version,
            "org.opencontainers.image.description": "Made by multiplatform-lab from BuildKit's Go modules",
        },
    }
