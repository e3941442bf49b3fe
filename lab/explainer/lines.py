"""The lines of a log as a person reads them, and what anybody takes for an error."""

from __future__ import annotations

import re

_ANSI = re.compile(rb"\x1b\[[0-?]{0,40}[ -/]{0,4}[@-~]|\x1b\][^\x07\x1b]{0,400}(?:\x07|\x1b\\)|\x1b[@-Z\\-_]")
_ESCAPED = re.compile(r"\\u001b\[[0-9;]{0,20}m|\\x1b\[[0-9;]{0,20}m")
_QUOTED = re.compile(r'\\{1,8}"')
_QUOTES = str.maketrans({"\u201c": '"', "\u201d": '"', "\u2018": "'", "\u2019": "'", "\xa0": " "})
_PREFIX = re.compile(
    r"^(?:[\w./ ()+-]{1,60}\t[\w./ ()+:-]{0,60}\t)?"  # gh: job, step
    r"(?:\ufeff|\s){0,8}"
    r"(?:\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?\]?:?\s)?"
    r"(?:\d\d[EO]\+? ?)?"  # GitLab's stream
    r"(?:##\[\w{1,20}\])?"
    r"(?:[\w.-]{1,60} {1,20}\| )?"  # compose
    r"(?:#\d{1,5} (?:\d{1,6}\.\d{1,3} )?)?"
    r"(?:=> ){0,2}(?:# )?"
)
# What looks like an error to anybody, known or not; and what only repeats that a command failed.
_LOOKS = re.compile(
    r"(?:^|[\s\]>(])(?:error|fatal|fatal error|failed|failure|panic|err!|E)\b(?: \[|:| -)|\b(?:cannot|could not|"
    r"unable to (?!find image)|command not found|permission denied|access denied|no such file or directory|"
    r"traceback \(most recent)\b|\bnot found$",
    re.IGNORECASE,
)
LOOKS_STEMS = tuple(
    b"error|fatal|failed|panic|cannot|could not|unable to|denied|not found|no such file|traceback|e: ".split(b"|")
)
# What nobody takes for a warning.
_STRONG = re.compile(
    r"^(?:error|fatal|fatal error|E) ?: |\bfailed to solve|error response from daemon|did not complete successfully",
    re.IGNORECASE,
)
_CONSEQUENCE = re.compile(
    r"did not complete successfully: exit code|executor failed running|returned a non-zero code|"
    r"buildx failed with:|process completed with exit code|make(?:\[\d\])?: \*\*\*|exited with code \d",
    re.IGNORECASE,
)


def clean(raw: bytes) -> str:
    """A line as a person reads it: decoded, without colours, curly quotes, escapes of a JSON log."""
    text = _ANSI.sub(b"", raw).replace(b"\0", b"").decode("utf-8", "replace").strip("\r\n")
    if "\\" in text:
        text = _QUOTED.sub('"', _ESCAPED.sub("", text)).replace("\\t", "\t")
    return text.translate(_QUOTES).replace("\r", "  ")


def bare(text: str) -> str:
    """The line without what CI, BuildKit and compose write before it."""
    return _PREFIX.sub("", text, count=1).strip()


def plain(raw: bytes) -> bytes:
    """A piece of a log without colours and NULs, so that words are whole."""
    if b"\0" in raw:
        raw = raw.replace(b"\0", b"")
    return _ANSI.sub(b"", raw) if b"\x1b" in raw else raw


def looks(text: str) -> bool:
    """Whether the line looks like an error to anybody, known or not."""
    return bool(_LOOKS.search(text))


def strong(text: str) -> bool:
    """Whether the line says beyond doubt that something failed; no warning does."""
    return bool(_STRONG.search(text))


def consequence(text: str) -> bool:
    """Whether the line only repeats that a command failed."""
    return bool(_CONSEQUENCE.search(text))
