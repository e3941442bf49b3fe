"""What a kit is for: platforms, releases of Debian or Ubuntu, versions of Python."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from platform import machine

import lab
from lab.errors import Blocked, UsageError
from lab.model.platforms import Platform
from lab.sandbox.packages import mirror

PLATFORMS = ("linux/amd64", "linux/arm64")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
CODENAMES = {
    "debian:12": "bookworm", "debian:13": "trixie",
    "ubuntu:22.04": "jammy", "ubuntu:24.04": "noble", "ubuntu:26.04": "resolute",
}  # fmt: skip
_OTHER_MIRROR = "This machine's apt knows where {here} has its packages, not where {other} has."
_OTHER_UBUNTU = "On Ubuntu, a kit can have the engine of this machine's own release ({here}) only, not that of {other}."


@dataclass(frozen=True)
class Plan:
    """Docker's names of the platforms, releases such as "debian:12", versions such as "3.12"."""

    platforms: tuple[str, ...]
    releases: tuple[str, ...]
    pythons: tuple[str, ...]

    @property
    def architectures(self) -> tuple[str, ...]:
        """Debian's names of the platforms."""
        return tuple(platform.partition("/")[2] for platform in self.platforms)


def plan(platforms: str | None, releases: str | None, pythons: str | None) -> Plan:
    """Read what was asked for, each separated by commas; None is this machine's platform, or all that can be had.

    Raises UsageError for a name that is not known, Blocked for a release whose packages cannot be had from here.
    """
    return Plan(
        _words(platforms or str(Platform.of("linux", machine())), PLATFORMS, "a platform"),
        _releases(releases),
        _words(pythons or ",".join(PYTHONS), PYTHONS, "a Python"),
    )


def locks() -> Path:
    """The folder with the lists of packages and their hashes: in a checkout, or in the installed lab."""
    package = Path(lab.__file__).parent
    inside = package / "_locks"
    return inside if inside.is_dir() else package.parent


def checkout() -> Path | None:
    """The lab's source, where it is run from that."""
    folder = Path(lab.__file__).parent.parent
    return folder if (folder / "pyproject.toml").is_file() and (folder / "requirements.lock").is_file() else None


def python_here() -> str:
    """This Python, as in "3.12"."""
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def _words(text: str, known: tuple[str, ...], what: str) -> tuple[str, ...]:
    found = [word.strip() for word in text.split(",") if word.strip()]
    for word in found:
        if word not in known:
            raise UsageError(f"{word!r} is not {what} that a kit can be for.", f"It is one of {', '.join(known)}.")
    if not found:
        raise UsageError(f"That names not {what}.", f"It is one of {', '.join(known)}.")
    return tuple(name for name in known if name in found)


def _releases(text: str | None) -> tuple[str, ...]:
    here = mirror.host_mirror()
    mine = tuple(name for name in CODENAMES if name.startswith(f"{here.distribution}:"))
    own = tuple(name for name in mine if CODENAMES[name] == here.codename)
    wanted = mine if here.distribution == "debian" else own
    if text is None:
        return wanted
    found = _words(text, tuple(CODENAMES), "a release")
    for name in found:
        if name not in mine:
            raise Blocked(_OTHER_MIRROR.format(here=here.distribution.title(), other=name), "Leave it out of --for.")
        if name not in wanted:
            raise Blocked(_OTHER_UBUNTU.format(here=", ".join(own), other=name), "Make that kit on such a machine.")
    return found
