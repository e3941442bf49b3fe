"""What a build's events say of the steps that compile: on which platform they ran, and how long they took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lab import events
from lab.errors import BadInput, NotThere
from lab.events import BuildEvents, Vertex, emulated
from lab.model.facts import Fact
from lab.model.platforms import Platform
from lab.model.steps import Probe
from lab.model.world import World

CONSTANT = "FromPlatformFlagConstDisallowed"  # BuildKit's own check of Dockerfiles


@dataclass(frozen=True, kw_only=True)
class Compared(Fact):
    """What an earlier build took for the same: (what, seconds); nothing where there is no such build."""

    rows: tuple[tuple[str, float], ...] = ()


def runs(found: BuildEvents, words: str = "go build") -> tuple[Vertex, ...]:
    """The RUN steps with these words."""
    return tuple(one for one in found.vertices if one.kind == "run" and words in one.text)


def run_for(found: BuildEvents, platform: Platform) -> Vertex | None:
    """The step that compiles for a platform."""
    return next((one for one in runs(found) if one.target == platform), None)


def foreign(found: BuildEvents) -> tuple[Vertex, ...]:
    """The RUN steps that need an emulator on the machine that built, were they only taken from the cache."""
    native = found.native
    again = ((one, replace(one, cached=False, started=one.started or 0.0, log=())) for one in found.vertices)
    return tuple(one for one, fresh in again if native and emulated(fresh, native))


def rows(found: BuildEvents) -> Sequence[tuple[str, float]]:
    """How long each step took that compiles, the native one first: `emulated, arm64`."""
    done = [one for one in runs(found) if one.target and one.seconds and not one.cached and not one.error]
    named = [(_kind(one, found), label(_kind(one, found), one.target), one.seconds) for one in done if one.target]
    return [(name, seconds) for _, name, seconds in sorted(named, key=lambda row: row[0] != "native")]


def label(kind: str, platform: Platform) -> str:
    """`cross-compiled, arm64`: short enough for a bar's name."""
    return f"{kind}, {str(platform).removeprefix('linux/')}"


def _kind(one: Vertex, found: BuildEvents) -> str:
    if one.crosses:
        return "cross-compiled"
    return "emulated" if one in foreign(found) else "native"


def earlier(path: str) -> Probe[Compared]:
    """A probe of what an earlier build's events in that file say; nothing where there are none that can be read."""

    def probe(world: World) -> Compared:
        try:
            found = events.file(path)(world)
        except (NotThere, BadInput):
            return Compared()
        return Compared(rows=tuple(rows(found)), evidence=found.evidence)

    return probe
