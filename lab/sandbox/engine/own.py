"""The lab's own engine as a sandbox's: brought by the lab, on a bridge where its registry answers over TLS."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from lab.sandbox import state
from lab.sandbox.engine.protocol import Wanted
from lab.sandbox.engine.variables import common
from lab.sandbox.model import Code, Removal, Sandbox
from lab.sandbox.report import Listener
from lab.sandbox.state import State

_ELSEWHERE = ("DOCKER_CONTEXT", "DOCKER_TLS", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "DOCKER_API_VERSION")


@dataclass(frozen=True)
class Own:
    """The lab's own engine. What runs it is in `daemon`, which most commands need not load."""

    code: ClassVar[Code] = "private"
    whose: ClassVar[str] = "the lab's own"

    def answers(self) -> bool:
        """Whether it answers on its socket."""
        from lab.sandbox.engine import daemon

        return daemon.answers()

    def healthy(self, now: State) -> bool:
        """Whether its containerd answers too, and the bridge is there."""
        from lab.sandbox.engine import daemon
        from lab.sandbox.host import network

        return daemon.containerd_answers() and now.address is not None and network.exists(state.bridge())

    def keeps(self) -> bool:
        """As long as it runs; else an engine of the user's that answers by now is as good."""
        from lab.sandbox.engine import daemon

        if not self.answers():
            return False
        daemon.check_possible()
        return True

    def meets(self, wanted: Wanted, before: State) -> bool:
        """Whether it is of that suite, with that image store."""
        return (wanted.suite, wanted.store) == (before.suite, before.store)

    def environment(self, box: Sandbox) -> dict[str, str]:
        """Nothing in it leads to another engine; programs, settings and trusted authorities are the sandbox's."""
        environment = {name: value for name, value in common(box).items() if name not in _ELSEWHERE}
        folder = str(box.engine.docker.parent)
        others = [part for part in environment.get("PATH", os.defpath).split(os.pathsep) if part != folder]
        environment["PATH"] = os.pathsep.join([folder, *others])
        environment["DOCKER_HOST"] = box.engine.host
        environment["DOCKER_CONFIG"] = str(box.home / "docker")
        environment["SSL_CERT_FILE"] = str(box.home / "certificates" / "bundle.pem")
        for name in ("NO_PROXY", "no_proxy"):  # a company's proxy does not know the lab's registry
            hosts = [
                *environment.get(name, "").split(","), "localhost", "127.0.0.1", box.registry.partition(":")[0],
            ]  # fmt: skip
            environment[name] = ",".join(dict.fromkeys(host for host in hosts if host))
        return environment

    def bring_up(self, before: State | None, wanted: Wanted, report: Listener) -> State:
        """Its programs, a bridge, the registry on it, the engine; what runs as it is wanted goes on."""
        from lab.sandbox import images, registry
        from lab.sandbox.engine import daemon, traces
        from lab.sandbox.host import network
        from lab.sandbox.packages import programs

        debs = programs.fetch(wanted.suite, report)
        with images.ahead(report):  # unpacking keeps the processor busy, and base images the network
            unpacked = programs.engine(wanted.suite, debs, report)
        absent = traces.note_absent(before.absent if before else ())
        now = wanted.begun(daemon.reference(unpacked), before, absent)
        state.write(now)
        report.phase("Starting the registry and the engine")
        kept = state.remembered()
        address = network.ensure(state.bridge(), kept.get("address"))
        port = registry.bring_up(unpacked, registry.addresses(address), kept.get("port"), report)
        daemon.ensure(unpacked, wanted.suite, f"{address}:{port}", store=wanted.store)
        own = wanted.account or f"{address}:{port}"
        return replace(now, registry=own, mirror=f"{registry.LOOPBACK}:{port}", port=port, address=address)

    def removals(self, before: State | None, *, forgetting: bool) -> Iterator[Removal]:
        """Its processes; found by their mark, whatever is written down."""
        from lab.sandbox.engine import daemon

        del before, forgetting
        yield from daemon.removals()

    def register_emulators(self, report: Listener, *, again: bool) -> None:
        """With the kernel: the lab is root here."""
        from lab.sandbox.emulators import kernel

        del again
        if kernel.missing():
            kernel.register(report)

    def remove_emulators(self) -> None:
        """There are none but the kernel's."""

    def adapt_new_builders(self, box: Sandbox) -> None:
        """They reach the registry by the bridge, and no other ones are here."""

    def has_foreign_builder(self, name: str) -> bool:
        """All that is on it is the lab's."""
        del name
        return False
