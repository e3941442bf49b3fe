"""Images that a fake registry holds."""

from __future__ import annotations

from support.places import DATA

from lab.images import build
from lab.model.platforms import Platform

ELF = DATA / "elf"
AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")


def image(platform="linux/amd64", program="hello-amd64", **config):
    layer = build.layer({"app/server": ((ELF / program).read_bytes(), 0o755)})
    return build.image([layer], platform=platform, config={"Entrypoint": ["/app/server"], **config})


def two_platforms():
    return build.index([image(), image("linux/arm64", "hello-arm64")])
