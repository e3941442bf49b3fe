"""The lab's registry: distribution's own program (a container where that cannot be had), on a port that is kept.

It listens on loopback, in plain HTTP; with the private engine also on the lab's bridge, which nobody but this host and
its containers can reach, over TLS: there it is a registry like any other, also for programs that were told nothing of
it. Two processes then serve one folder of images, as the program allows.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Container, Iterator
from pathlib import Path

from lab import paths
from lab.errors import Blocked
from lab.sandbox import certificates, state
from lab.sandbox.host import http, process
from lab.sandbox.model import Removal
from lab.sandbox.packages.programs import find
from lab.sandbox.report import Listener
from lab.storage import write_text

ROLE = "registry"
LOOPBACK = "127.0.0.1"
_WAIT = 10.0
_PREFERRED = range(5000, 5100)
_HEADER = "X-Lab"  # by which the lab knows its own registry from another program on the port

_SETTINGS = """\
version: 0.1
log: {{level: warn, accesslog: {{disabled: true}}}}
storage:
  filesystem: {{rootdirectory: '{folder}'}}
  delete: {{enabled: true}}
http:
  addr: '{address}:{port}'
  secret: '{key}'
  headers: {{{header}: ['{key}']}}
"""
_TLS = """\
  tls:
    certificate: '{pair}'
    key: '{pair}'
"""


def bring_up(programs: Path, where: list[str], kept: object, report: Listener, avoid: Container[int] = ()) -> int:
    """Start it on each address of `where`; answers its port: `kept`, unless that cannot be. Raises Blocked."""
    for last in (False, False, True):
        port = choose_port(where, kept, avoid)
        if moved := isinstance(kept, int) and port != kept:
            stop()
        try:
            start(programs, port, where)
            break
        except Blocked:
            if last or all(answers(address, port) or _free(address, port) for address in where):
                raise
            stop()  # somebody else took the port just now
    if moved:
        whose = "means images of yours" if kept in avoid else "is in use by another program"
        report.note(f"Port {kept} {whose}; the registry is on {port} now.")
    state.remember(port=port)
    return port


def addresses(bridge: str | None) -> list[str]:
    """Where the lab's registry listens: on loopback, and on the lab's own bridge where there is one."""
    return [LOOPBACK, *([bridge] if bridge else [])]


def all_answer(port: int | None, bridge: str | None) -> bool:
    """Whether it answers on each of its addresses; true where there is none (`port` is None) and an account is used."""
    return port is None or all(answers(address, port) for address in addresses(bridge))


def start(programs: Path, port: int, addresses: list[str]) -> None:
    """Start the registry on each of `addresses` where it does not answer yet. Raises Blocked."""
    for address in addresses:
        if answers(address, port):
            continue
        name = f"{ROLE}-{address}"
        if address != LOOPBACK:
            certificates.ensure(address)
        settings = paths.sandbox() / "registry" / f"{address}.yml"
        write_text(settings, configuration(address, port))
        log = paths.sandbox() / "logs" / "registry.log"
        command: list[str | Path] = [find(programs, "docker-registry"), "serve", settings]
        process.start(command, key=state.key(), role=name, log=log, env={"OTEL_TRACES_EXPORTER": "none"})
        wait(address, port, name)


def answers(address: str, port: int) -> bool:
    """Whether this lab's own registry answers there."""
    authority = None if address == LOOPBACK else certificates.authority()
    answer = http.get(f"{address}:{port}", "/v2/", authority=authority)
    return answer is not None and answer.status == 200 and answer.headers.get(_HEADER.lower()) == state.key()


def removals() -> Iterator[Removal]:
    """The registry's processes, where there are any."""
    if any(daemon.role.startswith(ROLE) for daemon in process.find(state.key())):
        yield Removal("registry", stop)


def stop() -> bool:
    """End the registry's processes; answers whether there were any."""
    names = {daemon.role for daemon in process.find(state.key()) if daemon.role.startswith(ROLE)}
    for name in names:
        process.stop(state.key(), name, grace=3.0)
    return bool(names)


def configuration(address: str, port: int) -> str:
    """The registry's settings, in its own YAML."""
    folder = _quoted(images(paths.sandbox()))
    settings = _SETTINGS.format(folder=folder, address=address, port=port, key=state.key(), header=_HEADER)
    return settings if address == LOOPBACK else settings + _TLS.format(pair=_quoted(certificates.server(address)))


def images(box: Path) -> Path:
    """Where the registry of the sandbox in the folder `box` keeps what was pushed."""
    return box / "registry" / "images"


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def choose_port(addresses: list[str], remembered: object = None, avoid: Container[int] = ()) -> int:
    """A port that is free (or already this lab's) on each address: that of last time, else a well-known one.

    One to `avoid` is free as well, but means something else to the learner.
    """
    first = [remembered] if type(remembered) is int and 0 < remembered < 2**16 else []
    ports: list[int] = [*first, *_PREFERRED]
    if first:
        _end_the_mute(addresses, ports[0])
    for port in ports:
        if port not in avoid and all(answers(address, port) or _free(address, port) for address in addresses):
            return port
    with socket.socket() as handle:
        handle.bind((LOOPBACK, 0))
        port = int(handle.getsockname()[1])
        return port


def _end_the_mute(addresses: list[str], port: int) -> None:
    """End this lab's registry where it runs and does not answer (it hangs, or its certificate is lost)."""
    roles = {daemon.role for daemon in process.find(state.key())}
    for address in addresses:
        if f"{ROLE}-{address}" in roles and not answers(address, port):
            process.stop(state.key(), f"{ROLE}-{address}", grace=0.0)


def _free(address: str, port: int) -> bool:
    with socket.socket() as handle:
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            handle.bind((address, port))
        except OSError:
            return False
    return True


def wait(address: str, port: int, name: str | None = None) -> None:
    """Until the registry answers; gives up at once when its process `name` is gone. Raises Blocked."""
    log = paths.sandbox() / "logs" / "registry.log"
    deadline = time.monotonic() + _WAIT
    while time.monotonic() < deadline:
        if answers(address, port):
            return
        if name and not process.find(state.key(), name):
            break
        time.sleep(0.03)
    raise Blocked(f"The registry does not start: {process.tail(log) or 'no reason given'}", f"Its log is {str(log)!r}.")
