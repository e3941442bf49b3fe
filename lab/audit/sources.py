"""Where an image to audit may be: a registry, an OCI layout in a folder, the archive of `docker save`.

Each gives the same facts: an index, the image behind each of its rows, and what a layer holds. All bytes are
verified against their digests. Sources: the OCI image layout specification
(https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md, "index.json file"); Docker's image
specification 1.2, "Combined Image JSON + Filesystem Changeset Format" (`manifest.json`:
https://github.com/moby/docker-image-spec/blob/v1.3.1/v1.2.md).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from lab.audit.files import DAMAGED, InArchive, InFolder, content, opened, parsed, table
from lab.errors import BadInput, Blocked, NotThere
from lab.images import blobs, fetch, layers
from lab.images.layers.unpack import unpacked
from lab.model.digests import brief
from lab.model.facts import Evidence, Image, Index, Manifest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lab.audit.files import Files
    from lab.images.layers import Layer, Limits
    from lab.images.registry import Registry

_DEEP = 4


@dataclass(frozen=True)
class NoImage:
    """A row that is something else; `kind` says what (a media type)."""

    kind: str


class Source(Protocol):
    """What an audit asks of a place that holds images."""

    def tags(self) -> list[tuple[str, Index]]:
        """Each tag's name and its rows; the name is "" where it has none. One image under two names is one tag."""
        ...

    def image(self, row: Manifest) -> Image | NoImage | None:
        """The image behind a row; None where the place lists it and does not hold it."""
        ...

    def layer(self, digest: str, limits: Limits) -> Layer:
        """What a layer holds."""
        ...


class InRegistry:
    """An image in a registry."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def tags(self) -> list[tuple[str, Index]]:
        """The rows behind the registry's reference."""
        return [("", fetch.fetch_index(self._registry))]

    def image(self, row: Manifest) -> Image | NoImage | None:
        """The configuration of one row."""
        try:
            return fetch.fetch_image(self._registry, row)
        except fetch.NoImage as error:
            return NoImage(error.kind)

    def layer(self, digest: str, limits: Limits) -> Layer:
        """Read as it comes over the network."""
        return fetch.fetch_layer(self._registry, digest, {}, limits)


def local(place: Path) -> Source:
    """The images in a folder or an archive; NotThere, BadInput or Blocked where there are none to read."""
    try:
        files: Files = InFolder(place) if place.is_dir() else InArchive(place)
        return InLayout(files) if content(files, "index.json") is not None else InOldArchive(files)
    except FileNotFoundError:
        raise NotThere(f"There is no file {str(place)!r}.") from None
    except OSError as error:
        raise Blocked(f"{str(place)!r} cannot be read: {error.strerror}.") from error


class InLayout:
    """An OCI image layout: a folder, or an archive of one (what `docker save` writes since engine 25)."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def tags(self) -> list[tuple[str, Index]]:
        """The rows of `index.json` by their names; an index among them is opened."""
        name = self._files.name
        data = table(content(self._files, "index.json") or b"", f"index.json of {name!r}")
        said = Evidence(f"{name}: index.json", json.dumps(data))
        named: dict[str, list[Manifest]] = {}
        for row in _rows(data, name):
            named.setdefault(_name(row), []).append(row)
        return _merged([(tag, self._index(rows, said)) for tag, rows in named.items()])

    def _index(self, rows: list[Manifest], said: Evidence) -> Index:
        found = tuple(row for one in rows for row in self._opened(one, 0))
        return Index(
            reference=self._files.name,
            digest=rows[0].digest if len(rows) == 1 else "",
            media_type=rows[0].media_type if rows else "",
            is_index=len(found) != 1 or found[0].digest != rows[0].digest,
            manifests=found,
            evidence=(said,),
        )

    def image(self, row: Manifest) -> Image | NoImage | None:
        """The configuration of one row; None where its manifest or configuration is not held."""
        body = self._blob(row.digest, "manifest")
        if body is None:
            return None
        if kind := fetch.no_image(body):
            return NoImage(kind)
        described = body.get("config")
        digest = described.get("digest") if isinstance(described, dict) else ""
        config = self._blob(str(digest), "configuration")
        if config is None:
            return None
        wanted = tuple(digest for digest, _ in fetch.layer_descriptors(body))
        return Image.from_json(config, reference=self._files.name, digest=row.digest, layers=wanted)

    def layer(self, digest: str, limits: Limits) -> Layer:
        """Read from its blob; Blocked where that is not held."""
        what = f"The layer {brief(digest)} of {self._files.name!r}"
        path = _blob_path(digest)
        with opened(self._files, path) as stream:
            if stream is None:
                raise Blocked(f"{what} is not there.", "Save the image again, whole.")
            checked = blobs.Verified(stream, digest, self._files.size(path), what)
            found = layers.read(checked, what, limits)
            checked.finish()
            return found

    def _opened(self, row: Manifest, depth: int) -> Iterator[Manifest]:
        """The row itself, or the rows of the index that it stands for; a single image with its own platform."""
        body = self._blob(row.digest, "manifest")
        if body is not None and "manifests" in body:
            if depth > _DEEP:
                raise BadInput(f"{self._files.name!r} holds indexes within indexes without end.", DAMAGED)
            for inner in _rows(body, self._files.name):
                yield from self._opened(inner, depth + 1)
        elif body is not None and row.platform is None and isinstance(image := self.image(row), Image):
            yield Manifest(digest=row.digest, platform=image.platform, media_type=row.media_type, size=row.size)
        else:
            yield row

    def _blob(self, digest: str, kind: str) -> dict[str, Any] | None:
        what = f"The {kind} {brief(digest)} of {self._files.name!r}"
        found = content(self._files, _blob_path(digest))
        if found is None:
            return None
        blobs.verify(found, digest, what)
        return table(found, what)


class InOldArchive:
    """What `docker save` wrote before it wrote layouts: `manifest.json`, configurations and plain layers."""

    def __init__(self, files: Files) -> None:
        found = content(files, "manifest.json")
        if found is None:
            raise BadInput(
                f"{files.name!r} holds no image: it has neither index.json nor manifest.json.",
                "Give a folder with an OCI layout, or what `docker save` wrote.",
            )
        rows = parsed(found, f"manifest.json of {files.name!r}")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise BadInput(f"manifest.json of {files.name!r} is no list of images.", DAMAGED)
        self._files = files
        self._diffs: dict[str, str] = {}
        self._images = [(_tags(row), self._image(row)) for row in rows]
        self._said = Evidence(f"{files.name}: manifest.json", found.decode("utf-8", "replace"))

    def tags(self) -> list[tuple[str, Index]]:
        """A tag for each image in the archive."""
        return _merged([(name, self._index(image)) for name, image in self._images])

    def _index(self, image: Image) -> Index:
        row = Manifest(digest=image.digest, platform=image.platform, written=str(image.platform))
        return Index(
            reference=self._files.name,
            digest=image.digest,
            media_type="",
            is_index=False,
            manifests=(row,),
            evidence=(self._said,),
        )

    def image(self, row: Manifest) -> Image | NoImage | None:
        """The configuration of one row."""
        return next((image for _, image in self._images if image.digest == row.digest), None)

    def layer(self, digest: str, limits: Limits) -> Layer:
        """Read from its file, which is named in place of a digest; verified as the plain archive that it is."""
        what = f"The layer {digest!r} of {self._files.name!r}"
        with opened(self._files, digest) as stream:
            if stream is None:
                raise Blocked(f"{what} is not there.", "Save the image again, whole.")
            # Some tools pack them all the same; the configuration's digests are of the plain bytes.
            checked = blobs.Verified(unpacked(stream, what), self._diffs[digest], None, what)
            found = layers.read(checked, what, limits)
            checked.finish()
            return found

    def _image(self, row: dict[str, Any]) -> Image:
        path, named = str(row.get("Config", "")), row.get("Layers")
        found = content(self._files, path)
        if found is None:
            raise BadInput(f"{self._files.name!r} does not hold {path!r}, which it names.", DAMAGED)
        config = table(found, f"{path!r} of {self._files.name!r}")
        rootfs = config.get("rootfs")
        diffs = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
        if not isinstance(named, list) or not isinstance(diffs, list) or len(named) != len(diffs):
            raise BadInput(f"{self._files.name!r} does not say which layers {path!r} is made of.", DAMAGED)
        self._diffs |= {str(name): str(diff) for name, diff in zip(named, diffs, strict=True)}
        digest = "sha256:" + hashlib.sha256(found).hexdigest()
        return Image.from_json(config, reference=self._files.name, digest=digest, layers=tuple(map(str, named)))


def _name(row: Manifest) -> str:
    """A row's name in a layout: containerd's and Docker's in full, else the tag alone that the OCI has."""
    notes = dict(row.annotations)
    return notes.get("io.containerd.image.name") or notes.get("org.opencontainers.image.ref.name") or ""


def _tags(row: dict[str, Any]) -> str:
    names = row.get("RepoTags")
    return ", ".join(map(str, names)) if isinstance(names, list) else ""


def _merged(tags: list[tuple[str, Index]]) -> list[tuple[str, Index]]:
    """One image under several names is one tag with all of them; what has no name goes by its digest."""
    by_image: dict[tuple[str, ...], tuple[list[str], Index]] = {}
    for name, index in tags:
        key = tuple(row.digest for row in index.manifests)
        by_image.setdefault(key, ([], index))[0].append(name or brief(index.digest))
    return [(", ".join(dict.fromkeys(filter(None, names))), index) for names, index in by_image.values()]


def _rows(data: dict[str, Any], name: str) -> list[Manifest]:
    rows = data.get("manifests")
    if not isinstance(rows, list):
        raise BadInput(f"An index of {name!r} has no list of manifests.", DAMAGED)
    return [Manifest.from_json(row) for row in rows]


def _blob_path(digest: str) -> str:
    algorithm, _, name = digest.partition(":")
    if not algorithm.isalnum() or not name.isalnum():
        raise BadInput(f"{digest!r} is no digest.", DAMAGED)
    return f"blobs/{algorithm}/{name}"
