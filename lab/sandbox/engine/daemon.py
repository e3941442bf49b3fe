"""The lab's own Docker engine: unpacked, never installed; on a socket, a bridge and a control group of its own."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lab import paths
from lab.errors import BadInput, Blocked
from lab.sandbox import state
from lab.sandbox.host import cgroups, http, process
from lab.sandbox.model import EngineRef, Removal
from lab.sandbox.packages import mirror
from lab.sandbox.packages.programs import find
from lab.sandbox.registry import LOOPBACK
from lab.storage import own_folder, read_json, write_json, write_text

ROLE = "engine"
_PATIENCE = 30.0
_COMES_BACK = 5.0  # seconds that a killed containerd is waited for; a new start of all is quicker than that may take
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
NEEDED = 1_500_000_000  # bytes: programs, base images, a builder and the learner's images


def fits() -> bool:
    """Whether the private engine can be had on such a system, by root at least."""
    try:
        return sys.platform == "linux" and bool(mirror.distribution())
    except Blocked:
        return False


def possible() -> bool:
    """Whether this user can run the private engine on this system."""
    return fits() and os.geteuid() == 0


def check_possible() -> None:
    """Raise Blocked, with what to do instead, where this machine cannot run the private engine."""
    if sys.platform != "linux":
        raise Blocked("The lab's own engine runs on Linux only.", "Use Docker Desktop: `lab up`, without --private.")
    if os.geteuid() != 0:
        raise Blocked("The lab's own engine needs root.", "Run `lab up` as root, as with sudo; or install Docker.")
    own_folder(paths.home())
    free = shutil.disk_usage(paths.home()).free
    if free < NEEDED:
        raise Blocked(
            f"The disk of {str(paths.home())!r} has {free / 1e9:.1f} GB left; the lab's engine wants 1.5 GB.",
            "Free some space, or set LAB_HOME to a folder on another disk.",
        )


def reference(programs: Path) -> EngineRef:
    """The private engine as the rest of the lab names it."""
    return EngineRef("private", f"unix://{state.socket()}", find(programs, "docker"), programs=programs)


def answers() -> bool:
    """Whether the private engine answers on its socket."""
    answer = http.get(state.socket(), "/_ping")
    return answer is not None and answer.body == b"OK"


def containerd_answers() -> bool:
    """Whether it answers, and its containerd answers it: one that was killed is back only after seconds."""
    answer = http.get(state.socket(), "/version")
    return answer is not None and b'"containerd"' in answer.body


def ensure(programs: Path, suite: str, registry: str, *, store: str) -> None:
    """Start the engine, unless it runs with these very settings (see `settings`). Raises Blocked."""
    wanted = settings(programs, suite, registry, store=store)
    if not runs(wanted):
        stop()
        start(programs, wanted, registry.rpartition(":")[0])


def start(programs: Path, settings: dict[str, Any], address: str) -> None:
    """Start the engine and wait until it answers. Raises Blocked with its own last words where it does not."""
    runtime = state.runtime()
    runtime.mkdir(mode=0o700, exist_ok=True)
    for stale in (state.socket(), runtime / "dockerd.pid"):  # of an engine that was killed
        stale.unlink(missing_ok=True)
    shutil.rmtree(runtime / "engine", ignore_errors=True)
    write_json(_settings_file(), settings)
    write_text(runtime / "ip_forward", "1\n")
    log = paths.sandbox() / "logs" / "engine.log"
    process.start(
        [find(programs, "dockerd"), "--config-file", _settings_file()],
        key=state.key(),
        role=ROLE,
        log=log,
        env=_environment(programs, address),
        view=runtime / "ip_forward",
    )
    _wait(log)


def runs(settings: dict[str, Any]) -> bool:
    """Whether the engine answers, and with these settings; waits a while for a containerd that is coming back."""
    try:
        if not (answers() and read_json(_settings_file()) == settings):
            return False
    except BadInput:
        return False
    deadline = time.monotonic() + _COMES_BACK
    while not containerd_answers():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def settings(programs: Path, suite: str, registry: str, *, store: str) -> dict[str, Any]:
    """The engine's daemon.json. `registry` is the lab's on the bridge; `store` is "containerd" or "classic"."""
    runtime = state.runtime()
    inits = [programs / "usr/bin" / name for name in ("tini-static", "tini", "docker-init")]
    return {
        "data-root": str(paths.sandbox() / "engine" / f"{suite}-{store}"),
        "exec-root": str(runtime / "engine"),
        "pidfile": str(runtime / "dockerd.pid"),
        "hosts": [f"unix://{runtime / 'docker.sock'}"],
        "bridge": state.bridge(),
        "iptables": False,
        "ip6tables": False,
        "ip-masq": False,
        "ip-forward": False,
        "cgroup-parent": f"/{state.cgroup()}",
        "exec-opts": ["native.cgroupdriver=cgroupfs"],
        "features": {"containerd-snapshotter": store == "containerd"},
        "registry-mirrors": [f"http://{LOOPBACK}:{registry.rpartition(':')[2]}"],  # a bare system knows no `localhost`
        "insecure-registries": [registry],
        "init-path": str(next((path for path in inits if path.exists()), inits[0])),
        "userland-proxy-path": str(find(programs, "docker-proxy")),
    }


def removals() -> Iterator[Removal]:
    """The engine with all that runs in it; groups that it left behind where it is gone."""
    if daemons := [one for one in process.find(state.key()) if one.role == ROLE]:
        yield Removal(f"engine with its containers ({len(daemons)} processes)", stop)
    elif cgroups.here(state.cgroup()):
        yield Removal(f"control groups {state.cgroup()}", stop)


def stop() -> bool:
    """End the engine, what runs in it, and all that it leaves in the kernel; answers whether there was anything.

    Nothing is asked to end in peace: what it knows is thrown away, or was written down long ago.
    """
    groups = [state.cgroup(), *(f"{cgroups.BUILDERS[0]}/{name}" for name in _containers())]
    found = bool(process.stop(state.key(), ROLE, grace=0.0))
    for group in groups:
        found |= bool(cgroups.kill(group))
        cgroups.remove(group)
    return found


def _settings_file() -> Path:
    return paths.sandbox() / "engine" / "daemon.json"


def _containers() -> list[str]:
    return [folder.name for folder in _engine_folder().glob("*/containers/*")]


def _engine_folder() -> Path:
    return paths.sandbox() / "engine"


def _environment(programs: Path, address: str) -> dict[str, str]:
    system = os.environ.get("PATH", os.defpath).split(os.pathsep)
    folders = [programs / "usr/sbin", programs / "usr/bin", *system, "/usr/sbin", "/sbin"]
    libraries = [str(folder) for folder in (programs / "usr/lib").glob("*-linux-gnu*")]
    environment = {name: os.environ[name] for name in _PROXIES if name in os.environ}
    if environment:
        environment["NO_PROXY"] = ",".join(filter(None, [environment.get("NO_PROXY"), "localhost", LOOPBACK, address]))
    return environment | {
        "PATH": os.pathsep.join(str(folder) for folder in folders),
        "LD_LIBRARY_PATH": os.pathsep.join(libraries),
        "container": "lab",  # so that no AppArmor profile is loaded into the kernel for good
    }


def _wait(log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if answers():
            return
        time.sleep(0.05)
        if not process.find(state.key(), ROLE):
            break
    raise Blocked(f"The lab's engine does not start: {_reason(log)}", f"Its log is {str(log)!r}.")


def _reason(log: Path) -> str:
    lines = process.tail(log, 20).splitlines()
    words = [line for line in lines if "level=fatal" in line or "failed to start daemon" in line]
    try:
        return str(json.loads((words or lines)[-1].partition("msg=")[2]))
    except (ValueError, IndexError):
        return (words or lines or ["it gave no reason."])[-1][-300:]
