"""What each built page still gets: a policy that keeps it to this site, plain Markdown beside it, a card; llms.txt."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

_SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)([^>]*)>(.*?)</script>", re.DOTALL)
_SEARCH = 'data-md-component="search" role="dialog"'  # the theme leaves it without a name
_DATA = re.compile(r'type="?application/(json|ld\+json)')
_LINK = re.compile(r"\]\(([^)\s:#]+\.md)(#[^)\s]*)?\)")
_FENCED = re.compile(r"(^(`{3,}).*?^\2`*\s*$)", re.MULTILINE | re.DOTALL)
_ATTRIBUTES = re.compile(r"[ \t]*\{:? ?[#.][^}\n]*\}[ \t]*$", re.MULTILINE)
# Styles stand in some elements of the theme and of the drawn pictures; scripts only where their hash is known.
_POLICY = (
    "default-src 'none'; script-src 'self' {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; base-uri 'self'; "
    "form-action 'self'"
)


def finished(page: str) -> str:
    """The page as it is published."""
    return with_policy(compact(page.replace(_SEARCH, f'{_SEARCH} aria-label="Search"')))


def with_policy(page: str) -> str:
    """The page with a Content Security Policy of its own: this site only, and its own inline scripts by their hash."""
    scripts = [body for attributes, body in _SCRIPT.findall(page) if not _DATA.search(attributes)]
    hashes = " ".join(dict.fromkeys(f"'sha256-{_hash(body)}'" for body in scripts))
    meta = f'<meta http-equiv="Content-Security-Policy" content="{_POLICY.format(scripts=hashes)}">'
    return page.replace('<meta charset="utf-8">', f'<meta charset="utf-8">{meta}', 1)


def _hash(body: str) -> str:
    return base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()


def compact(page: str) -> str:
    """The page without the blanks between tags that templates leave behind; nothing inside `pre` is touched."""
    parts = re.split(r"(<(pre|script|textarea)\b.*?</\2>)", page, flags=re.DOTALL)
    kept = [re.sub(r"(^|>)\s*\n\s*(<|$)", r"\1\n\2", part) for part in parts[::3]]
    return "".join(f"{text}{whole}" for text, whole in zip(kept, [*parts[1::3], ""], strict=True))


def plain(markdown: str, address: Callable[[str], str]) -> str:
    """A page's Markdown for other readers: links lead to the plain copies, marks for MkDocs are left out.

    `address` gives the place of the plain copy for a link's target, as this page must write it.
    """
    parts = _FENCED.split(markdown)
    texts = [_ATTRIBUTES.sub("", _LINK.sub(lambda m: f"]({address(m[1])}{m[2] or ''})", part)) for part in parts[::3]]
    return "".join(f"{text}{fence}" for text, fence in zip(texts, [*parts[1::3], ""], strict=True)).strip() + "\n"


@dataclass(frozen=True)
class Entry:
    """A page in the list for other readers."""

    section: str
    title: str
    address: str
    description: str = ""


def llms(name: str, description: str, entries: Iterable[Entry]) -> str:
    """`llms.txt`: what the site is, and its pages as plain Markdown."""
    lines = [f"# {name}", "", f"> {description}"]
    section = ""
    for entry in entries:
        if entry.section != section:
            section = entry.section
            lines += ["", f"## {section}", ""]
        lines.append(f"- [{entry.title}]({entry.address}){f': {entry.description}' if entry.description else ''}")
    return "\n".join(lines) + "\n"


def head(title: str, description: str, address: str, card: str) -> str:
    """What the page says of itself to those who share it."""
    facts = {
        "og:type": "website",
        "og:title": title,
        "og:description": description,
        "og:url": address,
        "og:image": card,
        "og:image:width": "1200",
        "og:image:height": "630",
        "twitter:card": "summary_large_image",
    }
    tags = [
        f'<meta {"name" if name.startswith("twitter") else "property"}="{name}" content="{html.escape(text)}">'
        for name, text in facts.items()
        if text
    ]
    return "".join(tags)


def write(path: Path, content: str | bytes) -> None:
    """Write a file of the site; its folder is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
