"""Make a kit: gather, say how large it will be, write."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lab import __version__, paths
from lab.errors import Blocked
from lab.kit import gather, pack, read
from lab.kit.plan import PYTHONS, Plan, plan
from lab.sandbox.report import Listener, amount
from lab.storage import own_folder


@dataclass(frozen=True)
class Made:
    """A kit that was made: its file, bytes, and the digest of the whole."""

    file: Path
    size: int
    sha256: str


def make(wanted: Plan, output: Path | None, report: Listener, said: Callable[[str], None]) -> Made:
    """Make it; `said` is told how large it will be before it is written. Raises Blocked; what was fetched is kept."""
    into = (output or Path(name(wanted))).absolute()
    if not into.parent.is_dir():
        raise Blocked(f"There is no folder {str(into.parent)!r}.", "Make it, or name another file with -o.")
    with tempfile.TemporaryDirectory(prefix=".draft-", dir=own_folder(paths.cache() / "kit")) as folder:
        found = gather.gather(wanted, Path(folder), report)
        gather.check(found)
        draft = pack.draft(wanted, found, report)
        parts = read.sizes((piece.path, piece.length) for piece, _ in draft.pieces)
        said(f"The kit will have {amount(draft.size, 'B')}: {read.shown(parts)}.")
        free = shutil.disk_usage(into.parent).free
        if free < draft.size:
            raise Blocked(
                f"There is no room for it in {str(into.parent)!r}: {amount(free, 'B')} are free.", "Make room."
            )
        return Made(into, draft.size, pack.write(draft, into, report))


def name(wanted: Plan) -> str:
    """What a kit is called where nobody says otherwise: `kit-0.1.0-amd64.run`."""
    python = "" if wanted.pythons == PYTHONS else f"-python{'+'.join(wanted.pythons)}"
    return f"kit-{__version__}-{'+'.join(wanted.architectures)}{python}.run"


__all__ = ["Made", "make", "name", "plan"]
