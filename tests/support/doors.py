"""The commands of a page, by the heading that they stand under."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
_PART = re.compile(r"^(#{1,4}) (.+)$", re.MULTILINE)
_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def commands(page, heading):
    """Each line of the shell blocks under that heading, up to the next one, as a reader copies it."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    titles = list(_PART.finditer(text))
    (at,) = [number for number, title in enumerate(titles) if title[2] == heading]
    end = titles[at + 1].start() if at + 1 < len(titles) else len(text)
    return [line for block in _BLOCK.findall(text[titles[at].end() : end]) for line in block.splitlines()]
