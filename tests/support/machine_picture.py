"""A picture of all that a sandbox could change on this machine, to compare before `up` with after `down`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

from lab import paths
from lab.sandbox import state
from lab.sandbox.engine import traces as left

Picture = dict[str, frozenset[str]]
_DEEP = ("/opt", "/run", "/usr/local/bin", "/root/.docker", "/etc/apt", "/etc/docker", "/etc/containerd", "/etc/cni")
_FLAT = ("/", "/etc", "/var/lib", "/var/run", "/var/cache", "/var/log", "/etc/systemd/system", "/usr/libexec/docker")
_PACKAGES = re.compile(r"Package: (.*(?:docker|containerd|runc|qemu|tini|busybox|seccomp).*)")
_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "alone")  # several processes share the tests, each with its own folder
_SHARED = re.compile(r"lab-(?!{key})[0-9a-f]{{8}}|veth[0-9a-f]+|/dev/pts/|/run/user/|/popen-(?!" + _WORKER + "/)")
# A step that another BuildKit was just running when the first picture was taken; one that comes and stays is a trace.
_PASSING = re.compile(r"^/run/runc/")
_ENGINES = re.compile(r"/sys/fs/cgroup/.*/docker($|/)|/(run|opt)/(docker|containerd)($|/)|^br-[0-9a-f]{12}$")


def take() -> Picture:
    """Everything but the lab's own folders, as sets of lines: a line too many or too few is a trace."""
    return {
        "processes": frozenset(_processes()),
        "mounts": _lines(Path("/proc/self/mounts").read_text()),
        "links": frozenset(path.name for path in Path("/sys/class/net").iterdir()),
        "routes": frozenset(line.split()[0] for line in Path("/proc/net/route").read_text().splitlines()),
        "forwarding": _lines(Path("/proc/sys/net/ipv4/ip_forward").read_text()),
        "iptables": _firewall(),
        "cgroups": frozenset(str(path) for path in Path("/sys/fs/cgroup").glob("**/*/") if path.is_dir()),
        "handlers": frozenset(path.name for path in Path("/proc/sys/fs/binfmt_misc").glob("*")),
        "files": frozenset(_files("**/*", _DEEP)) | frozenset(_files("*", _FLAT)),
        "packages": frozenset(_PACKAGES.findall(Path("/var/lib/dpkg/status").read_text(errors="replace"))),
    }


def traces(before: Picture, *, patience: float = 10.0) -> dict[str, list[str]]:
    """What differs from `before`, once the kernel has let go; what another sandbox or engine has is left out."""
    deadline = time.monotonic() + patience
    while (found := _differences(before, take())) and time.monotonic() < deadline:
        time.sleep(0.25)
    return found


def _differences(before: Picture, after: Picture) -> dict[str, list[str]]:
    foreign = re.compile(_SHARED.pattern.format(key=state.key()))
    others = left.other_engines()
    found = {
        kind: sorted(
            line
            for line in before[kind] ^ after[kind]
            if not foreign.search(line) and not (others and _ENGINES.search(line))
            if line in after[kind] or not _PASSING.search(line)
        )
        for kind in before
    }
    return {kind: lines for kind, lines in found.items() if lines}


def _processes() -> list[str]:
    """Processes that belong to this sandbox by mark, command line, folder or control group."""
    signs = (state.key().encode(), str(paths.home()).encode())
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            texts = [(entry / name).read_bytes() for name in ("environ", "cmdline", "cgroup")]
        except OSError:
            continue
        marked = b"LAB_DAEMON=" in texts[0] and signs[0] in texts[0]
        if marked or any(sign in text for text in texts[1:] for sign in signs):
            found.append(texts[1].replace(b"\0", b" ").decode(errors="replace"))
    return found


def _firewall() -> frozenset[str]:
    if not shutil.which("iptables-save"):
        return frozenset()
    done = subprocess.run(["iptables-save"], capture_output=True, text=True, timeout=30, check=False)
    return frozenset(line for line in done.stdout.splitlines() if not line.startswith(("#", ":")))


def _files(pattern: str, folders: tuple[str, ...]) -> list[str]:
    return [str(path) for folder in folders if Path(folder).is_dir() for path in Path(folder).glob(pattern)]


def _lines(text: str) -> frozenset[str]:
    return frozenset(text.splitlines())
