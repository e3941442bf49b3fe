"""Native extensions: compiled parts that Python, Node.js, Ruby and the like load, and what they say where they cannot.

Tried here with glibc 2.36, musl 1.2.3, Python 3.11 and Node.js 20. Sources: PEP 3149 (names of Python's extensions),
`process.dlopen` and `node-gyp-build`, glibc's `dl-load.c`, musl's `dynlink.c`.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from lab.audit import noise, rules
from lab.steps import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lab.facts import Binary
    from lab.platforms import Platform

MUSL, GLIBC = "musl", "glibc"
_PLACES = (
    ("python", re.compile(r"/(?:site-packages|dist-packages|lib-dynload)/(?P<module>.+)\Z")),
    ("node", re.compile(r"/node_modules/(?P<module>.+)\Z|\.node\Z")),
    ("ruby", re.compile(r"/(?:gems|site_ruby|vendor_ruby|ruby)/(?P<module>.+)\Z")),
    ("php", re.compile(r"/php/(?:.+/)?(?P<module>[^/]+)\Z")),
    ("perl", re.compile(r"/auto/(?P<module>.+)\Z")),
)
_TAG = re.compile(
    r"\.(?:cpython|pypy)[-\w]*?-(?P<machine>x86_64|i386|aarch64|arm|[a-z0-9]+)-(?P<system>linux[-\w]*)\.so\Z"
)
_PACKAGE = re.compile(
    r"/node_modules/((?:@[^/]+/)?[^/]*?)([-/]?)(linux|linuxmusl)-([a-z0-9_]+)((?:-(?:gnu|musl|gnueabihf))?)(?=/)"
)
_PREBUILDS = re.compile(r"/prebuilds/linux-")
_NODES_NAMES = {"amd64": "x64", "386": "ia32"}


def language(path: str) -> str:
    """Which language's interpreter loads a file at that path: "" where it is none's."""
    if not noise.LIBRARY.search(path) and not path.endswith(".node"):
        return ""
    return next((name for name, place in _PLACES if place.search(path)), "")


def library_of_c(binary: Binary, tags: frozenset[str] = frozenset()) -> str:
    """Which C library an extension is made for: by what it asks for, else by its name; "" where neither says.

    `tags` are names that the image's own interpreter goes by, which say nothing: older Pythons on Alpine call theirs
    `-linux-gnu` too.
    """
    needed = [posixpath.basename(name) for name in binary.needed]
    if any(name.startswith(("libc.musl-", "ld-musl-")) for name in needed):
        return MUSL
    if any(name == "libc.so.6" or name.startswith(("ld-linux", "ld64.so")) for name in needed):
        return GLIBC
    if tag(binary.path) in tags:
        return ""
    named = _TAG.search(binary.path) or _PACKAGE.search(binary.path)
    said = named[0] if named else posixpath.basename(binary.path)
    if "musl" in said:
        return MUSL
    return GLIBC if re.search(r"[-.](?:gnu|glibc)(?![a-z])", said) else ""


def library_of_image(loaders: Iterable[str]) -> str:
    """The C library of programs that ask for these loaders; "" where they differ, or ask for none."""
    kinds = {MUSL if "ld-musl" in loader else GLIBC for loader in loaders if "ld-" in loader or "ld64" in loader}
    return kinds.pop() if len(kinds) == 1 else ""


def foreign(binary: Binary, label: Platform, library: str) -> Problem | None:
    """An extension for another machine, with the words that its interpreter has for that."""
    if binary.platform is None or _same(binary.platform, label):
        return None
    said = _not_found(binary.path, label, library) or _says(binary, _not_loaded(binary, label, library))
    machine = rules.machine(binary.platform, label)
    return Problem(
        rules.NATIVE_FOREIGN, found=machine, wanted=label, said=said, path=binary.path, host=rules.host(label)
    )


def other_library(
    binary: Binary, label: Platform, library: str, *, tags: frozenset[str] = frozenset()
) -> Problem | None:
    """An extension for the other C library than the image's; `tags` as in `library_of_c`."""
    own = library_of_c(binary, tags)
    if not own or not library or own == library or binary.platform is None:
        return None
    if not _same(binary.platform, label):
        return None
    said = "" if tag(binary.path) in tags else _not_found(binary.path, label, library)
    if not said:
        said = _says(binary, _lacks(binary, own))
    return Problem(rules.NATIVE_LIBC, found=own, wanted=library, said=said, path=binary.path)


def tag(path: str) -> str:
    """What a Python extension's name says it is for, as `x86_64-linux-gnu`; "" where it says nothing."""
    found = _TAG.search(path)
    return f"{found['machine']}-{found['system']}" if found else ""


def _not_found(path: str, label: Platform, library: str) -> str:
    """Where names keep an interpreter from even trying to load the file."""
    if _TAG.search(path) and (found := _PLACES[0][1].search(path)):
        module = _TAG.sub("", found["module"]).replace("/", ".")
        return f"ModuleNotFoundError: No module named '{module}'"
    name = _NODES_NAMES.get(label.architecture, label.architecture)
    if _PREBUILDS.search(path):
        return f"Error: No native build was found for platform=linux arch={name}"
    found = _PACKAGE.search(path)
    if found and found[1]:
        system = (
            "linuxmusl" if found[3] == "linuxmusl" or (found[1].startswith("@img/") and library == MUSL) else "linux"
        )
        ending = {MUSL: "-musl", GLIBC: "-gnu"}.get(library, found[5]) if found[5] else ""
        return f"Error: Cannot find module '{found[1]}{found[2]}{system}-{name}{ending}'"
    return ""


def _not_loaded(binary: Binary, label: Platform, library: str) -> str:
    """The loader's own words for a file of another machine."""
    if library == MUSL:
        return f"Error loading shared library {binary.path}: Exec format error"
    return f"{binary.path}: {not_loaded(binary, label)}"


def not_loaded(binary: Binary, label: Platform) -> str:
    """Why glibc's loader does not take a library of another machine."""
    if binary.platform and (bits := _bits(binary.platform)) != _bits(label):
        return f"wrong ELF class: ELFCLASS{bits}"
    return "cannot open shared object file: No such file or directory"


def is_module(path: str) -> bool:
    """Is it an extension, and no library that came along with one?"""
    return bool(_TAG.search(path)) or path.endswith((".node", ".abi3.so"))


def _lacks(binary: Binary, own: str) -> str:
    """The loader's own words for a library that is not there, or for a name that the other C library has not."""
    wanted = next((name for name in binary.needed if name.startswith(("libc.musl-", "ld-musl-", "ld-linux"))), "")
    if own == MUSL:
        wanted = wanted or "libc.musl"
        return f"{wanted}: cannot open shared object file: No such file or directory"
    if wanted:
        return f"Error loading shared library {wanted}: No such file or directory (needed by {binary.path})"
    return f"Error relocating {binary.path}: symbol not found"


def _says(binary: Binary, why: str) -> str:
    kind = language(binary.path)
    return {
        "python": f"ImportError: {why}",
        "node": f"Error: {why}",
        "ruby": f"LoadError: {why} - {binary.path}",
    }.get(kind, why)


def _same(one: Platform, other: Platform) -> bool:
    """An extension becomes a part of its interpreter: a 32-bit one does not fit into a 64-bit one."""
    return (one.os, one.architecture) == (other.os, other.architecture)


def _bits(platform: Platform) -> int:
    return 32 if platform.architecture in ("386", "arm", "armbe", "mips", "mipsle", "ppc", "s390", "riscv") else 64
