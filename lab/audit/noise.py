"""Which of an image's programs matter: those that something starts or loads, and not what is kept for others.

A file for another machine is no fault where it is meant for one: prebuilt parts for every platform, cross
toolchains and their sysroots, firmware, kernel modules, test data, downloads on offer. Sources: the Filesystem
Hierarchy Standard, GNU's triplets, Debian's multiarch folders, the names of npm's and Python's prebuilt packages.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from lab.audit import rules
from lab.model.platforms import Platform

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lab.model.facts import Binary

_MACHINE = re.compile(
    r"(?<![a-z0-9])(x86[_-]64(?:[_-]?v[2-4])?|amd64(?:v[2-4])?|x64|i[3-6]86|ia32|386|x86|aarch64|arm64(?:v8)?|arm32v[5-7]"
    r"|armv?[5-8][a-z]*|armhf|armel|arm|riscv64(?:gc)?|powerpc64le|ppc64le|ppc64el|ppc64|s390x|mips64el|mips64le|mips64"
    r"|mipsel|mipsle|mips|loongarch64|loong64)(?![a-z0-9])",
    re.IGNORECASE,
)
_LIBRARY_OF_C = re.compile(r"[-._]?(?<![a-z])(?:musl|gnu|glibc|gnueabihf|gnueabi|musleabihf)(?![a-z])", re.IGNORECASE)
_TRIPLET = re.compile(
    r"([a-z0-9_]+)-(?:[a-z0-9]+-)?linux-(?:gnu|musl|uclibc|android)[a-z0-9]*\Z|([a-z0-9_]+)-none-[a-z]+\Z"
)
_PYTHON = re.compile(r"/(?:site|dist)-packages/")
_IMPORTED = re.compile(r"\.(?:cpython|pypy|abi3)[-.]")
LIBRARY = re.compile(r"\.so(?:\.[0-9]+)*\Z")
_PART = re.compile(r"\.(?:o|ko|a|debug|bpf|efi|fw|syso|elf)\Z")
_KEPT = frozenset(
    "testdata test-data fixtures firmware gcc-cross x-tools doc docs examples downloads download glibc-hwcaps htdocs"
    " wwwroot public".split()
)
_ROOTS = re.compile(r"(?:sysroots?|rootfs|chroot|cross|(?:cross-?)?toolchains?)(?![a-z])", re.IGNORECASE)
_SHARED = ("/usr/share/", "/usr/local/share/", "/usr/src/", "/usr/include/", "/usr/lib/debug/")
_PROGRAMS = frozenset(("bin", "sbin", "libexec"))


def variant(path: str) -> str:
    """The path up to the first name with a machine in it, which is put as `*`; "" where no name has one.

    What differs in nothing but that is one thing for several machines.
    """
    parts = path.split("/")
    for number, part in enumerate(parts):
        if _MACHINE.search(part):
            name = _LIBRARY_OF_C.sub("", _MACHINE.sub("*", part.replace("linuxmusl", "linux")))
            return "/".join((*parts[:number], name))
    return ""


def named(path: str, of: Platform) -> bool:
    """Does a file of a Python package say itself for which machine it is, so that the package chooses it by its name?

    As debugpy's `attach_linux_amd64.so`, which its wheel for all platforms holds. What `import` loads is not meant.
    """
    name = posixpath.basename(path)
    found = _MACHINE.search(name)
    if not found or not _PYTHON.search(path) or _IMPORTED.search(name):
        return False
    return (
        Platform.of("linux", "386" if found[1].lower() == "x86" else found[1].lower()).architecture == of.architecture
    )


def kept(path: str, of: Platform | None) -> bool:
    """Does a file stand where files are only kept: for another machine, for tests, to be downloaded?"""
    *folders, name = path.split("/")
    if _PART.search(name) or path.startswith(_SHARED):
        return True
    if any(folder in _KEPT or _ROOTS.match(folder) for folder in folders):
        return True
    return of is not None and any(_machine(folder) == of.architecture for folder in folders)


def _machine(folder: str) -> str:
    """The machine that a folder named as a GNU triplet is for, as Docker calls it."""
    found = _TRIPLET.match(folder)
    if not found:
        return ""
    name = found[1] or found[2]
    return Platform.of("linux", {"armhf": "arm", "powerpc64le": "ppc64le", "i386": "386"}.get(name, name)).architecture


class Sieve:
    """The programs of one image. `folders` are those of PATH, of what is started, and the working directory."""

    def __init__(self, programs: Iterable[Binary], label: Platform, folders: frozenset[str]) -> None:
        self._programs = [one for one in programs if one.kind in ("elf", "script")]
        self._label = label
        self._folders = folders
        self._served = {
            key for one in self._programs if one.kind == "elf" and self._fits(one) and (key := variant(one.path))
        }

    def that_matter(self) -> Iterator[Binary]:
        """Those that something starts or loads."""
        for one in self._programs:
            if self._matters(one):
                yield one

    def everything(self) -> Iterator[Binary]:
        """All but what no engine has a name for (programs for BPF, firmware)."""
        return (one for one in self._programs if one.platform is None or one.platform.is_known)

    def _fits(self, one: Binary) -> bool:
        return one.platform is not None and bool(rules.runs_on(one.platform, self._label))

    def _matters(self, one: Binary) -> bool:
        if one.relocatable or (one.platform is not None and not one.platform.is_known):
            return False
        if kept(one.path, None if self._fits(one) else one.platform):
            return False
        if not self._fits(one) and (
            variant(one.path) in self._served or (one.platform and named(one.path, one.platform))
        ):
            return False
        if LIBRARY.search(one.path) or one.path.endswith(".node"):
            return True
        folder = posixpath.dirname(one.path) or "/"
        # Packages bring many scripts for interpreters that an image has no use for.
        return folder in self._folders or (one.kind == "elf" and posixpath.basename(folder) in _PROGRAMS)
