"""Python's packages for a kit: the wheels that the lab's lock names, for each Python and platform, fetched by pip."""

from __future__ import annotations

import hashlib
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import Marker
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from lab import paths
from lab.errors import Blocked
from lab.kit import plan
from lab.kit.pip import pip
from lab.sandbox.report import Listener

LOCKS = ("requirements.lock", "requirements-kit.lock")
_MACHINES = {"linux/amd64": "x86_64", "linux/arm64": "aarch64"}
_OLDEST_LIBRARY, _NEWEST_LIBRARY = 5, 35  # of the C library 2.N: the newest is that of the oldest release
_LIMIT = 1800.0


@dataclass(frozen=True)
class Row:
    """One package of a lock: `text` without its condition, as pip reads it."""

    name: str
    version: str
    text: str
    hashes: frozenset[str]


@dataclass(frozen=True)
class Target:
    """A Python on a platform."""

    platform: str
    python: str

    @property
    def platforms(self) -> list[str]:
        """How pip calls the platform, the newest first."""
        machine = _MACHINES[self.platform]
        numbers = range(_NEWEST_LIBRARY, _OLDEST_LIBRARY - 1, -1)
        old = [f"manylinux{year}_{machine}" for year in ("2014", "2010", "1")]
        return [*(f"manylinux_2_{number}_{machine}" for number in numbers), *old, f"linux_{machine}"]

    @property
    def tags(self) -> frozenset[Tag]:
        """The tags of the wheels that run there."""
        major, minor = map(int, self.python.split("."))
        version, named = (major, minor), f"cp{major}{minor}"
        own = cpython_tags(version, platforms=self.platforms)
        return frozenset([*own, *compatible_tags(version, named, self.platforms)])

    def conditions(self) -> Iterator[dict[str, str]]:
        """What a lock's conditions are about: the first and the last Python of that version, which may differ."""
        for full in (f"{self.python}.0", f"{self.python}.99"):
            yield {
                "implementation_name": "cpython", "implementation_version": full, "os_name": "posix",
                "platform_machine": _MACHINES[self.platform], "platform_python_implementation": "CPython",
                "platform_release": "", "platform_system": "Linux", "platform_version": "",
                "python_full_version": full, "python_version": self.python, "sys_platform": "linux", "extra": "",
            }  # fmt: skip


def fetch(targets: Iterable[Target], report: Listener) -> dict[Path, str]:
    """All wheels for these, each with the platform that it is for ("" for all); out of the cache where it has them.

    Those of a version serve its first Python and its last. Raises Blocked where one cannot be had.
    """
    folder = paths.cache() / "kit" / "wheels"
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[Path, str] = {}
    for target in targets:
        where = f"Python {target.python} on {target.platform}"
        for full, rows in needed(target).items():
            if due := [row for row in rows if not _have(folder, row, target)]:
                report.phase(f"Fetching {len(due)} of Python's packages for {where}")
                _download(due, target, full, folder)
            for row in rows:
                wheel = _have(folder, row, target)
                if wheel is None:
                    raise Blocked(f"There is no wheel of {row.name} {row.version} for {where}.", "Leave that out.")
                found[wheel] = "" if wheel.stem.endswith("-any") else target.platform
    return found


def needed(target: Target) -> dict[str, list[Row]]:
    """The rows of the locks for the first Python of that version, and those that only the last one needs."""
    texts = [(plan.locks() / name).read_text(encoding="utf-8") for name in LOCKS]
    found: dict[str, list[Row]] = {}
    for about in target.conditions():
        known = {(row.name, row.version) for earlier in found.values() for row in earlier}
        here = [row for text in texts for row in rows(text, about)]
        found[about["python_full_version"]] = [row for row in here if (row.name, row.version) not in known]
    return found


def rows(lock: str, about: dict[str, str]) -> Iterator[Row]:
    """The rows of a lock whose condition holds."""
    for part in re.split(r"\n(?=\S)", lock.strip()):
        head, _, rest = part.partition("\\\n")
        wanted, _, condition = head.partition(" ; ")
        name, _, version = wanted.strip().partition("==")
        if not condition or Marker(condition).evaluate(about):
            hashes = frozenset(re.findall(r"--hash=sha256:([0-9a-f]{64})", rest))
            yield Row(name, version, f"{name}=={version} \\\n{rest}", hashes)


def _have(folder: Path, row: Row, target: Target) -> Path | None:
    """The wheel of that row for that target, whole."""
    for wheel in sorted(folder.glob(f"{row.name.replace('-', '_')}-*.whl")) or sorted(folder.glob("*.whl")):
        try:
            name, version, _, tags = parse_wheel_filename(wheel.name)
        except InvalidWheelFilename:
            continue
        if (name, str(version)) == (canonicalize_name(row.name), row.version) and tags & target.tags:
            with wheel.open("rb") as stream:
                if hashlib.file_digest(stream, "sha256").hexdigest() in row.hashes:
                    return wheel
            wheel.unlink()
    return None


def _download(due: list[Row], target: Target, full: str, folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=".incoming-", dir=folder.parent) as draft:
        wanted = Path(draft) / "wanted.txt"
        wanted.write_text("\n".join(row.text for row in due) + "\n")
        options = ["--require-hashes", "--no-deps", "--only-binary=:all:", "--implementation=cp", "--quiet"]
        options += [f"--python-version={full}", *(f"--platform={name}" for name in target.platforms)]
        command = [*pip(), "download", *options, "--dest", str(folder), "-r", str(wanted)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Blocked(f"pip cannot be run: {error}.", "Check the network, then try again.") from error
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
            said = (lines or ["no reason given"])[-1].removeprefix("ERROR: ")
            raise Blocked(f"pip cannot fetch Python's packages: {said}", "Check the network; what was fetched is kept.")
