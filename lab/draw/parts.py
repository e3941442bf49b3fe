"""What an image is made of, with sizes: read from its manifest, which the fact carries as evidence."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lab.model.digests import digits
from lab.model.facts import Image, Index, Manifest


@dataclass(frozen=True)
class Blob:
    """A configuration or a layer: its digest and its size in bytes (None where it is not known)."""

    digest: str
    size: int | None = None


@dataclass(frozen=True)
class Parts:
    """An image's configuration and its layers, lowest first, as the registry keeps them (compressed)."""

    config: Blob | None
    layers: tuple[Blob, ...]

    @property
    def size(self) -> int | None:
        """All layers together, in bytes; None where one is not known."""
        sizes = [layer.size for layer in self.layers]
        return None if None in sizes else sum(size for size in sizes if size is not None)


def parts(image: Image) -> Parts:
    """The parts of an image. Without its manifest among the evidence there are digests only."""
    manifest = _manifest(image)
    config = manifest.get("config")
    sizes = {blob.digest: blob.size for blob in map(_blob, manifest.get("layers") or ()) if blob}
    return Parts(_blob(config), tuple(Blob(digest, sizes.get(digest)) for digest in image.layers))


def images_by_digest(images: Sequence[Image]) -> dict[str, Image]:
    """The images, found by the digest of their manifest."""
    return {image.digest: image for image in images}


def subject(attestation: Manifest, index: Index) -> str:
    """What an attestation is for: a platform of the index, or a digest where it is for something else."""
    digest = attestation.about
    found = next((row for row in index.images if row.digest == digest), None)
    if found and found.platform:
        return str(found.platform)
    return digits(digest) if digest else "an image that it does not name"


def _manifest(image: Image) -> dict[str, Any]:
    for evidence in image.evidence:
        if image.digest and evidence.asked.endswith(f"manifests/{image.digest}"):
            try:
                data = json.loads(evidence.answer)
            except (ValueError, RecursionError):
                return {}
            return data if isinstance(data, dict) else {}
    return {}


def _blob(data: Any) -> Blob | None:
    if not isinstance(data, dict) or not isinstance(data.get("digest"), str):
        return None
    size = data.get("size")
    return Blob(data["digest"], size if isinstance(size, int) and size >= 0 else None)
