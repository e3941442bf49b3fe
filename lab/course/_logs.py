"""Recorded logs of builds for two platforms, and which of their lines needed an emulator."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lab import course
from lab.course._given import Given
from lab.course._seeded import shuffled
from lab.model.platforms import Platform
from lab.model.world import World

LOGS = ("shop", "mill", "ferry")
BUILT_ON = Platform.parse("linux/amd64")  # the machine that the logs were recorded on
# Logs of real builds, in the folder lessons/logs: in the first two a RUN line was emulated, in the others none was.
_EMULATED = ("emulated", "two-stages")
_NATIVE = ("copied", "crossed", "native-stage", "no-run")
_RUN = re.compile(r"(#\d+) \[(linux/[a-z0-9/]+?)(?:->[a-z0-9/]+)? [^\]]*\] RUN ")


def _chosen(world: World) -> tuple[str, ...]:
    """The builds whose logs a learner reads, in the order of the logs' names; at least one was emulated."""
    first, *emulated = shuffled(world, "spot_emulation", _EMULATED)
    second, *rest = shuffled(world, "spot_emulation", _NATIVE)
    third, *_ = shuffled(world, "the third log", (*emulated, *rest))
    return shuffled(world, "the logs' names", (first, second, third))


def _log(number: int) -> Given:
    def text(world: World) -> bytes:
        return (course.lessons_dir() / "logs" / f"{_chosen(world)[number]}.log").read_bytes()

    return Given(f"files/emulation/{LOGS[number]}.log", text)


GIVEN = tuple(map(_log, range(len(LOGS))))


def logs(world: World) -> None:
    """Lay out the exercise's three logs."""
    for log in GIVEN:
        log.lay(world)


def foreign_lines(log: str, native: Platform) -> Sequence[int]:
    """The lines of a plain build log that belong to a RUN step of another architecture than the builder's own."""
    steps = {step for step, name in _RUN.findall(log) if Platform.parse(name).architecture != native.architecture}
    return [number for number, line in enumerate(log.splitlines(), 1) if line.partition(" ")[0] in steps]
