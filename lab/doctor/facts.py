"""What `lab doctor` found out about a machine: plain values, nothing asked and nothing said here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lab.facts import Builder, Engine
from lab.platforms import Platform

Whose = Literal["private", "learner"]
How = Literal["container", "direct"]
LOCAL_DRIVERS = ("docker", "docker-container")  # their BuildKit runs where their endpoint's engine does


@dataclass(frozen=True)
class Trouble:
    """Why something cannot be told, in one line, and what to do about it."""

    message: str
    remedy: str = ""


@dataclass(frozen=True)
class Trial:
    """A tiny program of that architecture was run, and how it went.

    `result`: "ran", "refused" (the kernel knows no way to run it), "broken" (something was to run it and did not), or
    "untried". `how`: "container", or "direct" (by this machine's own kernel). `said` is what was said to it.
    """

    architecture: str
    result: Literal["ran", "refused", "broken", "untried"]
    how: How = "direct"
    said: str = ""


@dataclass(frozen=True)
class Emulator:
    """A handler of the kernel's for programs of another processor. `ours` tells that this lab registered it."""

    architecture: str
    name: str
    interpreter: str
    flags: str
    ours: bool = False

    @property
    def serves_containers(self) -> bool:
        """With F the kernel has opened the emulator; without, a container would have to hold it."""
        return "F" in self.flags


@dataclass(frozen=True)
class Leftover:
    """A BuildKit container, or the volume of its cache, that no builder known here names. `size` in bytes."""

    kind: Literal["container", "volume"]
    name: str
    running: bool = False
    size: int | None = None


@dataclass(frozen=True)
class Disk:
    """Bytes on the disk that holds `path`."""

    path: str
    free: int
    total: int


@dataclass(frozen=True)
class Reach:
    """A registry that was asked whether it is there; `trouble` where it is not. `lab`: it is the sandbox's own."""

    address: str
    lab: bool
    trouble: Trouble | None = None


@dataclass(frozen=True, kw_only=True)
class Checkup:
    """All of it.

    `sandbox` says why no sandbox is looked at (None: one is). `local` tells that containers run on this machine's
    kernel, `seen` that its list of emulators can be read. `here` are the names by which builders call this engine,
    `apart` the builders whose `localhost` is their own. `own` is this machine's platform. `disks`: the engine's first.
    `bundled`: (node, architectures that its BuildKit image holds emulators for), of the nodes that were looked into.
    """

    whose: Whose
    sandbox: Trouble | None
    host: str
    local: bool
    engine: Engine | Trouble
    buildx: str
    builders: tuple[Builder, ...] | Trouble
    here: frozenset[str]
    own: Platform
    seen: bool
    emulators: tuple[Emulator, ...]
    trials: tuple[Trial, ...]
    registry: str
    reaches: tuple[Reach, ...]
    disks: tuple[Disk, ...]
    leftovers: tuple[Leftover, ...] | Trouble
    apart: frozenset[str] = frozenset()
    bundled: tuple[tuple[str, frozenset[str]], ...] = ()

    @property
    def native(self) -> str:
        """The architecture that the engine's containers have without any help."""
        return self.engine.platform.architecture if isinstance(self.engine, Engine) else self.own.architecture

    @property
    def current(self) -> Builder | None:
        """The builder of a build that names none."""
        known = () if isinstance(self.builders, Trouble) else self.builders
        return next((builder for builder in known if builder.current), None)

    def trial(self, architecture: str) -> Trial:
        """How a program of that architecture fared: in a container where that was tried, else directly."""
        tried = [one for one in self.trials if one.architecture == architecture and one.result != "untried"]
        usable = [one for one in tried if one.how == "container" or self.local]
        return min(usable, key=lambda one: one.how, default=Trial(architecture, "untried"))

    def inside(self, node: str) -> frozenset[str] | None:
        """The architectures that a node's own BuildKit image holds emulators for; None where nobody can tell."""
        return dict(self.bundled).get(node)

    def is_here(self, builder: Builder, endpoint: str) -> bool:
        """Does this node's BuildKit run on the engine that was asked?"""
        return builder.driver in LOCAL_DRIVERS and endpoint in self.here
