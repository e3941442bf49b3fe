"""What goes into a kit: files out of the lab's cache, each with its place; what is not there is fetched or made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lab import paths
from lab.errors import Blocked
from lab.kit import own_wheel, plan, wheels
from lab.kit.plan import CODENAMES, Plan
from lab.model.platforms import Platform
from lab.sandbox import images
from lab.sandbox.bringup import SUITE
from lab.sandbox.buildkit import maker
from lab.sandbox.emulators import kernel
from lab.sandbox.golang import maker as go
from lab.sandbox.packages import apt, mirror, programs
from lab.sandbox.packages.index import Package
from lab.sandbox.report import Listener


@dataclass
class Gathered:
    """Files by their place in the kit: where each is now, and the platform that it is for ("" for all).

    `packages` are apt's records: release, architecture of the machine, suite, architecture of the package, name.
    """

    files: dict[str, tuple[Path, str]] = field(default_factory=dict)
    packages: dict[str, Any] = field(default_factory=dict)

    def put(self, place: str, file: Path, platform: str = "") -> None:
        """One more file; one that two platforms need is for all."""
        before = self.files.get(place)
        self.files[place] = (file, platform if before is None or before[1] == platform else "")

    def cached(self, path: Path, platform: str = "") -> None:
        """A file of the cache, or all files of a folder of it."""
        for one in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if one.is_file() and not any(part.startswith(".") for part in one.relative_to(path.parent).parts):
                self.put(f"cache/{one.relative_to(paths.cache()).as_posix()}", one, platform)


def gather(wanted: Plan, draft: Path, report: Listener) -> Gathered:
    """All of it; `draft` is a folder for what is made just for this kit. Raises Blocked where something is missing."""
    found = Gathered()
    _python(found, wanted, draft, report)
    for release in wanted.releases:
        for platform, architecture in zip(wanted.platforms, wanted.architectures, strict=True):
            _packages(found, release, platform, architecture, report)
    _images(found, wanted, report)
    for platform, architecture in zip(wanted.platforms, wanted.architectures, strict=True):
        foreign = "" if architecture == mirror.host_architecture() else architecture
        found.cached(kernel.unpack(foreign, report), platform)
    _site(found)
    return found


def _python(found: Gathered, wanted: Plan, draft: Path, report: Listener) -> None:
    targets = [wheels.Target(platform, python) for python in wanted.pythons for platform in wanted.platforms]
    for wheel, platform in wheels.fetch(targets, report).items():
        found.put(f"wheels/{wheel.name}", wheel, platform)
    report.phase("Packing the lab itself")
    own = own_wheel.make(draft)
    found.put(f"wheels/{own.name}", own)
    found.put("wheels/requirements.lock", plan.locks() / "requirements.lock")


def _packages(found: Gathered, release: str, platform: str, architecture: str, report: Listener) -> None:
    """An engine's packages on that release, and those that the base image is made of."""
    distribution, own = release.partition(":")[0], CODENAMES[release]
    here: dict[str, Any] = {}
    for suite, names in programs.needed(distribution, SUITE).items():
        asked = [f"{name}:{architecture}" for name in names]
        # the release of that machine is another one here, so it is asked for by its own name
        records = _fetched(asked, own if suite == mirror.HOST else suite, report)
        here.setdefault(suite, {}).update(records)
        for file in _files(records):
            found.cached(file, platform)
    boxes = _fetched(list(images.busybox_packages().values()), SUITE, report)
    for file in _files(boxes):
        found.cached(file)
    for other, known in boxes.items():
        here[SUITE].setdefault(other, {}).update(known)
    found.packages.setdefault(release, {})[architecture] = {
        suite: {other: {name: asdict(one) for name, one in known.items()} for other, known in records.items()}
        for suite, records in here.items()
    }


def _fetched(asked: list[str], suite: str, report: Listener) -> dict[str, dict[str, Package]]:
    """Records by architecture and name."""
    apt.fetch(asked, suite=suite, report=report)
    found: dict[str, dict[str, Package]] = {}
    for name, _, architecture in (one.partition(":") for one in asked):
        found.setdefault(architecture, {})[name] = apt.known(suite, architecture)[name]
    return found


def _files(records: dict[str, dict[str, Package]]) -> Iterator[Path]:
    return (one.file for known in records.values() for one in known.values())


def _images(found: Gathered, wanted: Plan, report: Listener) -> None:
    """The base images, as layouts, and BuildKit's for each platform: minutes, where it must be compiled."""
    boxes = apt.fetch(list(images.busybox_packages().values()), suite=SUITE, report=report)
    images.busybox(report)
    found.cached(images.busybox_layout(boxes.values()))
    report.phase("Go's image: half a minute, where it must be made")
    go.make()
    found.cached(go.layout())
    for platform in wanted.platforms:
        which = Platform.of(*platform.split("/"))
        report.phase(f"BuildKit's image for {platform}: minutes, where it must be compiled")
        maker.make(which)
        found.cached(maker.layout(which), platform)


def _site(found: Gathered) -> None:
    """The course's pages, where they were built."""
    source = plan.checkout()
    folder = source / "site" if source else Path("/nonexistent")
    for file in sorted(folder.rglob("*")) if (folder / "index.html").is_file() else []:
        if file.is_file():
            found.put(f"site/{file.relative_to(folder).as_posix()}", file)


def check(found: Gathered) -> None:
    """Raise Blocked where a file has gone since, or has a name that a kit cannot have."""
    for place, (file, _) in found.files.items():
        if not file.is_file():
            raise Blocked(f"{str(file)!r} has gone while the kit was made.", "Try again.")
        if any(part.startswith(".") for part in place.split("/")):
            raise Blocked(f"{place!r} cannot be in a kit.", "Give that file another name.")
