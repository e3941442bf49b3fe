"""A Go that is new enough: the learner's own, else the distribution's newest, unpacked and not installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lab import paths
from lab.errors import Blocked, LabError
from lab.sandbox.host.run import run

if TYPE_CHECKING:
    from lab.sandbox.report import Listener

Version = tuple[int, int, int]
_VERSION = re.compile(r"\bgo(\d+)\.(\d+)(?:\.(\d+))?")


@dataclass(frozen=True)
class Go:
    """A Go that works: its program and its version, `(1, 26, 8)`."""

    program: Path
    version: Version


def find(wanted: Version, report: Listener) -> Go:
    """The learner's Go where it is new enough, else the distribution's newest one, unpacked into the cache.

    Raises Blocked where neither is to be had.
    """
    if (name := shutil.which("go")) and (found := _ask(Path(name))) and found.version >= wanted:
        return found
    unpacked = _unpacked(report)
    if unpacked.version < wanted:
        raise Blocked(
            f"Go {'.'.join(map(str, wanted))} is needed, and here there is {'.'.join(map(str, unpacked.version))}.",
            "Install a newer Go, then run `lab up` again.",
        )
    return unpacked


def trees() -> Path:
    """Where unpacked toolchains stand."""
    return paths.cache() / "go-tree"


def numbers(found: re.Match[str]) -> Version:
    """The three numbers of a version; a missing third is 0."""
    return int(found[1]), int(found[2]), int(found[3] or 0)


def _ask(program: Path) -> Go | None:
    environment = {**os.environ, "GOTOOLCHAIN": "local", "GOENV": "off"}
    environment.pop("GOROOT", None)
    try:
        done = run([program, "env", "GOVERSION"], environment, limit=30, folder=Path("/"))
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.search(done.out)
    return Go(program, numbers(found)) if found and not done.status else None


def _unpacked(report: Listener) -> Go:
    """The distribution's newest Go. `golang-go` depends on the package that has it, whatever its number is."""
    from lab.sandbox.packages import apt
    from lab.sandbox.packages.deb import depends

    newest = apt.fetch(["golang-go"], report=report)["golang-go"]
    package = next((name for name in depends(newest) if re.fullmatch(r"golang-[\d.]+-go", name)), "")
    if not package:
        raise Blocked("The distribution's Go cannot be found.", "Install Go yourself, then run `lab up` again.")
    tree = trees() / package
    program = tree / f"usr/lib/go-{package.split('-')[1]}/bin/go"
    if not program.exists():
        debs = apt.fetch([package, package.removesuffix("go") + "src"], report=report)
        shutil.rmtree(tree, ignore_errors=True)
        tree.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=tree.parent) as draft:
            for deb in debs.values():
                apt.unpack(deb, Path(draft) / "tree")
            (Path(draft) / "tree").replace(tree)
    if found := _ask(program):
        return found
    raise LabError(f"The unpacked Go {str(program)!r} does not run.", "Install Go yourself, then run `lab up` again.")
