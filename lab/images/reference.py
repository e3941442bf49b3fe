"""An image's name, read as Docker reads it: `hello`, `hello:multi`, `localhost:5000/x@sha256:…`, `ghcr.io/o/n:t`.

Our own, because what Docker refuses must be refused here before anything is asked, and the grammar is a dozen lines.
Source: the grammar at the head of `reference.go` and `normalize.go` (for Docker Hub's short names) of
https://github.com/distribution/reference/tree/v0.6.0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lab.errors import BadInput

HUB = "docker.io"
HUB_ENDPOINT = "registry-1.docker.io"
_HUB_NAMES = {"index.docker.io": HUB, HUB_ENDPOINT: HUB}
_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?\Z")
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_PART}(?:/{_PART})*\Z")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\Z")
_DIGEST = re.compile(r"(?:sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128})\Z")
_LONGEST = 255
_LIKE_THIS = "One looks like hello:multi or ghcr.io/owner/name:tag."


@dataclass(frozen=True)
class Reference:
    """Where an image is: registry, repository, and a tag or a digest (which wins where both are given)."""

    host: str
    repository: str
    tag: str = ""
    digest: str = ""

    @property
    def target(self) -> str:
        """What the registry is asked for."""
        return self.digest or self.tag

    @property
    def endpoint(self) -> str:
        """The host (and port) that answers for it; Docker Hub's has another name than its images."""
        return HUB_ENDPOINT if self.host == HUB else self.host

    def at(self, digest: str) -> Reference:
        """Another manifest of the same repository."""
        return Reference(self.host, self.repository, "", digest)

    def __str__(self) -> str:
        tag, digest = (mark + value if value else "" for mark, value in ((":", self.tag), ("@", self.digest)))
        return f"{self.host}/{self.repository}{tag}{digest}"


def parse(text: str, *, within: str = "") -> Reference:
    """Read a reference; BadInput where Docker refuses it too.

    A name without a registry is Docker Hub's, or belongs to `within` where that is given (`localhost:5000`,
    `docker.io/NAME`: what `$REGISTRY` is).
    """
    rest, _, digest = text.strip().partition("@")
    if "@" in text and not _DIGEST.match(digest):
        raise BadInput(f"{digest!r} in {text!r} is not a digest.", "One is `sha256:` and 64 hexadecimal digits.")
    host, name = _split(rest)
    if not host and within:
        return parse(f"{within.rstrip('/')}/{text.strip()}")
    name, colon, tag = name.partition(":")
    host = _HUB_NAMES.get(host, host or HUB)
    if host == HUB and "/" not in name:
        name = f"library/{name}"
    _refuse(text, host, name, tag if colon else None)
    return Reference(host, name, tag or ("" if digest else "latest"), digest)


def _split(rest: str) -> tuple[str, str]:
    first, slash, after = rest.partition("/")
    if slash and (first == "localhost" or first != first.lower() or any(mark in first for mark in ".:[")):
        return first, after
    return "", rest


def _refuse(text: str, host: str, name: str, tag: str | None) -> None:
    if not _HOST.match(host):
        raise BadInput(f"{host!r} in {text!r} is not the name of a registry.", _LIKE_THIS)
    if name != name.lower() and _REPOSITORY.match(name.lower()):
        raise BadInput(f"The repository in {text!r} has capital letters.", f"Write {name.lower()!r}.")
    if not _REPOSITORY.match(name) or len(name) > _LONGEST or re.fullmatch(r"(library/)?[a-f0-9]{64}", name):
        raise BadInput(f"{text!r} is not the name of an image.", _LIKE_THIS)
    if tag is not None and not _TAG.match(tag):
        raise BadInput(f"{tag!r} in {text!r} is not a tag.", "Use letters, digits, `_`, `.` and `-`, at most 128.")
