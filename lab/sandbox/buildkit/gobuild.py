"""Go programs from pinned modules, compiled with a word on how far it is.

Nothing of the learner's own Go is written to: modules and compiled packages go into the lab's cache. Where modules
come from (GOPROXY and its like) is the learner's own configuration of Go.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from lab import paths
from lab.errors import Blocked
from lab.sandbox.buildkit import toolchain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_LIMIT = 3600.0  # seconds for one compilation, on the slowest machine that is worth waiting for
_ROOM = 2 * 10**9  # bytes that a cold build needs: modules 0.6 GB, compiled packages 0.8 GB, programs
_CAUSES = (
    (r"no space left on device|disk quota exceeded", "the disk is full.", "Make room, then run `lab up` again."),
    (
        r"checksum mismatch|SECURITY ERROR",
        "a Go module is not the one that the lab has pinned.",
        "Look at GOPROXY (`go env GOPROXY`), then run `lab up` again.",
    ),
    (
        r"dial tcp|i/o timeout|connection re(?:fused|set)|TLS handshake|EOF|: [45]\d\d [A-Z]|lookup disabled",
        "Go's modules cannot be downloaded.",
        "Check the network and `go env GOPROXY`, then run `lab up` again.",
    ),
    (r"signal: killed|cannot allocate memory", "there is too little memory to compile.", "Close other programs."),
)


@dataclass(frozen=True)
class Recipe:
    """What to compile: a folder with `go.mod` and `go.sum`, the programs' packages, tags and linker flags."""

    module: Path
    programs: tuple[str, ...]
    tags: str
    ldflags: str
    architecture: str

    @property
    def flags(self) -> list[str]:
        """The flags on which the compiled packages depend; `go list` must be given the same ones.

        Debug information, a tenth of the work, is not made where the linker would drop it (`-s -w`).
        """
        return ["-trimpath", f"-tags={self.tags}", "-gcflags=all=-dwarf=false", f"-ldflags={self.ldflags}"]

    @property
    def go(self) -> toolchain.Version:
        """The Go that the module asks for."""
        found = re.search(r"^go (\d+)\.(\d+)(?:\.(\d+))?$", (self.module / "go.mod").read_text(), re.MULTILINE)
        return toolchain.numbers(found) if found else (0, 0, 0)

    @property
    def modules(self) -> int:
        """About how many modules are downloaded: those whose whole content has a checksum."""
        return sum("/go.mod " not in line for line in (self.module / "go.sum").read_text().splitlines())


class Listener(Protocol):
    """Who is told how far a build is."""

    def phase(self, name: str) -> None:
        """A phase begins: "modules" (downloads) or "compile" (packages)."""

    def step(self, done: int, total: int) -> None:
        """Of the phase's `total`, `done` are done."""


def build(go: toolchain.Go, recipe: Recipe, into: Path, listener: Listener) -> int:
    """Download what `recipe` needs, compile its programs into `into`; how many packages had to be compiled.

    A build that was stopped goes on where it was. Raises Blocked with one line where it cannot be done; all that
    Go says goes to standard error.
    """
    work = _folder()
    if not (work / "build").exists() and shutil.disk_usage(work).free < _ROOM:
        raise Blocked(
            f"BuildKit needs {_ROOM // 10**9} GB of room in {str(work)!r} while it is compiled.",
            "Make room, or set LAB_CACHE to a folder on another disk, then run `lab up` again.",
        )
    environment = own_environment(go, recipe.architecture, work)
    listener.phase("modules")
    due = _Count(listener, recipe.modules, _is_download)
    form = "{{.Stale}} {{.StaleReason}}"
    listed = _run(go, ["list", *recipe.flags, "-deps", f"-f={form}", *recipe.programs], environment, recipe, due)
    stale = sum(line.startswith("true") and "available in build cache" not in line for line in listed)
    listener.phase("compile")
    done = _Count(listener, stale, _is_package)
    into.mkdir(parents=True, exist_ok=True)
    _run(go, ["build", "-v", *recipe.flags, "-o", f"{into}/", *recipe.programs], environment, recipe, done)
    return stale


def clean() -> None:
    """Drop modules, compiled packages and an unpacked Go: 1.7 GB that nobody needs once the programs are there."""
    shutil.rmtree(_folder(), ignore_errors=True)
    shutil.rmtree(toolchain.trees(), ignore_errors=True)


def cause(output: Sequence[str]) -> Blocked:
    """One line for what Go complained of, out of the lines that it wrote."""
    text = "\n".join(output)
    for pattern, message, remedy in _CAUSES:
        if re.search(pattern, text):
            return Blocked(f"BuildKit could not be compiled: {message}", remedy)
    last = next((line.strip() for line in reversed(output) if line.strip()), "Go said nothing")
    return Blocked(f"BuildKit could not be compiled: {last}", "Look at the log, then run `lab up` again.")


class _Count:
    """Counts those of Go's lines that mean that one more is done."""

    def __init__(self, listener: Listener, total: int, counts: Callable[[str], bool]) -> None:
        self._listener, self._total, self._counts = listener, total, counts
        self._done = 0
        listener.step(0, total)

    def line(self, text: str) -> None:
        if self._counts(text):
            self._done += 1
            self._listener.step(min(self._done, self._total), self._total)


def _is_download(text: str) -> bool:
    return text.startswith("go: downloading ")


def _is_package(text: str) -> bool:
    return bool(text) and not text.startswith(("go: ", "#")) and " " not in text.strip()


def _folder() -> Path:
    folder = paths.cache() / "go"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def own_environment(go: toolchain.Go, architecture: str, work: Path) -> Mapping[str, str]:
    """The environment of a Go that keeps all that it makes in `work`."""
    own = {
        "CGO_ENABLED": "0",
        "GO111MODULE": "on",
        "GOARCH": architecture,
        "GOCACHE": str(work / "build"),
        # A folder that only its owner may not write to is a trap for whoever wants to remove it.
        "GOFLAGS": "-mod=readonly -modcacherw -buildvcs=false",
        "GOMODCACHE": str(work / "modules"),
        "GOOS": "linux",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        "LC_ALL": "C.UTF-8",
        # Go keeps counters of its own in the user's configuration; the learner's are left alone.
        "GOENV": os.environ.get("GOENV") or str(_configuration() / "go" / "env"),
        "XDG_CONFIG_HOME": str(work / "config"),
    }
    kept = {name: value for name, value in os.environ.items() if name not in ("GOROOT", "GOPATH", "GOBIN")}
    return {**kept, **own, "GOPATH": str(work), "PATH": f"{go.program.parent}:{os.environ.get('PATH', '')}"}


def _configuration() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")


def _run(
    go: toolchain.Go, arguments: Sequence[str], environment: Mapping[str, str], recipe: Recipe, count: _Count
) -> list[str]:
    """Run Go in the module's folder; its standard output. Its complaints are counted, logged and judged."""
    import sys

    complaints: list[str] = []
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as answer,
        subprocess.Popen(
            [str(go.program), *arguments],
            cwd=recipe.module,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=answer,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        ) as process,
    ):
        limit = threading.Timer(_LIMIT, process.kill)
        limit.start()
        try:
            for line in process.stderr or ():
                sys.stderr.write(line)
                complaints.append(line.rstrip("\n"))
                count.line(complaints[-1])
            status = process.wait()
        finally:
            limit.cancel()
        sys.stderr.flush()
        if status:
            raise cause([line for line in complaints if not _is_download(line)])
        answer.seek(0)
        return answer.read().splitlines()
