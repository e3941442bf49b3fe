"""The table of faults: read for the tests, and told as `docs/reference/faults.md` (run this file to renew the page)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parent.parent
PAGE = TESTS.parent / "docs" / "reference" / "faults.md"
_HEAD = """\
# When something breaks

What the lab does when a part of its world breaks while it works.
Each cell of these tables is a test that brings the fault about, most of them on a real engine, and looks at what comes of it.

Four things hold in every cell, and the tests look at each of them:

- it ends, within the time that the test allows it;
- you never see a traceback, and a part that is down is *blocked*, never *wrong*;
- your progress and your notebooks stay as they were;
- what is not the lab's is left alone.

"""
_FOOT = """\
`slow` marks what `make test-all` runs and `make test` does not.
Fill a cell by adding it to `tests/faults.toml`; this page is made from that file.
"""


@dataclass(frozen=True)
class Cell:
    """What comes of one fault in one phase. `test` is empty where the matrix of `engine/test_faults.py` runs it."""

    fault: str
    phase: str
    says: str
    test: str = ""
    never: str = ""
    exits: tuple[int, ...] = ()
    limit: float = 0.0
    slow: bool = False


def table() -> dict[str, Any]:
    """The file as it stands."""
    return tomllib.loads((TESTS / "faults.toml").read_text(encoding="utf-8"))


def cells() -> list[Cell]:
    """All cells, fault by fault."""
    data = table()
    return [
        Cell(fault["id"], phase, **{"says": "", **fault[phase], "exits": tuple(fault[phase].get("exits", ()))})
        for fault in data["fault"]
        for phase in data["phases"]
    ]


def page() -> str:
    """The page in Markdown: one table a fault."""
    data = table()
    parts = [_HEAD]
    for fault in data["fault"]:
        parts.append(f"## {fault['name']}\n\n| While | Then | Held by |\n|---|---|---|\n")
        parts += [_row(data["phases"][cell.phase], cell) for cell in cells() if cell.fault == fault["id"]]
        parts.append("\n")
    return "".join([*parts, _FOOT])


def _row(phase: str, cell: Cell) -> str:
    if cell.never:
        return f"| {phase} | cannot happen: {cell.never} | |\n"
    test = cell.test or f"engine/test_faults.py::test_a_fault_in_a_phase[{cell.fault}-{cell.phase}]"
    limit = f"; ends within {cell.limit:.0f} s" if cell.limit else ""
    return f"| {phase} | {cell.says}{limit} | `{test.rpartition('/')[2]}`{' slow' * cell.slow} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
