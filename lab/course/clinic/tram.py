"""K17: a cache that one job finds again, and the other does not."""

from __future__ import annotations

from lab.course._lanes import Lanes, SecondRound
from lab.course._text import counted
from lab.course.clinic import _builders
from lab.course.clinic._bench import Bench
from lab.course.clinic._case import Symptom, case
from lab.course.leftovers import BuilderNamed, Tag
from lab.model.platforms import Platform, listed
from lab.model.steps import Problem, Proof, Verdict, step
from lab.model.world import World
from lab.probes import needs
from lab.probes.jobs import Ended
from lab.probes.published import looked_up

TRAM, BUILDER = "tram", "tram-builder"

JOB_FAILS = "The job `{job}` does not end well: {said}"
NO_CACHE = "job.sh keeps nothing of a build for the next one."
NOTHING_KEPT = "On an empty builder, the second push builds everything anew, for both platforms."
ONE_LANE_COLD = (
    "On an empty builder, the job for {platform} builds anew what it had built before; the other one does not."
)
MENDED = "On an empty builder, the second push found all of it again: {steps} from the cache, for {platforms}."

_DOCKERFILE = """\
FROM --platform=$BUILDPLATFORM busybox:1.38 AS build
ARG TARGETARCH
COPY line.txt /
RUN echo "a long step for $TARGETARCH" | cat line.txt - > /timetable.txt

FROM scratch
COPY --from=build /timetable.txt /
CMD ["/timetable.txt"]
"""
_JOB = """\
#!/bin/sh
# The job of one platform: job.sh linux/amd64, job.sh linux/arm64. At each push CI starts both, on two machines.
set -e
cd "$(dirname "$0")"
cache="$REGISTRY/tram:cache"
docker buildx build --builder tram-builder --platform "$1" -t "$REGISTRY/tram:${1#*/}" --push \\
  --cache-from "type=registry,ref=$cache" \\
  --cache-to "type=registry,ref=$cache" .
"""
_CI = """\
#!/bin/sh
# Plays CI for two pushes of the same files, and is simulated: for the second one, the builder is emptied, as a new
# machine's would be. Which of the two jobs is there first, nobody knows; the second time, it is the other one.
cd "$(dirname "$0")" || exit 1
push() {
  for platform in $2; do
    how="built anew"
    sh job.sh "$platform" 2>&1 | grep -A 1 '] RUN ' | grep -q CACHED && how=cached
    echo "$1 push, $platform: $how"
  done
}
push first "linux/amd64 linux/arm64"
docker buildx prune --builder tram-builder --all --force >/dev/null
push second "linux/arm64 linux/amd64"
"""
_BENCH = Bench(
    TRAM,
    texts=lambda _world: {"Dockerfile": _DOCKERFILE, "line.txt": "Every ten minutes.\n", "job.sh": _JOB, "ci.sh": _CI},
)


def _make_builder(world: World) -> None:
    _builders.make(world, BUILDER, "--driver-opt", "network=host")


def _pushed(world: World, platform: Platform, _job: Ended) -> bool:
    """Is there a tag of that job's image?"""
    index = looked_up(f"{TRAM}:{platform.architecture}")(world).index
    return index is not None and index.platforms == {platform}


def scene(world: World) -> None:
    """The team's pipeline, as it is, and the builder that plays its machines. Blocked where it cannot be."""
    _BENCH.lay(world)
    _make_builder(world)


PLAYED = SecondRound(TRAM, f"{_BENCH.folder}/job.sh", BUILDER, TRAM, ready=_make_builder, there=_pushed)


@case(
    number=17,
    hurts="The pipeline has a cache, and every push is as slow as the first one, for one of two platforms.",
    minutes=10,
    entry="only-last-platform-cached",
    lessons=("every-push",),
    symptom=Symptom(
        story="“Caching is on, there is no error anywhere. One of the jobs takes seconds. The other one takes its ten "
        "minutes, each time. CI is simulated here, by ci.sh.”",
        script="sh files/clinic/tram/ci.sh",
        sign=r"second push, linux/\w+: cached\s+second push, linux/\w+: built anew",
    ),
    causes="Both jobs keep their cache under one name, `tram:cache`. The name holds what the last job has left there, "
    "and what the other one left is gone.",
    points=(
        "You compared where each job looks for its cache with where the other one writes its own.",
        "Writing a cache replaces what the name stood for, as a push does with a tag.",
        "More in the cache (`mode=max`) does not help: the name is the trouble.",
    ),
)
@step(
    PLAYED,
    solution="""
        cd files/clinic/tram
        sed -i 's|^cache=.*|cache="$REGISTRY/tram:cache-${1#*/}"|' job.sh
    """,
    hints=[
        "Which platform's job finds its steps again: the one that ended first in the push before, or the last one?",
        "Where does a job leave its cache, and what has the other job left there afterwards?",
        "A part of the name can be the job's own.",
    ],
    needs=[needs.engine, needs.buildkit],
    prepare=scene,
    makes=[
        *(Tag(f"{TRAM}:{tag}") for tag in ("amd64", "arm64", "cache", "cache-amd64", "cache-arm64")),
        BuilderNamed(BUILDER),
        _BENCH,
    ],
)
def tram(found: Lanes) -> Verdict:
    """Mend files/clinic/tram/job.sh: the job of each platform finds its cache again on a builder that is empty."""
    if found.failed:
        known = {"job": f"job.sh {found.failed.name}", "said": found.failed.said or "it printed nothing."}
        return Problem(JOB_FAILS, found=f"exit status {found.failed.status}", wanted="exit status 0", **known)
    if not found.lanes:
        return Problem(NO_CACHE, found="no `cache-` anywhere", wanted="a cache for both platforms")
    if problem := next(filter(None, map(PLAYED.other_work, found.lanes)), None):
        return problem
    cold = found.cold
    if not cold:
        platforms = listed(one.platform for one in found.lanes)
        return Proof(MENDED, steps=counted(found.steps, "RUN step"), platforms=platforms)
    template = NOTHING_KEPT if len(cold) == len(found.lanes) else ONE_LANE_COLD
    wanted = "steps from the cache for both"
    return Problem(template, found=f"steps that ran for {listed(cold)}", wanted=wanted, platform=cold[0])
