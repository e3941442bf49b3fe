"""`lab report`: what a bug report needs, shown before it is written, and sent nowhere."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path


def report(given: Namespace) -> int:
    """Print it; with `-o FILE`, say what it holds, ask where somebody can answer, and write it."""
    if given.skills:
        return _skills(given.output)
    from lab.doctor.report import collect, save

    found = collect()
    if not given.output:
        print(found.as_text())
        return 0
    print(f"The report holds:\n{found.contents()}", flush=True)
    if not given.yes and sys.stdin.isatty() and not _agreed(given.output):
        print("Nothing was written.")
        return 0
    save(found, Path(given.output))
    print(f"{given.output} was written. Read it before you pass it on; nothing was sent.")
    return 0


def _skills(output: str | None) -> int:
    """What was proven: printed as Markdown, or written as Markdown and as JSON beside it."""
    from lab import paths
    from lab.learning import record
    from lab.storage import write_json, write_text

    found = record.skills(paths.learner())
    if not output:
        print(record.skills_markdown(found), end="")
        return 0
    page, data = (Path(output).with_suffix(ending) for ending in (".md", ".json"))
    write_text(page, record.skills_markdown(found))
    write_json(data, found)
    print(f"{page} and {data} were written.")
    return 0


def _agreed(name: str) -> bool:
    return input(f"Write it to {name}? [y/N] ").strip().lower() in ("y", "yes")
