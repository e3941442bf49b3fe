"""How often `lab explain` is right on a folder of logs: `make explain-figures DIR=folder`.

The folder has an `index.jsonl`, one row a log: `log` (the file's name), `kind`, and `ids`, the causes that are right
(none: nothing may be named as the cause). A row without `ids` is judged by the names of causes in its words (`right`),
or by their beginning with "nothing"; one that does neither is not judged, and said to be so.

right: the first cause is one of them (with `hedged`, and it is not said to be certain), or rightly none is named.
partly: one of them is among the causes, but not the first. wrong: others are named. unknown: none is.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab.explainer import Explanation, explain
from lab.explainer.data import entries

VERDICTS = ("right", "partly", "wrong", "unknown", "not judged")


def wanted(row: Mapping[str, Any]) -> list[str] | None:
    """The causes that are right by the row; None where it does not say."""
    if "ids" in row:
        return list(row["ids"])
    words = re.findall(r"[a-z][a-z0-9-]+", row.get("right", ""))
    named = [word for word in words if word in {entry.id for entry in entries()}]
    return named if named or row.get("right", "").startswith("nothing") else None


def verdict(found: Explanation, right: list[str] | None, *, hedged: bool = False) -> str:
    """One of VERDICTS."""
    if right is None:
        return "not judged"
    named = [cause.id for cause in found.causes]
    if not named:
        return "unknown" if right else "right"
    if named[0] in right:
        return "partly" if hedged and found.certain else "right"
    return "partly" if {*named} & {*right} else "wrong"


def figures(folder: Path) -> tuple[dict[str, Counter[str]], list[str]]:
    """For each kind how often each verdict was given, and a line for each log that is not right."""
    counts: dict[str, Counter[str]] = {}
    lines = []
    for text in (folder / "index.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(text)
        found = explain((folder / row["log"]).read_bytes())
        said = verdict(found, wanted(row), hedged=row.get("hedged", False))
        counts.setdefault(row.get("kind", ""), Counter())[said] += 1
        if said != "right":
            named = ", ".join(cause.id for cause in found.causes) or "nothing"
            lines.append(f"{said}: {row['log']}: {named}; right is {row.get('right') or wanted(row)}")
    return counts, lines


def main(arguments: list[str]) -> int:
    """Print the figures of the folder; 0 where every log that is judged is right."""
    counts, lines = figures(Path(arguments[0]))
    print("\n".join(lines))
    for kind, count in counts.items():
        print(f"{kind}: {', '.join(f'{count[one]} {one}' for one in VERDICTS)} of {count.total()}")
    return int(any(one[said] for one in counts.values() for said in ("partly", "wrong", "unknown")))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["tests/data/explain/cases"]))
