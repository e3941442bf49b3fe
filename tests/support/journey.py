"""What a learner does with a kit, on a machine without a route: run by that machine's own Python, with nothing of the lab.

`python3 journey.py KIT STEP…`: runs the kit, opens lesson 1 as a browser would, does steps by their solutions, ends
JupyterLab as Ctrl-C does, takes all away again. What was found goes to standard output, as JSON.
"""

import ctypes
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

_SIOCSIFFLAGS, _UP = 0x8914, 0x1 | 0x40
_DETACH = 2
_NOBODY = 65534
_PATIENCE = 300.0


def loopback() -> None:
    """A fresh network namespace has nothing but a loopback that is down."""
    with socket.socket() as handle:
        fcntl.ioctl(handle, _SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", _UP))


def forget_the_outside() -> None:
    """Where this is a root of its own: what was before is still mounted, and a bare Debian has no `umount`."""
    if Path("/.before").is_dir():
        ctypes.CDLL(None).umount2(b"/.before", _DETACH)


def routes() -> list[str]:
    """Interfaces with a way to elsewhere: a bridge of an engine that is there has only its own network."""
    lines = [line.split() for line in Path("/proc/net/route").read_text().splitlines()[1:]]
    return sorted(
        {name for name, destination, gateway, *_ in lines if gateway != "00000000" or destination == "00000000"}
    )


def learn(kit: str, words: list[str]) -> tuple[subprocess.Popen[bytes], str]:
    """Start it, and wait for the address that it prints."""
    log = Path("learn.log")
    with log.open("wb") as out:
        process = subprocess.Popen(["sh", kit, *words], stdout=out, stderr=out, stdin=subprocess.DEVNULL)
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        said = log.read_text()
        if found := re.search(r"http://127\.0\.0\.1:\S+", said):
            return process, found[0]
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise SystemExit(f"no JupyterLab: {log.read_text()}")


def opened(address: str) -> dict[str, object]:
    """What a browser gets: the page, and the notebook that it names."""
    base, _, token = address.partition("?token=")
    host, _, path = base.partition("/lab/tree/")
    with urllib.request.urlopen(address, timeout=60) as page:  # noqa: S310
        status = page.status
    notebook_at = f"{host}/api/contents/{path}?token={token}"
    with urllib.request.urlopen(notebook_at, timeout=60) as answer:  # noqa: S310
        notebook = json.load(answer)
    return {"status": status, "path": path, "cells": len(notebook["content"]["cells"])}


def step(lab: Path, name: str) -> dict[str, object]:
    """Do a step by its solution."""
    solution = subprocess.run([lab, "solution", "--now", name], capture_output=True, text=True, check=True).stdout
    done = subprocess.run([lab, "run", name, solution], capture_output=True, text=True, check=False, timeout=300)
    return {"step": name, "status": done.returncode, "said": (done.stdout + done.stderr)[-1500:]}


def as_nobody(kit: str, words: list[str]) -> None:
    """The same as a user who is not root, on an engine that is there: root's, brought up from the kit before."""
    home, own = Path("nobody").absolute(), Path.home() / ".local/share/multiplatform-lab"
    subprocess.run(["sh", kit, "--no-learn"], check=True, stdout=sys.stderr)
    lab = own / "kit/bin/lab"
    subprocess.run([lab, "up", "--private"], check=True, stdout=sys.stderr)
    try:
        told = "from lab import sandbox; box = sandbox.load(); print(box.engine.host, box.engine.programs)"
        asked = [lab.resolve().parent / "python", "-c", told]
        host, programs = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()
        socket_file = Path(host.removeprefix("unix://"))
        socket_file.parent.chmod(0o755)
        os.chown(socket_file, -1, _NOBODY)
        for name, place in (("docker", "bin"), ("docker-buildx", ".docker/cli-plugins")):
            (home / place).mkdir(parents=True)
            places = [path for path in Path(programs).rglob(name) if path.parent.name in ("bin", "cli-plugins")]
            shutil.copy(places[0], home / place / name)
        for path in (home, *home.rglob("*")):
            os.chown(path, _NOBODY, _NOBODY)
        env = {"HOME": str(home), "PATH": f"{home}/bin:/usr/bin:/bin", "DOCKER_HOST": host, "LANG": "C.UTF-8"}
        again = [sys.executable, __file__, kit, *words]
        who = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}
        subprocess.run(again, env=env, cwd=home, check=True, **who)
    finally:
        subprocess.run([lab, "down", "--purge"], check=True, stdout=sys.stderr)


def main() -> None:
    """All of it."""
    kit, *steps = sys.argv[1:]
    home = Path.home()
    os.chdir(home)
    if "--loopback" in steps:
        steps.remove("--loopback")
        loopback()
        forget_the_outside()
    if "--as-nobody" in steps:
        steps.remove("--as-nobody")
        as_nobody(kit, steps)
        return
    words = [word for word in steps if word.startswith("--")]
    steps = [name for name in steps if not name.startswith("--")]
    found: dict[str, object] = {"routes": routes(), "python": sys.version.split()[0]}
    process, address = learn(kit, words)
    lab = home / ".local/share/multiplatform-lab/kit/bin/lab"
    try:
        found["lesson"] = opened(address)
        found["steps"] = [step(lab, name) for name in steps]
        found["up"] = subprocess.run([lab, "up"], capture_output=True, text=True, check=False).stderr
    finally:
        process.send_signal(signal.SIGINT)
        found["ended"] = process.wait(60)
        down = subprocess.run([lab, "down", "--purge"], capture_output=True, text=True, check=False)
        found["down"] = {"status": down.returncode, "said": down.stdout + down.stderr}
    left = (path for path in home.rglob("*") if path.is_file() and "multiplatform-lab" in str(path.relative_to(home)))
    found["left"] = sorted(str(path.relative_to(home)) for path in left)
    found["said"] = Path("learn.log").read_text()
    print(json.dumps(found))  # noqa: T201


if __name__ == "__main__":
    main()
