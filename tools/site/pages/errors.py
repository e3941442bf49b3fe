"""The error guide's pages, from the same data that `lab explain` reads."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from functools import lru_cache

from lab import course
from lab.course import clinic
from lab.explainer import explain
from lab.explainer.data import EngineFacts, Entry, entries, fill

_THREAD = re.compile(r"([\w.-]+/[\w.-]+)#(\d+)")
_SPECIAL = re.compile(r"([\\*_\[\]{}#])")

WHERE = {
    "building": "While an image is built",
    "builders": "With a builder",
    "pulling": "While an image is pulled",
    "running": "When a container starts",
    "pushing": "While an image is pushed",
    "emulation": "Under an emulator",
    "languages": "Languages and compilers",
    "system": "Memory, disk and packages",
    "ci": "In CI",
    "kubernetes": "On Kubernetes and in the cloud",
    "pi": "On a Raspberry Pi",
    "mac": "On a Mac",
    "windows": "On Windows",
}

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
    return {"errors/index.md": INDEX.format(rows="\n\n".join(_sorted())), **made}


def _sorted() -> Iterator[str]:
    """The messages by where people are when they meet them; one may stand in several places."""
    for place, heading in WHERE.items():
        rows = [f"- [{_escaped(one.title)}]({one.id}.md)" for one in entries() if place in one.where]
        yield f"## {heading}\n\n" + "\n".join(rows)


@lru_cache(maxsize=1)
def _alike() -> dict[str, set[str]]:
    """For each cause the others that its own messages may also mean, and those whose messages mean it."""
    pairs: dict[str, set[str]] = {}
    for entry in entries():
        for text in (*entry.samples, *entry.among):
            for other in explain(text).causes:
                if other.id != entry.id:
                    pairs.setdefault(entry.id, set()).add(other.id)
                    pairs.setdefault(other.id, set()).add(entry.id)
    return pairs


def page(entry: Entry) -> str:
    """One cause: the message as title, what it means, how to check, how to fix it, real samples, sources."""
    return "\n".join(_lines(entry)) + "\n"


def _lines(entry: Entry) -> Iterator[str]:
    described = f"{entry.cause} {entry.why}"[:300]
    yield f"---\ntitle: {json.dumps(entry.title)}\ndescription: {json.dumps(described)}\nsearch:\n  boost: 3\n---"
    yield f"# {_escaped(entry.title)}\n"
    yield from (f"{_fence(sample.strip(), 'text')}\n" for sample in entry.samples[:1])
    yield f"**{fill(entry.cause, {})}**\n\n{fill(entry.why, {})}\n"
    if entry.decide:
        says = fill(entry.decide_says, {})
        yield f"## How to check\n\n{says[:1].upper()}{says[1:]}\n\n{_fence(fill(entry.decide, {}), 'sh')}\n"
    if entry.remedies:
        yield "## How to fix it\n"
        yield from _remedies(entry)
    if entry.samples[1:]:
        yield "## What it looks like\n"
        yield from (f"{_fence(sample.strip(), 'text')}\n" for sample in entry.samples[1:])
    yield from _looks_alike(entry)
    yield from _more(entry)


def _looks_alike(entry: Entry) -> Iterator[str]:
    """What else the same message may mean, and what in the log tells it."""
    others = [one for one in entries() if one.id in _alike().get(entry.id, ())]
    if others:
        yield "## Looks alike\n"
    for one in others:
        signs = [clue.says for clue in one.clues if clue.weight > 0 and clue.says]
        told = f" It is this if {signs[0]}." if signs else ""
        yield f"- [{_escaped(one.title)}]({one.id}.md): {fill(one.cause, {})}{told}"
    if others:
        yield ""


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
    if practise := [one for one in clinic.cases() if one.name in entry.practise]:
        links = ", ".join(f"[{one.code} {one.name}](../clinic/{one.name}.md)" for one in practise)
        yield f"Practise it in the clinic: {links}.\n"
    if entry.sources:
        yield f"Seen in: {', '.join(_source(one) for one in entry.sources)}.\n"
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
