"""What a sandbox must remember between two commands: one small file, replaced whole.

All that can be derived from the folder's own path is (names of bridge, control group, runtime folder, the mark of
the processes), so that a lost file loses nothing.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab import paths
from lab.errors import BadInput, Blocked
from lab.sandbox.model import EngineRef, Removal, Sandbox
from lab.sandbox.report import Listener, quiet
from lab.storage import own_folder, read_json, write_json

if TYPE_CHECKING:
    from filelock import FileLock

_LOCK_WAIT = 300.0


@dataclass(frozen=True)
class State:
    """What `up` made, or is making while `ready` is false.

    `port` is that of the lab's registry, `address` that of the lab's bridge (with the private engine). `account` is
    what the learner gave as `--registry`; `container` tells that the registry is one. `absent` are folders and groups
    outside the lab's that were not there before; `emulators` is the learner's consent.
    """

    ready: bool
    engine: EngineRef
    registry: str
    mirror: str | None
    create_opts: str
    port: int | None
    address: str | None
    suite: str
    store: str
    account: str | None = None
    container: bool = False
    absent: tuple[str, ...] = ()
    emulators: bool = False

    def sandbox(self) -> Sandbox:
        """The sandbox that this describes."""
        return Sandbox(paths.sandbox(), self.engine, self.registry, self.mirror, self.create_opts, key())

    def to_json(self) -> dict[str, Any]:
        """Plain values; paths as text."""
        return {**asdict(self), "engine": self.engine.to_json()}


def from_json(data: Any) -> State:
    """Read what `to_json` made. Raises BadInput where it is something else."""
    try:
        engine = EngineRef.from_json(data["engine"])
        found = State(**{**data, "engine": engine, "absent": tuple(data["absent"])})
        texts = (found.registry, found.engine.host, found.suite, found.store, *found.absent)
        if not all(isinstance(text, str) for text in texts) or not isinstance(found.port, int | None):
            raise TypeError  # noqa: TRY301  # handled as every other damage
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise BadInput("The sandbox's state file is damaged.", "`lab up` creates it again; nothing is lost.") from error
    return found


def read() -> State | None:
    """The state, or None where there is none. Raises BadInput where the file cannot be read as one."""
    try:
        data = read_json(_file())
    except BadInput as error:
        raise BadInput("The sandbox's state file is damaged.", "`lab up` creates it again; nothing is lost.") from error
    return None if data is None else from_json(data)


def write(state: State) -> None:
    """Remember `state`."""
    write_json(_file(), state.to_json())


def load() -> Sandbox:
    """The sandbox that is up; asks no engine. Raises Blocked where none is."""
    try:
        found = read()
    except BadInput as error:
        raise Blocked(error.message, error.remedy) from error
    if found is None:
        raise Blocked("No sandbox is up.", "Run `lab up`.")
    if not found.ready:
        raise Blocked("The last `lab up` did not finish.", "Run `lab up` again.")
    return found.sandbox()


def key() -> str:
    """Eight hex digits that stand for this sandbox's folder in the names of what it makes."""
    return hashlib.sha256(os.fsencode(paths.sandbox())).hexdigest()[:8]


def bridge() -> str:
    """The name of the private engine's network bridge: at most 15 characters."""
    return f"lab-{key()}"


def cgroup() -> str:
    """The name of the control group of the private engine's containers."""
    return f"lab-{key()}"


def node_address(number: int) -> str:
    """The loopback address of the lab's BuildKit node of that number, from 1: each sandbox has its own."""
    sandbox = key()
    return f"127.{64 + int(sandbox[:2], 16) % 128}.{int(sandbox[2:4], 16)}.{number}"


def runtime() -> Path:
    """The folder of sockets: short, since the address of a socket has 108 bytes and a home may be deep."""
    return Path(f"/run/lab-{key()}")


def socket() -> Path:
    """Where the lab's own engine listens."""
    return runtime() / "docker.sock"


def before() -> dict[str, Any]:
    """What was found before the first `up` since the machine's start: "absent" and "binfmt" (not mounted then)."""
    try:
        data = read_json(runtime() / "before.json")
    except (BadInput, Blocked):
        return {}
    return data if isinstance(data, dict) else {}


def note_before(**values: object) -> None:
    """Keep a finding in the folder of sockets, which a restart of the machine empties as it does the kernel."""
    write_json(runtime() / "before.json", before() | values)


def remembered() -> dict[str, Any]:
    """What outlives `lab down`, so that the next sandbox has the same addresses: port, bridge."""
    try:
        data = read_json(_kept())
    except BadInput:
        return {}
    return data if isinstance(data, dict) else {}


def remember(**values: object) -> None:
    """Keep these for the next sandbox."""
    write_json(_kept(), remembered() | values)


def remembered_removal() -> Iterator[Removal]:
    """What outlives `lab down`, where there is any."""
    if remembered():
        yield Removal("the remembered addresses", partial(_kept().unlink, missing_ok=True))


@contextmanager
def lock(report: Listener = quiet) -> Iterator[None]:
    """One `up` or `down` at a time; the second waits, and says so. Raises Blocked after five minutes."""
    mutex = _acquire(report)
    try:
        yield
    finally:
        mutex.release()


def _acquire(report: Listener) -> FileLock:
    from filelock import FileLock, Timeout

    try:
        own_folder(paths.home())
        mutex = FileLock(paths.home() / "lock", mode=0o600)
        try:
            mutex.acquire(timeout=0)
        except Timeout:
            report.note("Another `lab up` or `lab down` is at work; waiting for it.")
            mutex.acquire(timeout=_LOCK_WAIT)
    except Timeout as error:
        raise Blocked(
            "Another `lab up` or `lab down` is still running.", "Wait until it ends, or stop it; then try again."
        ) from error
    except OSError as error:
        raise Blocked(
            f"The folder {str(paths.home())!r} cannot be used: {error.strerror}.",
            "Set LAB_HOME to a folder that you may write to.",
        ) from error
    return mutex


def _file() -> Path:
    return paths.sandbox() / "state.json"


def _kept() -> Path:
    return paths.home() / "addresses.json"
