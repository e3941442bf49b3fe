"""An image that the lab made, into the sandbox's registry: what stands in the cache is linked, not sent and kept twice.

The registry, distribution's, keeps a blob as `blobs/sha256/<two>/<hex>/data`, and in each repository a small file which
says that the blob belongs there (`registry/storage/paths.go` in its sources). It never writes to a blob that it has, as
that is named by its content: the end of an upload looks for it first (`moveBlob` in `registry/storage/blobwriter.go`).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from lab import paths
from lab.images import build
from lab.sandbox import registry
from lab.storage import write_text

if TYPE_CHECKING:
    from collections.abc import Sequence

_KEPT = Path("docker/registry/v2")


def put(mirror: str, repository: str, tags: Sequence[str], image: build.Manifest) -> None:
    """Push `image` to the sandbox's own registry (`127.0.0.1:PORT`) under each of `tags`; blobs in files are linked.

    A blob that cannot be linked (the cache is on another disk, or somebody else's) is sent. Raises Blocked where the
    registry does not answer.
    """
    for blob in image.every_blob():
        if isinstance(blob.content, Path):
            _link(blob.content, blob.digest, repository)
    for tag in tags:
        build.push(mirror, repository, tag, image)


def _link(file: Path, digest: str, repository: str) -> None:
    folder = registry.images(paths.sandbox()) / _KEPT
    name = digest.partition(":")[2]
    kept = folder / "blobs/sha256" / name[:2] / name / "data"
    try:
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            os.link(file, kept)
        write_text(folder / "repositories" / repository / "_layers/sha256" / name / "link", digest)
    except OSError:
        return  # then it is sent
