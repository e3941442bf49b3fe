"""Check a step by what was typed in `lab shell`: as if the commands had stood in the step's cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from lab.course import CAPSTONE
from lab.errors import Blocked
from lab.learning import progress, runner
from lab.model.facts import Ran, Transcript
from lab.model.results import Result, Status
from lab.model.steps import Step
from lab.model.world import World
from lab.probes import engine
from lab.terminal import recorder
from lab.terminal.recorder import Typed
from lab.terminal.spoken import kept


@dataclass(frozen=True)
class _Supposing(World):
    """The world, supposing that `tried` was the latest try of its step."""

    tried: Transcript | None = None
    asked: list[str] = field(default_factory=list)
    told: list[Transcript] = field(default_factory=list)

    def keep(self, transcript: Transcript) -> None:
        """What a probe adds to the supposed try is kept with it, if that try is."""
        self.told.append(transcript)

    def transcript(self, step: str) -> Transcript:
        """The supposed try, or what was really kept."""
        if self.tried is None or step != self.tried.step:
            return super().transcript(step)
        self.asked.append(step)
        return self.tried


def check(step: Step, world: World, tries: Sequence[Typed]) -> Result:
    """How the step stands; where it is about what was printed, any of the latest commands may be the one.

    What passed, or else what was typed last, is kept as the step's transcript.
    """
    best: tuple[Result, Transcript | None] | None = None
    tries = [own for own in (one.without_the_lab(step.lab_verbs) for one in tries) if own is not None]
    ran = _containers(step, world, tries)
    for window in _windows(step, tries):
        tried = transcript(step, window)
        if ran is not None:
            there = tuple(
                one for one in ran if tried.began <= one.when + world.skew and one.when <= tried.ended + world.skew
            )
            tried = replace(tried, containers=there)
        supposing = _Supposing(**{**vars(world), "tried": tried})
        result = runner.look(step, supposing)
        if not supposing.asked:
            best = (result, None)
            break
        if best is None or result.status is Status.PASSED or best[0].status is Status.NOT_ATTEMPTED:
            best = (result, (*supposing.told, tried)[0])
        if result.status is Status.PASSED:
            break
    if best is None:
        return runner.check(step, world)
    result, kept = best
    if kept:
        world.keep(kept)
    progress.record(world.home, step, result)
    return result


def _windows(step: Step, tries: Sequence[Typed]) -> list[Sequence[Typed]]:
    """What may be the try; of the capstone, whose proofs are checked together at the end, also all that is kept."""
    return [*recorder.windows(tries), *([tries] if tries and step.lesson == CAPSTONE else [])]


def _containers(step: Step, world: World, tries: Sequence[Typed]) -> tuple[Ran, ...] | None:
    """All containers that ran meanwhile, asked for once; None where the step does not ask, or the engine is down."""
    if not tries or not any(isinstance(probe, engine.ContainersOf) for probe in step.probes):
        return None
    try:
        return engine.containers_between(world, tries[0].began, tries[-1].ended).ran
    except Blocked:
        return None


def transcript(step: Step, window: Sequence[Typed]) -> Transcript:
    """These commands as one try."""
    return Transcript(
        step=step.name,
        command="\n".join(one.command for one in window),
        output="".join(kept(one.parts, step.lab_verbs) for one in window),
        exit_status=window[-1].exit_status,
        seconds=round(sum(one.seconds for one in window), 3),
        started=window[0].started,
        began=window[0].began,
        ended=window[-1].ended,
        calls=tuple(call for one in window for call in one.calls),
    )
