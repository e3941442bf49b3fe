"""Manifests, configurations and layers from a registry, each verified against its digest, as facts.

What cannot be what it should be is Blocked where the registry is to blame (its bytes are not those of the digest),
BadInput where what was pushed is.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lab.errors import BadInput, Blocked, NotThere
from lab.images import blobs
from lab.model.digests import brief
from lab.model.facts import Evidence, Image, Images, Index, Manifest, annotations_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lab.images.exchange import Answer
    from lab.images.layers import Layer, Limits
    from lab.images.registry import Registry

_OCI, _DOCKER = "application/vnd.oci.image", "application/vnd.docker.distribution.manifest"
INDEXES = (f"{_OCI}.index.v1+json", f"{_DOCKER}.list.v2+json")
MANIFESTS = (f"{_OCI}.manifest.v1+json", f"{_DOCKER}.v2+json")
ACCEPT = ", ".join(INDEXES + MANIFESTS)
_SHOWN = 12
_READ_ON = 1 << 30  # bytes
_DAMAGED = "Push it again."


class NoImage(BadInput):
    """A manifest of something that no container runs; `kind` is its media type."""

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message)
        self.kind = kind


def no_image(manifest: Mapping[str, Any]) -> str:
    """What a manifest is of where it is no image's (a chart, a signature, an attestation): a media type, else ""."""
    config, rows = manifest.get("config"), manifest.get("layers")
    said = manifest.get("artifactType")
    if config is None and rows is None:
        written = str(manifest.get("mediaType") or "")
        return str(said or "") or (written if "artifact" in written else "")
    kind = str(config.get("mediaType", "")) if isinstance(config, dict) else ""
    if kind and "image" not in kind:
        return str(said or kind)
    if isinstance(rows, list) and rows and all(isinstance(row, dict) for row in rows):
        # Signatures call their configuration an image's, and hold nothing that could be unpacked.
        kinds = [str(row.get("mediaType", "")) for row in rows]
        if all(one and "tar" not in one and "layer" not in one and "rootfs" not in one for one in kinds):
            return kinds[0]
    return str(said) if said and not kind else ""


def fetch_index(registry: Registry) -> Index:
    """The index (or the one image) that the registry's reference stands for, its digest verified."""
    name = registry.reference
    body, answer = _manifest(registry, name.target)
    evidence: tuple[Evidence, ...] = (said_by(registry, answer, f"manifests/{name.target}"),)
    media_type = str(body.get("mediaType") or answer.headers.get("content-type", "")).split(";")[0]
    digest = "sha256:" + hashlib.sha256(answer.body).hexdigest()
    rows = body.get("manifests")
    if rows is None:
        alone = Manifest(digest=digest, platform=None, media_type=media_type, size=len(answer.body))
        known = _config(registry, body)
        if known is not None:
            alone = replace(alone, platform=Image.from_json(known[0], reference="", digest="").platform)
            evidence += known[1]
        return Index(
            reference=str(name),
            digest=digest,
            media_type=media_type,
            is_index=False,
            manifests=(alone,),
            annotations=annotations_of(body),
            evidence=evidence,
        )
    if not isinstance(rows, list):
        raise BadInput(f"The index of {str(name)!r} holds {type(rows).__name__} where its list should be.", _DAMAGED)
    manifests = tuple(map(Manifest.from_json, rows))
    return Index(
        reference=str(name),
        digest=digest,
        media_type=media_type,
        is_index=True,
        manifests=manifests,
        annotations=annotations_of(body),
        evidence=evidence,
    )


def fetch_images(registry: Registry) -> Images:
    """The index and the image of each of its rows."""
    found = fetch_index(registry)
    each = tuple(fetch_image(registry, row) for row in found.images)
    evidence = found.evidence + tuple(said for one in each for said in one.evidence)
    return Images(index=found, images=each, evidence=evidence)


def fetch_image(registry: Registry, row: Manifest, evidence: tuple[Evidence, ...] = ()) -> Image:
    """The configuration behind one row of an index; manifest and configuration verified."""
    body, answer = _manifest(registry, row.digest)
    known = _config(registry, body)
    if known is None:
        kind = no_image(body)
        raise NoImage(f"{str(registry.reference)!r} is not an image that a container can run.", kind)
    said = said_by(registry, answer, f"manifests/{row.digest}")
    return Image.from_json(
        known[0],
        reference=str(registry.reference),
        digest=row.digest,
        layers=tuple(d for d, _ in layer_descriptors(body)),
        evidence=(*evidence, said, *known[1]),
    )


def fetch_layer(registry: Registry, digest: str, known: dict[str, Layer], limits: Limits | None = None) -> Layer:
    """What one layer holds, read as a stream; each layer once (`known` is where it is kept)."""
    from lab.images import layers

    if digest not in known:
        what = f"The layer {brief(digest)} from {registry.reference.endpoint!r}"
        with registry.open(f"blobs/{digest}") as stream:
            checked = blobs.Verified(stream, digest, stream.size, what, Blocked)
            try:
                known[digest] = layers.read(checked, what, limits)
            except BadInput:
                # Damaged on the way, or pushed so? The digest tells, where reading on has an end.
                if stream.size is not None and stream.size < _READ_ON:
                    checked.finish()
                raise
            checked.finish()
    return known[digest]


def layer_descriptors(manifest: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Digest and size of each layer, lowest first; BadInput where the manifest is none."""
    rows = manifest.get("layers")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadInput("A manifest has no list of layers.", _DAMAGED)
    return [(str(row.get("digest", "")), row["size"] if isinstance(row.get("size"), int) else 0) for row in rows]


def _manifest(registry: Registry, target: str) -> tuple[dict[str, Any], Answer]:
    answer = registry.get(f"manifests/{target}", accept=ACCEPT)
    name = registry.reference
    if answer.status != 200:
        raise _missing(registry, target, answer.status)
    what = f"What {name.endpoint!r} sends for {name.repository}{'@' if ':' in target else ':'}{target}"
    for digest in {target, answer.headers.get("docker-content-digest", "")}:
        if ":" in digest:
            blobs.verify(answer.body, digest, what, Blocked)
    data = answer.json(what)
    if not isinstance(data, dict) or data.get("schemaVersion") == 1:
        raise BadInput(f"{what} is not a manifest in a current format.", _DAMAGED)
    return data, answer


def _config(registry: Registry, manifest: Mapping[str, Any]) -> tuple[Any, tuple[Evidence, ...]] | None:
    """An image's configuration; None where the manifest is of something else (a chart, an attestation, …)."""
    if no_image(manifest):
        return None
    described = manifest.get("config")
    if not isinstance(described, dict) or not isinstance(digest := described.get("digest"), str):
        raise BadInput(f"The manifest of {str(registry.reference)!r} names no configuration.", _DAMAGED)
    answer = registry.get(f"blobs/{digest}")
    what = f"The configuration {brief(digest)} from {registry.reference.endpoint!r}"
    if answer.status != 200:
        raise Blocked(f"{what} is missing ({answer.status}).", _DAMAGED)
    blobs.verify(answer.body, digest, what, Blocked)
    return answer.json(what), (said_by(registry, answer, f"blobs/{digest}"),)


def _missing(registry: Registry, target: str, status: int) -> NotThere | Blocked:
    name = registry.reference
    if status != 404:
        return Blocked(f"The registry {name.endpoint!r} answers {status} for {str(name)!r}.", "Look at its log.")
    there = tags_of(registry.get("tags/list"))
    what = f"There is no {name.repository}{'@' if ':' in target else ':'}{target} in {name.endpoint}"
    if not there:
        return NotThere(f"{what}, and nothing else under that name.")
    more = f" and {len(there) - _SHOWN} more" if len(there) > _SHOWN else ""
    return NotThere(f"{what}. Its tags: {', '.join(there[:_SHOWN])}{more}.")


def tags_of(answer: Answer) -> tuple[str, ...]:
    """The names in a list of tags, sorted."""
    if answer.status != 200:
        return ()
    data = answer.json("The list of tags")
    names = data.get("tags") if isinstance(data, dict) else None
    return tuple(sorted(map(str, names))) if isinstance(names, list) else ()


def said_by(registry: Registry, answer: Answer, path: str) -> Evidence:
    """The question and the raw answer. A login never is in either."""
    return Evidence(f"GET /v2/{registry.reference.repository}/{path}", answer.body.decode("utf-8", "replace").strip())
