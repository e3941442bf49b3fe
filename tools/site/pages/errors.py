"""The error guide's pages, from the same data that `lab explain` reads."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator

from lab import course
from lab.explainer.data import EngineFacts, Entry, entries, fill

_THREAD = re.compile(r"([\w.-]+/[\w.-]+)#(\d+)")
_SPECIAL = re.compile(r"([\\*_\[\]{}#])")

INDEX = """---
title: Errors
description: What the errors of multi-platform builds mean, and how to fix each one.
---
# What does this error mean?

Paste the message into the search field above, or ask on your own machine, where the lab knows your engine too:

```sh
docker build . 2>&1 | lab explain
```

{rows}
"""


def pages() -> dict[str, str]:
    """Each page's Markdown by its place in the site: one for every cause, and the list of them."""
    made = {f"errors/{entry.id}.md": page(entry) for entry in entries()}
    rows = "\n".join(f"- [{_escaped(one.title)}]({one.id}.md)  \n  {one.cause}" for one in entries())
    return {"errors/index.md": INDEX.format(rows=rows), **made}


def page(entry: Entry) -> str:
    """One cause: the message as title, what it means, how to check, how to fix it, real samples, sources."""
    return "\n".join(_lines(entry)) + "\n"


def _lines(entry: Entry) -> Iterator[str]:
    described = f"{entry.cause} {entry.why}"[:300]
    yield f"---\ntitle: {json.dumps(entry.title)}\ndescription: {json.dumps(described)}\nsearch:\n  boost: 3\n---"
    yield f"# {_escaped(entry.title)}\n"
    yield f"**{fill(entry.cause, {})}**\n\n{fill(entry.why, {})}\n"
    if entry.decide:
        says = fill(entry.decide_says, {})
        yield f"## How to check\n\n{says[:1].upper()}{says[1:]}\n\n{_fence(fill(entry.decide, {}), 'sh')}\n"
    if entry.remedies:
        yield "## How to fix it\n"
        yield from _remedies(entry)
    if entry.samples:
        yield "## What it looks like\n"
        yield from (f"{_fence(sample.strip(), 'text')}\n" for sample in entry.samples)
    yield from _more(entry)


def _remedies(entry: Entry) -> Iterator[str]:
    for remedy in entry.remedies:
        only = remedy.condition(EngineFacts())
        say = fill(remedy.say, {})
        yield f"{say}{f' ({only})' if only else ''}{'' if say[-1] in '.:?' else '.'}\n"
        if remedy.run:
            yield _fence("\n".join(fill(command, {}) for command in remedy.run), "sh") + "\n"


def _more(entry: Entry) -> Iterator[str]:
    named = {lesson.name: lesson for lesson in course.lessons()}
    if lesson := named.get(entry.lesson):
        yield "## Learn it\n"
        link = f"[{lesson.question}](../lessons/{lesson.stem}.md)"
        yield f"Lesson {lesson.number}, {link}, shows the cause on a real engine.\n"
    if entry.sources:
        yield f"Reported in: {', '.join(_source(one) for one in entry.sources)}.\n"
    yield "[All errors](index.md)"


def _source(text: str) -> str:
    match = _THREAD.fullmatch(text)
    return f"[{text}](https://github.com/{match[1]}/issues/{match[2]})" if match else text


def _escaped(text: str) -> str:
    """A message as plain text in Markdown; what stands in backquotes is code already."""
    parts = re.split(r"(`[^`]+`)", text)
    return "".join(
        one if one.startswith("`") else html.escape(_SPECIAL.sub(r"\\\1", one), quote=False) for one in parts
    )


def _fence(text: str, language: str) -> str:
    ticks = "`" * max([3, *(len(run) + 1 for run in re.findall("`{3,}", text))])
    return f"{ticks}{language}\n{text}\n{ticks}"
