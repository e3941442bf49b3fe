"""The learner's copy of the lessons: made, completed, restored; never overwritten."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from lab import course
from lab.errors import Blocked
from lab.probes.here import remember_folder

_NOTEBOOKS = ("[0-9][0-9]-*.ipynb", "clinic/*.ipynb", "capstone/*.ipynb")


@dataclass(frozen=True)
class Copied:
    """What `start` did: files that are new, and files that were there and were left alone."""

    folder: Path
    new: tuple[str, ...]
    kept: tuple[str, ...]


def sources() -> dict[str, Path]:
    """Every file of the lessons by its place in a workspace: notebooks and `files/…`."""
    root = course.lessons_dir()
    notebooks = [path for pattern in _NOTEBOOKS for path in root.glob(pattern)]
    files = [*notebooks, *(root / "files").rglob("*")]
    return {str(path.relative_to(root)): path for path in sorted(files) if path.is_file()}


def start(folder: Path) -> Copied:
    """Copy the lessons into `folder`; what is there already stays as it is. Blocked where it cannot be written."""
    new, kept = [], []
    try:
        for name, source in sources().items():
            target = folder / name
            if target.exists() or target.is_symlink():
                kept.append(name)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy(source, target)
            new.append(name)
    except OSError as error:
        raise Blocked(
            f"{error.filename or str(folder)!r} cannot be written: {error.strerror}.",
            "Name another folder: `lab start DIR`.",
        ) from error
    remember_folder(folder.absolute())
    return Copied(folder.absolute(), tuple(new), tuple(kept))


def restore(folder: Path, names: list[str]) -> list[str]:
    """Put files back as the lessons have them; a changed one is kept as `NAME.mine-TIME`. Says what it did."""
    said = []
    for name in names:
        source, target = sources().get(name), folder / name
        if target.is_file() and (source is None or target.read_bytes() != source.read_bytes()):
            mine = target.with_name(f"{target.name}.mine-{datetime.now().astimezone():%Y%m%d-%H%M%S-%f}")
            target.replace(mine)
            said.append(f"{name}: yours is kept as {mine.name}")
        if source and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy(source, target)
            said.append(f"{name}: restored")
    return said


def _copy(source: Path, target: Path) -> None:
    part = target.with_name(f".{target.name}.part")
    shutil.copyfile(source, part)
    part.chmod(0o755 if source.stat().st_mode & 0o100 else 0o644)
    part.replace(target)
