"""Tiny static programs, one an architecture, that do nothing but end with a status that no accident gives.

They are put together here, so that no file of another machine has to be carried along: an ELF header, one segment,
and the few instructions of `exit(42)`. Sources: the ELF supplement and the system call table of each processor.
"""

from __future__ import annotations

import errno
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lab.doctor.facts import How, Trial
from lab.errors import Blocked
from lab.images.elf import MACHINES
from lab.images.program import ELF
from lab.model.world import World
from lab.probes.command import ask
from lab.sandbox import state
from lab.sandbox.host.run import printed

STATUS = 42
_BASE = 0x400000
_DIRECT_LIMIT = 5.0
_CONTAINER_LIMIT = 20.0
_NEVER_STARTED = (125, 126, 127)  # docker's own statuses: nothing of the program's was seen


@dataclass(frozen=True)
class _Exit:
    """The instructions of `exit(42)` in hex, and the flags of the ELF header."""

    code: str
    flags: int = 0


_EXITS = {
    "amd64": _Exit("bf2a000000 b83c000000 0f05"),
    "386": _Exit("bb2a000000 b801000000 cd80"),
    "arm64": _Exit("400580d2 a80b80d2 010000d4"),
    "arm": _Exit("2a00a0e3 0170a0e3 000000ef", 0x05000000),
    "riscv64": _Exit("1305a002 9308d005 73000000"),
    "s390x": _Exit("a729002a 0a01"),
    "ppc64le": _Exit("01000038 2a006038 02000044", 2),
}
ARCHITECTURES = tuple(_EXITS)


def program(architecture: str) -> bytes:
    """The program, whole."""
    ends = _EXITS[architecture]
    number, bits, little = MACHINES[architecture]
    order = "<" if little else ">"
    code = bytes.fromhex(ends.code)
    wide = bits == 64
    head, row = (64, 56) if wide else (52, 32)
    size = head + row + len(code)
    word = "Q" if wide else "I"
    mark = bytes([2 if wide else 1, 1 if little else 2, 1])
    header = struct.pack(
        f"{order}4s3s9xHHI{word}{word}{word}IHHHHHH",
        ELF, mark, 2, number, 1, _BASE + head + row, head, 0, ends.flags, head, row, 1, 0, 0, 0,
    )  # fmt: skip
    readable = 5
    if wide:
        segment = struct.pack(f"{order}IIQQQQQQ", 1, readable, 0, _BASE, _BASE, size, size, 0x10000)
    else:
        segment = struct.pack(f"{order}IIIIIIII", 1, 0, _BASE, _BASE, size, size, readable, 0x10000)
    return header + segment + code


def write(folder: Path) -> dict[str, Path]:
    """One file each, by architecture. Before anything else is started: what is open for writing cannot be run."""
    places = {name: folder / f"exit-{name}" for name in ARCHITECTURES}
    for name, place in places.items():
        place.write_bytes(program(name))
        place.chmod(0o755)
    return places


def directly(architecture: str, place: Path) -> Trial:
    """Let this machine's kernel run it."""
    try:
        done = subprocess.run(
            [place], capture_output=True, timeout=_DIRECT_LIMIT, check=False, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        return Trial(architecture, "broken", "direct", f"it did not end within {_DIRECT_LIMIT:.0f} s")
    except OSError as error:
        if error.errno == errno.ENOEXEC:
            return Trial(architecture, "refused", "direct", "exec format error")
        if error.errno == errno.ENOENT:
            return Trial(architecture, "broken", "direct", "the emulator's file is missing")
        return Trial(architecture, "untried", "direct", str(error.strerror))
    return _judged(architecture, "direct", done.returncode, done.stderr.decode("utf-8", "replace"))


def in_container(architecture: str, place: Path, image: str, world: World) -> Trial:
    """Let the engine run it in a container of an image that it has; only our own program runs there."""
    from lab.sandbox.engine.commands import LABEL

    name = f"lab-doctor-{place.parent.name.rpartition('-')[2].lower()}-{architecture}"
    command = [
        "docker", "run", "--rm", "--pull", "never", "--name", name, "--label", f"{LABEL}={state.key()}",
        "--network", "none", "--security-opt", "label=disable",
        "--mount", f"type=bind,source={place},target=/lab-doctor,readonly", "--entrypoint", "/lab-doctor", image,
    ]  # fmt: skip
    try:
        status, _, err, _ = ask(command, world.env, limit=_CONTAINER_LIMIT)
    except Blocked:
        # A program that its emulator cannot end stays as the first process of its container.
        printed(["docker", "rm", "--force", name], world.env)
        return Trial(architecture, "broken", "container", f"it did not end within {_CONTAINER_LIMIT:.0f} s")
    return _judged(architecture, "container", status, err)


def _judged(architecture: str, how: How, status: int, err: str) -> Trial:
    said = _line(err)
    if status == STATUS:
        return Trial(architecture, "ran", how)
    if "exec format error" in err:
        return Trial(architecture, "refused", how, "exec format error")
    if "/lab-doctor: no such file or directory" in err:
        return Trial(architecture, "broken", how, "the emulator, or what it needs, is not in the container")
    if how == "container" and status in _NEVER_STARTED:
        return Trial(architecture, "untried", how, said)
    return Trial(architecture, "broken", how, said or f"it ended with {status} instead of {STATUS}")


def _line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip() and "--help" not in line]
    return lines[-1][-200:] if lines else ""
