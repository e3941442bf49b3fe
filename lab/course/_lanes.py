"""The second round of jobs, one for each platform, on an empty builder: which of them found its cache?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from lab.course import _runner
from lab.course._multi_platform import PAIR
from lab.course._runner import BAKE_FILE, IMAGE, JOB, RUNNER
from lab.events import BuildEvents, Vertex
from lab.model.digests import brief
from lab.model.facts import Fact
from lab.model.platforms import Platform
from lab.model.steps import Problem
from lab.model.world import World
from lab.probes import host, jobs
from lab.probes.jobs import Ended
from lab.probes.published import looked_up

OTHER_BUILDER = "The job `{job}` did not build on the builder {builder}."
NOTHING_RUN = "The job `{job}` built nothing that has a RUN line."
NOT_HANDED_ON = "The job `{job}` has not handed on an image of {image}."


@dataclass(frozen=True, kw_only=True)
class Lane(Fact):
    """A job of the second round, and what BuildKit said of its build; is the image there that it handed on?"""

    job: Ended
    platform: Platform
    events: BuildEvents
    there: bool = True

    @property
    def runs(self) -> tuple[Vertex, ...]:
        """Its RUN steps."""
        return tuple(one for one in self.events.vertices if one.kind == "run")


@dataclass(frozen=True, kw_only=True)
class Lanes(Fact):
    """The second round. `failed` is a job of either round that did not work; without any cache, nothing was played."""

    lanes: tuple[Lane, ...] = ()
    failed: Ended | None = None

    @property
    def cold(self) -> tuple[Platform, ...]:
        """The platforms whose job ran a step, in place of finding it in a cache."""
        return tuple(one.platform for one in self.lanes if not all(step.cached for step in one.runs))

    @property
    def steps(self) -> int:
        """How many RUN steps there were in all jobs."""
        return sum(len(one.runs) for one in self.lanes)


def _handed_on(world: World, platform: Platform, job: Ended) -> bool:
    parts = [looked_up(f"{IMAGE}@{digest}")(world).index for digest in job.handed]
    return any(part and part.platforms == {platform} for part in parts)


@dataclass(frozen=True)
class SecondRound:
    """A script that is called for each platform, twice, the second time when the builder was emptied.

    `step` is what it is written in, `files` are those that may name a cache, `ready` makes the builder, `there` says
    whether the registry has what the job built.
    """

    step: str
    script: str
    builder: str
    image: str
    ready: Callable[[World], None]
    files: tuple[str, ...] = ()
    there: Callable[[World, Platform, Ended], bool] = field(default=_handed_on)

    def __call__(self, world: World) -> Lanes:
        """Play it; NotThere before a try."""
        host.transcript(self.step)(world)
        texts = [host.text(path)(world) for path in (self.script, *self.files)]
        if not any("cache-" in one.content for one in texts):
            return Lanes(evidence=texts[0].evidence)
        self.ready(world)
        again = jobs.twice(self.script, sorted(PAIR), self.builder)(world)
        failed = next((one for one in (*again.first, *again.second) if one.status), None)
        if failed:
            return Lanes(failed=failed, evidence=again.evidence)
        pairs = zip(sorted(PAIR, reverse=True), again.second, strict=True)
        return Lanes(lanes=tuple(self._lane(world, platform, one) for platform, one in pairs), evidence=again.evidence)

    def _lane(self, world: World, platform: Platform, job: Ended) -> Lane:
        events = BuildEvents.from_text(job.events, f"job.sh {platform}")
        return Lane(job=job, platform=platform, events=events, there=self.there(world, platform, job))

    def other_work(self, lane: Lane) -> Problem | None:
        """How a job did other work than its own; None where it did not."""
        known = {"job": f"job.sh {lane.platform}", "builder": self.builder, "image": self.image}
        if set(lane.job.builders) != {self.builder}:
            named = ", ".join(one or "none in particular" for one in lane.job.builders) or "no build"
            return Problem(OTHER_BUILDER, found=named, wanted=self.builder, **known)
        if not lane.runs:
            folder = self.script.rpartition("/")[0]
            return Problem(NOTHING_RUN, found="no RUN line", wanted=f"the build of {folder}", **known)
        if not lane.there:
            found = ", ".join(map(brief, lane.job.handed)) or "nothing"
            return Problem(NOT_HANDED_ON, found=found, wanted=f"an image for {lane.platform}", **known)
        return None


SECOND_ROUND = SecondRound("cache_each", JOB, RUNNER, IMAGE, ready=_runner.ready, files=(BAKE_FILE,))
