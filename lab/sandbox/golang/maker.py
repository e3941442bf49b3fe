"""Makes the base image `golang`, once for all sandboxes that share a cache: Go's own release, out of Go's own module.

Two layers are the same for each platform (Go's sources; its standard library, compiled), one has the programs that run.
What no build of a program reads is left out: the sources of Go's own tools, and tests. There is no C compiler.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from lab import paths
from lab.errors import Blocked
from lab.images import build
from lab.model.platforms import Platform
from lab.sandbox import images
from lab.sandbox.buildkit import gobuild, journal, toolchain
from lab.sandbox.host.run import run
from lab.sandbox.report import quiet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VERSION = "1.26.8"
TAGS = (VERSION, "1.26", "latest")
# Of the module golang.org/toolchain, as https://sum.golang.org has them.
SUMS = {
    "linux/amd64": "h1:ZOmGe1OnfREDMIdb1Qi4G9JSuDPBLGExZMQ4nis1RXM=",
    "linux/arm64": "h1:sYL/O6MqS68ML0kjsQ36WoYIpJqkw60TxizWUYUKQMc=",
}
# The platforms that Go's standard library is compiled for, so that a lesson need not wait for it: GOARCH, GOARM.
_READY = (("amd64", ""), ("arm64", ""), ("arm", "6"), ("arm", "7"))
_PACKAGES = ("bufio", "fmt", "os", "runtime", "sort", "strings", "time")
_RECIPE = 2  # counted up when the image is made otherwise, so that an older one in a cache is not taken for it
_OLDEST = (1, 21, 0)  # of the Go that downloads; from then on toolchains are modules
_ROOM = 2 * 10**9  # bytes: two toolchains whole, and the image twice
_LIMIT = 900.0
_LEFT_OUT = re.compile(r"src/cmd/|(^|/)testdata/|_test\.go$")
_NETWORK = "Check the network and `go env GOPROXY`, then run `lab up` again."
_RUN = ("bin/", "pkg/tool/")


def layout() -> Path:
    """The folder in the cache that keeps the image."""
    return paths.cache() / f"base-golang-{VERSION}-{_RECIPE}"


def cached() -> build.Manifest | None:
    """The image, where the cache has it whole; a damaged one is dropped."""
    return build.kept(layout())


def make() -> build.Manifest:
    """The index out of the cache, or made now: half a minute. Raises Blocked where it cannot be made.

    Only one is made at a time, and not beside BuildKit's, which has the same Go.
    """
    from filelock import FileLock

    try:
        journal.cache_folder().mkdir(parents=True, exist_ok=True)
        with FileLock(journal.cache_folder() / "lock"):
            return cached() or _make()
    except OSError as error:
        raise Blocked(f"Go's image cannot be kept: {error}.", "Make room, or set LAB_CACHE.") from error


def _make() -> build.Manifest:
    if _here() not in SUMS:
        raise Blocked(f"The lab makes no Go image on {_here()}.", "Lesson 9 needs amd64 or arm64.")
    if shutil.disk_usage(journal.cache_folder()).free < _ROOM:
        raise Blocked(f"Go's image needs {_ROOM // 10**9} GB of room while it is made.", "Make room, or set LAB_CACHE.")
    for left in journal.cache_folder().glob(
        ".work-*"
    ):  # of a maker that was stopped; the lock says that none is at work
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=journal.cache_folder(), prefix=".work-") as folder:
        work = Path(folder)
        go = toolchain.find(_OLDEST, quiet)
        trees = {platform: _download(go, platform, work) for platform in SUMS}
        library = _library(trees[_here()], work)
        index = _assemble(trees, library, work)
        draft = work / "layout"
        build.write_layout(draft, index)
        draft.replace(layout())
    shutil.rmtree(toolchain.trees(), ignore_errors=True)  # an unpacked Go that nobody needs any more
    return build.read_layout(layout())


def _here() -> str:
    from platform import machine

    return str(Platform.of("linux", machine()))


def _download(go: toolchain.Go, platform: str, work: Path) -> Path:
    """A platform's toolchain, unpacked; its checksum is the one that stands above."""
    environment = gobuild.own_environment(go, "amd64", work)
    module = f"golang.org/toolchain@v0.0.1-go{VERSION}.{platform.replace('/', '-')}"
    try:
        done = run([go.program, "mod", "download", "-json", module], environment, limit=_LIMIT, folder=work)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Blocked(
            f"Go {VERSION} cannot be downloaded: {error}.", "Check the network, then run `lab up`."
        ) from error
    try:
        answer = json.loads(done.out)
    except ValueError:
        answer = {}
    if done.status or not answer.get("Dir"):
        said = str(answer.get("Error") or done.err or "Go said nothing").strip().splitlines()[-1]
        raise Blocked(
            f"Go {VERSION} for {platform} cannot be downloaded: {said}",
            _NETWORK,
        )
    if answer.get("Sum") != SUMS[platform]:
        raise Blocked(
            f"What was downloaded as Go {VERSION} for {platform} is something else: {answer.get('Sum')}.",
            "Look at GOPROXY (`go env GOPROXY`), then run `lab up` again.",
        )
    return Path(answer["Dir"])


def _library(tree: Path, work: Path) -> Path:
    """Go's standard library, as far as small programs need it, compiled by this machine for each platform."""
    for program in (tree / "bin/go", *(tree / "pkg/tool").glob("*/*")):
        program.chmod(0o755)
    cache = work / "library"
    go = toolchain.Go(tree / "bin/go", (0, 0, 0))
    for architecture, variant in _READY:
        environment = {
            **gobuild.own_environment(go, architecture, work),
            "GOCACHE": str(cache),
            "GOARM": variant,
            "GOFLAGS": "",
        }
        environment.pop("GOROOT", None)
        done = run([go.program, "build", *_PACKAGES], environment, limit=_LIMIT, folder=work)
        if done.status:
            raise Blocked(f"Go's library cannot be compiled: {done.err.strip()[-300:]}", "Please report this.")
    (cache / "trim.txt").unlink(missing_ok=True)
    return cache


def _assemble(trees: Mapping[str, Path], library: Path, work: Path) -> build.Manifest:
    """One index; each image is busybox, and on it what is the same for all, and what runs on that platform."""
    bases = dict(_bases())
    shared = {**dict(_files(next(iter(trees.values())), runs=False)), "go/src": _open(), "go/bin": _open()}
    shared |= images.certificates()
    compiled = {
        f"root/.cache/go-build/{path.relative_to(library).as_posix()}": build.File(path)
        for path in sorted(library.rglob("*"))
        if path.is_file()
    }
    common = [build.layer(files, folder=work) for files in (shared, compiled)]
    made = []
    for platform, tree in trees.items():
        own = build.layer(dict(_files(tree, runs=True)), folder=work)
        layers = [*bases[platform].blobs[1:], *common, own]
        made.append(build.image(layers, platform=platform, config=_config()))
    return build.index(made)


def _bases() -> Iterator[tuple[str, build.Manifest]]:
    for row in images.busybox(quiet).index.manifests:
        if told := row.platform:
            yield str(Platform.of(told["os"], told["architecture"], told.get("variant", ""))), row


def _open() -> build.Folder:
    return build.Folder(0o777)


def _files(tree: Path, *, runs: bool) -> Iterator[tuple[str, build.Content]]:
    """Go's files: those that run (`runs`), or the others."""
    for path in sorted(tree.rglob("*")):
        name = path.relative_to(tree).as_posix()
        if path.is_file() and not _LEFT_OUT.search(name) and name.startswith(_RUN) == runs:
            yield f"usr/local/go/{name}", build.File(path, 0o755 if runs else 0o644)


def _config() -> dict[str, object]:
    search = images.SEARCH_PATH.replace("PATH=", "PATH=/go/bin:/usr/local/go/bin:")
    return {
        "Env": [search, f"GOLANG_VERSION={VERSION}", "GOTOOLCHAIN=local", "GOPATH=/go"],
        "Cmd": ["sh"],
        "WorkingDir": "/go",
        "Labels": {
            "org.opencontainers.image.title": "golang",
            "org.opencontainers.image.version": VERSION,
            "org.opencontainers.image.description": "Made by multiplatform-lab from the Go module "
            "golang.org/toolchain; no C compiler; the standard library is compiled already",
        },
    }
