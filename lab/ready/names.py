"""Architectures in names, and the commands of a RUN that ask for one or compile for one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lab.model.platforms import Platform, given

_ARCHITECTURES = (
    r"amd64|x86[_-]64|x64|linux64|arm64(?:v8)?|aarch64|armv[567](?:l|hf|a)?|armhf|armel|arm32v[567]"
    r"|i[36]86|ppc64(?:le|el)|s390x|riscv64"
)
_TOKEN = re.compile(rf"(?<![A-Za-z0-9])(?:{_ARCHITECTURES})(?![A-Za-z0-9])", re.IGNORECASE)
_WHOLE = re.compile(rf"(?:linux[/_-])?(?:{_ARCHITECTURES})(?:/v[5678])?\Z", re.IGNORECASE)
_CHOSEN = re.compile(
    r"TARGET(?:ARCH|PLATFORM|VARIANT)|BUILD(?:ARCH|PLATFORM)|uname\s+-\w*[mp]|--print-(?:foreign-)?arch"
    r"|\$\(\s*arch\s*\)|`arch`|HOSTTYPE|\bxx-|platform\.machine|\$\{?\w*(?:ARCH|PLATFORM|MACHINE|MARCH)\w*",
    re.IGNORECASE,
)
ASKS = re.compile(
    r"\buname\s+-\w*[mp]\b|\bdpkg\s+--print-architecture\b|\bapk\s+--print-arch\b|\$\(\s*arch\s*\)|`arch`"
)
# What a name ends in where it is a download's, a package's, or a library's.
_FILE = re.compile(
    r"\.(?:tar(?:\.\w+)?|tgz|tbz2?|txz|zip|gz|xz|zst|deb|rpm|apk|jar|so[\w.]*|bin|run|sh|whl)\Z", re.IGNORECASE
)
_FOLDER = re.compile(r"/(?:[\w-]+-linux-(?:gnu\w*|musl\w*)|ld-(?:linux|musl)-[\w-]+\.so[\w.]*)")
_PACKAGE = re.compile(r"[\w.+-]+:(?:amd64|arm64|armhf|i386)\Z")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
# Options that say for which machine a compiler works.
_AIMS = re.compile(
    rf"GOARCH=[\"']?(?:arm|386|{_ARCHITECTURES})[\"']?\Z"
    rf"|(?:CARGO_BUILD_TARGET|DOTNET_RUNTIME)=[\"']?[\w-]*(?:{_ARCHITECTURES})[\w-]*[\"']?\Z"
    r"|--target[= ][\"']?(?:x86_64|aarch64|armv7|i686)-[\w-]+[\"']?\Z"
    rf"|--(?:arch|runtime)[= ](?:linux-)?(?:{_ARCHITECTURES})\Z",
    re.IGNORECASE,
)
_ALSO = {
    "x64": "amd64",
    "linux64": "amd64",
    "arm64v8": "arm64",
    "armv7l": "arm",
    "armv6l": "arm",
    "armv7": "arm",
    "armv6": "arm",
}
_LONGEST = 2000  # what is longer is no name
_OF_ONE = {
    "amd64": "linux/amd64", "arm64v8": "linux/arm64", "arm32v7": "linux/arm/v7", "arm32v6": "linux/arm/v6",
    "arm32v5": "linux/arm/v5", "i386": "linux/386", "ppc64le": "linux/ppc64le", "s390x": "linux/s390x",
    "riscv64": "linux/riscv64",
}  # fmt: skip


def architecture(text: str) -> str:
    """The first architecture that a name holds, as it is written there; "" for none."""
    found = _TOKEN.search(text)
    return found[0] if found else ""


def enough(text: str, wanted: Iterable[Platform]) -> bool:
    """Is the architecture in a text the only one that is wanted?"""
    name = architecture(text).lower()
    platform = given(_ALSO.get(name, name)) if name else None
    return platform is not None and all(one.architecture == platform.architecture for one in wanted)


def named(path: str) -> str:
    """The architecture that a file is for, by its own name or its folder's; "" for none."""
    folders, _, name = path.rpartition("/")
    folder = folders.rpartition("/")[2]
    return architecture(name) or (folder if whole(folder) else "")


def whole(text: str) -> bool:
    """Is the text an architecture or a platform, and nothing else?"""
    return bool(_WHOLE.match(text))


def chosen(text: str) -> bool:
    """Does a text choose among architectures: by an argument, by asking the machine?"""
    return bool(_CHOSEN.search(text))


def fixed(words: tuple[str, ...]) -> Iterator[str]:
    """The words that name a download, a package, a file or a folder of one architecture."""
    for word in words:
        plain = word.strip("\"',;()")
        if len(plain) > _LONGEST or chosen(plain) or not architecture(plain):
            continue
        if "://" in plain or _FOLDER.search(plain) or _PACKAGE.match(plain) or _FILE.search(plain):
            yield plain


def aims(words: tuple[str, ...]) -> Iterator[str]:
    """The words that tell a compiler one machine."""
    for one, after in zip(words, (*words[1:], ""), strict=True):
        if _AIMS.match(one):
            yield one
        elif one.startswith("--") and _AIMS.match(f"{one} {after}"):
            yield after


def of_one_platform(image: str) -> str:
    """The platform that the name of an image is for (`arm64v8/alpine`, `debian:12-amd64`); "" where it says none."""
    owner = image.removeprefix("docker.io/").partition("/")[0]
    if "/" in image and owner in _OF_ONE:
        return _OF_ONE[owner]
    name = image.partition("@")[0].rpartition("/")[2]
    return architecture(name)


_PACKERS = ("npm", "yarn", "pnpm", "bun")
_JAVA = ("package", "install", "verify", "build", "assemble", "bootJar", "shadowJar", "installDist", "jar", "war")
_WORDS = {
    "go": ("build", "install"),
    "cargo": ("build", "install", "zigbuild", "cook"),
    "dotnet": ("publish", "build"),
    "mvn": _JAVA,
    "gradle": _JAVA,
    "cmake": ("--build",),
}
_ALONE = ("gcc", "g++", "cc", "c++", "clang", "clang++", "make", "ninja", "rustc", "javac", "tsc")
NATIVE = frozenset(("go", "cargo", "rustc", "gcc", "g++", "cc", "c++", "clang", "clang++"))
NEEDS_TOOLS = frozenset(("gcc", "g++", "cc", "c++", "clang", "clang++", "make", "ninja", "cmake"))


def compiler(words: tuple[str, ...]) -> str:
    """The compiler that a command runs; "" for none. What only fetches (`go mod download`) is none."""
    rest = list(words)
    while rest and (_ASSIGNMENT.match(rest[0]) or rest[0] in ("exec", "time", "env", "sudo", "command")):
        rest.pop(0)
    if not rest:
        return ""
    name = rest[0].rpartition("/")[2].removesuffix("w") if rest[0].startswith("./") else rest[0].rpartition("/")[2]
    if name in _PACKERS:
        script = next((word for word in rest[1:] if word != "run" and not word.startswith("-")), "")
        return f"{name} {script}" if script.partition(":")[0] == "build" else ""
    if name in _WORDS:
        return name if any(word.rpartition(":")[2] in _WORDS[name] for word in rest[1:]) else ""
    return name if name in _ALONE and rest[1:2] not in (["--version"], ["-v"]) else ""


def crosses(text: str) -> bool:
    """Is a compiler told the target's machine in this text?"""
    return bool(
        re.search(r"\bxx-|TARGET(?:ARCH|PLATFORM)|GOARCH|--target\b|-linux-(?:gnu|musl)|\bmake\b|goreleaser", text)
    )


def variant_of(platforms: frozenset[Platform]) -> str:
    """The oldest 32-bit Arm among platforms, where one is older than what Go makes of itself."""
    return next(
        (str(one) for one in sorted(platforms) if one.architecture == "arm" and one.variant in ("v5", "v6")), ""
    )
