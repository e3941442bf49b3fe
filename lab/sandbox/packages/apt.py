"""Packages of the distribution, fetched and unpacked into folders of the lab's own; nothing is installed.

A package that the cache holds whole is not asked for again, so that a second `up` needs no network.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from lab import paths
from lab.errors import Blocked
from lab.sandbox.packages import aptget, mirror, ports
from lab.sandbox.packages.index import Package, find, intact, package_list, size
from lab.sandbox.report import Listener, quiet

_LOCK_WAIT = 900.0


def fetch(names: Sequence[str], *, suite: str = "forky", report: Listener = quiet) -> dict[str, Path]:
    """The .deb file of each of `names`, by the name asked for; out of the cache where it has them.

    `"busybox-static:arm64"` names a foreign architecture. `suite` is Debian's, or `mirror.HOST` for the
    machine's own; on Ubuntu it is always that. Raises Blocked where apt, the mirror or a package is missing.
    """
    host = mirror.host_architecture()
    wanted: dict[str, list[str]] = {}
    for name in names:
        wanted.setdefault(name.partition(":")[2] or host, []).append(name)
    with ThreadPoolExecutor(max_workers=8) as pool:
        parts = list(pool.map(lambda item: _fetch_one(suite, item[0], item[1], report), wanted.items()))
    return {name: part[name] for part in parts for name in part}


def known(suite: str, architecture: str) -> dict[str, Package]:
    """What was fetched of that suite for that architecture, by name; `suite` as it was asked for."""
    return _remembered(_place(suite, architecture))


def remember(suite: str, architecture: str, packages: Mapping[str, Package]) -> None:
    """Note packages whose files were put into the cache otherwise, so that `fetch` finds them there.

    Raises Blocked where the cache cannot be written.
    """
    from filelock import FileLock

    place = _place(suite, architecture)
    try:
        place.mkdir(parents=True, exist_ok=True)
        with FileLock(place / "lock", timeout=_LOCK_WAIT):
            _remember(place, {**_remembered(place), **packages})
    except OSError as error:
        raise Blocked(f"The download folder cannot be used: {error}.", "Make room or set LAB_CACHE.") from error


def unpack(deb: Path, into: Path) -> None:
    """The files of `deb` under `into`, as `dpkg-deb -x` lays them out; no script of the package runs.

    Raises Blocked where the package is damaged (it is then fetched anew the next time) or the disk is full.
    """
    try:
        into.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Blocked(f"{str(into)!r} cannot be made: {error.strerror}.", "Make room, or set LAB_CACHE.") from error
    try:
        mirror.run(["dpkg-deb", "-x", str(deb), str(into)], timeout=300)
    except Blocked as error:
        if shutil.disk_usage(into).free < size(deb):
            raise Blocked(
                f"{deb.name!r} cannot be unpacked: the disk is full.", "Make room, then run `lab up` again."
            ) from error
        forget([deb])
        raise Blocked(error.message, "Run `lab up` again: the package is fetched again.") from error


@contextmanager
def unpacking() -> Iterator[None]:
    """Held by whoever lays programs into the cache: two sandboxes that start at once share it. Raises Blocked."""
    from filelock import FileLock, Timeout

    lock = FileLock(paths.cache() / "apt" / "unpacking", timeout=_LOCK_WAIT)
    try:
        lock.acquire()
    except Timeout as error:
        raise Blocked("Another `lab up` is still unpacking.", "Wait for it, then run `lab up` again.") from error
    except OSError as error:
        raise Blocked(f"The download folder cannot be used: {error}.", "Make room or set LAB_CACHE.") from error
    try:
        yield
    finally:
        lock.release()


def forget(files: Iterable[Path]) -> None:
    """Drop cached files that turned out to be damaged, so that the next fetch gets them anew."""
    for file in files:
        file.unlink(missing_ok=True)


def version(deb: Path) -> str:
    """The version of a .deb, as Debian writes it: `1:1.38.0-3+b1`."""
    return mirror.run(["dpkg-deb", "-f", str(deb), "Version"]).strip()


def _fetch_one(suite: str, architecture: str, names: Sequence[str], report: Listener) -> dict[str, Path]:
    from filelock import FileLock, Timeout

    plain = {asked: asked.partition(":")[0] for asked in names}
    place = _place(suite, architecture)
    try:
        (paths.cache() / "debs").mkdir(parents=True, exist_ok=True)
        place.mkdir(parents=True, exist_ok=True)
        with FileLock(place / "lock", timeout=_LOCK_WAIT):
            known = _remembered(place)
            if any(name not in known or not intact(known[name]) for name in plain.values()):
                known |= _download(place, suite, architecture, sorted(set(plain.values())), report)
                _remember(place, known)
                if architecture != mirror.host_architecture():
                    forget(place.glob("*-Packages.*"))
    except Timeout as error:
        raise Blocked("Another `lab up` is still downloading.", "Wait for it, then run `lab up` again.") from error
    except OSError as error:
        raise Blocked(f"The download folder cannot be used: {error}.", "Make room or set LAB_CACHE.") from error
    return {asked: known[name].file for asked, name in plain.items()}


def _place(suite: str, architecture: str) -> Path:
    return paths.cache() / "apt" / suite / architecture


@dataclass(frozen=True)
class _Shelf:
    """The packages of one architecture in one suite of an archive; `asked` and `place` are folders of the cache.

    One list of a suite serves all architectures, unless theirs is another archive.
    """

    archive: mirror.Mirror
    suite: str
    architecture: str
    asked: Path
    place: Path


def _download(place: Path, suite: str, arch: str, names: list[str], report: Listener) -> dict[str, Package]:
    host = mirror.host_mirror()
    archive = ports.archive(host, arch, _list_of_ports)
    shelf = _Shelf(archive, archive.suite(suite), arch, place.parent if archive == host else place / "other", place)
    try:
        return _found(shelf, names, report)
    except Blocked:
        # What was fetched earlier may name what is no longer there: once more, with what the mirror has now.
        return _found(shelf, names, report, force=True)


def _found(shelf: _Shelf, names: list[str], report: Listener, *, force: bool = False) -> dict[str, Package]:
    from filelock import FileLock

    archive, suite, arch = shelf.archive, shelf.suite, shelf.architecture
    shelf.asked.mkdir(exist_ok=True)
    with FileLock(shelf.asked / "lock", timeout=_LOCK_WAIT):
        environment = aptget.configure(shelf.asked, archive, suite, mirror.host_architecture())
        release = aptget.update(shelf.asked, environment, suite, report, force=force)
    found: dict[str, Package] = {}
    for component in archive.components:
        listed = package_list(release, suite, arch, component, shelf.place)
        due = [name for name in names if name not in found]
        if listed and due:  # the second component of Ubuntu is large, and seldom needed
            aptget.get([] if intact(listed) else [listed], archive.uri, environment, report)
            found |= find(listed, due)
    if missing := [name for name in names if name not in found]:
        raise Blocked(
            f"{archive.distribution} {suite} has no package {missing[0]!r} for {arch}.",
            "Install Docker yourself, then run `lab up` again.",
        )
    aptget.get([package for package in found.values() if not intact(package)], archive.uri, environment, report)
    return found


def _list_of_ports() -> str:
    """Ubuntu's list of its archives: this machine's, else that in the package which brings it."""
    if ports.LIST.is_file():
        return ports.LIST.read_text(errors="replace")
    deb = fetch([ports.PACKAGE], suite=mirror.HOST)[ports.PACKAGE]
    with tempfile.TemporaryDirectory() as folder:
        unpack(deb, Path(folder))
        found = Path(folder) / ports.LIST.relative_to("/")
        if not found.is_file():
            raise Blocked(f"The package {deb.name!r} holds no list of archives.", "Install Docker yourself.")
        return found.read_text(errors="replace")


def _remembered(place: Path) -> dict[str, Package]:
    try:
        stored = json.loads((place / "fetched.json").read_text())
        return {name: Package(**fields) for name, fields in stored.items()}
    except (FileNotFoundError, ValueError, TypeError, AttributeError):
        return {}  # a lost or damaged list costs a look at the mirror, nothing else


def _remember(place: Path, known: Mapping[str, Package]) -> None:
    draft = place / "fetched.json.new"
    draft.write_text(json.dumps({name: asdict(package) for name, package in known.items()}, indent=1))
    draft.replace(place / "fetched.json")
