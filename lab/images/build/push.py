"""Push what was built to a registry of this machine; the client is the one that reads (`lab.images.registry`)."""

from __future__ import annotations

import http.client
import json
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lab.errors import BadInput, Blocked
from lab.images.connection import Unreachable, is_plain
from lab.images.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.images.build.images import Manifest
    from lab.images.build.layers import Blob
    from lab.images.exchange import Answer
    from lab.images.registry import Registry

_BYTES = "application/octet-stream"
_REPOSITORY = re.compile(r"[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*\Z")
_REFERENCE = re.compile(r"([A-Za-z0-9_][A-Za-z0-9._-]{0,127}|sha256:[0-9a-f]{64})\Z")


def push(base_url: str, repository: str, tag: str, manifest: Manifest, *, timeout: float = 30) -> str:
    """Push an image or an index, and give its digest. Blobs that the registry has are not sent again.

    `base_url` is `http://localhost:PORT` (or `localhost:PORT`); `timeout` is in seconds, for each answer.
    Raises Blocked where the registry does not answer, BadInput where it refuses.
    """
    with _registry(base_url, repository, tag, timeout) as registry:
        _push(registry, tag, manifest)
    return manifest.digest


def exists(base_url: str, repository: str, reference: str, *, timeout: float = 5) -> str | None:
    """The digest that `reference` (a tag or a digest) has in the registry; None where it has none."""
    from lab.images.fetch import ACCEPT

    with _registry(base_url, repository, reference, timeout) as registry:
        answer = registry.head(f"manifests/{reference}", accept=ACCEPT)
        if answer.status == http.client.NOT_FOUND:
            return None
        _require(registry, answer, f"{repository}:{reference}", http.client.OK)
        return answer.headers.get("docker-content-digest", "")


def _push(registry: Registry, reference: str, manifest: Manifest) -> None:
    for blob in manifest.blobs:
        _upload(registry, blob)
    for child in manifest.manifests:
        _push(registry, child.digest, child)
    blob = manifest.blob
    answer = registry.put(f"manifests/{reference}", blob.open, blob.size, blob.media_type)
    _require(registry, answer, f"{registry.reference.repository}:{reference}", http.client.CREATED)


def _upload(registry: Registry, blob: Blob) -> None:
    """Send a blob in one piece, unless it is there."""
    if registry.head(f"blobs/{blob.digest}").status == http.client.OK:
        return
    repository = registry.reference.repository
    begun = registry.post("blobs/uploads/")
    _require(registry, begun, repository, http.client.ACCEPTED)
    place = urlsplit(begun.headers.get("location", ""))
    query = "&".join(part for part in (place.query, f"digest={blob.digest}") if part)
    answer = registry.put(f"{place.path}?{query}", blob.open, blob.size, _BYTES)
    _require(registry, answer, f"{repository}@{blob.digest}", http.client.CREATED)


def _require(registry: Registry, answer: Answer, what: str, wanted: int) -> None:
    """Raise unless the answer is the wanted one."""
    if answer.status == wanted:
        return
    name = registry.reference.endpoint
    said = f"The registry {name!r} answered {answer.status} to {what!r}{_told(answer.body)}"
    if answer.status in (http.client.UNAUTHORIZED, http.client.FORBIDDEN):
        raise Blocked(f"{said}.", f"Run `docker login {name}`, then try again.")
    if answer.status >= http.client.INTERNAL_SERVER_ERROR or answer.status == http.client.TOO_MANY_REQUESTS:
        raise Blocked(f"{said}.", "Check `lab status`, and whether the disk is full.")
    raise BadInput(f"{said}.", "Push what it refers to first, or fix the image.")


def _told(body: bytes) -> str:
    try:
        errors = json.loads(body)["errors"]
        said = [f": {row['code']} {row.get('message', '')}".rstrip() for row in errors]
        return "".join(dict.fromkeys(said))
    except (ValueError, LookupError, TypeError):
        return ""


@contextmanager
def _registry(base_url: str, repository: str, reference: str, timeout: float) -> Iterator[Registry]:
    from lab.images.registry import Registry

    address = _address(base_url)
    _check(repository, reference)
    try:
        with Registry(Reference(address, repository, reference), limit=timeout) as registry:
            yield registry
    except Unreachable as error:
        raise Blocked(
            f"The registry {address!r} does not answer: it {error.what}.", "Run `lab up`, and look at `lab status`."
        ) from error


def _check(repository: str, reference: str) -> None:
    if not _REPOSITORY.match(repository):
        raise BadInput(f"{repository!r} is not a repository's name.", "Use small letters, digits and `/ . _ -`.")
    if not _REFERENCE.match(reference):
        raise BadInput(f"{reference!r} is neither a tag nor a digest.", "A tag is letters, digits and `. _ -`.")


def _address(base_url: str) -> str:
    try:
        parts = urlsplit(base_url if "://" in base_url else f"http://{base_url}")
        whole = parts.scheme == "http" and is_plain(parts.netloc) and not parts.path.strip("/") and parts.port != 0
    except ValueError:
        whole = False
    if not whole:
        raise BadInput(
            f"{base_url!r} is not a registry's address on this machine.", "One looks like http://localhost:5000."
        )
    return parts.netloc
