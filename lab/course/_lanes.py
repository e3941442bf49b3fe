"""Lesson 11, beside its steps: the second round of its jobs, on an empty builder."""

from __future__ import annotations

from dataclasses import dataclass

from lab.course import _runner
from lab.course._multi_platform import PAIR
from lab.course._runner import BAKE_FILE, IMAGE, JOB, RUNNER
from lab.events import BuildEvents
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


@dataclass(frozen=True, kw_only=True)
class Lanes(Fact):
    """The second round. `failed` is a job of either round that did not work; without any cache, nothing was played."""

    lanes: tuple[Lane, ...] = ()
    failed: Ended | None = None


def second_round(world: World) -> Lanes:
    """Run the learner's job twice for each platform, the second time on an empty builder; NotThere before a try."""
    host.transcript("cache_each")(world)
    script = host.text(JOB)(world)
    if "cache-" not in script.content + host.text(BAKE_FILE)(world).content:
        return Lanes(evidence=script.evidence)
    _runner.ready(world)
    again = jobs.twice(JOB, sorted(PAIR), RUNNER)(world)
    failed = next((one for one in (*again.first, *again.second) if one.status), None)
    if failed:
        return Lanes(failed=failed, evidence=again.evidence)
    pairs = zip(sorted(PAIR, reverse=True), again.second, strict=True)
    return Lanes(lanes=tuple(_lane(world, platform, one) for platform, one in pairs), evidence=again.evidence)


def _lane(world: World, platform: Platform, job: Ended) -> Lane:
    parts = [looked_up(f"{IMAGE}@{digest}")(world).index for digest in job.handed]
    there = any(part and part.platforms == {platform} for part in parts)
    return Lane(job=job, platform=platform, events=BuildEvents.from_text(job.events, f"job.sh {platform}"), there=there)


def other_work(lane: Lane) -> Problem | None:
    """How a job did other work than this lesson's; None where it did not."""
    known = {"job": f"job.sh {lane.platform}", "builder": RUNNER, "image": IMAGE}
    if set(lane.job.builders) != {RUNNER}:
        named = ", ".join(one or "none in particular" for one in lane.job.builders) or "no build"
        return Problem(OTHER_BUILDER, found=named, wanted=RUNNER, **known)
    if not any(one.kind == "run" for one in lane.events.vertices):
        return Problem(NOTHING_RUN, found="no RUN line", wanted="the build of files/every-push", **known)
    if not lane.there:
        found = ", ".join(map(brief, lane.job.handed)) or "no metadata file"
        return Problem(NOT_HANDED_ON, found=found, wanted=f"an image for {lane.platform}", **known)
    return None
