"""The lines of a log as a person reads them, and what anybody takes for an error."""

from __future__ import annotations

import re
from collections.abc import Sequence

_ANSI = re.compile(rb"\x1b\[[0-?]{0,40}[ -/]{0,4}[@-~]|\x1b\][^\x07\x1b]{0,400}(?:\x07|\x1b\\)|\x1b[@-Z\\-_]")
_ESCAPED = re.compile(r"\\u001b\[[0-9;]{0,20}m|\\x1b\[[0-9;]{0,20}m")
_ESCAPED_QUOTE = re.compile(r'\\{1,8}"')
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
    r"traceback \(most recent|error response from daemon|illegal instruction|segmentation fault)\b|\bnot found$|"
    r"^denied: |\bunauthorized: |\blevel\W{1,3}(?:error|fatal)\b|^(?:FATA|ERRO)\[|^# +SIG[A-Z]{2,6}\b|<jemalloc>: |"
    r"^[A-Za-z_][\w.]{0,80}(?:Error|Exception)\b: |\bx509: |^Killed$|\bno space left on device|core dumped\)?$",
    re.IGNORECASE,
)
LOOKS_STEMS = tuple(
    b"error|fatal|failed|panic|cannot|could not|unable to|denied|not found|no such file|traceback|e: |failure: |err!|"
    b"unauthorized|fata[|erro[|sig|jemalloc|exception|x509|killed|no space|core dumped|illegal ins|segmentation".split(
        b"|"
    )
)
# What nobody takes for a warning.
_STRONG = re.compile(
    r"^(?:error|fatal|fatal error|E) ?: |\bfailed to solve|error response from daemon|did not complete successfully|"
    r"process completed with exit code [1-9]|executor failed running|^(?:FATA)\[|exit(?:ed with)? code:? [1-9]",
    re.IGNORECASE,
)
_CONSEQUENCE = re.compile(
    r"did not complete successfully: exit code|executor failed running|returned a non-zero code|"
    r"buildx failed with:|process completed with exit code|make(?:\[\d\])?: \*\*\*|exited with code \d|"
    r"ERROR: Job failed: exit",
    re.IGNORECASE,
)
# The words of a command, of a Dockerfile or of a program's text, which are not what came of it.
_QUOTED = re.compile(
    r"^\W{0,6}(?:\[[^\]]{1,120}\] ?)?(?:RUN|CMD|ENV|LABEL|ENTRYPOINT|SHELL|HEALTHCHECK) |"  # a step's heading
    r"^(?:\[\d+/\d+\] )?Step \d+(?:/\d+)? ?: (?:RUN|CMD|ENV|LABEL|ENTRYPOINT|SHELL) |"
    r"^\W{0,4}(?:CACHED |ERROR )\[[^\]]{1,120}\] |"
    r"^\s{0,6}\d{1,5} \|(?: >>>)? |"  # a Dockerfile, quoted with its line numbers
    r"^(?:\++|[$%\u276f>]|\S{1,40}@\S{1,40}[$#%]) ?(?:echo|printf|grep|cat|sed|rg|ag|git (?:log|commit|grep)) |"
    r"^(?:Run )?(?:echo|printf|raise|throw|if|elif|return|assert\w*|grep|"
    r"log\.\w+|logger\.\w+|console\.\w+|//) ?[ (\"'`]|"
    r"^\S{1,120}\.(?:go|py|js|ts|rs|c|h|java|rb|sh|md|ya?ml|txt|toml):\d{1,6}:(?=\S)|"  # what grep found
    r"^[+-] {1,8}(?:echo|if|return|raise|//|#)",
    re.IGNORECASE,
)
_PASSED = re.compile(
    r"^\s{0,12}(?:\u2713|\u2714|\u221a|--- (?:PASS|SKIP)\b|=== RUN|ok \d+\b|PASS\b)|\bPASSED\b|\.\.\. ok$|\bpassed$"
)
_TEST_BEGINS = re.compile(r"^\s{0,12}=== (?:RUN|CONT|NAME)")
_TEST_ENDS = re.compile(r"^\s{0,12}--- (PASS|FAIL|SKIP)|^(?:FAIL|ok|PASS)\b")
_WELL = re.compile(
    r"\bnaming to \S+.{0,20} done$|\bpushing manifest for \S+ .{0,40}done$|"
    r"\bexporting (?:manifest list|to image).{0,100} done$|"
    r"\bwriting image \S+ .{0,20}done$|^Successfully (?:built|tagged) |\bJob succeeded\b|\bFINISHED$|"
    r"^(?:BUILD SUCCESS\w*|Finished: SUCCESS)\b|^\s*exit(?:ed with)? (?:status|code):? 0$|\bexited with code 0$",
)
_COMMAND = re.compile(r'\bprocess ".{0,900}?" did not complete|\bfailed running \[.{0,900}?\]: exit')


def clean(raw: bytes) -> str:
    """A line as a person reads it: decoded, without colours, curly quotes, escapes of a JSON log."""
    text = _ANSI.sub(b"", raw).replace(b"\0", b"").decode("utf-8", "replace").strip("\r\n")
    if "\\" in text:
        text = _ESCAPED_QUOTE.sub('"', _ESCAPED.sub("", text)).replace("\\t", "\t")
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


def unquoted(text: str) -> str:
    """The line without the words of the command that it says has failed."""
    return _COMMAND.sub("process did not complete", text) if "process" in text or "running" in text else text


def quoted(text: str) -> bool:
    """Whether the line holds the words of a command or of a program's text, not what came of it."""
    return bool(_QUOTED.search(text))


def of_a_passing_test(text: str, before: Sequence[str], after: Sequence[str]) -> bool:
    """Whether the line is a passing test's name, or what such a test printed."""
    if _PASSED.search(text):
        return True
    begun = any(_TEST_BEGINS.search(line) for line in before)
    ended = next((match for line in after if (match := _TEST_ENDS.search(line))), None)
    if begun and ended:
        return ended[1] in ("PASS", "SKIP")
    last = next((line for line in reversed(before) if not line.startswith("    ")), "") if text[:4].isspace() else ""
    return bool(_TEST_ENDS.search(last)) and "FAIL" not in last


def well(text: str) -> bool:
    """Whether the line says that something came to a good end."""
    return bool(_WELL.search(text))
