"""Emulators: programs of other processors, run by QEMU, which the kernel calls through its binfmt_misc interface.

They are the kernel's, for the whole machine: registered with consent only, removed when they are the lab's own.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lab import paths
from lab.errors import Blocked
from lab.sandbox import state
from lab.sandbox.model import Removal, Sandbox
from lab.sandbox.packages import apt, mirror
from lab.sandbox.report import Listener, quiet

FOLDER = Path("/proc/sys/fs/binfmt_misc")
PREFIX = "lab-"
# O: hand over the open file; P: keep the program's own name; F: open the emulator now, so containers need not hold it.
FLAGS = "OPF"
# QEMU's names of the processors that the lessons use, by Docker's platform.
WANTED = {"linux/arm64": "aarch64", "linux/arm/v7": "arm", "linux/riscv64": "riscv64", "linux/amd64": "x86_64"}
_HOST = {"amd64": ("x86_64",), "arm64": ("aarch64", "arm"), "armhf": ("arm",), "riscv64": ("riscv64",)}
_MACHINE = slice(18, 20)  # where an ELF header says which processor the program is for


@dataclass(frozen=True)
class Handler:
    """One enabled entry of binfmt_misc. `magic` is in hex; `ours` tells that a lab made it, `own` that this one did."""

    name: str
    interpreter: str
    flags: str
    magic: str
    ours: bool

    @property
    def own(self) -> bool:
        """Whether this very lab made it: another one on this machine may have its own."""
        return self.name.startswith(own_prefix())

    @property
    def machine(self) -> bytes:
        """The two bytes of the ELF header that this entry looks for; empty for entries of other kinds."""
        return bytes.fromhex(self.magic)[_MACHINE] if self.magic.startswith("7f454c46") else b""


def registered() -> list[Handler]:
    """All handlers that are enabled in the kernel; none where the interface is not mounted."""
    found = []
    for entry in sorted(FOLDER.glob("*")) if FOLDER.is_dir() else ():
        if entry.name not in {"register", "status"}:
            try:
                handler = parse(entry.name, entry.read_text())
            except OSError:
                continue  # removed this very moment
            if handler:
                found.append(handler)
    return found


def parse(name: str, text: str) -> Handler | None:
    """Read one entry as the kernel prints it; None where it is disabled."""
    fields = dict(line.partition(" ")[::2] for line in text.splitlines())
    if "enabled" not in fields:
        return None
    magic = fields.get("magic", "") if fields.get("offset", "0").strip() == "0" else ""
    flags = fields.get("flags:", "").strip()
    return Handler(name, fields.get("interpreter", ""), flags, magic, name.startswith(PREFIX))


def wanted(architecture: str = "") -> list[str]:
    """QEMU's names of the emulators that a machine of that architecture (else this one) can use: all but its own's."""
    return [name for name in WANTED.values() if name not in _HOST.get(architecture or mirror.host_architecture(), ())]


def missing() -> list[str]:
    """The platforms of the lessons ("linux/arm64") that nothing on this machine can run yet."""
    if not Path("/proc").is_dir():
        return []
    running = {handler.machine for handler in registered()}
    names = wanted()
    return [platform for platform, name in WANTED.items() if name in names and _MACHINES[name] not in running]


def missing_emulators(sandbox: Sandbox) -> list[str]:
    """The platforms of the lessons that the engine could run only after `up(emulators=True)`."""
    return [] if sandbox.engine.remote else missing()


_MACHINES = {
    "aarch64": bytes.fromhex("b700"), "arm": bytes.fromhex("2800"),
    "riscv64": bytes.fromhex("f300"), "x86_64": bytes.fromhex("3e00"),
}  # fmt: skip


def fetch(report: Listener = quiet) -> Path:
    """The folder with the few emulators that are needed and their lines for the kernel. Raises Blocked.

    One that is unpacked already serves without its package, as a kit brings it.
    """
    folders = sorted(paths.cache().glob("emulators-*"), reverse=True)
    here = next((folder for folder in folders if _whole(folder, wanted())), None)
    return here or unpack(report=report)


def unpack(architecture: str = "", report: Listener = quiet) -> Path:
    """The same out of the distribution's package, also for a machine of another architecture (Debian's name)."""
    package = "qemu-user" if mirror.distribution() == "debian" else "qemu-user-static"
    asked = f"{package}:{architecture}" if architecture else package
    deb, names = apt.fetch([asked], report=report)[asked], wanted(architecture)
    place = paths.cache() / f"emulators-{deb.stem}"
    if _whole(place, names):
        return place
    with apt.unpacking():
        return place if _whole(place, names) else _unpack_to(place, deb, names, report)


def _whole(place: Path, names: Sequence[str]) -> bool:
    return all((place / file).is_file() for name in names for file in (f"qemu-{name}", f"{name}.conf"))


def _unpack_to(place: Path, deb: Path, names: Sequence[str], report: Listener) -> Path:
    report.phase("Unpacking the emulators")
    fresh = place.with_name(f".{place.name}")
    shutil.rmtree(fresh, ignore_errors=True)
    apt.unpack(deb, fresh / "package")
    for name in names:
        binaries = [fresh / "package/usr/bin" / f"qemu-{name}{suffix}" for suffix in ("", "-static")]
        next(file for file in binaries if file.exists()).rename(fresh / f"qemu-{name}")
        next((fresh / "package").rglob(f"qemu-{name}.conf")).rename(fresh / f"{name}.conf")
    shutil.rmtree(fresh / "package")
    shutil.rmtree(place, ignore_errors=True)
    fresh.rename(place)
    return place


def register(report: Listener = quiet) -> None:
    """Register what is missing; a processor that any handler serves already is left as it is. Raises Blocked."""
    place = fetch(report)
    _mount()
    served = {handler.machine for handler in registered()}
    for name in wanted():
        if _MACHINES[name] not in served:
            add(name, place, own_prefix() + name)


def add(processor: str, place: Path, name: str, flags: str = FLAGS) -> None:
    """Register the emulator of a processor (QEMU's name), out of the folder that `fetch` made. Raises Blocked."""
    line = registration((place / f"{processor}.conf").read_text(), name, place / f"qemu-{processor}", flags)
    try:
        (FOLDER / "register").write_text(line)
    except OSError as error:
        raise Blocked(
            f"The kernel refuses the emulator for {processor}: {error.strerror}.", "Only root may register one."
        ) from error


def serving(processor: str) -> list[Handler]:
    """The enabled handlers of a processor's programs, by QEMU's name for it, whoever made them."""
    return [handler for handler in registered() if handler.machine == _MACHINES[processor]]


def registration(line: str, name: str, interpreter: Path, flags: str = FLAGS) -> str:
    """The kernel's registration line for `name`, out of the one that QEMU's package brings."""
    _, _, kind, offset, magic, mask, _, _ = line.strip().split(":")
    return ":".join(["", name, kind, offset, magic, mask, str(interpreter), flags])


def own_prefix() -> str:
    """How the names of this lab's handlers begin."""
    return f"{PREFIX}{state.key()}-"


def remove(name: str) -> None:
    """Remove one of this lab's handlers."""
    if name.startswith(own_prefix()):
        # opened as what is there: the kernel answers "permission denied" where a file would have to be made
        with contextlib.suppress(FileNotFoundError), (FOLDER / name).open("r+b", buffering=0) as entry:
            entry.write(b"-1")


def removals() -> Iterator[Removal]:
    """This lab's handlers."""
    for handler in registered():
        if handler.own:
            yield Removal(f"emulator {handler.name}", partial(remove, handler.name))


def mount_removal() -> Iterator[Removal]:
    """The mount of the kernel's interface, where that is the lab's."""
    if state.before().get("binfmt") and mounted():
        yield Removal(f"mount of {FOLDER}", unmount)


def mounted() -> bool:
    """Whether the kernel's interface is mounted."""
    return (FOLDER / "register").exists()


def unmount() -> None:
    """Undo the lab's mount, unless somebody else has put a handler there since."""
    if not registered():
        _libc().umount(os.fsencode(FOLDER))


def _mount() -> None:
    if mounted():
        return
    if not FOLDER.is_dir():
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):  # where it is no module, it is there or never
            subprocess.run(["modprobe", "binfmt_misc"], capture_output=True, timeout=30, check=False)
    # The `mount` command would leave a file of its own behind.
    if _libc().mount(b"binfmt_misc", os.fsencode(FOLDER), b"binfmt_misc", 0, None):
        raise Blocked(
            f"The kernel's interface for emulators cannot be mounted: {os.strerror(ctypes.get_errno())}.",
            "It needs root; inside a container, run that with --privileged.",
        )
    state.runtime().mkdir(mode=0o700, exist_ok=True)
    state.note_before(binfmt=True)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
