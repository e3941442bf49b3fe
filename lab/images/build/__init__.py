"""Images made and pushed without an engine: layers, configurations, manifests, indexes.

Everything that goes into an image is the caller's to choose (platform, annotations, media types,
configuration), so that the strange images of the lessons and the tests can be made as well as sound ones. The
same input gives the same digests. Source of the shapes: the OCI image and distribution specifications.
"""

from __future__ import annotations

from lab.images.build.images import Entry, Manifest, image, index
from lab.images.build.layers import Blob, Content, File, Folder, Link, blob, files_of, layer
from lab.images.build.layout import kept, read_layout, write_archive, write_layout
from lab.images.build.push import exists, push

__all__ = [
    "Blob",
    "Content",
    "Entry",
    "File",
    "Folder",
    "Link",
    "Manifest",
    "blob",
    "exists",
    "files_of",
    "image",
    "index",
    "kept",
    "layer",
    "push",
    "read_layout",
    "write_archive",
    "write_layout",
]
