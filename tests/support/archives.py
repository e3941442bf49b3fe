"""Layers made in memory, and how a test reads them."""

from __future__ import annotations

import io
import tarfile

from support.places import DATA

from lab.images import build, layers
from lab.images.layers import Limits

ELF = DATA / "elf"
ARM64 = (ELF / "hello-arm64").read_bytes()
RUN = 0o755


def layer(files, **how):
    with build.layer(files, **how).open() as stream:
        return layers.read(stream)


def raw(*members, pad=True, form=tarfile.PAX_FORMAT):
    """A tar of (name, type, content or target), written as it stands."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for name, kind, content in members:
            info = tarfile.TarInfo(name)
            info.type, info.mode = kind, RUN
            if kind == tarfile.REGTYPE:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
            else:
                info.linkname = content
                tar.addfile(info)
    return out.getvalue() if pad else out.getvalue().rstrip(b"\0")


def read(data, **limits):
    return layers.read(io.BytesIO(data), "The layer", Limits(**limits))


def root(*parts):
    return layers.merge([part if isinstance(part, layers.Layer) else layer(part) for part in parts])


def where(found):
    return found and (found.path, str(found.platform))
