"""Base images for the lab's registry, which plays Docker Hub's mirror: made from the distribution's packages.

A Dockerfile of a lesson says plain `FROM busybox:1.38`, on line and off. Where the lab has no mirror (a
learner's own engine), Docker Hub's real images serve.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lab import paths
from lab.errors import Blocked
from lab.images import build
from lab.sandbox import provision
from lab.sandbox.certificates import of_the_system
from lab.sandbox.packages.deb import upstream
from lab.sandbox.report import Listener, quiet

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.sandbox.model import Sandbox

BUSYBOX = "busybox:1.38"  # what the lessons name; an engine test compares it with the package's own version
BUILDKIT = "moby/buildkit:buildx-stable-1"  # what `docker buildx create` starts a builder from
REGISTRY = "registry:3"
GOLANG = "golang:1.26"  # compiles, in the lessons that do
EMULATORS = "tonistiigi/binfmt:latest"
# What the lab and the lessons' own commands pull from Docker Hub, where the lab has no mirror.
PULLED = (BUSYBOX, BUILDKIT, REGISTRY, EMULATORS, GOLANG)
SEARCH_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_RECIPE = 1  # counted up when an image is made otherwise, so that an older one in a cache is not taken for it

# Docker's platform, and Debian's name for it. No lesson brings an emulator for s390x and ppc64le: that is
# what they are for.
_DEBIAN_NAMES = {
    "linux/amd64": "amd64",
    "linux/arm64": "arm64",
    "linux/arm/v7": "armhf",
    "linux/ppc64le": "ppc64el",
    "linux/riscv64": "riscv64",
    "linux/s390x": "s390x",
}
_USERS = b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n"
_GROUPS = b"root:x:0:\ntty:x:5:\nstaff:x:50:\nnogroup:x:65534:\n"
_FOLDERS = ("dev", "home", "proc", "sys", "usr/sbin", "var/spool/mail", "var/www")


@dataclass(frozen=True)
class Program:
    """A program out of a package, and when it was built there."""

    content: bytes
    built: datetime


@dataclass(frozen=True)
class Base:
    """One base image: its index, and the tags that are true of it (the full version first)."""

    index: build.Manifest
    tags: tuple[str, ...]


def provide(sandbox: Sandbox, report: Listener = quiet) -> None:
    """Put each base image into the lab's mirror, unless it is there; nothing where there is no mirror."""
    if sandbox.mirror is None:
        return
    for repository, make in BASES.items():
        if build.exists(sandbox.mirror, repository, "latest"):
            continue
        report.phase(f"Making the base image {repository.removeprefix('library/')}")
        base = make(report)
        provision.put(sandbox.mirror, repository, base.tags, base.index)


@contextmanager
def ahead(report: Listener = quiet) -> Iterator[None]:
    """Make the base images beside what is done inside, so that `provide` finds them; it says what went wrong."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        pool.submit(lambda: [make(report) for make in BASES.values()])
        yield


def busybox(report: Listener = quiet) -> Base:
    """Debian's static busybox for each platform, as one index. Nothing foreign is run."""
    from lab.sandbox.packages import apt

    names = busybox_packages()
    debs = apt.fetch(list(names.values()), report=report)
    versions = {upstream(apt.version(deb)) for deb in debs.values()}
    if len(versions) > 1:
        report.note(f"busybox differs between platforms here: {', '.join(sorted(versions))}.")
    folder = busybox_layout(debs.values())
    with apt.unpacking():
        index = build.kept(folder)
        if index is None:
            with ThreadPoolExecutor() as pool:
                images = pool.map(lambda item: _busybox(item[0], debs[item[1]], max(versions)), names.items())
                index = build.index(list(images))
            build.write_layout(folder, index)
    true, named = tags(max(versions)), BUSYBOX.partition(":")[2]
    if named not in true:  # an older or a newer distribution: better another busybox than none
        report.note(f"This distribution's busybox is {true[0]}; it stands for the {BUSYBOX} of the lessons too.")
    return Base(index, tuple(dict.fromkeys((*true, named))))


def busybox_packages() -> dict[str, str]:
    """The package that busybox is taken from, by platform: `busybox-static:arm64` for `linux/arm64`."""
    return {platform: f"busybox-static:{debian}" for platform, debian in _DEBIAN_NAMES.items()}


# Repository in the mirror → how its image is made. Another base image is one more line here.
BASES: dict[str, Callable[[Listener], Base]] = {"library/busybox": busybox}


def tags(version: str) -> tuple[str, ...]:
    """The tags that are true of `version`, as Docker Hub gives them: `1.38.0`, `1.38`, `latest`."""
    minor = ".".join(version.split(".")[:2])
    return tuple(dict.fromkeys((version, minor, "latest")))


def busybox_binary(deb: Path) -> Program:
    """The busybox out of a package. Raises Blocked where it holds none."""
    from lab.sandbox.packages import apt

    with tempfile.TemporaryDirectory() as folder:
        apt.unpack(deb, Path(folder))
        for place in ("usr/bin/busybox", "bin/busybox"):
            if (found := Path(folder) / place).is_file():
                return Program(found.read_bytes(), datetime.fromtimestamp(int(found.stat().st_mtime), UTC))
    apt.forget([deb])
    raise Blocked(f"the package {deb.name!r} holds no busybox.", "Run `lab up` again: it is fetched again.")


def applets(binary: bytes) -> list[str]:
    """The commands that a busybox knows, out of the table in the program itself, so that none has to be run.

    The table is the sorted names with a zero byte after each, and an empty one at the end. Raises Blocked
    where there is no such table.
    """
    start = binary.find(b"[\0[[\0")
    end = binary.find(b"\0\0", start)
    if start < 0 or end < 0:
        raise Blocked("this busybox names no commands.", "Please report which distribution this is.")
    return binary[start:end].decode("ascii", "replace").split("\0")


def busybox_files(binary: bytes) -> dict[str, build.Content]:
    """The root of a busybox image: one program under all its names, and the files that programs look for."""
    # Hard links, as in the image that Docker Hub has: copied out, any name is a program and no dangling link.
    files: dict[str, build.Content] = {f"bin/{name}": build.Link("bin/busybox", hard=True) for name in applets(binary)}
    files |= {name: build.Folder() for name in _FOLDERS}
    return files | {
        "bin/busybox": build.File(binary, 0o755),
        "etc/passwd": build.File(_USERS),
        "etc/group": build.File(_GROUPS),
        "etc/nsswitch.conf": build.File(b"hosts: files dns\n"),
        "root": build.Folder(0o700),
        "tmp": build.Folder(0o1777),
        "usr/bin/env": build.Link("../../bin/env"),
    }


def certificates() -> dict[str, build.Content]:
    """This machine's certificates of authorities, for an image; nothing where it has none."""
    trusted = of_the_system()
    if not trusted:
        return {}  # what is in it then reaches registries over plain HTTP only, such as the lab's own
    return {"etc/ssl/certs/ca-certificates.crt": build.File(trusted.encode(errors="surrogateescape"))}


def busybox_layout(debs: Iterable[Path]) -> Path:
    """The folder of the cache for the image that is made of these very packages."""
    made_of = "\n".join([str(_RECIPE), *sorted(deb.name for deb in debs)])
    return paths.cache() / f"base-busybox-{hashlib.sha256(made_of.encode()).hexdigest()[:12]}"


def _busybox(platform: str, deb: Path, version: str) -> build.Manifest:
    program = busybox_binary(deb)
    layer = build.layer(busybox_files(program.content))
    labels = {
        "org.opencontainers.image.title": "busybox",
        "org.opencontainers.image.version": version,
        "org.opencontainers.image.description": f"Made by multiplatform-lab from the package {deb.name}",
    }
    config = {"Env": [SEARCH_PATH], "Cmd": ["sh"], "Labels": labels}
    created = {"created": program.built.isoformat().replace("+00:00", "Z")}
    return build.image([layer], platform=platform, config=config, config_extra=created)
