"""The user's own engine as a sandbox's: used, and left as it was."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

from lab.errors import Blocked
from lab.sandbox import state
from lab.sandbox.engine import builders, commands
from lab.sandbox.engine.protocol import Wanted
from lab.sandbox.engine.variables import common
from lab.sandbox.model import Code, EngineRef, Removal, Sandbox
from lab.sandbox.report import Listener
from lab.sandbox.state import State


def is_elsewhere(engine: EngineRef) -> bool:
    """Whether the engine is on another machine, so that nothing of it can be reached on this one's `localhost`."""
    scheme, _, rest = engine.host.partition("://")
    name = rest.rpartition("@")[2].partition("/")[0].rpartition(":")[0] or rest
    return scheme == "ssh" or (scheme == "tcp" and name not in ("localhost", "127.0.0.1", "[::1]"))


@dataclass(frozen=True)
class Users:
    """The user's engine. What only `up` and `down` need is loaded by them."""

    reference: EngineRef

    code: ClassVar[Code] = "learner"
    whose: ClassVar[str] = "yours"

    def answers(self) -> bool:
        """Whether that very engine answers."""
        return commands.answers(self.reference)

    def healthy(self, now: State) -> bool:
        """Nothing beside it is needed."""
        del now
        return self.answers()

    def keeps(self) -> bool:
        """Always, since things of the lab's are on it."""
        if not self.answers():
            raise Blocked(
                f"Your Docker engine at {self.reference.host} does not answer.",
                "Start it, then run `lab up` again; or `lab down --purge` first, to forget about it.",
            )
        return True

    def meets(self, wanted: Wanted, before: State) -> bool:
        """Whether no engine of the lab's own is wanted; suite and image store are as they are here."""
        del before
        return not wanted.own

    def environment(self, box: Sandbox) -> dict[str, str]:
        """Login and plugins are theirs; the engine stays this one, whatever they switch to."""
        return self.reference.pinned(common(box))

    def bring_up(self, before: State | None, wanted: Wanted, report: Listener) -> State:
        """Note what is there, and start the registry where pushes go to no account."""
        from lab.sandbox.engine import snapshot

        report.note(f"Using your Docker engine at {self.reference.host}.")
        if is_elsewhere(self.reference) and not wanted.account:
            raise Blocked(
                f"Your Docker engine at {self.reference.host} is on another machine: "
                "a registry there is not on this `localhost`.",
                "Push to an account instead, as with `lab up --registry docker.io/NAME`; or use an engine here.",
            )
        now = wanted.begun(self.reference, before)
        state.write(now)
        snapshot.note(self.reference)
        if wanted.account:
            return now
        report.phase("Starting the registry")
        port, container = self._start_registry(now.port, report)
        options = "--driver-opt network=host"
        return replace(now, registry=f"localhost:{port}", port=port, container=container, create_opts=options)

    def _start_registry(self, port: int | None, report: Listener) -> tuple[int, bool]:
        """Its port, and whether it is a container: where `localhost` is another one, or there is no program."""
        from lab.sandbox import registry
        from lab.sandbox.engine import registry_container, snapshot
        from lab.sandbox.packages import programs

        kept = port or state.remembered().get("port")
        before = snapshot.read()
        theirs = before.ports if before else frozenset[int]()
        if not self.reference.remote:
            try:
                return registry.bring_up(programs.registry(report), [registry.LOOPBACK], kept, report, theirs), False
            except Blocked as error:
                report.note(f"{error.message} The registry runs as a container instead.")
        port = registry.choose_port([registry.LOOPBACK], kept, theirs)
        registry_container.ensure(self.reference, port)
        return port, True

    def removals(self, before: State | None, *, forgetting: bool) -> Iterator[Removal]:
        """Emulators in its kernel, what the lab and the lessons made on it, the image of BuildKit that was loaded."""
        from lab.sandbox import buildkit
        from lab.sandbox.emulators import container
        from lab.sandbox.engine import cleanup

        if not self.answers():
            if forgetting:
                return
            raise Blocked(
                f"Your Docker engine at {self.reference.host} does not answer: what the lab made on it would stay.",
                "Start it, then run `lab down` again; `lab down --purge` forgets about it.",
            )
        for name in container.installed():
            yield Removal(f"emulator {name} in the engine's kernel", self.remove_emulators)
        port = before.port if before and before.port else _remembered_port()
        found = list(cleanup.on(self.reference, port))
        yield from found
        lines = {one.line for one in found}
        target = buildkit.Target(None, self.reference.docker, commands.environment(self.reference))
        yield from (one for one in buildkit.image_removals(target) if one.line not in lines)

    def register_emulators(self, report: Listener, *, again: bool) -> None:
        """Through the engine where its kernel is another one, or where only the engine is root."""
        from lab.sandbox.emulators import container, kernel

        engine = self.reference
        if engine.remote or os.geteuid():
            if not again and (engine.remote or kernel.missing()):
                container.install(partial(commands.client, engine), report)
        elif kernel.missing():
            kernel.register(report)

    def remove_emulators(self) -> None:
        """Take away what was registered through the engine."""
        from lab.sandbox.emulators import container

        container.uninstall(partial(commands.client, self.reference))

    def adapt_new_builders(self, box: Sandbox) -> None:
        """Give them names of their own, and the host's network where `$REGISTRY` is on localhost."""
        builders.adapt_new(box)

    def has_foreign_builder(self, name: str) -> bool:
        """By the container that it would have."""
        return builders.name_taken(name, self.reference)


def _remembered_port() -> int | None:
    port = state.remembered().get("port")
    return port if type(port) is int else None
