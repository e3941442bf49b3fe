"""P3 and P9: what the bake file builds, and what a builder finds again."""

from __future__ import annotations

from dataclasses import dataclass

from lab.course._compiling import foreign
from lab.course._text import counted
from lab.course.capstone import _mended
from lab.course.capstone._faults import AMD, ARM, IMAGES, THREE, V6
from lab.course.capstone._laid import BUILDER, REPOSITORY, TRIAL, candidate, trial
from lab.course.capstone._proof import required
from lab.course.cross_compile import RIGHT_BUT_EMULATED
from lab.course.every_push import JOB_FAILED, NOT_KEPT
from lab.events import BuildEvents
from lab.model.facts import Evidence, Fact
from lab.model.platforms import Platform, given, listed
from lab.model.steps import Problem, Proof, Verdict, step
from lab.model.world import World
from lab.probes import bake, engine, host, jobs, needs
from lab.probes.jobs import Again

SCRIPT = f"{REPOSITORY}/release.sh"
ORDER = (AMD, ARM, V6)

BAKE_REFUSES = "Bake does not read docker-bake.hcl."
FILE_LACKS = "By docker-bake.hcl alone, {target} is not built for all three platforms."
BUILD_FAILS = "What docker-bake.hcl plans cannot be built."
NATIVE = "The check has built what docker-bake.hcl plans, for {platforms}: {count}, and none of them was emulated."
OTHER_BUILDER = "The job for {platform} did not build on the builder lighthouse."
NOTHING_RUN = "The job for {platform} built nothing that has a RUN line."
SOME_COLD = "On an empty builder the job for {platform} began again, while another one found its work."
WARM = "The builder was emptied, and each of the three jobs found all its work again: {steps} from the cache."


@dataclass(frozen=True, kw_only=True)
class Built(Fact):
    """What the bake file plans, and BuildKit's account of a build of it (None where there was none)."""

    plan: bake.Plan
    events: BuildEvents | None = None
    failed: str = ""


def built(world: World) -> Built:
    """Have bake print its plan of the learner's file, and build it, for nobody, where the plan is whole."""
    place = world.workspace / REPOSITORY
    file = ("-f", "docker-bake.hcl")
    status, out, err, seen = engine.docker(world, "buildx", "bake", *file, "--print", folder=place)
    if status:
        return Built(plan=bake.Plan(folder=REPOSITORY, refused=_last(err)), evidence=(seen,))
    plan = bake.plan_from_json(out, REPOSITORY, (seen,))
    if lacking(plan):
        return Built(plan=plan, evidence=plan.evidence)
    known = ("--builder", BUILDER, "--progress=rawjson", "--set", "*.output=type=cacheonly", "--set", "*.cache-to=")
    status, _, err, _ = engine.docker(world, "buildx", "bake", *file, *known, limit=300, folder=place)
    if status:
        return Built(plan=plan, failed=_last(err), evidence=plan.evidence)
    events = BuildEvents.from_text(err, "docker-bake.hcl", host.this_machine().linux)
    told = "\n".join(one.name for one in events.vertices if one.kind == "run")
    return Built(plan=plan, events=events, evidence=(*plan.evidence, Evidence("docker buildx bake", told)))


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("{")]
    return lines[-1].removeprefix("ERROR: ") if lines else "no reason given"


def lacking(plan: bake.Plan) -> bake.Target | None:
    """The first image that the plan does not build for all platforms; None where there is none."""
    for image in IMAGES:
        target = plan.named(image) or bake.Target(name=image)
        if not _platforms(target) >= THREE:
            return target
    return None


def _platforms(target: bake.Target) -> frozenset[Platform]:
    return frozenset(filter(None, map(given, target.platforms)))


@required(3, "nothing foreign runs in a build of the bake file")
@step(
    candidate(jobs.once(SCRIPT, built, "bake")),
    solution="\n".join(
        [
            "cd capstone/lighthouse",
            _mended.script("docker-bake.hcl"),
            "docker buildx bake -f docker-bake.hcl --print",
        ]
    ),
    hints=[
        "Bake can print what it makes of the file, and leaves out what it does not know.",
        "Only what a RUN line runs can be foreign. On which platform is its stage?",
    ],
    needs=[needs.engine, needs.golang, needs.buildkit],
)
def unemulated(found: Built) -> Verdict:
    """Let docker-bake.hcl alone build all three images for the three platforms, with no foreign program in a RUN."""
    if found.plan.refused:
        return Problem(BAKE_REFUSES, found=found.plan.refused, wanted="a plan")
    if target := lacking(found.plan):
        planned = listed(_platforms(target)) or "no platform"
        return Problem(FILE_LACKS, found=planned, wanted=listed(THREE), target=target.name)
    if found.events is None:
        return Problem(BUILD_FAILS, found=found.failed, wanted="a build that ends well")
    if ran := foreign(found.events):
        return Problem(RIGHT_BUT_EMULATED, found=ran[0].name, wanted="no RUN step of a foreign platform")
    own = [one for one in found.events.vertices if one.kind == "run"]
    return Proof(NATIVE, platforms=listed(THREE), count=counted(len(own), "RUN step"))


def again(world: World) -> Again:
    """Run the job for each platform twice, the second time on an empty builder."""
    with trial(world):
        return jobs.twice(SCRIPT, ORDER, BUILDER, "job", VERSION=TRIAL)(world)


@required(9, "a second build finds its work, for all three platforms")
@step(
    candidate(again),
    solution="\n".join(["cd capstone/lighthouse", _mended.script("release.sh")]),
    hints=[
        "Where can a builder that has just been made find what another one has done?",
        "Three jobs that keep their work under one name keep that of one job.",
    ],
    needs=[needs.engine, needs.golang, needs.buildkit],
)
def warm(found: Again) -> Verdict:
    """Let `release.sh job` find its work again on an empty builder, for each of the three platforms."""
    if failed := next((one for one in (*found.first, *found.second) if one.status), None):
        known = {"job": f"release.sh {failed.name}", "said": failed.said or "it printed nothing."}
        return Problem(JOB_FAILED, found=f"exit status {failed.status}", wanted="exit status 0", **known)
    cold, steps = [], 0
    for one in found.second:
        platform = one.words[-1]
        if set(one.builders) != {BUILDER}:
            named = ", ".join(name or "none in particular" for name in one.builders) or "no build"
            return Problem(OTHER_BUILDER, found=named, wanted=BUILDER, platform=platform)
        own = [v for v in BuildEvents.from_text(one.events, one.name).vertices if v.kind == "run"]
        if not own:
            return Problem(NOTHING_RUN, found="no RUN line", wanted="the build of the bake file", platform=platform)
        steps += len(own)
        cold += [] if all(v.cached for v in own) else [platform]
    about = {"found": f"steps that ran for {', '.join(cold)}", "wanted": "steps from the cache for all three"}
    if len(cold) == len(found.second):
        return Problem(NOT_KEPT, **about)
    if cold:
        return Problem(SOME_COLD, platform=cold[0], **about)
    return Proof(WARM, steps=counted(steps, "RUN step"))
