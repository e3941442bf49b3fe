"""The glossary: its page, and a link to it from the first use of each term in a lesson's page.

The terms are data (`docs/reference/glossary.toml`), which says what each field means.
"""

from __future__ import annotations

import html
import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.errors import BadInput

PAGE = """---
title: Glossary
description: The terms of multi-platform images, as Docker's and the OCI's documents use them.
---
# Glossary

Each term as Docker's and the OCI's documents use it, with the document that says so. The lessons use these words, and
each of them for one thing only.

{terms}
"""
_TAG = re.compile(r"(<[^>]+>)")
_NAME = re.compile(r"<(/?)([a-zA-Z0-9]+)")
_CLOSED = {"a", "code", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "figure", "svg", "th", "script", "style"}
_QUIET = re.compile(r'^<p class="lab-(?:facts|stamp|missing)"')  # the lines on the run are no prose


@dataclass(frozen=True)
class Term:
    """A term; `forms` are how it stands in running text, `unwanted` regular expressions of words to avoid."""

    name: str
    says: str
    source: tuple[str, str]
    also: tuple[str, ...] = ()
    unlike: str = ""
    forms: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()

    @property
    def anchor(self) -> str:
        """Its place on the page."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


def terms(path: Path) -> tuple[Term, ...]:
    """All terms in the file's order; BadInput where it is not of that form."""
    try:
        return tuple(_term(row) for row in tomllib.loads(path.read_text(encoding="utf-8"))["term"])
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInput(f"{str(path)!r} is not a list of terms: {error}.") from error


def _term(row: dict[str, Any]) -> Term:
    name, address = row["source"]
    lists = {field: tuple(row.get(field, ())) for field in ("also", "unwanted")}
    forms = tuple(row.get("forms", (row["name"], f"{row['name']}s")))
    return Term(**(row | lists | {"source": (name, address), "forms": forms}))


def page(all_terms: Sequence[Term]) -> str:
    """The page in Markdown, by the alphabet."""
    ordered = sorted(all_terms, key=lambda one: one.name.lower())
    return PAGE.format(terms="\n".join(line for one in ordered for line in _entry(one)))


def _entry(one: Term) -> Iterator[str]:
    yield f"## {one.name} {{#{one.anchor}}}\n"
    yield f"{one.says}\n"
    if one.also:
        yield f"*Also called:* {', '.join(one.also)}.\n"
    if one.unlike:
        yield f"*Not to be confused with:* {one.unlike}\n"
    name, address = one.source
    yield f"*Source:* [{name}]({address})\n"


def linked(content: str, all_terms: Iterable[Term], address: str) -> str:
    """The page's HTML with the first use of each term, outside code, headings and links, as a link to `address`."""
    left = {form.lower(): one for one in all_terms for form in one.forms}
    parts: list[str] = []
    inside: list[str] = []
    for part in _TAG.split(content):
        if part.startswith("<"):
            _enter(part, inside)
        elif left and not inside:
            part = _link(part, left, address)  # noqa: PLW2901
        parts.append(part)
    return "".join(parts)


def _enter(tag: str, inside: list[str]) -> None:
    """Keep account of the elements in which nothing is linked."""
    named = _NAME.match(tag)
    if not named:
        return
    closing, name = named[1], named[2].lower()
    if closing:
        if inside and inside[-1] == name:
            inside.pop()
    elif name in _CLOSED or _QUIET.match(tag) or (inside and inside[-1] == name):
        inside.append(name)


def _link(text: str, left: dict[str, Term], address: str) -> str:
    found: list[str] = []
    at = 0
    while match := _any_of(left).search(text, at):
        one = left[html.unescape(match[0]).lower()]
        found.append(f'{text[at : match.start()]}<a class="lab-term" href="{address}#{one.anchor}">{match[0]}</a>')
        at = match.end()
        for form in [form for form, other in left.items() if other is one]:
            del left[form]
        if not left:
            break
    return "".join([*found, text[at:]])


def _any_of(left: dict[str, Term]) -> re.Pattern[str]:
    """The longest first: `image store` is not an image."""
    forms = sorted(left, key=len, reverse=True)
    return re.compile(rf"(?<![\w$./-])(?:{'|'.join(map(re.escape, forms))})(?![\w/-])", re.IGNORECASE)
