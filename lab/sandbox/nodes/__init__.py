"""BuildKits that run on their own, and play other machines: containers of BuildKit's image on loopback addresses.

Each has an address of its own and the port that BuildKit has by custom, so it looks like another machine; its processor
is this machine's. A builder of driver `remote` is what uses them. They share the host's network, where they reach
the lab's registry by the name that the host has for it.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lab.errors import BadInput, Blocked, UsageError
from lab.sandbox import engine as engines
from lab.sandbox import state
from lab.sandbox.engine import buildx_store, commands
from lab.sandbox.engine.variables import PORT
from lab.sandbox.host.client import reason
from lab.sandbox.host.files import remove_folder
from lab.sandbox.host.run import attempt
from lab.sandbox.model import NODES
from lab.sandbox.nodes import settings

_SOCKET = "unix:///run/buildkit/buildkitd.sock"  # for whoever is inside the container; nobody else reaches it
_PATIENCE = 20.0
_PULL = 300.0
_GRACE = "2"  # seconds


@dataclass(frozen=True)
class NodeState:
    """A node as the engine has it. `state` is `running`, `exited`, …, or `missing` where there is no container."""

    name: str
    state: str

    @property
    def address(self) -> str:
        """Where it listens, as a builder names it."""
        return address(self.name)

    @property
    def runs(self) -> bool:
        """Whether its container does."""
        return self.state == "running"


def host(name: str) -> str:
    """The node's address on loopback."""
    return state.node_address(NODES.index(name) + 1)


def address(name: str) -> str:
    """Where it listens, as a builder names it."""
    return f"tcp://{host(name)}:{PORT}"


def container(name: str) -> str:
    """The name of its container."""
    return f"lab-{name}-{state.key()}"


def check_possible() -> None:
    """Raise Blocked where the engine's loopback is not this machine's, or BuildKit's image is not there yet."""
    from lab.sandbox import buildkit  # what most checks of a step need not wait for

    if state.load().engine.remote:
        raise Blocked(
            "The engine is not on this very machine, so nodes on loopback addresses cannot be reached from here.",
            "On Linux with an engine of the system's own, or with `lab up --private`, they can.",
        )
    buildkit.check_ready()


def up(names: Sequence[str] = ()) -> list[str]:
    """Start those nodes (all, where none is named) that do not run; their names. Raises Blocked, BadInput."""
    wanted = chosen(names)
    check_possible()
    settings.ensure()
    buildx_store.link_remote()
    known = {one.name: one for one in states()}
    idle = [name for name in wanted if not known[name].runs]
    for name in idle:  # one after the other: they share a control group, which the first one makes
        if known[name].state == "missing":
            _create(name)
        _docker("start", container(name))
    for name in idle:
        _wait(name)
    return idle


def restart(names: Sequence[str] = ()) -> list[str]:
    """Let them read their settings anew; one that is off is started."""
    wanted = chosen(names)
    there = [one.name for one in states() if one.name in wanted and one.state != "missing"]
    for name in there:
        _docker("restart", "--time", _GRACE, container(name))
    for name in there:
        _wait(name)
    return [*there, *(up(names) if len(there) < len(wanted) else [])]


def stop(names: Sequence[str]) -> list[str]:
    """Switch them off, as the machine that they play would be; what they built is kept."""
    if not names:
        raise UsageError("Which node is to be stopped?", f"They are: {', '.join(NODES)}.")
    running = [one.name for one in states() if one.name in chosen(names) and one.runs]
    if running:
        _docker("stop", "--time", _GRACE, *map(container, running))
    return running


def down() -> list[str]:
    """Remove all of them with what they keep, their settings and the keys; the names of those that were there."""
    there = [one.name for one in states() if one.state != "missing"]
    if there:
        _docker("rm", "--force", "--volumes", *map(container, there))
    remove_folder(settings.folder())
    return there


def states() -> list[NodeState]:
    """Each node as the engine has it now. Raises Blocked where the engine does not answer."""
    label, value = next(iter(commands.mark().items()))
    row = "{{.Names}}\t{{.State}}"
    told = _docker("ps", "--all", "--filter", f"label={label}={value}", "--format", row)
    found = dict(line.split("\t") for line in told.splitlines() if line.count("\t") == 1)
    return [NodeState(name, found.get(container(name), "missing")) for name in NODES]


def chosen(names: Iterable[str]) -> list[str]:
    """These names, or all where there is none. Raises UsageError for one that is no node's."""
    wanted = list(dict.fromkeys(names))
    for name in wanted:
        if name not in NODES:
            raise UsageError(f"There is no node {name!r}.", f"They are: {', '.join(NODES)}.")
    return wanted or list(NODES)


def _create(name: str) -> None:
    from lab.sandbox.images import BUILDKIT

    label, value = next(iter(commands.mark().items()))
    options = ["--name", container(name), "--hostname", name, "--label", f"{label}={value}"]
    options += ["--privileged", "--network", "host", "--volume", f"{settings.folder(name)}:{settings.PLACE}:ro"]
    listens = ["--addr", _SOCKET, "--addr", f"tcp://{host(name)}:{PORT}"]
    _docker("create", *options, BUILDKIT, *listens, limit=_PULL)


def _wait(name: str) -> None:
    """Until it listens. What keeps it from starting is in its settings, most likely."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        with socket.socket() as one:
            one.settimeout(1)
            if one.connect_ex((host(name), PORT)) == 0:
                return
        time.sleep(0.05)
        if not next(one for one in states() if one.name == name).runs:
            raise BadInput(
                f"{name} does not start: {_last_words(name)}",
                f"Its settings are in {str(settings.file(name))!r}. `lab nodes restart {name}` tries again.",
            )
    raise Blocked(f"{name} runs, but does not listen at {host(name)}:{PORT}.", f"See `docker logs {container(name)}`.")


def _last_words(name: str) -> str:
    """Why its BuildKit ended, by its log: the error, and above it the reason, among lines of a stack trace."""
    _, said = _ask("logs", "--tail", "30", container(name))
    return ": ".join(reversed(errors(said)[-2:])) or "it gave no reason."


def errors(log: str) -> list[str]:
    """The lines of a BuildKit's log that are sentences: no stack trace, none with a time."""
    lines = [line for line in log.splitlines() if " " in line and not line.startswith(("time=", "\t", " "))]
    return [line.removeprefix("buildkitd: ")[:200] for line in lines if "SIGTERM" not in line]


def _docker(*words: str, limit: float = commands.LIMIT) -> str:
    out, err = _ask(*words, limit=limit)
    if out is None:
        raise Blocked(f"`docker {words[0]}` of a node did not work: {reason(err)}", "`lab status` shows the engine.")
    return out


def _ask(*words: str, limit: float = commands.LIMIT) -> tuple[str | None, str]:
    box = state.load()
    return attempt([box.engine.docker, *words], engines.environment(box), limit=limit)
