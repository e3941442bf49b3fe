"""Packages of the distribution, fetched and unpacked into folders of the lab's own; nothing is installed.

apt runs with a configuration of the lab's (its own state, cache and sources), so that /etc/apt and dpkg's
database stay as they are. apt checks the index's signature and each file's hash.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lab import paths
from lab.errors import Blocked
from lab.sandbox import mirror
from lab.sandbox.report import Report, quiet

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_HELPER = "/usr/lib/apt/apt-helper"
_FRESH = 6 * 3600.0  # seconds that a fetched index serves without asking again
_STALLED = 120.0  # seconds without a new byte after which a download is given up
_LOCK_WAIT = 900.0


@dataclass(frozen=True)
class Package:
    """One .deb as the index has it: `size` in bytes, `sha256` in hex, `filename` relative to the mirror."""

    name: str
    version: str
    filename: str
    size: int
    sha256: str

    @property
    def label(self) -> str:
        """How a progress bar names it."""
        return f"{self.name} ({self.filename.rpartition('_')[2].removesuffix('.deb')})"

    @property
    def file(self) -> Path:
        """Where the cache keeps it."""
        return paths.cache() / "debs" / Path(self.filename).name


def fetch(packages: Sequence[str], *, suite: str = "forky", report: Report = quiet) -> dict[str, Path]:
    """The .deb file of each of `packages`, by the name asked for; out of the cache where it has them.

    `"busybox-static:arm64"` names a foreign architecture. `suite` is Debian's, or `mirror.HOST` for the
    machine's own; on Ubuntu it is always that. Raises Blocked where apt, the mirror or a package is missing.
    """
    host = mirror.host_architecture()
    wanted: dict[str, list[str]] = {}
    for package in packages:
        wanted.setdefault(package.partition(":")[2] or host, []).append(package)
    with ThreadPoolExecutor(max_workers=4) as pool:
        parts = list(pool.map(lambda item: _fetch_one(suite, item[0], item[1], report), wanted.items()))
    return {name: file for part in parts for name, file in part.items()}


def unpack(deb: Path, into: Path) -> None:
    """The files of `deb` under `into`, as `dpkg-deb -x` lays them out; no script of the package runs."""
    into.mkdir(parents=True, exist_ok=True)
    mirror.run(["dpkg-deb", "-x", str(deb), str(into)], timeout=300)


def forget(files: Iterable[Path]) -> None:
    """Drop cached files that turned out to be damaged, so that the next fetch gets them anew."""
    for file in files:
        file.unlink(missing_ok=True)


def version(deb: Path) -> str:
    """The version of a .deb, as Debian writes it: `1:1.38.0-3+b1`."""
    return mirror.run(["dpkg-deb", "-f", str(deb), "Version"]).strip()


def _fetch_one(suite: str, architecture: str, names: Sequence[str], report: Report) -> dict[str, Path]:
    from filelock import FileLock, Timeout

    plain = {asked: asked.partition(":")[0] for asked in names}
    place = paths.cache() / "apt" / f"{suite}-{architecture}"
    try:
        (paths.cache() / "debs").mkdir(parents=True, exist_ok=True)
        place.mkdir(parents=True, exist_ok=True)
        with FileLock(place / "lock", timeout=_LOCK_WAIT):
            known = _remembered(place)
            if any(name not in known or not intact(known[name]) for name in plain.values()):
                known |= _download(place, suite, architecture, sorted(set(plain.values())), report)
                _remember(place, known)
    except Timeout as error:
        raise Blocked("Another `lab up` is still downloading.", "Wait for it, then run `lab up` again.") from error
    except OSError as error:
        raise Blocked(f"The download folder cannot be used: {error}.", "Make room or set LAB_CACHE.") from error
    return {asked: known[name].file for asked, name in plain.items()}


def _download(place: Path, suite: str, arch: str, names: list[str], report: Report) -> dict[str, Package]:
    archive = mirror.host_mirror()
    environment = _configure(place, archive, archive.suite(suite), arch)
    _update(place, environment, archive.suite(suite), report)
    found = lookup(_index(place), names)
    if missing := [name for name in names if name not in found]:
        raise Blocked(
            f"{archive.distribution} {archive.suite(suite)} has no package {missing[0]!r} for {arch}.",
            "Install Docker yourself, then run `lab up` again.",
        )
    due = [package for package in found.values() if not intact(package)]
    try:
        _get(due, archive.uri, environment, report)
    except Blocked:
        # An index older than the mirror's files names what is no longer there: look again, with a new one.
        _update(place, environment, archive.suite(suite), report, force=True)
        found = lookup(_index(place), names)
        _get([package for package in found.values() if not intact(package)], archive.uri, environment, report)
    return found


def _configure(place: Path, archive: mirror.Mirror, suite: str, arch: str) -> Mapping[str, str]:
    """Write apt's configuration and sources; answers the environment that makes apt read them alone."""
    for folder in ("lists/partial", "archives/partial", "parts"):
        (place / folder).mkdir(parents=True, exist_ok=True)
    (place / "status").touch()
    age = " check-valid-until=no" if mirror.frozen() else ""
    options = f"arch={arch} signed-by={archive.keyring}{age}"
    line = f"deb [{options}] {archive.uri} {suite} {' '.join(archive.components)}\n"
    sources = place / "sources.list"
    if not sources.exists() or sources.read_text() != line:
        sources.write_text(line)
        for stale in (place / "lists").glob("*_Packages"):
            stale.unlink()
    settings = {
        "Dir::State": place, "Dir::State::status": place / "status", "Dir::State::lists": place / "lists",
        "Dir::Cache": place, "Dir::Etc": place, "Dir::Etc::parts": place / "parts",
        "Dir::Etc::sourcelist": sources, "Dir::Etc::sourceparts": "/dev/null",
        "Dir::Etc::preferences": "/dev/null", "Dir::Etc::preferencesparts": "/dev/null",
        "Dir::Etc::netrc": "/etc/apt/auth.conf", "Dir::Etc::netrcparts": "/etc/apt/auth.conf.d",
        "APT::Architecture": arch, "APT::Sandbox::User": "root", "Acquire::Languages": "none",
        "Acquire::GzipIndexes": "false", "Acquire::Retries": "2", "pkgCacheFile::Generate": "false",
    }  # fmt: skip
    lines = [f'{key} "{value}";' for key, value in settings.items()]
    lines += [f'APT::Architectures {{ "{arch}"; }};', *mirror.carried_settings()]
    (place / "apt.conf").write_text("\n".join(lines) + "\n")
    return {**os.environ, "APT_CONFIG": str(place / "apt.conf"), "LC_ALL": "C.UTF-8"}


def _update(place: Path, env: Mapping[str, str], suite: str, report: Report, *, force: bool = False) -> None:
    have = list((place / "lists").glob("*_Packages"))
    if have and not force and time.time() - max(file.stat().st_mtime for file in have) < _FRESH:
        return
    report.phase(f"Asking the mirror for the packages of {suite}")
    command = ["apt-get", "-qq", "-o", "APT::Update::Error-Mode=any", "update"]
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300, check=False)
        problem = mirror.complaint(done.stderr) if done.returncode else ""
    except subprocess.TimeoutExpired:
        problem = "the mirror did not answer within 300 s"
    for file in (place / "lists").glob("*_Packages") if not problem else ():
        os.utime(file)
    if problem and (force or not have):
        raise Blocked(f"The package mirror cannot be used: {problem}", "Check the network, then run `lab up` again.")
    if problem:
        report.note(f"The mirror does not answer; going on with the index of last time ({problem}).")


def _index(place: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted((place / "lists").glob("*_Packages")))


def lookup(index: bytes, names: Iterable[str]) -> dict[str, Package]:
    """The packages of those `names` that a Packages file (or several, one after the other) describes."""
    text, found = b"\n" + index + b"\n\n", {}
    for name in names:
        start = text.find(f"\nPackage: {name}\n".encode()) + 1
        if not start:
            continue
        stanza = text[start : text.index(b"\n\n", start)].decode()
        fields = dict(line.split(": ", 1) for line in stanza.splitlines() if ": " in line and line[0] != " ")
        found[name] = Package(
            name, fields["Version"], fields["Filename"], int(fields["Size"]), fields["SHA256"].lower()
        )
    return found


def _get(due: Sequence[Package], uri: str, env: Mapping[str, str], report: Report) -> None:
    """Download with apt's own helper, which checks each hash; whole files only enter the cache."""
    if not due:
        return
    debs = paths.cache() / "debs"
    report.phase(f"Downloading {len(due)} package{'s' * (len(due) > 1)}")
    with tempfile.TemporaryDirectory(prefix=".incoming-", dir=debs) as folder:
        targets = {package: Path(folder) / package.file.name for package in due}
        command = [_HELPER, "download-file"]
        for package, target in targets.items():
            command += [
                uri.rstrip("/") + "/" + quoted(package.filename),
                str(target),
                f"SHA256:{package.sha256}",
            ]
        _watch(command, env, targets, report)
        for package, target in targets.items():
            target.replace(package.file)


def quoted(filename: str) -> str:
    """A file name of the index as it stands in an address."""
    from urllib.parse import quote

    return quote(filename)


def _watch(command: list[str], env: Mapping[str, str], targets: dict[Package, Path], report: Report) -> None:
    try:
        process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    except FileNotFoundError as error:
        raise Blocked(f"This machine has no {command[0]!r}.", "Install Docker yourself, then run `lab up`.") from error
    seen, since = -1, time.monotonic()
    with process:
        while True:
            try:
                _, stderr = process.communicate(timeout=0.2)
                break
            except subprocess.TimeoutExpired:
                done = {package: _size(target) for package, target in targets.items()}
            for package, size in done.items():
                if size:
                    report.progress(package.label, size, package.size, "B")
            if sum(done.values()) != seen:
                seen, since = sum(done.values()), time.monotonic()
            elif time.monotonic() - since > _STALLED:
                process.kill()
    if process.returncode:
        reason = mirror.complaint(stderr) if process.returncode > 0 else f"no byte came for {_STALLED:.0f} s"
        raise Blocked(f"A download failed: {reason}", "Check the network and the disk, then run `lab up` again.")
    for package in targets:
        report.progress(package.label, package.size, package.size, "B")


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def intact(package: Package) -> bool:
    """Whether the cache holds this very file, whole."""
    if _size(package.file) != package.size:
        return False
    with package.file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == package.sha256


def _remembered(place: Path) -> dict[str, Package]:
    try:
        stored = json.loads((place / "fetched.json").read_text())
        return {name: Package(**fields) for name, fields in stored.items()}
    except (FileNotFoundError, ValueError, TypeError, AttributeError):
        return {}  # a lost or damaged list costs a look at the mirror, nothing else


def _remember(place: Path, packages: Mapping[str, Package]) -> None:
    draft = place / "fetched.json.new"
    draft.write_text(json.dumps({name: asdict(package) for name, package in packages.items()}, indent=1))
    draft.replace(place / "fetched.json")
