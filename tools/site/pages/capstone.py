"""The capstone's page: the letter, what is to be proven, and a way of searching, folded."""

from __future__ import annotations

from collections.abc import Iterator

from lab.course import capstone
from lab.course.capstone import LETTER
from lab.draw.render import inline
from pages.lesson import Page

_PLACE = "LABPROOF{}X"

HEAD = """---
title: Capstone
description: A stranger's repository to make multi-platform, with nine proofs that are checked on a real engine.
---
# A stranger's repository

*Lighthouse* is a git repository that others have left behind: a lamp in Go, a horn with vendored programs, a log on a
base image of its own, and the files that build, release, clean and deploy them.
Six of ten faults are in it, other ones for each learner, and two things that look like faults and are none.

```sh
lab capstone start
lab capstone
lab capstone check P2
```

`lab capstone start` lays it out in the folder `capstone`, with a letter that says what it has to be by Friday.
What you have made is checked, not what you typed. In JupyterLab, the notebook is in the folder `capstone`, too.
There are no hints in the first twenty minutes; later they cost nothing, and stand in the report.
It takes about 90 minutes, and three sittings are fine.

## The letter
"""

PROOFS = """## What is to be proven

| Proof | What it is about | What you do |
|---|---|---|
{rows}
| P10 | a note for whoever comes next | Write ten lines. They are kept, and nobody grades them. |

P1 to P5 are a pass, all nine earn a ★.
`lab report --skills` puts them on one page, with the digests that were found and with the hints that you used.

P6, P7 and P9 run your scripts, with time limits: CI, its machines and the loss of one are played on your machine.
P8 simulates a cluster's scheduler by the labels for the architecture. The trial in P5 is that of your machine's image.
"""


def pages() -> dict[str, Page]:
    """The page, by its place in the site."""
    rows = "\n".join(f"| {one.code} | {one.about} | {one.step.goal} |" for one in capstone.proofs())
    made = Page("", "")
    folded = "\n\n".join(_hints(made.blocks))
    made.markdown = f"{HEAD}\n{_quoted()}\n\n{PROOFS.format(rows=rows)}\n## A way of searching\n\n{folded}\n"
    told = "\n\n".join(_plain())
    body = HEAD.partition("---\n# ")[2]  # the front matter is the other page's
    made.plain = f"# {body}\n{_quoted()}\n\n{PROOFS.format(rows=rows)}\n## A way of searching\n\n{told}\n"
    return {"capstone/index.md": made}


def _quoted() -> str:
    lines = LETTER.partition("\n\n")[2].strip().splitlines()
    return "\n".join(f"> {line}".rstrip() for line in lines)


def _hints(blocks: dict[str, str]) -> Iterator[str]:
    for one in capstone.proofs():
        token = _PLACE.format(len(blocks))
        inner = "".join(f"<p>{inline(text)}</p>" for text in one.step.hints)
        blocks[token] = f"<details><summary>{one.code}: {inline(one.about)}</summary>{inner}</details>"
        yield f"{token}\n{{: #part-{len(blocks) - 1} }}"


def _plain() -> Iterator[str]:
    for one in capstone.proofs():
        yield f"{one.code}: {one.about}"
        yield "\n".join(f"{number}. {text}" for number, text in enumerate(one.step.hints, 1))
