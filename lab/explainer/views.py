"""Show an explanation: as text for a terminal, as HTML for a notebook or a page. Views decide nothing here."""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Iterable, Iterator

from lab.errors import shown as visible
from lab.explainer.shapes import Cause, Explanation, Line, Way

WIDTH = 100
_THREAD = re.compile(r"([\w.-]+/[\w.-]+)#(\d+)")
UNKNOWN = "I do not know this error."
SEVERAL = "This message has several causes; the commands below tell them apart."
PERHAPS = "This is likely, but the text alone does not prove it; the command below does."
WELL = "This ended well: no line in it is an error."
NEXT = ("Read upwards from the last line: the first line that speaks of an error is the one that counts.",)
_STATUS = "Exit code 126: may not be executed. 127: not found. 132: illegal instruction. 137: killed. 139: a crash."
BY_KIND = {
    "kubernetes": (
        "The pod's own words: kubectl describe pod POD; kubectl logs POD --previous",
        "The CPUs of the nodes: kubectl get nodes -L kubernetes.io/arch",
    ),
    "build": (
        "For a failed RUN, look at the lines of its step (the number after #) before the word ERROR.",
        _STATUS,
        "Build again with: docker build --progress=plain --no-cache .",
    ),
    "push": (
        "Does this account have the right to push there? Log in again, and look at the repository's settings.",
        "What the registry holds under a tag: docker buildx imagetools inspect IMAGE",
    ),
    "pull": (
        "Is the name right, and does it need a login? What the tag holds: docker buildx imagetools inspect IMAGE",
    ),
    "run": (
        _STATUS,
        "What the container printed: docker logs CONTAINER",
        "How it ended: docker inspect --format '{{json .State}}' CONTAINER",
    ),
}


def as_text(found: Explanation) -> str:
    """A few short paragraphs: the root, the cause, why, how to fix it, lesson, sources."""
    if not found.known:
        return "\n".join(_unknown(found))
    lines = [_where(found.root, found.lines)] if found.root else []
    if not found.certain:
        lines += ["", _doubt(found)]
    if found.certain or found.leads:
        lines += ["", *_cause(found.causes[0])]
    else:
        for number, cause in enumerate(found.causes, 1):
            lines += ["", *_brief(cause, number, alone=len(found.causes) == 1)]
    lines += [*_others(found), *_earlier(found)]
    return "\n".join(lines)


def _doubt(found: Explanation) -> str:
    return PERHAPS if found.leads else SEVERAL


def _where(line: Line, of: int) -> str:
    place = f"line {line.number}: " if of > 1 else ""
    return f"{place}{visible(textwrap.shorten(line.text, 300, placeholder=' …'))}"


def _cause(cause: Cause) -> Iterator[str]:
    yield from _wrapped(cause.cause, "", "")
    yield from _wrapped(cause.why)
    yield from _decided(cause)
    for way in cause.remedies:
        yield from _wrapped(f"→ {way.say}{f' ({way.only})' if way.only else ''}")
        yield from (f"      {command}" for command in way.run)
    yield from _learnt(cause)


def _brief(cause: Cause, number: int, *, alone: bool) -> Iterator[str]:
    """One of several causes: what decides comes first, the remedies only in a few words."""
    if alone:
        yield from _cause(cause)
        return
    yield from _wrapped(f"{number}. {cause.cause}", "", "   ")
    yield from _decided(cause)
    for way in cause.remedies[:1]:
        yield from _wrapped(f"→ {way.say}")
    yield from _learnt(cause)


def _decided(cause: Cause) -> Iterator[str]:
    for clue in cause.clues:
        yield from _wrapped(f"Clue: {clue}")
    if cause.decide:
        yield "  How to check:"
        yield f"      {cause.decide}"
        yield from _wrapped(cause.decide_says)


def _learnt(cause: Cause) -> Iterator[str]:
    if cause.lesson:
        yield f"  Lesson: {cause.lesson}"
    for name in cause.practise:
        yield f"  Practise it: lab clinic start {name}"
    if cause.sources:
        yield f"  Seen in: {', '.join(cause.sources)}"


def _others(found: Explanation) -> Iterator[str]:
    if found.leads and found.causes[1:]:
        yield ""
        yield "Less likely:"
        for cause in found.causes[1:]:
            yield from _wrapped(f"- {cause.cause}")


def _earlier(found: Explanation) -> Iterator[str]:
    if found.earlier:
        yield ""
        yield "Earlier lines that look like errors too; look at them first if the above does not help:"
        yield from (f"  {_where(line, found.lines)}" for line in found.earlier[:3])


def _unknown(found: Explanation) -> Iterator[str]:
    yield WELL if found.ended_well else UNKNOWN
    if found.ended_well:
        yield from _noted(found, "A line in it would be an error, had it not been overcome:")
        return
    if found.looks:
        yield "Lines that look like the error:"
        yield from (f"  {_where(line, found.lines)}" for line in found.looks)
    elif found.consequence:
        yield "This line only says that a command failed; the reason stands above it:"
        yield f"  {_where(found.consequence, found.lines)}"
    else:
        yield "No line in it looks like an error."
    yield from _noted(found, "It is not the cause, but the text also holds this:")
    yield "What to look at next:"
    for text in _next(found.scene):
        yield from _wrapped(f"- {text}")


def _noted(found: Explanation, head: str) -> Iterator[str]:
    for cause in found.noted:
        yield head
        yield from _wrapped(f"{cause.title}: {cause.cause}")


def _next(scene: tuple[str, ...]) -> tuple[str, ...]:
    """What helps with any log of its kind."""
    return (NEXT[0], *next((texts for kind, texts in BY_KIND.items() if kind in scene), BY_KIND["build"]))


def _wrapped(text: str, first: str = "  ", rest: str = "  ") -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )


def as_html(found: Explanation) -> str:
    """The same as one block of HTML; all that came from a log is escaped."""
    if not found.known:
        return _block("#9a6700", "".join(f"<div>{html.escape(line)}</div>" for line in _unknown(found)))
    parts = []
    if found.root:
        parts.append(f"<div><code>{html.escape(_where(found.root, found.lines))}</code></div>")
    if not found.certain:
        parts.append(f"<div>{html.escape(_doubt(found))}</div>")
    shown = found.causes[:1] if found.leads else found.causes
    parts += [_cause_html(cause) for cause in shown]
    rest = [*_others(found), *_earlier(found)]
    if rest:
        inner = "".join(f"<div>{html.escape(line)}</div>" for line in rest if line)
        parts.append(f"<details><summary>More</summary>{inner}</details>")
    return _block("#0969da", "".join(parts))


def _block(tone: str, inner: str) -> str:
    style = f"border-left:4px solid {tone};padding:.4em .9em;margin:.4em 0;"
    return f'<div class="lab-explanation" style="{style}">{inner}</div>'


def _cause_html(cause: Cause) -> str:
    parts = [f"<div><strong>{_marked(cause.cause)}</strong></div>", f"<div>{_marked(cause.why)}</div>"]
    parts += [f"<div>Clue: {_marked(clue)}</div>" for clue in cause.clues]
    if cause.decide:
        parts.append(f"<div>How to check:{_pre([cause.decide])}{_marked(cause.decide_says)}</div>")
    if cause.remedies:
        parts.append(f"<ul>{''.join(_way(way) for way in cause.remedies)}</ul>")
    if cause.lesson:
        parts.append(f"<div>Lesson: <code>{html.escape(cause.lesson)}</code></div>")
    if cause.practise:
        ways = " or ".join(f"<code>lab clinic start {html.escape(name)}</code>" for name in cause.practise)
        parts.append(f"<div>Practise it: {ways}</div>")
    if cause.sources:
        parts.append(f"<div>Seen in: {', '.join(_source(source) for source in cause.sources)}</div>")
    return "".join(parts)


def _way(way: Way) -> str:
    only = f" ({_marked(way.only)})" if way.only else ""
    return f"<li>{_marked(way.say)}{only}{_pre(way.run)}</li>"


def _pre(commands: Iterable[str]) -> str:
    text = html.escape("\n".join(commands))
    return f"<pre><code>{text}</code></pre>" if text else ""


def _source(source: str) -> str:
    if match := _THREAD.fullmatch(source):
        return f'<a href="https://github.com/{match[1]}/issues/{match[2]}">{html.escape(source)}</a>'
    return html.escape(source)


def _marked(text: str) -> str:
    """Escaped, with `words` in backquotes as code."""
    return re.sub(r"`([^`]{1,200})`", r"<code>\1</code>", html.escape(text))
