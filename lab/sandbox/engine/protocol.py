"""What a sandbox needs of its engine, whoever's that is. There are two homes: `own` and `users`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Protocol

from lab.sandbox.model import Code, EngineRef, Removal, Sandbox
from lab.sandbox.report import Listener
from lab.sandbox.state import State


@dataclass(frozen=True)
class Wanted:
    """What `up` was asked for. `own`: the lab's engine though another one answers; `account`: where pushes go."""

    own: bool
    account: str | None
    suite: str
    store: str

    def begun(self, engine: EngineRef, before: State | None, absent: tuple[str, ...] = ()) -> State:
        """The state while the sandbox is being made on that engine; what it keeps of the one before."""
        return State(
            ready=False, engine=engine, registry=self.account or "", mirror=None, create_opts="",
            port=before.port if before else None, address=None, suite=self.suite, store=self.store,
            account=self.account, absent=absent, emulators=before.emulators if before else False,
        )  # fmt: skip


class Engine(Protocol):
    """The engine of a sandbox. A home is a value: the same engine in the same hands is an equal one."""

    code: ClassVar[Code]  # in the state's file and in JSON
    whose: ClassVar[str]  # for people, after "the engine is"

    def answers(self) -> bool:
        """Whether it answers now."""

    def healthy(self, now: State) -> bool:
        """Whether it answers and what the sandbox needs beside it, other than the registry, is there."""

    def keeps(self) -> bool:
        """Whether a sandbox that was on it stays on it. Raises Blocked where it would have to, and cannot."""

    def meets(self, wanted: Wanted, before: State) -> bool:
        """Whether the sandbox of earlier, on this engine, is as wanted."""

    def environment(self, box: Sandbox) -> dict[str, str]:
        """os.environ, changed so that `docker`, `docker buildx` and `$REGISTRY` are the sandbox's."""

    def bring_up(self, before: State | None, wanted: Wanted, report: Listener) -> State:
        """Start or use it, and the registry where this engine reaches it. Raises Blocked; what is made is written."""

    def removals(self, before: State | None, *, forgetting: bool) -> Iterator[Removal]:
        """What the lab has on it; `forgetting`: nothing where it does not answer, instead of Blocked."""

    def register_emulators(self, report: Listener, *, again: bool) -> None:
        """Register what is missing; `again`: after a restart, by a consent of earlier. Raises Blocked."""

    def remove_emulators(self) -> None:
        """Take away what the lab registered through the engine."""

    def adapt_new_builders(self, box: Sandbox) -> None:
        """Make builders that were created since the last time reach `$REGISTRY`, and meet nobody else's."""

    def has_foreign_builder(self, name: str) -> bool:
        """Whether a container, none of the lab's, is already called as that builder's would be."""
