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
from lab.sandbox import apt, mirror
from lab.sandbox.report import Report, quiet

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
_STAMP = "contents.json"


def engine(suite: str = "forky", report: Report = quiet) -> Path:
    """The folder of an engine of that suite: fetched and unpacked where the cache has not got it. Raises Blocked."""
    distribution = mirror.distribution()
    names = _UBUNTU if distribution == "ubuntu" else [_OTHER_NAMES.get(suite, {}).get(n, n) for n in _NEWER]
    with ThreadPoolExecutor(max_workers=2) as pool:
        fitting = pool.submit(apt.fetch, _FITTING, suite=mirror.HOST, report=report)
        newer = pool.submit(apt.fetch, names, suite=suite, report=report)
        debs = [*newer.result().values(), *fitting.result().values()]
    from lab.sandbox import images

    # Unpacking keeps the processor busy, and base images the network.
    with images.ahead(report):
        return _unpacked(f"engine-{suite}", debs, report)


def registry(report: Report = quiet) -> Path:
    """The folder of the registry's program alone, for a machine with an engine of its own."""
    debs = apt.fetch(_REGISTRY, report=report)
    return _unpacked("registry", list(debs.values()), report)


def programs(debs: Iterable[Path], place: Path) -> None:
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


def find(tree: Path, name: str) -> Path:
    """The program `name` in the tree, wherever its package puts it. Raises Blocked where it is not there."""
    for folder in ("usr/bin", "usr/sbin", "usr/libexec/docker/cli-plugins", "usr/lib/docker/cli-plugins"):
        if (tree / folder / name).exists():
            return tree / folder / name
    raise Blocked(f"The unpacked engine has no {name!r}.", "`lab down --purge`, then `lab up`, fetches it again.")


def whole(tree: Path) -> bool:
    """Whether all files are there as they were when the tree was made."""
    try:
        contents = json.loads((tree / _STAMP).read_text())
        return all((tree / name).stat().st_size == size for name, size in contents.items())
    except (OSError, ValueError, AttributeError):
        return False


def _unpacked(kind: str, debs: list[Path], report: Report) -> Path:
    names = "\n".join(sorted(deb.name for deb in debs))
    tree = paths.cache() / f"{kind}-{hashlib.sha256(names.encode()).hexdigest()[:12]}"
    if whole(tree):
        return tree
    report.phase("Unpacking the programs")
    with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=paths.cache()) as folder:
        fresh = Path(folder) / "tree"
        try:
            programs(debs, fresh)
        except OSError as error:
            raise Blocked(f"The programs cannot be unpacked: {error.strerror}.", "Make room on the disk.") from error
        _stamp(fresh)
        if tree.exists():
            shutil.rmtree(tree)
        fresh.rename(tree)
    return tree


def _stamp(tree: Path) -> None:
    files = [path for path in tree.rglob("*") if path.is_file()]
    contents = {str(path.relative_to(tree)): path.stat().st_size for path in files}
    (tree / _STAMP).write_text(json.dumps(contents, indent=1))
