"""What a .deb says of itself: the packages that it needs, and the version of the program inside."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lab.sandbox.packages import mirror

if TYPE_CHECKING:
    from pathlib import Path


def depends(deb: Path) -> list[str]:
    """The names of the packages that `deb` depends on; the first of alternatives."""
    return names(mirror.run(["dpkg-deb", "-f", str(deb), "Depends"]))


def names(field: str) -> list[str]:
    """The names in a Depends field: `["libc6", "libgcc-s1"]` for `libc6 (>= 2.38), libgcc-s1 | libgcc1`."""
    return [re.split(r"[\s(:|]", part.strip())[0] for part in field.split(",") if part.strip()]


def upstream(version: str) -> str:
    """The program's own version in a Debian one: `1.38.0` in `1:1.38.0-3+b1`."""
    whole = version.rpartition(":")[2]
    return whole.rpartition("-")[0] or whole
