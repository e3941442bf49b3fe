"""Emulators inside a builder's BuildKit image: RUN steps use them where the kernel has no handler.

The official image holds some, the lab's own none; buildx lists their platforms for neither. Source: BuildKit's
solver/llbsolver/ops/exec_binfmt.go, which looks for `buildkit-qemu-NAME` and mounts it into the step.
"""

from __future__ import annotations

from lab.doctor.leftovers import PREFIX
from lab.errors import Blocked
from lab.platforms import Platform
from lab.probes._command import ask
from lab.world import World

EMULATOR = "buildkit-qemu-"
DRIVER = "docker-container"  # whose BuildKit is a container that can be looked into
_FOLDER = "/usr/bin"  # where the official image keeps its programs
_LIMIT = 15.0


def look(node: str, world: World) -> frozenset[str] | None:
    """The architectures that the BuildKit of that node brings emulators for; None where nobody can tell."""
    try:
        status, out, _, _ = ask(["docker", "exec", f"{PREFIX}{node}", "ls", _FOLDER], world.env, limit=_LIMIT)
    except Blocked:
        return None
    return None if status else architectures(out)


def architectures(listing: str) -> frozenset[str]:
    """Those of the emulators in a folder's listing, by Docker's names."""
    names = (line.strip().removeprefix(EMULATOR) for line in listing.splitlines() if line.startswith(EMULATOR))
    return frozenset(Platform.of("linux", name).architecture for name in names)
