"""The clinic's pages: a case's symptom as it was recorded, a way of searching, and the folded solution."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from lab import course
from lab.course import clinic
from lab.draw.render import inline
from lab.explainer.data import entries
from lab.learning import ward
from pages import cell
from pages.lesson import Page

_PLACE = "LABBLOCK{}X"
_RECORDED = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

INDEX = """---
title: Clinic
description: Broken multi-platform builds and images to mend, on a real engine, with only the symptom shown.
---
# Something is broken

Each case is a real broken thing on a real engine: a tag, a Dockerfile, a script, a builder.
You are shown what hurts, and nothing else. What you have mended is checked, not what you typed.

```sh
lab clinic
lab clinic start house
lab check house
```

`lab clinic` lists the cases and how each stands; `lab clinic next` chooses the one that you need most.
`lab hint`, `lab solution` and `lab reset` work as in a lesson, and `lab explain` is allowed.
What is behind a symptom differs from learner to learner, so that the search is learned and not the answer.
Three cases in a row without a hint earn a ★. In JupyterLab, each case has a notebook in the folder `clinic`.

Do you have an error message of your own? The [error guide](../errors/index.md) says what it means.

| Case | What hurts | Minutes |
|---|---|---:|
{rows}
"""


def pages(root: Path) -> dict[str, Page]:
    """Each page by its place in the site: one for every case, and the ward. `root` has the recordings."""
    rows = "\n".join(
        f"| [{one.code} {one.name}]({one.name}.md) | {one.hurts} | {one.minutes} |" for one in clinic.cases()
    )
    index = INDEX.format(rows=rows)
    made = {f"clinic/{one.name}.md": page(one, _recording(root, one)) for one in clinic.cases()}
    return {"clinic/index.md": Page(index, ""), **made}


def _recording(root: Path, case: clinic.Case) -> str:
    """What the command that fails printed when it was recorded, on the newest engine of those."""
    found = sorted((root / "tests" / "data").glob(f"engine-*/clinic/{case.name}.txt"))
    return _RECORDED.sub("", found[-1].read_text(encoding="utf-8")).rstrip("\n") if found else ""


def page(case: clinic.Case, recorded: str) -> Page:
    """The page of one case."""
    made = Page("", "")
    made.markdown = "\n\n".join(_lines(case, recorded, made.blocks)) + "\n"
    made.plain = "\n\n".join(_plain(case, recorded)) + "\n"
    return made


def _lines(case: clinic.Case, recorded: str, blocks: dict[str, str]) -> Iterator[str]:
    yield from _head(case, recorded)
    yield "## A way of searching\n\nThe hints, one at a time:"
    for number, hint in enumerate(case.step.hints, 1):
        yield _block(blocks, f"<details><summary>Hint {number}</summary><p>{inline(hint)}</p></details>")
    yield _block(blocks, _folded("One way to mend it", cell.code(case.step.solution), "lab-solution"))
    facts = "".join(f"<p>{inline(text)}</p>" for text in case.causes.values())
    title = "The fact that decides it" if len(case.causes) == 1 else "What may be behind it, and the fact that decides"
    yield _block(blocks, _folded(title, facts))
    yield from _read_on(case)


def _plain(case: clinic.Case, recorded: str) -> Iterator[str]:
    yield from list(_head(case, recorded))[1:]  # the front matter is the other page's
    yield "## A way of searching"
    yield "\n".join(f"{number}. {hint}" for number, hint in enumerate(case.step.hints, 1))
    yield f"One way to mend it:\n\n{_fence(case.step.solution, 'sh')}"
    yield "What decides it:\n\n" + "\n".join(f"- {text}" for text in case.causes.values())
    yield from _read_on(case)


def _head(case: clinic.Case, recorded: str) -> Iterator[str]:
    first, _, rest = case.hurts.partition(". ")
    title = f"{case.code} · {first.rstrip('.')}"
    about = {"title": title, "description": f"{case.hurts} A case to mend on a real engine."}
    yield "---\n" + "".join(f"{name}: {json.dumps(text)}\n" for name, text in about.items()) + "---"
    yield f"# {title}"
    yield f"About {case.minutes} minutes · `lab clinic start {case.name}`"
    yield f"{rest}\n{case.symptom.story}".strip()
    yield _fence(f"{ward.prompted(case.symptom.script)}\n{recorded}".rstrip(), "text")
    yield f"**To do:** {case.step.goal}"


def _read_on(case: clinic.Case) -> Iterator[str]:
    yield "## Read on"
    title = next(one.title for one in entries() if one.id == case.entry)
    yield f"In the error guide: [`{title}`](../errors/{case.entry}.md)."
    known = {one.stem: one for one in course.lessons()}
    links = [f"[{known[stem].question}](../lessons/{stem}.md)" for stem in case.lessons if stem in known]
    yield f"Lessons that it draws on: {', '.join(links)}."
    yield "[All cases](index.md)"


def _block(blocks: dict[str, str], text: str) -> str:
    token = _PLACE.format(len(blocks))
    blocks[token] = text
    return f"{token}\n{{: #part-{len(blocks)} }}"


def _folded(title: str, inner: str, kind: str = "") -> str:
    name = f' class="{kind}"' if kind else ""
    return f"<details{name}><summary>{title}</summary>{inner}</details>"


def _fence(text: str, language: str) -> str:
    return f"```{language}\n{text.rstrip()}\n```"
