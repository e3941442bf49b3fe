"""Images kept in a folder (an OCI image layout), and as the archive that `docker load` takes."""

from __future__ import annotations

import json
import os
import shutil
import tarfile
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from lab.errors import BadInput, NotThere
from lab.images.build.images import Manifest
from lab.images.build.layers import Blob

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def write_layout(folder: Path, manifest: Manifest, *, names: Sequence[str] = ()) -> None:
    """Keep an image or an index in `folder`, known there (and to `docker load`) by `names`.

    What is in the folder already is not written again; `index.json` comes last, so that a layout that was cut
    short is not taken for a whole one.
    """
    (folder / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
    for blob in manifest.every_blob():
        _keep(folder, blob)
    _write(folder / "oci-layout", {"imageLayoutVersion": "1.0.0"})
    if names and not manifest.manifests:
        # The older format too, which engines with the classic image store read.
        config, *layers = (_path("", blob.digest).as_posix() for blob in manifest.blobs)
        _write(folder / "manifest.json", [{"Config": config, "RepoTags": list(names), "Layers": layers}])
    _write(folder / "index.json", {"schemaVersion": 2, "manifests": _top(manifest, names)})


def read_layout(folder: Path) -> Manifest:
    """The image or index that `write_layout` kept; its blobs stay in their files.

    Raises NotThere where there is no whole layout, BadInput where one is damaged.
    """
    top = folder / "index.json"
    if not top.is_file():
        raise NotThere(f"there is no OCI layout in {str(folder)!r}.")
    try:
        described = json.loads(top.read_bytes())["manifests"][0]
        return _manifest(folder, described)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise BadInput(f"the image layout {str(folder)!r} is damaged: {error}.", "Remove that folder.") from error


def kept(folder: Path) -> Manifest | None:
    """What a cache has in `folder`, where it is there and whole; a damaged layout is dropped."""
    try:
        return read_layout(folder)
    except NotThere:
        return None
    except BadInput:
        shutil.rmtree(folder, ignore_errors=True)
        return None


def write_archive(folder: Path, stream: IO[bytes]) -> None:
    """Write the layout in `folder` as the tar archive that `docker load` reads."""
    with tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            archive.add(path, path.relative_to(folder).as_posix(), recursive=False)


def _path(folder: str | Path, digest: str) -> Path:
    algorithm, _, name = digest.partition(":")
    if not algorithm.isalnum() or not name.isalnum():
        raise ValueError(f"{digest!r} is not a digest")
    return Path(folder) / "blobs" / algorithm / name


def _keep(folder: Path, blob: Blob) -> None:
    path = _path(folder, blob.digest)
    if path.is_file() and path.stat().st_size == blob.size:
        return
    with (
        tempfile.NamedTemporaryFile(dir=folder, prefix=".blob-", delete=False) as copy,
        blob.open() as source,
    ):
        shutil.copyfileobj(source, copy, 1 << 20)
    Path(copy.name).chmod(0o644)
    Path(copy.name).replace(path)


def _write(path: Path, document: Any) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(json.dumps(document))
    fresh.replace(path)


def _top(manifest: Manifest, names: Sequence[str]) -> list[dict[str, Any]]:
    described: dict[str, Any] = {
        "mediaType": manifest.blob.media_type,
        "digest": manifest.digest,
        "size": manifest.blob.size,
    }
    if not names:
        return [described]
    return [
        {
            **described,
            "annotations": {
                "io.containerd.image.name": _whole(name),
                "org.opencontainers.image.ref.name": name.rpartition(":")[2],
            },
        }
        for name in names
    ]


def _whole(name: str) -> str:
    first, slash, _ = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return name
    return f"docker.io/{name if slash else f'library/{name}'}"


def _manifest(folder: Path, described: Mapping[str, Any]) -> Manifest:
    path = _path(folder, described["digest"])
    blob = Blob(described["mediaType"], path.read_bytes(), described["digest"], described["size"])
    body = json.loads(path.read_bytes())
    return Manifest(
        blob,
        tuple(_blobs(folder, body)),
        tuple(_manifest(folder, row) for row in body.get("manifests", [])),
        described.get("platform"),
    )


def _blobs(folder: Path, body: Mapping[str, Any]) -> Iterator[Blob]:
    """The configuration and the layers of an image; nothing for an index."""
    if "config" not in body:
        return
    config = _blob(folder, body["config"])
    yield config
    # Only the configuration tells what a layer is called before it is compressed.
    diff_ids = json.loads(_path(folder, config.digest).read_bytes())["rootfs"]["diff_ids"]
    for row, diff_id in zip(body["layers"], diff_ids, strict=True):
        yield replace(_blob(folder, row), diff_id=diff_id)


def _blob(folder: Path, described: Mapping[str, Any]) -> Blob:
    path = _path(folder, described["digest"])
    if path.stat().st_size != described["size"]:
        raise ValueError(f"{path.name} is {path.stat().st_size} bytes and not {described['size']}")
    return Blob(described["mediaType"], path, described["digest"], described["size"])
