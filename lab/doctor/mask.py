"""Take secrets out of a text: those that are known on this machine, and what looks like one.

Rather too much than too little: what is masked by mistake costs a question, what is not costs a password.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lab.errors import BadInput, Blocked
from lab.storage import read_json

MARK = "[masked]"
_SHORT = 4  # a known secret below this length is masked only where it stands alone

_SECRET_NAME = re.compile(
    r"(?:TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|_PASS|_PWD|KEY|CREDENTIALS?|AUTH|_PAT)(?:_[A-Z0-9]+)?\Z", re.IGNORECASE
)
_HARMLESS = frozenset({"", "0", "1", "true", "false", "yes", "no", "none", "null", "on", "off"})

_QUOTED = r"""(?:"(?:\\.|[^"\\\n])*"?|'[^'\n]*'?|\\+"(?:(?!\\+")[^\n])*(?:\\+")?)"""
_LONG = r"(?:password|passwd|passphrase|secret|authorization|cookie|x-registry-auth|x-registry-config)"
_BRIEF = (
    r"(?:token|auth|(?:api|access|secret|private|signing|account)[_-]?key|[_-]key|credentials?|signature|[_-]sig"
    r"|(?<![A-Za-z])pass|(?-i:(?<=[a-z])Pass)|(?<![A-Za-z])pwd|[_-]pat|session[_-]?id)"
)
_SEPARATOR = r"""(?:\\*["'])?\s*[:=]\s*"""

_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), MARK),
    # the end of one whose beginning was cut off with the rest of a log
    (re.compile(r"\A(?:(?!-----BEGIN)[^\0])*?-----END [A-Z ]*PRIVATE KEY-----"), MARK),
    (re.compile(r"((?:echo|printf)\s+)[^|\n]{1,2000}(\|[^\n]{0,200}\blogin\b)"), rf"\1{MARK} \2"),
    (re.compile(r"(--password-stdin\s*<<<\s*)[^\n]+"), rf"\1{MARK}"),
    (re.compile(rf"(\blogin\b[^\n]{{0,400}}?\s-p[ =]?)(?:{_QUOTED}|\S+)"), rf"\1{MARK}"),
    (re.compile(rf"(--(?:password|token|pass|api-key)[ =])(?:{_QUOTED}|\S+)"), rf"\1{MARK}"),
    (re.compile(rf"((?:^|\s)(?:-u|--user)[ =]?)(?:{_QUOTED}|[^\s:]+:\S+)", re.MULTILINE), rf"\1{MARK}"),
    (re.compile(rf"({_LONG}{_SEPARATOR})(?:{_QUOTED}|[^\s\"'][^\n]*)", re.IGNORECASE), rf"\1{MARK}"),
    (re.compile(rf"({_BRIEF}{_SEPARATOR})(?:{_QUOTED}|[^\s\"'&,;]+)", re.IGNORECASE), rf"\1{MARK}"),
    (re.compile(r"(\bmachine\s+\S+\s+login\s+\S+\s+password\s+)\S+"), rf"\1{MARK}"),
    (re.compile(r"\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE), rf"\1 {MARK}"),
    (
        re.compile(
            r"\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{16,}|dckr_[po]at_[\w-]{8,}|glpat-[\w-]{10,}"
            r"|(?:AKIA|ASIA)[A-Z0-9]{12,}|xox[abeprs]-[\w-]{8,}|npm_[A-Za-z0-9]{16,}|pypi-[\w-]{16,}|hf_[A-Za-z0-9]{16,}"
            r"|sk-[\w-]{16,}|AIza[\w-]{20,}|ya29\.[\w-]{8,}|eyJ[\w-]{8,}(?:\.[\w-]+){1,4})"
        ),
        MARK,
    ),
)


_WORD = re.compile(r"""[^\s"<>`]+""")


def _address(found: re.Match[str]) -> str:
    """An address in a word, without the login in it. Where a password may hold a slash, rather too much goes."""
    word = found[0]
    scheme, mark, rest = word.partition("://")
    if not mark or "@" not in rest:
        return word
    _, _, place = rest.rpartition("@")
    authority = rest.partition("/")[0]
    return f"{scheme}://{MARK}@{place}" if "@" in authority or ":" in authority else word


class Mask:
    """Called with a text, gives it back without secrets; home folders become `~`. A second time changes nothing."""

    def __init__(self, known: Iterable[str] = (), homes: Iterable[str] = ()) -> None:
        forms = {form for secret in known if secret for form in _forms(secret)}
        words = [_word(form) for form in sorted(forms, key=len, reverse=True)]
        self._known = re.compile("|".join(words)) if words else None
        folders = sorted({home.rstrip("/") for home in homes if len(home.rstrip("/")) > 1}, key=len, reverse=True)
        self._homes = re.compile("|".join(rf"{re.escape(one)}(?![\w.-])" for one in folders)) if folders else None

    def __call__(self, text: str) -> str:
        """Cut nothing off before: half of a secret is not recognised any more."""
        if self._known:
            text = self._known.sub(MARK, text)
        text = _WORD.sub(_address, text)
        for pattern, change in _PATTERNS:
            text = pattern.sub(change, text)
        return self._homes.sub("~", text) if self._homes else text


def _forms(secret: str) -> Iterator[str]:
    """A secret as logs may have it: plain, within JSON, within an address, coded."""
    plain = secret.encode("utf-8", "surrogateescape")
    yield secret
    for ascii_only in (True, False):
        yield json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
    yield quote(plain, safe="")
    yield quote(plain)
    if len(secret) >= _SHORT:
        yield base64.b64encode(plain).decode()


def _word(form: str) -> str:
    return re.escape(form) if len(form) >= _SHORT else rf"(?<!\w){re.escape(form)}(?!\w)"


def known_secrets(env: Mapping[str, str]) -> set[str]:
    """What must not come out: values of variables that are named as secrets are, and all logins of Docker."""
    named = {value for name, value in env.items() if _SECRET_NAME.search(name) and _is_secret(value)}
    return named.union(*(_logins(place) for place in _configurations(env)))


def _is_secret(value: str) -> bool:
    return value.lower() not in _HARMLESS and not (value.startswith("/") and os.path.exists(value))  # noqa: PTH110


def _configurations(env: Mapping[str, str]) -> set[Path]:
    from lab import paths

    home = Path(env["HOME"]) if env.get("HOME") else Path.home()
    places = {home / ".docker", paths.sandbox() / "docker"}
    return places | ({Path(env["DOCKER_CONFIG"])} if env.get("DOCKER_CONFIG") else set())


def _logins(folder: Path) -> set[str]:
    try:
        data = read_json(folder / "config.json")
    except (BadInput, Blocked):
        return set()
    return set(_within(data))


def _within(data: Any, name: str = "") -> Iterator[str]:
    """Each text below `auths`, `HttpHeaders` or a name that is a secret's; of `auth` also what is coded in it."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _within(value, key if _SECRET_NAME.search(str(key)) or key == "HttpHeaders" else name)
    elif isinstance(data, list):
        for value in data:
            yield from _within(value, name)
    elif isinstance(data, str) and name and _is_secret(data):
        yield data
        yield from _decoded(data)


def _decoded(text: str) -> Iterator[str]:
    try:
        user, mark, secret = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return
    if mark and user and secret:
        yield secret.rstrip("\0")
        yield f"{user}:{secret}"
