"""The private engine's programs: packages of the distribution, unpacked into one folder of the cache."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab import paths
from lab.errors import Blocked
from lab.sandbox.packages import apt, mirror
from lab.sandbox.report import Listener, quiet

# The engine comes from a newer release than the machine's; what must fit the machine's own C library does not.
_NEWER = ("docker.io", "docker-cli", "docker-buildx", "containerd", "docker-registry", "tini-static")
_FITTING = ("runc", "libseccomp2")
_OTHER_NAMES = {"trixie": {"tini-static": "tini"}}
_UBUNTU = ("docker.io", "docker-buildx", "containerd", "docker-registry", "tini")
_KEPT = {
    "docker", "dockerd", "docker-proxy", "docker-buildx", "docker-registry", "docker-init", "containerd",
    "containerd-shim-runc-v2", "runc", "tini", "tini-static",
}  # fmt: skip
_REGISTRY = ("docker-registry",)
_INSTALLED = Path("/usr/bin")
_STAMP = "contents.json"


def fetch(suite: str = "forky", report: Listener = quiet) -> list[Path]:
    """The packages of an engine of that suite, out of the cache where it has them. Raises Blocked."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        parts = [
            pool.submit(apt.fetch, names, suite=one, report=report)
            for one, names in needed(mirror.distribution(), suite).items()
        ]
        return [deb for part in parts for deb in part.result().values()]


def needed(distribution: str, suite: str) -> dict[str, list[str]]:
    """The names of an engine's packages on that distribution: those of `suite`, and those of the machine's own."""
    newer = _UBUNTU if distribution == "ubuntu" else [_OTHER_NAMES.get(suite, {}).get(name, name) for name in _NEWER]
    return {suite: list(newer), mirror.HOST: list(_FITTING)}


def engine(suite: str, debs: list[Path], report: Listener = quiet) -> Path:
    """The folder of the programs in the packages of that suite: unpacked where the cache has not got it."""
    return _unpacked(f"engine-{suite}", debs, report)


def registry(report: Listener = quiet) -> Path:
    """The folder of the registry's program alone, for a machine with an engine of its own; `/` where it has both."""
    if (_INSTALLED / "docker-registry").is_file():
        return Path("/")
    debs = apt.fetch(_REGISTRY, report=report)
    return _unpacked("registry", list(debs.values()), report)


def unpack(debs: Iterable[Path], place: Path) -> None:
    """Unpack into `place`, keeping the programs that the lab runs and the libraries that they load."""
    largest_first = sorted(debs, key=lambda deb: -deb.stat().st_size)
    with ThreadPoolExecutor(max_workers=min(os.cpu_count() or 2, 4)) as pool:
        list(pool.map(lambda deb: apt.unpack(deb, place), largest_first))
    for file in [path for path in place.rglob("*") if path.is_symlink() or path.is_file()]:
        if file.name not in _KEPT and not file.name.startswith("libseccomp.so"):
            file.unlink()
    for folder in sorted((path for path in place.rglob("*") if path.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()


def find(place: Path, name: str) -> Path:
    """The program `name` among unpacked ones, wherever its package puts it. Raises Blocked where it is not there."""
    for folder in ("usr/bin", "usr/sbin", "usr/libexec/docker/cli-plugins", "usr/lib/docker/cli-plugins"):
        if (place / folder / name).exists():
            return place / folder / name
    raise Blocked(f"The unpacked engine has no {name!r}.", "`lab down --purge`, then `lab up`, fetches it again.")


def complete(place: Path) -> bool:
    """Whether all files are there as they were when they were unpacked."""
    try:
        contents = json.loads((place / _STAMP).read_text())
        return all((place / name).stat().st_size == size for name, size in contents.items())
    except (OSError, ValueError, AttributeError):
        return False


def _unpacked(kind: str, debs: list[Path], report: Listener) -> Path:
    names = "\n".join(sorted(deb.name for deb in debs))
    place = paths.cache() / f"{kind}-{hashlib.sha256(names.encode()).hexdigest()[:12]}"
    if complete(place):
        return place
    with apt.unpacking():
        return place if complete(place) else _unpack_to(place, debs, report)


def _unpack_to(place: Path, debs: list[Path], report: Listener) -> Path:
    report.phase("Unpacking the programs")
    with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=paths.cache()) as folder:
        fresh = Path(folder) / "programs"
        try:
            unpack(debs, fresh)
        except OSError as error:
            raise Blocked(f"The programs cannot be unpacked: {error.strerror}.", "Make room on the disk.") from error
        _stamp(fresh)
        if place.exists():
            shutil.rmtree(place)
        fresh.rename(place)
    return place


def _stamp(place: Path) -> None:
    files = [path for path in place.rglob("*") if path.is_file()]
    contents = {str(path.relative_to(place)): path.stat().st_size for path in files}
    (place / _STAMP).write_text(json.dumps(contents, indent=1))
