"""Image configurations, manifests and indexes, as JSON with digests of their own."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lab.errors import BadInput
from lab.images.build.layers import Blob, blob

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

CONFIG = "application/vnd.oci.image.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
_EPOCH = "1970-01-01T00:00:00Z"


@dataclass(frozen=True)
class Manifest:
    """An image's manifest or an index, with everything that it names.

    `blobs` (configuration and layers) and `manifests` (an index's images) must be in a registry before it.
    """

    blob: Blob
    blobs: tuple[Blob, ...] = ()
    manifests: tuple[Manifest, ...] = ()
    platform: Mapping[str, str] | None = None

    @property
    def digest(self) -> str:
        """`sha256:…` of the manifest's own bytes."""
        return self.blob.digest

    def every_blob(self) -> Iterator[Blob]:
        """All that it is made of, each before what names it; its own bytes come last."""
        yield from self.blobs
        for child in self.manifests:
            yield from child.every_blob()
        yield self.blob

    def entry(
        self,
        *,
        platform: str | Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
    ) -> Entry:
        """Its row in an index, under another platform than its own, or with annotations."""
        return Entry(self, _platform(platform) if platform else self.platform, annotations or {})


@dataclass(frozen=True)
class Entry:
    """One row of an index: a manifest, and what the index says of it (which need not be true)."""

    manifest: Manifest
    platform: Mapping[str, str] | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)


def image(  # noqa: PLR0913 - an image has that many parts that may be strange
    layers: Sequence[Blob],
    *,
    platform: str | Mapping[str, str],
    config: Mapping[str, Any] | None = None,
    annotations: Mapping[str, str] | None = None,
    media_type: str = MANIFEST,
    config_type: str = CONFIG,
    config_extra: Mapping[str, Any] | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Manifest:
    """An image of `layers` for `platform` (`linux/arm/v7`, taken as it is written, or a mapping).

    `config` holds what a container is started with (`Env`, `Cmd`, `Entrypoint`, `Labels` …); `config_extra`
    and `extra` are merged over the top level of the configuration and of the manifest.
    """
    told = _platform(platform)
    document = {
        "created": _EPOCH,
        **told,
        "config": dict(config or {}),
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
        **(config_extra or {}),
    }
    configuration = blob(json.dumps(document, separators=(",", ":")).encode(), config_type)
    body: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": _descriptor(configuration),
        "layers": [_descriptor(layer) for layer in layers],
    }
    if annotations:
        body["annotations"] = dict(annotations)
    body.update(extra or {})
    return Manifest(_json(body, media_type), (configuration, *layers), platform=told)


def index(
    entries: Sequence[Manifest | Entry],
    *,
    annotations: Mapping[str, str] | None = None,
    media_type: str = INDEX,
    extra: Mapping[str, Any] | None = None,
) -> Manifest:
    """An index of `entries`; a `Manifest` is listed under its own platform."""
    rows = [entry if isinstance(entry, Entry) else entry.entry() for entry in entries]
    body: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "manifests": [_row(row) for row in rows],
    }
    if annotations:
        body["annotations"] = dict(annotations)
    body.update(extra or {})
    return Manifest(_json(body, media_type), manifests=tuple(row.manifest for row in rows))


def _platform(platform: str | Mapping[str, str]) -> dict[str, str]:
    if not isinstance(platform, str):
        return dict(platform)
    parts = platform.split("/")
    if not all(parts) or len(parts) not in (2, 3):
        raise BadInput(f"{platform!r} is not a platform.", "One looks like linux/arm64 or linux/arm/v7.")
    # Both documents name the architecture first, as the engines' own do.
    return dict(zip(("architecture", "os", "variant"), (parts[1], parts[0], *parts[2:]), strict=False))


def _descriptor(of: Blob) -> dict[str, Any]:
    return {"mediaType": of.media_type, "digest": of.digest, "size": of.size}


def _row(row: Entry) -> dict[str, Any]:
    described = _descriptor(row.manifest.blob)
    if row.annotations:
        described["annotations"] = dict(row.annotations)
    if row.platform:
        described["platform"] = dict(row.platform)
    return described


def _json(body: Mapping[str, Any], media_type: str) -> Blob:
    # Indented as buildx writes it, because `imagetools inspect --raw` shows these very bytes.
    return blob(json.dumps(body, indent=2).encode(), media_type)
