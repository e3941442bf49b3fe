"""Recorded logs of builds for two platforms, and which of their lines needed an emulator."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lab import course
from lab.course import _scene
from lab.course._seeded import shuffled
from lab.model.platforms import Platform
from lab.model.world import World

LOGS = ("shop", "mill", "ferry")
BUILT_ON = Platform.parse("linux/amd64")  # the machine that the logs were recorded on
# Logs of real builds, in the folder lessons/logs: in the first two a RUN line was emulated, in the others none was.
_EMULATED = ("emulated", "two-stages")
_NATIVE = ("copied", "crossed", "native-stage", "no-run")
_RUN = re.compile(r"(#\d+) \[(linux/[a-z0-9/]+?)(?:->[a-z0-9/]+)? [^\]]*\] RUN ")


def logs(world: World) -> None:
    """Lay out the exercise's three logs, of builds that were chosen for this learner; at least one was emulated."""
    first, *emulated = shuffled(world, "spot_emulation", _EMULATED)
    second, *rest = shuffled(world, "spot_emulation", _NATIVE)
    third, *_ = shuffled(world, "the third log", (*emulated, *rest))
    for name, source in zip(LOGS, shuffled(world, "the logs' names", (first, second, third)), strict=True):
        text = (course.lessons_dir() / "logs" / f"{source}.log").read_text(encoding="utf-8")
        _scene.lay(world, f"files/emulation/{name}.log", text)


def foreign_lines(log: str, native: Platform) -> Sequence[int]:
    """The lines of a plain build log that belong to a RUN step of another architecture than the builder's own."""
    steps = {step for step, name in _RUN.findall(log) if Platform.parse(name).architecture != native.architecture}
    return [number for number, line in enumerate(log.splitlines(), 1) if line.partition(" ")[0] in steps]
