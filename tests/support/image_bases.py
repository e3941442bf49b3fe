"""The bases of the lab's own image, made from the distribution's packages: off line they stand in for Docker Hub's.

Each has what the Dockerfile takes of the real one, at the same place, for both platforms; nothing foreign is run.
"""

import hashlib
import tempfile
from pathlib import Path

from support import debian

from lab import paths
from lab.images import build
from lab.sandbox import images
from lab.sandbox.packages import apt, deb, mirror
from lab.sandbox.packages.programs import find

PLATFORMS = {"linux/amd64": "amd64", "linux/arm64": "arm64"}
NAMES = {"PYTHON_BASE": "lab-bases/python", "DOCKER_BASE": "lab-bases/docker", "REGISTRY_BASE": "lab-bases/registry"}
TAG = "debian"
# What a Debian with Python has and the lab or its lessons use; what these need comes with them.
_SYSTEM = (
    "apt", "base-files", "bash", "ca-certificates", "coreutils", "dpkg", "findutils", "grep", "gzip", "hostname", "libc-bin",
    "mawk", "procps", "python3", "python3-venv", "sed", "tar", "util-linux",
)  # fmt: skip
_KEYS = {"debian": "debian-archive-keyring", "ubuntu": "ubuntu-keyring"}
_RECIPE = "2"  # another one where the bases are made otherwise, so that the cache makes them again


def push(registry):
    """Put the three into that registry; the variables of the bake file that name them there, but for its address."""
    for name, index in {NAMES["PYTHON_BASE"]: _system(), **_programs()}.items():
        build.push(registry, name, TAG, index)
    return {variable: f"{name}:{TAG}" for variable, name in NAMES.items()}


def python():
    """The version of the distribution's Python, as in `3.11`."""
    version = apt.version(apt.fetch(["python3"], suite=mirror.HOST)["python3"])
    return ".".join(deb.upstream(version).split(".")[:2])


def _system():
    names = [*_SYSTEM, _KEYS[mirror.distribution()]]
    debs = {platform: debian.closure(names, arch) for platform, arch in PLATFORMS.items()}
    made_of = "\n".join([_RECIPE, *sorted(one.name for part in debs.values() for one in part)])
    folder = paths.cache() / f"base-python-{hashlib.sha256(made_of.encode()).hexdigest()[:12]}"
    index = build.kept(folder)
    if index is None:
        with tempfile.TemporaryDirectory(dir=paths.cache(), prefix=".unpacking-") as draft:
            parts = [_root(Path(draft) / PLATFORMS[platform], debs[platform], platform) for platform in PLATFORMS]
            build.write_layout(folder, build.index(parts))
        index = build.kept(folder)
    return index


def _root(tree, debs, platform):
    files = debian.unpacked(debs, tree) | {
        "etc/passwd": build.File(b"root:x:0:0:root:/root:/bin/bash\n_apt:x:42:65534::/nonexistent:/usr/sbin/nologin\n"),
        "etc/group": build.File(b"root:x:0:\nnogroup:x:65534:\n"),
    }
    layer = build.layer(files, compress=False, folder=tree.parent)
    return build.image([layer], platform=platform, config={"Env": [images.SEARCH_PATH], "Cmd": ["python3"]})


def _programs():
    """Docker's client with buildx, and the registry's program, at the places where their images have them."""
    found = {NAMES["DOCKER_BASE"]: [], NAMES["REGISTRY_BASE"]: []}
    for platform, arch in PLATFORMS.items():
        foreign = "" if arch == mirror.host_architecture() else f":{arch}"
        debs = apt.fetch([name + foreign for name in ("docker-cli", "docker-buildx", "docker-registry")])
        with tempfile.TemporaryDirectory() as folder:
            for package in debs.values():
                apt.unpack(package, Path(folder))
            at = {
                name: find(Path(folder), name).read_bytes() for name in ("docker", "docker-buildx", "docker-registry")
            }
        docker = {"usr/local/bin/docker": (at["docker"], 0o755)}
        docker |= {"usr/local/libexec/docker/cli-plugins/docker-buildx": (at["docker-buildx"], 0o755)}
        registry = {"bin/registry": (at["docker-registry"], 0o755)}
        for name, files in ((NAMES["DOCKER_BASE"], docker), (NAMES["REGISTRY_BASE"], registry)):
            found[name].append(build.image([build.layer(files, compress=False)], platform=platform))
    return {name: build.index(parts) for name, parts in found.items()}
