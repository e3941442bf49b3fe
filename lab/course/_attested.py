"""Which attestation of an index is about which of its images."""

from __future__ import annotations

from lab.model.facts import Index, Manifest


def lost(whole: Index, source: Index) -> tuple[Manifest, ...]:
    """The attestations that `source` has of an image of `whole`, and that are not in `whole`."""
    images, known = {row.digest for row in whole.images}, {row.digest for row in whole.manifests}
    return tuple(
        row for row in source.manifests if row.is_attestation and row.about in images and row.digest not in known
    )


def orphans(index: Index) -> tuple[Manifest, ...]:
    """The attestations of an index that are about no image in it."""
    images = {row.digest for row in index.images}
    return tuple(row for row in index.manifests if row.is_attestation and row.about not in images)
