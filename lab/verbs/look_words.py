"""What the looking verbs say: programs, emulators and builders in words; facts in, lines out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lab.model.facts import Binary, Builder, Engine, Node
from lab.model.platforms import Platform, listed

MACHINES = {
    "amd64": "x86-64",
    "386": "32-bit x86",
    "arm64": "64-bit Arm (AArch64)",
    "arm": "32-bit Arm",
    "riscv64": "64-bit RISC-V",
    "s390x": "IBM Z",
    "ppc64le": "64-bit POWER, little-endian",
    "loong64": "LoongArch",
    "mips64le": "64-bit MIPS, little-endian",
}
_KINDS = {
    "script": "script",
    "empty": "empty file",
    "html": "HTML page, not a program",
    "text": "text, not a program",
    "archive": "archive, not a program",
    "pe": "program for Windows (PE), not for Linux",
    "mach-o": "program for macOS (Mach-O), not for Linux",
    "wasm": "WebAssembly module: not for a processor, it needs a runtime",
    "damaged": "ELF file whose end is missing",
    "unknown": "of a kind that the lab does not know",
}
# https://docs.kernel.org/admin-guide/binfmt-misc.html
FLAGS = {
    "F": "the kernel opened the emulator when it was registered, so it also works in containers that lack it",
    "P": "the program sees the name under which it was called",
    "O": "the kernel opens the program itself, so one that may be run but not read works too",
    "C": "setuid programs keep their rights (without it, an emulated `sudo` does not work)",
}
DRIVERS = {
    "docker": "the BuildKit inside the Docker engine; it cannot be removed",
    "docker-container": "a BuildKit of its own, in a container",
    "kubernetes": "BuildKit in pods of a Kubernetes cluster",
    "remote": "a BuildKit that already runs elsewhere",
    "cloud": "BuildKit of Docker's build service",
}
_HERE = ("docker", "docker-container")  # drivers whose BuildKit runs where the engine does
_STATUSES = {
    "running": "ready to build",
    "inactive": "created but never started, so its platforms are not known yet",
    "stopped": "its container exists but does not run",
    "error": "it does not answer",
}


def program(found: Binary) -> str:
    """What a program's header says, in one line without its name."""
    if found.kind != "elf" or found.platform is None:
        said = _KINDS.get(found.kind, found.kind)
        return f"{said}, run by {_quoted(found.interpreter)}" if found.kind == "script" and found.interpreter else said
    machine = MACHINES.get(found.platform.architecture, found.platform.architecture)
    linked = f"loaded by {_quoted(found.interpreter)}" if found.interpreter else "static"
    level = f", needs x86-64-v{found.level}" if found.level > 1 else ""
    allowed = "" if found.runnable else ", without the x bit"
    return f"ELF program for {machine}: {found.platform}, {linked}{level}{allowed}"


def _quoted(text: str) -> str:
    return text if text.isprintable() else repr(text)


@dataclass(frozen=True)
class Emulator:
    """A handler of the kernel's: for which platform it is (None: not by processor), and whose."""

    name: str
    platform: Platform | None
    interpreter: str
    flags: str
    whose: str


def emulators(found: Sequence[Emulator], *, seen: bool, elsewhere: str, own: Platform) -> Iterator[str]:
    """The list in words.

    `seen` says whether the kernel's interface can be looked at, `elsewhere` why this kernel is not the one that counts;
    `own` is the platform of this machine.
    """
    if elsewhere:
        yield elsewhere
    if not seen:
        yield "The kernel's list (/proc/sys/fs/binfmt_misc) cannot be seen from here."
        yield "`docker buildx ls` shows what builders can run all the same."
        return
    if not found:
        yield f"none: this kernel runs only programs for {own} and platforms compatible with it."
        yield "  A build for another platform can COPY, but its RUN ends with `exec format error`."
        yield "  `lab up --emulators` registers some for this machine, `lab down` removes them."
    for one in found:
        what = str(one.platform) if one.platform else "files of a special kind, not for a processor"
        yield f"{one.name}: {what}"
        yield f"  run by {one.interpreter}"
        yield f"  {one.whose}"
        yield from (f"  {flag}: {FLAGS[flag]}" for flag in one.flags if flag in FLAGS)
        if one.platform and "F" not in one.flags:
            yield "  no F: it works in a container only if the container holds the emulator under that name"


def builders(
    found: Sequence[Builder], engine: Engine, table: str, *, served: frozenset[str] | None = None
) -> Iterator[str]:
    """What `docker buildx ls` printed (`table`), line by line in words, for this engine.

    `served` are the architectures that this machine's kernel runs, itself or by emulators; None where it is not known.
    """
    if not found:
        yield "There are no builders."
    for builder in found:
        star = "*" if builder.current else ""
        yield f"{builder.name}{star}"
        if builder.current:
            yield "  * the current builder: `docker buildx build` and `bake` use it where no other is named"
        yield f"  driver {builder.driver}: {DRIVERS.get(builder.driver, 'a driver that the lab does not know')}"
        for node in builder.nodes:
            yield from _node(node, table)
            if served is not None and builder.driver in _HERE:
                yield from _stale(node, served)
            if node.platforms:
                yield "    COPY works for every platform, listed or not"
        yield from _can(builder, engine)


def _node(node: Node, table: str) -> Iterator[str]:
    status = _STATUSES.get(node.status, "")
    yield f"  node {node.name}: {node.status or 'no status'}{': ' + status if status else ''}"
    if node.error:
        yield f"    it says: {' '.join(node.error.split())}"
    if node.buildkit == "v0.0.0+unknown":
        yield "    BuildKit v0.0.0+unknown: the one inside an engine that was built without noting its version"
    elif node.buildkit:
        yield f"    BuildKit {node.buildkit}"
    yield from (f"    {line}" for line in folded(node, table))
    if node.pinned:
        yield f"    set by hand, and not tried: {listed(node.pinned)}"
    if found := [platform for platform in node.platforms if platform not in node.pinned]:
        yield f"    says it can RUN programs for {listed(found)}"


def _stale(node: Node, served: frozenset[str]) -> Iterator[str]:
    """Builders note what they can run when they start, emulators come and go."""
    missing = {p.architecture for p in node.platforms if p not in node.pinned} - served
    if missing:
        yield f"    but nothing here runs {', '.join(sorted(missing))} any more: the builder's list is out of date"


def folded(node: Node, table: str) -> Iterator[str]:
    """What the short forms in a node's line of `docker buildx ls` stand for, where that line has any.

    In `linux/amd64 (+4)` the number counts all of that architecture, the plain one too; `(2 more)` is the rest.
    """
    place = re.compile(rf"\s*\\_ {re.escape(node.name)}\s")
    line = next((line for line in table.splitlines() if place.match(line)), "")
    groups: dict[str, list[str]] = {}
    for platform in node.platforms:
        groups.setdefault(f"{platform.os}/{platform.architecture}", []).append(str(platform))
    shown = {word.strip("*,") for word in line.split()}
    for name, names in groups.items():
        if re.search(rf"\b{re.escape(name)}\*? \(\+{len(names)}\)", line):
            yield f"{name} (+{len(names)}) stands for {len(names)}: {', '.join(names)}"
    if more := re.search(r"\([0-9]+ more\)", line):
        rest = [name for group, names in groups.items() if not shown & {group, *names} for name in names]
        yield f"{more[0]} stands for {', '.join(rest)}"


def _can(builder: Builder, engine: Engine) -> Iterator[str]:
    if builder.driver == "docker" and engine.store == "classic":
        yield "  one platform per build: this engine's classic image store keeps only one under a tag"
    elif builder.driver == "docker":
        yield "  several platforms per build: this engine's containerd image store keeps them under one tag"
    elif builder.driver in DRIVERS and engine.store == "classic":
        yield "  several platforms per build, with --push; this engine's classic image store loads (--load) only one"
    elif builder.driver in DRIVERS:
        yield "  several platforms per build; it keeps no images: --push or --load says where the result goes"
    if "Docker Desktop" in engine.name:
        yield "  Docker Desktop runs it in a virtual machine, which has emulators of its own"


def reach(tags: Sequence[tuple[str, frozenset[str]]]) -> Iterator[str]:
    """Each index and manifest that a tag leads to, with the tags: what is not here has no tag that leads to it."""
    led: dict[str, list[str]] = {}
    for tag, digests in tags:
        for digest in sorted(digests):
            led.setdefault(digest, []).append(tag)
    for digest, names in led.items():
        yield f"{digest}  {', '.join(names)}"


def leads(digest: str, tags: Sequence[str]) -> str:
    """Which tags lead to one digest."""
    if not tags:
        return f"No tag leads to {digest}."
    return f"{', '.join(tags)} {'leads' if len(tags) == 1 else 'lead'} to {digest}."
