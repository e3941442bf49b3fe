"""Images to audit: true ones, and what they are made of."""

from __future__ import annotations

from support.places import DATA

from lab.images import build

ELF = DATA / "elf"
RUN = 0o755
GLIBC = "/lib64/ld-linux-x86-64.so.2"


def elf(name):
    return (ELF / name).read_bytes(), RUN


def image(files, platform="linux/amd64", below=(), **config):
    return build.image([*below, build.layer(files)], platform=platform, config={"Entrypoint": ["/app/server"]} | config)


def good(machine="amd64", platform=None):
    return image({"app/server": elf(f"hello-{machine}")}, platform or f"linux/{machine}")


def found(report):
    return [(finding.rule, finding.severity, finding.platform) for finding in report.findings]


def bad_tag():
    """The arm64 image has a layer of its own, with the amd64 program in it."""
    lie = image({"app/server": elf("hello-amd64"), "etc/arm64": (b"", 0o644)}, "linux/arm64")
    return build.index([good("amd64"), lie])
