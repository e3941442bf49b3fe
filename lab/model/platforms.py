"""Platforms and their many names, normalised as containerd (and so Docker, BuildKit and buildx) does.

Source of the rules: the `platforms` package of containerd. `Platform.parse("aarch64")`, `"arm64/v8"` and
`"linux/arm64"` are one platform.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from lab.errors import BadInput

_COMPONENT = re.compile(r"[A-Za-z0-9_.-]+\Z")
_OS_NAMES = {"macos": "darwin"}
_KNOWN_OS = frozenset(
    "aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris "
    "windows zos".split()
)
_KNOWN_ARCHITECTURES = frozenset(
    "386 amd64 amd64p32 arm armbe arm64 arm64be loong64 mips mipsle mips64 mips64le mips64p32 mips64p32le "
    "ppc ppc64 ppc64le riscv riscv64 s390 s390x sparc sparc64 wasm".split()
)
_ARCHITECTURE_NAMES = {
    "x86_64": "amd64",
    "x86-64": "amd64",
    "aarch64": "arm64",
    "i386": "386",
    "armhf": "arm",
    "armel": "arm",
}
_FIXED_VARIANTS = {"i386": "", "armhf": "v7", "armel": "v6"}  # these names say it, whatever is added
_VARIANT_NAMES = {
    "amd64": {"v1": ""},
    "arm": {"": "v7", "5": "v5", "6": "v6", "7": "v7", "8": "v8"},
    "arm64": {"8": "", "v8": "", "v8.0": "", "9": "v9", "9.0": "v9", "v9.0": "v9"},
}


@dataclass(frozen=True, order=True)
class Platform:
    """An operating system, a CPU architecture and, where it matters, a variant (`v7` of `linux/arm/v7`)."""

    os: str
    architecture: str
    variant: str = ""

    @classmethod
    def of(cls, os: str, architecture: str, variant: str = "") -> Platform:
        """Normalise the three parts, as they stand in a manifest or an image's configuration."""
        os, architecture, variant = os.lower(), architecture.lower(), variant.lower()
        name = _ARCHITECTURE_NAMES.get(architecture, architecture)
        return cls(_OS_NAMES.get(os, os), name, _variant(architecture, name, variant))

    @classmethod
    def parse(cls, text: str, *, host_os: str = "linux") -> Platform:
        """Read `OS/ARCH[/VARIANT]` or `ARCH` alone, as `--platform` takes them.

        Raises BadInput where containerd refuses it too. An architecture that nobody has heard of is accepted
        in the long form (`linux/foo`), as `docker build` accepts it: see `is_known`.
        """
        parts = text.strip().split("/")
        if len(parts) > 3 or not all(_COMPONENT.match(part) for part in parts):
            raise BadInput(f"{text!r} is not a platform.", "One looks like linux/arm64 or linux/arm/v7.")
        if len(parts) > 1:
            return cls.of(*parts)
        alone = cls.of(host_os, parts[0])
        if alone.architecture not in _KNOWN_ARCHITECTURES:
            raise BadInput(
                f"{text!r} is neither an architecture nor a platform that is known.",
                "A platform looks like linux/arm64.",
            )
        return alone

    @property
    def is_known(self) -> bool:
        """Is this a platform that somebody makes, and not a slip such as `linux/x86`?"""
        return self.os in _KNOWN_OS and self.architecture in _KNOWN_ARCHITECTURES

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


def _variant(given: str, name: str, variant: str) -> str:
    return _FIXED_VARIANTS.get(given, _VARIANT_NAMES.get(name, {}).get(variant, variant))


def listed(platforms: Iterable[object]) -> str:
    """`linux/amd64, linux/arm64`: sorted, for a person; `none` where there is none."""
    names = sorted(str(platform) for platform in platforms)
    return ", ".join(names) if names else "none"


def given(text: str) -> Platform | None:
    """The platform that somebody wrote down, in any of its names; None where it is none."""
    try:
        found = Platform.parse(text)
    except BadInput:
        return None
    return found if found.is_known else None


def architectures_in(text: str) -> frozenset[str]:
    """The architectures that a text names, in any of their names: `x86_64 GNU/Linux` names amd64."""
    words = re.split(r"[^a-z0-9_-]+", text.lower())
    return frozenset(_ARCHITECTURE_NAMES.get(word, word) for word in words) & _KNOWN_ARCHITECTURES
