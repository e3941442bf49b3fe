"""Is an image what its label says? Small pure rules on facts, each a problem or None.

The lessons' checks and `lab audit` use the same ones, so that what a learner is taught is what the tool finds. A
problem says what will happen to whom. Sources: the kernel's `execve`, containerd's matching of platforms, the
x86-64 psABI's levels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.platforms import Platform, listed
from lab.steps import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lab.audit.start import Lacking
    from lab.facts import Binaries, Binary, Image, Index, Manifest

FOREIGN = "on {host} hosts `exec format error`: {path} is {found}"
ONLY_SOME = "on {host} hosts without 32-bit mode `exec format error`: {path} is {found}"
TOO_NEW = "on {host} hosts older than {found} `illegal instruction`: {path} is made for {found}"
NO_LOADER = "`exec {path}: no such file or directory`: the file is there, its loader {found} is not"
NO_INTERPRETER = "`exec {path}: no such file or directory`: the script is there, its interpreter {found} is not"
LINE_ENDS = "`exec {path}: no such file or directory`: its first line ends as on Windows, so that it asks for {found}"
NO_SHEBANG = "`exec format error` on every host: {path} is a script without `#!` on its first line"
NO_PROGRAM = "`exec format error` on every host: {path} is {found}, no program"
NOT_RUNNABLE = "`exec {path}: permission denied`: the file has no x bit"
ENV_INTERPRETER = (
    "`env: '{found}': No such file or directory`: {path} asks env for {found}, which is not in the image's PATH"
)
ENV_LINE_ENDS = "`env: '{found}': No such file or directory`: the first line of {path} ends as on Windows"
ENV_WORDS = (
    "`env: '{found}': No such file or directory`: {path} gives env more than one word, which only `env -S` takes apart"
)
NO_ENTRYPOINT = "`{path}: no such file or directory`: the image does not hold the program that it starts"
NO_FOLDER = "`exec {path}: permission denied`: {path} is a folder, no program"
NO_COMMAND = "`{by}: {path}: not found`: the image does not hold the program that {by} starts"
NO_WRAPPER = "`{path}: no such file or directory`: the image does not hold {path}, which is to start {next}"
NO_SHELL = "`{path}: no such file or directory`: the command is written for a shell, and the image does not hold {path}"
NATIVE_FOREIGN = "on {host} hosts `{said}`: {path} is {found}"
NATIVE_LIBC = "`{said}`: {path} is made for {found}, and the C library of the image is {wanted}"
LIBRARY_FOREIGN = "on {host} hosts `{path}: error while loading shared libraries: {name}: {why}`: {library} is {found}"
NO_IMAGE = "{digest} is {found}, no image: it is not looked at"
NOTHING_TO_START = "the image names no program to start: a container needs a command of its own"
NOT_HELD = "the image is listed and is not held here: only part of the tag was saved or pushed"
LABELS_DIFFER = (
    "the index says {wanted}, the image's own configuration says {found}: tools that read only one are misled"
)
ABSENT = "{wanted} is needed, and there is no image for it; there are: {found}"
UNKNOWN = "{found} is a platform that no machine has: nobody can run this image"
TWICE = "{found} stands twice in the index: engines take the first, the other is never seen"
NO_VARIANT = "the index says {found} without a variant: engines read it as {wanted}"
SHARED = (
    "the layer with {path} is that of {others} too, its programs are for {found}: was the base for one platform only?"
)

_NAMES = {"amd64": "x86-64", "386": "32-bit x86", "arm64": "64-bit Arm"}
_KIND_NAMES = {
    "empty": "an empty file",
    "html": "a web page",
    "archive": "an archive",
    "pe": "a program for Windows",
    "mach-o": "a program for macOS",
    "wasm": "WebAssembly",
    "damaged": "an ELF file cut short",
    "unknown": "some other file",
}


def runs_on(program: Platform, host: Platform) -> bool | None:
    """Does a host's CPU run that program itself? None where only some such hosts do (32-bit Arm on arm64)."""
    if program.os != host.os:
        return False
    if program.architecture == host.architecture:
        return True
    if (program.architecture, host.architecture) == ("arm", "arm64"):
        return None
    return (program.architecture, host.architecture) == ("386", "amd64")


def foreign(binary: Binary, label: Platform) -> Problem | None:
    """A program for another machine than the image is for. What is no ELF file passes."""
    if binary.platform is None:
        return None
    fits = runs_on(binary.platform, label)
    if fits:
        return None
    template = FOREIGN if fits is False else ONLY_SOME
    return Problem(template, found=machine(binary.platform, label), wanted=label, host=host(label), path=binary.path)


def foreign_programs(found: Binaries) -> list[Problem]:
    """Of the program in each platform's image, those that are for another machine than the index says."""
    return [problem for label, binary in found.programs if binary and (problem := foreign(binary, label))]


def too_new(binary: Binary, label: Platform) -> Problem | None:
    """A program for a newer CPU of the same family: arm/v7 in an arm/v6 image, x86-64-v3 in a plain amd64 one."""
    if binary.platform is None or binary.platform.architecture != label.architecture:
        return None
    if label.architecture == "arm" and _number(binary.platform.variant) > _number(label.variant or "v7"):
        return Problem(TOO_NEW, found=_short(binary.platform), wanted=label, host=host(label), path=binary.path)
    if label.architecture == "amd64" and binary.level > max(1, _number(label.variant)):
        needs = f"x86-64-v{binary.level}"
        return Problem(TOO_NEW, found=needs, wanted=label, host=host(label), path=binary.path)
    return None


def no_loader(binary: Binary, loader: Binary | None) -> Problem | None:
    """The loader or interpreter that a program asks for is not in the image (`loader` is what was found there)."""
    if loader is not None or not binary.interpreter:
        return None
    if binary.interpreter.endswith("\r"):
        return Problem(LINE_ENDS, found=binary.interpreter.rstrip("\r") + "\\r", path=binary.path)
    template = NO_LOADER if binary.kind == "elf" else NO_INTERPRETER
    return Problem(template, found=binary.interpreter, path=binary.path)


def not_in_image(one: Lacking) -> Problem:
    """What is to be started and is not in the image, in the words of who looks for it."""
    if one.role == "interpreter":
        return _no_interpreter(one)
    if one.folder:
        return Problem(NO_FOLDER, path=one.word)
    if one.role == "wrapper":
        return Problem(NO_WRAPPER, path=one.word, next=one.of)
    if one.role == "shell":
        return Problem(NO_SHELL, path=one.word)
    if one.by:
        return Problem(NO_COMMAND, path=one.word, by=one.by)
    return Problem(NO_ENTRYPOINT, path=one.word)


def _no_interpreter(one: Lacking) -> Problem:
    if one.word.endswith("\r"):
        return Problem(ENV_LINE_ENDS, found=one.word.rstrip("\r") + "\\r", path=one.of)
    template = ENV_WORDS if " " in one.word else ENV_INTERPRETER
    return Problem(template, found=one.word, path=one.of)


def no_program(binary: Binary) -> Problem | None:
    """What a container starts must be something that the kernel can start."""
    if not binary.runnable:
        return Problem(NOT_RUNNABLE, path=binary.path)
    if binary.kind == "text" or (binary.kind == "script" and not binary.interpreter):
        return Problem(NO_SHEBANG, path=binary.path)
    if binary.kind in ("elf", "script"):
        return None
    return Problem(NO_PROGRAM, found=_KIND_NAMES.get(binary.kind, binary.kind), path=binary.path)


def labels_differ(row: Manifest, image: Image) -> Problem | None:
    """The index's row and the image's own configuration name two platforms."""
    if row.platform is None or row.platform == image.platform:
        return None
    return Problem(LABELS_DIFFER, found=image.platform, wanted=row.platform)


def absent(index: Index, wanted: Platform) -> Problem | None:
    """No image that a host of that platform would take. An older variant serves a newer host."""
    if any(serves(offered, wanted) for offered in index.platforms):
        return None
    return Problem(ABSENT, found=listed(index.platforms), wanted=wanted)


def serves(offered: Platform, wanted: Platform) -> bool:
    """Would an engine on a `wanted` host take an `offered` image as its own?"""
    if (offered.os, offered.architecture) != (wanted.os, wanted.architecture):
        return False
    return offered.variant == wanted.variant or _number(offered.variant) < _number(wanted.variant)


def unknown(row: Manifest) -> Problem | None:
    """A platform that is a slip (`linux/x86`), which builders accept without a word."""
    if row.platform is None or row.platform.is_known:
        return None
    return Problem(UNKNOWN, found=row.written or row.platform)


def twice(row: Manifest, earlier: Iterable[Manifest]) -> Problem | None:
    """A platform that an earlier row has already, for another image."""
    if row.platform is None or all(other.platform != row.platform for other in earlier):
        return None
    return Problem(TWICE, found=row.platform)


def no_variant(row: Manifest) -> Problem | None:
    """32-bit Arm without a variant is read as v7, which a Pi Zero is not."""
    if row.platform is None or row.written != "linux/arm":
        return None
    return Problem(NO_VARIANT, found=row.written, wanted=row.platform)


def _number(variant: str) -> int:
    return int(variant[1:]) if variant[:1] == "v" and variant[1:].isdecimal() else 0


def _short(platform: Platform) -> str:
    return str(platform).removeprefix("linux/")


def host(platform: Platform) -> str:
    """A host as messages name it: `arm/v7`."""
    return _short(platform)


def machine(found: Platform, label: Platform) -> str:
    """What a program is for, as messages name it: `64-bit Arm`, `for freebsd`."""
    if found.os != label.os:
        return f"for {found.os}"
    return _NAMES.get(found.architecture, _short(found))
