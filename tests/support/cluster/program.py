"""Kubernetes as one program (etcd, API server, controllers, scheduler, kubelet, kubectl), compiled from pinned Go modules.

`python -m support.cluster.program` (in the folder `tests`) makes it: 7 minutes of two cores, once; the lab's cache keeps it.
"""

import hashlib
import platform
import re
import shutil
import subprocess
from pathlib import Path

from filelock import FileLock

from lab import paths
from lab.model.platforms import Platform
from lab.sandbox.buildkit import gobuild, toolchain
from lab.sandbox.report import quiet

MODULE = Path(__file__).parent.parent.parent / "cluster/program"
VERSION = re.search(r"k8s\.io/kubernetes (v[\d.]+)", (MODULE / "go.mod").read_text(encoding="utf-8"))[1]
_STAMP = "k8s.io/component-base/version"


def place():
    """Where the cache keeps it: another source is another program."""
    digest = hashlib.sha256()
    for name in ("main.go", "go.mod", "go.sum"):
        digest.update((MODULE / name).read_bytes())
    return paths.cache() / f"kubernetes/{VERSION}-{digest.hexdigest()[:12]}-{_architecture()}"


def make():
    """The program out of the cache, or compiled now. A second caller waits for the first."""
    folder = paths.cache() / "kubernetes"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock"):
        if not place().exists():
            _compile(folder / "go", folder / "draft")
            shutil.rmtree(folder / "go")  # 3 GB that nobody needs once the program is there
    return place()


def _compile(work, draft):
    work.mkdir(exist_ok=True)
    go = toolchain.find(_wanted(), quiet)
    major, minor, _ = VERSION.removeprefix("v").split(".")
    told = {"gitVersion": VERSION, "gitMajor": major, "gitMinor": minor}
    stamp = " ".join(f"-X {_STAMP}.{name}={value}" for name, value in told.items())
    command = [go.program, "build", "-trimpath", f"-ldflags=-s -w {stamp}", "-o", draft, "."]
    environment = gobuild.own_environment(go, _architecture(), work)
    subprocess.run(command, cwd=MODULE, env=environment, check=True)
    draft.replace(place())


def _wanted():
    found = re.search(r"^go (\d+)\.(\d+)\.(\d+)$", (MODULE / "go.mod").read_text(encoding="utf-8"), re.MULTILINE)
    return toolchain.numbers(found)


def _architecture():
    return Platform.of("linux", platform.machine()).architecture


if __name__ == "__main__":
    print(make())  # noqa: T201
