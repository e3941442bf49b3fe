"""apt's own client, run with a configuration of the lab's: what a suite has, and files out of it.

apt checks the signature of the Release file, and the hash of each index and package; nothing of the system's apt is
read but its proxies, its passwords and its rules about old archives, and nothing is written there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from lab import paths
from lab.errors import Blocked
from lab.sandbox.packages import mirror
from lab.sandbox.packages.index import Package, PackageList, size
from lab.sandbox.report import Listener
from lab.storage import write_text

File = Package | PackageList
_HELPER = "/usr/lib/apt/apt-helper"
_FRESH = 6 * 3600.0  # seconds that a fetched index serves without asking again
_NAMED = 3  # packages that are named one by one
_STALLED = 120.0  # seconds without a new byte after which a download is given up


def configure(place: Path, archive: mirror.Mirror, suite: str, arch: str) -> Mapping[str, str]:
    """Write apt's configuration and sources; answers the environment that makes apt read them alone."""
    place.mkdir(parents=True, exist_ok=True)
    age = " check-valid-until=no" if mirror.frozen() else ""
    options = f"arch={arch} signed-by={archive.keyring}{age}"
    line = f"deb [{options}] {archive.uri} {suite} {' '.join(archive.components)}\n"
    sources = place / "sources.list"
    if not sources.exists() or sources.read_text() != line:
        sources.write_text(line)
        shutil.rmtree(place / "lists", ignore_errors=True)
    for folder in ("lists/partial", "archives/partial", "parts"):
        (place / folder).mkdir(parents=True, exist_ok=True)
    (place / "status").touch()
    settings = {
        "Dir::State": place, "Dir::State::status": place / "status", "Dir::State::lists": place / "lists",
        "Dir::Cache": place, "Dir::Etc": place, "Dir::Etc::parts": place / "parts",
        "Dir::Etc::sourcelist": sources, "Dir::Etc::sourceparts": "/dev/null",
        "Dir::Etc::preferences": "/dev/null", "Dir::Etc::preferencesparts": "/dev/null",
        "Dir::Etc::netrc": "/etc/apt/auth.conf", "Dir::Etc::netrcparts": "/etc/apt/auth.conf.d",
        "APT::Architecture": arch, "APT::Sandbox::User": "root", "Acquire::Languages": "none",
        "Acquire::Retries": "2", "pkgCacheFile::Generate": "false",
        # apt unpacks an index whole, 60 MB, to check it: only the signed Release file is fetched by it, and indexes
        # by their hashes in that.
        "Acquire::IndexTargets::deb::Packages::DefaultEnabled": "false",
    }  # fmt: skip
    lines = [f'{key} "{value}";' for key, value in settings.items()]
    lines += [f'APT::Architectures {{ "{arch}"; }};', *mirror.carried_settings()]
    write_text(place / "apt.conf", "\n".join(lines) + "\n")  # whole at any moment: another thread may be reading it
    return {**os.environ, "APT_CONFIG": str(place / "apt.conf"), "LC_ALL": "C.UTF-8"}


def update(place: Path, env: Mapping[str, str], suite: str, report: Listener, *, force: bool = False) -> str:
    """The Release file of `suite`, whose signature apt has checked: what the mirror has, with hashes.

    It is fetched, unless it is fresh. Raises Blocked where there is none to go on with.
    """
    have = _release(place)
    if have and not force and abs(time.time() - have.stat().st_mtime) < _FRESH:
        return have.read_text()
    report.phase(f"Asking the mirror for the packages of {suite}")
    command = ["apt-get", "-qq", "-o", "APT::Update::Error-Mode=any", "update"]
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300, check=False)
        problem = mirror.complaint(done.stderr) if done.returncode else ""
    except subprocess.TimeoutExpired:
        problem = "the mirror did not answer within 300 s"
    if problem and (force or not have):
        raise Blocked(f"The package mirror cannot be used: {problem}", "Check the network, then run `lab up` again.")
    if problem:
        report.note(f"The mirror does not answer; continuing with the list from last time ({problem}).")
    now = _release(place)
    if now is None:
        raise Blocked(f"The package mirror does not know {suite}.", "Check the network, then run `lab up` again.")
    if not problem:
        os.utime(now)
    return now.read_text()


def _release(place: Path) -> Path | None:
    """What `update` fetched, in one file with its signature or beside it."""
    return next(iter(sorted((place / "lists").glob("*Release"))), None)


def get(due: Sequence[File], uri: str, env: Mapping[str, str], report: Listener) -> None:
    """Download with apt's own helper, which checks each hash; whole files only enter the cache."""
    if not due:
        return
    debs = paths.cache() / "debs"
    if isinstance(due[0], Package):
        report.phase(_downloading([package.label for package in due]))
    with tempfile.TemporaryDirectory(prefix=".incoming-", dir=debs) as folder:
        targets = {wanted: Path(folder) / f"{number}-{wanted.file.name}" for number, wanted in enumerate(due)}
        command = [_HELPER, "download-file"]
        for package, target in targets.items():
            command += [
                uri.rstrip("/") + "/" + quote(package.filename),
                str(target),
                f"SHA256:{package.sha256}",
            ]
        _watch(command, env, targets, report)
        for wanted, target in targets.items():
            target.replace(wanted.file)


def _downloading(names: list[str]) -> str:
    """What is fetched, by name, so that no two lines read the same."""
    if len(names) <= _NAMED:
        return f"Downloading {', '.join(names)}"
    return f"Downloading {', '.join(names[:_NAMED])} and {len(names) - _NAMED} more"


def _watch(command: list[str], env: Mapping[str, str], targets: dict[File, Path], report: Listener) -> None:
    try:
        process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    except FileNotFoundError as error:
        raise Blocked(f"This machine has no {command[0]!r}.", "Install Docker yourself, then run `lab up`.") from error
    with process:
        stderr = _follow(process, targets, report)
    if process.returncode:
        reason = mirror.complaint(stderr) if process.returncode > 0 else f"no data came for {_STALLED:.0f} s"
        raise Blocked(
            f"A download failed: {reason.rstrip('.')}.", "Check the network and the disk, then run `lab up` again."
        )
    for package in targets:
        report.progress(package.label, package.size, package.size, "B")


def _follow(process: subprocess.Popen[str], targets: dict[File, Path], report: Listener) -> str:
    """What the helper says in the end; meanwhile the files' growth is told, and one that stands still is ended."""
    seen, since = -1, time.monotonic()
    while True:
        try:
            return process.communicate(timeout=0.2)[1]
        except subprocess.TimeoutExpired:
            done = {package: size(target) for package, target in targets.items()}
        for package, bytes_done in done.items():
            if bytes_done:
                report.progress(package.label, bytes_done, package.size, "B")
        if sum(done.values()) != seen:
            seen, since = sum(done.values()), time.monotonic()
        elif time.monotonic() - since > _STALLED:
            process.kill()
