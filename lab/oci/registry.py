"""Push to a registry over the distribution API: loopback, plain HTTP, no login."""

from __future__ import annotations

import http.client
import json
import re
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

from lab.errors import BadInput, Blocked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.oci.images import Manifest
    from lab.oci.layers import Blob

_MANIFESTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_REPOSITORY = re.compile(r"[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*\Z")
_REFERENCE = re.compile(r"([A-Za-z0-9_][A-Za-z0-9._-]{0,127}|sha256:[0-9a-f]{64})\Z")


def push(base_url: str, repository: str, tag: str, manifest: Manifest, *, timeout: float = 30) -> str:
    """Push an image or an index, and give its digest. Blobs that the registry has are not sent again.

    `base_url` is `http://localhost:PORT` (or `localhost:PORT`); `timeout` is in seconds, for each answer.
    Raises Blocked where the registry does not answer, BadInput where it refuses.
    """
    with _registry(base_url, timeout) as registry:
        _push(registry, _checked(repository, tag), tag, manifest)
    return manifest.digest


def exists(base_url: str, repository: str, reference: str, *, timeout: float = 5) -> str | None:
    """The digest that `reference` (a tag or a digest) has in the registry; None where it has none."""
    with _registry(base_url, timeout) as registry:
        path = f"/v2/{_checked(repository, reference)}/manifests/{reference}"
        status, headers, body = registry.ask("HEAD", path, headers={"Accept": ", ".join(_MANIFESTS)})
        if status == http.client.NOT_FOUND:
            return None
        registry.require(status, body, f"{repository}:{reference}", http.client.OK)
        return headers.get("Docker-Content-Digest", "")


def _checked(repository: str, reference: str) -> str:
    if not _REPOSITORY.match(repository):
        raise BadInput(f"{repository!r} is not a repository's name.", "Use small letters, digits and `/ . _ -`.")
    if not _REFERENCE.match(reference):
        raise BadInput(f"{reference!r} is neither a tag nor a digest.", "A tag is letters, digits and `. _ -`.")
    return repository


def _push(registry: _Registry, repository: str, reference: str, manifest: Manifest) -> None:
    for blob in manifest.blobs:
        registry.upload(repository, blob)
    for child in manifest.manifests:
        _push(registry, repository, child.digest, child)
    status, _, body = registry.ask(
        "PUT",
        f"/v2/{repository}/manifests/{reference}",
        body=manifest.blob.open(),
        headers={"Content-Type": manifest.blob.media_type, "Content-Length": str(manifest.blob.size)},
    )
    registry.require(status, body, f"{repository}:{reference}", http.client.CREATED)


class _Registry:
    """One connection to a registry."""

    def __init__(self, address: str, timeout: float) -> None:
        self.address = address
        self._connection = http.client.HTTPConnection(address, timeout=timeout, blocksize=1 << 17)

    def close(self) -> None:
        self._connection.close()

    def ask(
        self, method: str, path: str, *, body: IO[bytes] | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        sent = {**({"Content-Length": "0"} if method == "POST" else {}), **(headers or {})}
        try:
            self._connection.request(method, path, body, sent)
            answer = self._connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            if body is not None:
                body.close()

    def upload(self, repository: str, blob: Blob) -> None:
        """Send a blob in one piece, unless it is there."""
        status, _, _ = self.ask("HEAD", f"/v2/{repository}/blobs/{blob.digest}")
        if status == http.client.OK:
            return
        status, headers, body = self.ask("POST", f"/v2/{repository}/blobs/uploads/")
        self.require(status, body, repository, http.client.ACCEPTED)
        place = urlsplit(headers.get("Location", ""))
        query = "&".join(part for part in (place.query, f"digest={blob.digest}") if part)
        status, _, body = self.ask(
            "PUT",
            f"{place.path}?{query}",
            body=blob.open(),
            headers={"Content-Type": "application/octet-stream", "Content-Length": str(blob.size)},
        )
        self.require(status, body, f"{repository}@{blob.digest}", http.client.CREATED)

    def require(self, status: int, body: bytes, what: str, wanted: int) -> None:
        """Raise unless the answer is the wanted one."""
        if status == wanted:
            return
        said = f"the registry {self.address!r} answered {status} to {what!r}{_told(body)}"
        if status in (http.client.UNAUTHORIZED, http.client.FORBIDDEN):
            raise Blocked(f"{said}.", "It wants a login: push with `docker push` after `docker login`.")
        if status >= http.client.INTERNAL_SERVER_ERROR or status == http.client.TOO_MANY_REQUESTS:
            raise Blocked(f"{said}.", "Check `lab status`, and whether the disk is full.")
        raise BadInput(f"{said}.", "Push what it refers to first, or fix the image.")


def _told(body: bytes) -> str:
    try:
        errors = json.loads(body)["errors"]
        said = [f": {row['code']} {row.get('message', '')}".rstrip() for row in errors]
        return "".join(dict.fromkeys(said))
    except (ValueError, LookupError, TypeError):
        return ""


def _address(base_url: str) -> str:
    try:
        parts = urlsplit(base_url if "://" in base_url else f"http://{base_url}")
        whole = parts.scheme == "http" and parts.hostname and not parts.path.strip("/") and parts.port != 0
    except ValueError:
        whole = False
    if not whole:
        raise BadInput(f"{base_url!r} is not a registry's address.", "One looks like http://localhost:5000.")
    return parts.netloc


@contextmanager
def _registry(base_url: str, timeout: float) -> Iterator[_Registry]:
    registry = _Registry(_address(base_url), timeout)
    try:
        yield registry
    except (OSError, http.client.HTTPException) as error:
        raise Blocked(
            f"the registry {registry.address!r} does not answer ({error or type(error).__name__}).",
            "Run `lab up`, and look at `lab status`.",
        ) from error
    finally:
        registry.close()
