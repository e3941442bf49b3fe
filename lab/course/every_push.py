"""How do I do this on every push?"""

from __future__ import annotations

from dataclasses import dataclass

from lab.course import _runner
from lab.course._did import calls_of, named_containers
from lab.course._lanes import SECOND_ROUND, Lanes
from lab.course._multi_platform import PAIR, named_rows
from lab.course._pushes import (
    WHAT_IS_LEFT,
    WHAT_MOVES,
    WHICH_PLATFORMS,
    looked_after,
    printed_plan,
    tagged_after,
    tested_platforms,
)
from lab.course._rounds import PIPELINE, VERSION, one_tag, played, unsafe
from lab.course._runner import BAKE_FILE, DRAFT, FOLDER, IMAGE, JOB, RUNNER, job_script
from lab.course._text import counted, first_line
from lab.course.inside_the_index import attestations_kept
from lab.course.leftovers import BuilderNamed, File, HandedOver, Tag
from lab.errors import NotThere
from lab.model.digests import brief
from lab.model.facts import Containers, Fact, Images, Index, Transcript
from lab.model.platforms import given, listed
from lab.model.steps import BLANK, Problem, Proof, Verdict, step
from lab.model.world import World
from lab.probes import bake, engine, handed, host, needs, registry
from lab.probes.bake import Plan, Target
from lab.probes.handed import HandedOn
from lab.probes.host import Text
from lab.probes.jobs import Rounds
from lab.probes.published import Published, looked_up

LATEST = "bakery:latest"
MERGED = "bakery:1"
TESTED = "bakery:tested"
OUT = f"{FOLDER}/out"
COMMAND = ("sh", "-c", "cat /bread.txt; uname -m")  # of files/every-push/Dockerfile

NOT_PRINTED = "No command that ran asked bake for its plan alone."
OTHER_PLAN = "The plan that was printed is not that of {path}."
PLAN_PRINTED = "The plan of {path} has one build, {name}, for {platforms}. Nothing was built."
BAKE_REFUSES = "Bake does not read {path}."
NO_TARGET = "The plan has no target {name} any more."
NO_PLATFORMS = "The plan names no platform for {name}: what the file says of platforms does not reach it."
PLATFORM_NOT_PLANNED = "The plan for {name} lacks a platform."
MORE_PLANNED = "The plan for {name} has platforms that were not asked for."
OTHER_TAGS = "The plan gives {name} other tags than before."
PLAN_MENDED = "By the plan, {name} is built for {platforms} and pushed as {tags}."
BOTH_AT_ONCE = "The tag {ref} has both platforms: one build pushed them, and not a job for each."
ONE_ORDER = "The registry was not asked after each of the two orders."
LAST_PUSH_STAYS = "Both orders were tried. {ref} has one image, that for {platform}: the push of the other job is gone."
NO_JOB = "No job has handed on an image for {platform}."
NOT_IN_REGISTRY = "The file {file} names a digest that the registry does not have under {image}."
ONE_BUILD = "The file {file} names an index for both platforms: that was one build, and not a job for each."
TAGGED = "The image for {platform} was pushed with a tag, and nobody needs one before the merge."
BY_DIGEST = "The registry has {count} that no tag leads to: {rows}."
PART_MISSING = "The tag {ref} does not have both platforms."
REBUILT = "The tag {ref} holds an image for {platform} that no job has handed on."
OTHER_IMAGE = "The image for {platform} under {ref} was not built from files/every-push."
MERGED_ONCE = "{ref} is one index, {digest}, of just the images that the jobs handed on: {rows}."
NO_CACHE = "No file in {folder} speaks of a cache."
JOB_FAILED = "The job `{job}` failed: {said}"
NOT_KEPT = "On an empty builder, no job found anything that the first round had kept."
ONE_LANE_COLD = "On an empty builder the job for {platform} began again; the other one found its work."
BOTH_WARM = "The builder was emptied, and both jobs found all their work in the registry: {steps} from the cache."
TEST_FAILED = "A container of the test ended with an error, so nothing may be published."
NOT_BY_DIGEST = "What was started has a name that another push can move."
NOT_TESTED = "No container of the image for {platform} ran in this test without an error."
TOO_EARLY = "The tag {ref} was there before both images had been tested."
COPY_DIFFERS = "The tag {ref} holds an image for {platform} that is not the one that was handed on and tested."
TESTED_FIRST = "Both images ran, each named by its digest, and then {ref} was made of them: {rows}."
JOBS_FAIL = "With nothing wrong, `{job}` failed: {said}"
HOLDS = (
    "{path} holds: {ref} got three platforms, stayed as it was when the job for {platform} was lost, "
    "and moved at once when that job had been run again: {rows}."
)


@step(
    bake.plan(FOLDER),
    host.transcript("print_first"),
    predict=WHICH_PLATFORMS,
    solution="""
        cd files/every-push
        cat docker-bake.hcl
        docker buildx bake --print
    """,
    hints=["Bake can say what it would do, as JSON, and do nothing."],
    needs=[needs.engine],
    prepare=_runner.scene,
    makes=[DRAFT, BuilderNamed(RUNNER)],
)
def print_first(plan: Plan, printed: Transcript) -> Verdict:
    """Ask bake what it would build in files/every-push, without building anything."""
    found = printed_plan(printed)
    asked = [call for call in calls_of(printed, "docker", "bake") if "--print" in call.words]
    if not asked or found is None:
        return Problem(NOT_PRINTED, found=first_line(printed), wanted="the plan, as JSON", path=BAKE_FILE)
    names = ", ".join(one.name for one in found.targets)
    if found.named(IMAGE) is None:
        return Problem(OTHER_PLAN, found=names or "no target", wanted=f"a plan with {IMAGE}", path=plan.folder)
    platforms = {name for one in found.targets for name in one.platforms}
    said = listed(platforms) if platforms else "no platform in particular"
    return Proof(PLAN_PRINTED, path=plan.folder, name=names, platforms=said)


@dataclass(frozen=True, kw_only=True)
class Wanted(Fact):
    """The tag that the bake file gave from the beginning."""

    tag: str


def _wanted(world: World) -> Wanted:
    return Wanted(tag=f"{world.registry}/{LATEST}")


def _plan_of_learner(world: World) -> Plan:
    """The plan of the learner's file; NotThere while it is still the one of the lesson, which has no slip in it."""
    if DRAFT.shipped(world):
        raise NotThere("Nothing was run here yet.")
    return bake.plan(FOLDER)(world)


@step(
    _plan_of_learner,
    _wanted,
    solution=f"""
        cat > {BAKE_FILE} <<'END'
        variable "REGISTRY" {{}}

        group "default" {{
          targets = ["bakery"]
        }}

        target "bakery" {{
          platforms = ["linux/amd64", "linux/arm64"]
          tags      = ["${{REGISTRY}}/bakery:latest"]
        }}
        END
        cd files/every-push
        docker buildx bake --print
    """,
    hints=[
        "Bake passes over a key that it does not know, without a word.",
        "Compare each key of the file with those in Docker's reference of bake files, letter by letter.",
        "A target has what it says itself, and what it inherits. Which of the two should bring the platforms here?",
    ],
    needs=[needs.engine],
    repair=True,
    prepare=DRAFT.lay,
    makes=[DRAFT],
)
def mend_bake(plan: Plan, wanted: Wanted) -> Verdict:
    """Mend files/every-push/docker-bake.hcl, so that bakery is planned for linux/amd64 and linux/arm64."""
    if plan.refused:
        return Problem(BAKE_REFUSES, found=plan.refused, wanted="a file that bake reads", path=BAKE_FILE)
    target = plan.named(IMAGE)
    if target is None:
        names = ", ".join(one.name for one in plan.targets) or "no target"
        return Problem(NO_TARGET, found=names, wanted=IMAGE, name=IMAGE)
    if problem := _other_platforms(target):
        return problem
    if target.tags != (wanted.tag,):
        return Problem(OTHER_TAGS, found=", ".join(target.tags) or "none", wanted=wanted.tag, name=IMAGE)
    return Proof(PLAN_MENDED, platforms=listed(target.platforms), tags=wanted.tag, name=IMAGE)


def _other_platforms(target: Target) -> Problem | None:
    """How a target's platforms are not the two; None where they are."""
    platforms = {given(name) or name for name in target.platforms}
    if platforms == PAIR:
        return None
    template = NO_PLATFORMS if not platforms else MORE_PLANNED if platforms > PAIR else PLATFORM_NOT_PLANNED
    return Problem(template, found=listed(platforms), wanted=listed(PAIR), name=target.name)


@step(
    registry.index(LATEST),
    host.transcript("race"),
    predict=WHAT_IS_LEFT,
    gap="""
        cd files/every-push
        job() { docker buildx bake --builder runner --progress quiet --set "*.platform=$1" ____; }
        job linux/amd64
        job linux/arm64
        docker buildx imagetools inspect ____
        job linux/arm64
        job linux/amd64
        docker buildx imagetools inspect ____
    """,
    solution="""
        cd files/every-push
        job() { docker buildx bake --builder runner --progress quiet --set "*.platform=$1" --push; }
        job linux/amd64
        job linux/arm64
        docker buildx imagetools inspect $REGISTRY/bakery:latest
        job linux/arm64
        job linux/amd64
        docker buildx imagetools inspect $REGISTRY/bakery:latest
    """,
    hints=[
        "Each job has to hand its result to the registry, under the tag that the bake file gives.",
        "The tag is `bakery:latest`. Look at it after each of the two orders.",
    ],
    needs=[needs.engine, needs.buildkit],
    after=[mend_bake],
    prepare=_runner.ready,
    makes=[Tag(LATEST)],
)
def race(index: Index, printed: Transcript) -> Verdict:
    """Let two jobs push $REGISTRY/bakery:latest, one for each platform, in both orders; look at it after each order."""
    ref = index.reference
    if len(index.platforms) > 1:
        return Problem(BOTH_AT_ONCE, found=listed(index.platforms), wanted="one platform", ref=ref)
    seen = looked_after(printed, ref)
    if set(seen) != PAIR:
        found = " and ".join(f"a look after {platform} came last" for platform in dict.fromkeys(seen))
        return Problem(ONE_ORDER, found=found or "no look after two jobs", wanted="a look after each order", ref=ref)
    return Proof(LAST_PUSH_STAYS, ref=ref, platform=listed(index.platforms))


def _not_handed(handed_on: HandedOn) -> Problem | None:
    """A platform that no job has handed on, or not as one should; None where both are well."""
    for part in handed_on.parts:
        known = {"file": part.file, "image": handed_on.repository}
        if part.index is None:
            return Problem(NOT_IN_REGISTRY, found="no such digest", wanted=brief(part.digest), **known)
        if len(part.platforms) > 1:
            return Problem(ONE_BUILD, found=listed(part.platforms), wanted="one platform", **known)
    for platform in sorted(PAIR):
        if handed_on.of(platform) is None:
            found = ", ".join(f"{part.file} for {listed(part.platforms)}" for part in handed_on.parts)
            return Problem(NO_JOB, found=found, wanted=f"a metadata file in {OUT}", platform=platform)
    return None


@step(
    handed.handed_on(OUT, IMAGE),
    host.text(JOB),
    looked_up(LATEST),
    predict=WHAT_MOVES,
    gap=job_script(digest=BLANK, file=BLANK),
    solution=job_script(),
    hints=[
        "The first blank is an attribute of the output `image`: Docker's reference of the image exporter lists them.",
        "The second one is an option of `docker buildx bake`: it names a file for what a build says of its result.",
        "What is pushed like this has no tag, so the target's tags are emptied.",
    ],
    needs=[needs.engine, needs.buildkit],
    after=[mend_bake],
    prepare=_runner.ready,
    makes=[HandedOver(OUT, IMAGE), File(JOB)],
)
def by_digest(handed_on: HandedOn, _script: Text, _tag: Published) -> Verdict:
    """Write job.sh, which pushes one platform by its digest and hands the digest on in out/; run it for both."""
    if problem := _not_handed(handed_on):
        return problem
    for platform in sorted(PAIR):
        part = handed_on.of(platform)
        if part and part.tags:
            return Problem(TAGGED, found=", ".join(part.tags), wanted="no tag", platform=platform)
    rows = ", ".join(f"{listed(part.platforms)} ({brief(part.digest)})" for part in handed_on.parts)
    return Proof(BY_DIGEST, count=counted(len(handed_on.parts), "digest"), rows=rows)


def _other_rows(index: Index, handed_on: HandedOn, template: str) -> Problem | None:
    """A platform's image that is not the one that was handed on, said with this message; None where all are."""
    for platform in sorted(PAIR):
        part, row = handed_on.of(platform), index.manifest(platform)
        wants = part.index.manifest(platform) if part and part.index else None
        if row and wants and row.digest != wants.digest:
            found, wanted = brief(row.digest), brief(wants.digest)
            return Problem(template, found=found, wanted=wanted, ref=index.reference, platform=platform)
    return None


def _with_attestations(images: Images, handed_on: HandedOn) -> Verdict:
    return attestations_kept(images.index, *(part.index for part in handed_on.parts if part.index))


@step(
    registry.images(MERGED),
    handed.handed_on(OUT, IMAGE),
    solution="""
        cd files/every-push/out
        parts=$(sed -n "s|.*\\"containerimage.digest\\": \\"\\(.*\\)\\".*|$REGISTRY/bakery@\\1|p" amd64.json arm64.json)
        docker buildx imagetools create -t $REGISTRY/bakery:1 $parts
    """,
    hints=[
        "Both images are in the registry, so nothing has to be built.",
        "In each file of out/ one line names the digest of what its job pushed.",
        "You joined two tags in lesson 8. `NAME@DIGEST` is a name, too.",
    ],
    exercise=True,
    good=_with_attestations,
    needs=[needs.engine],
    after=[by_digest],
    makes=[Tag(MERGED)],
)
def merge(images: Images, handed_on: HandedOn) -> Verdict:
    """Make one tag, $REGISTRY/bakery:1, of just the digests that the two jobs handed on."""
    if problem := _not_handed(handed_on):
        return problem
    index = images.index
    if index.platforms != PAIR:
        return Problem(PART_MISSING, found=listed(index.platforms), wanted=listed(PAIR), ref=index.reference)
    if problem := _other_rows(index, handed_on, REBUILT):
        return problem
    for row, image in images.pairs:
        if image.cmd != COMMAND:
            found, wanted = (" ".join(one) or "no command" for one in (image.cmd, COMMAND))
            return Problem(OTHER_IMAGE, found=found, wanted=wanted, platform=row.platform, ref=index.reference)
    return Proof(MERGED_ONCE, ref=index.reference, digest=brief(index.digest), rows=named_rows(index))


@step(
    SECOND_ROUND,
    solution=job_script(cached=True),
    hints=[
        "A target of bake has two keys for this: where a build looks for earlier work, and where it leaves its own.",
        "One kind of cache is kept in a registry, under a name of its own: Docker's page on cache backends has it.",
        "What is exported to a name replaces what was there, as with tags. Who else exports to yours?",
        "The platform can be a part of the name, as it is for the files in out/.",
    ],
    exercise=True,
    needs=[needs.engine, needs.buildkit],
    after=[by_digest],
    prepare=_runner.ready,
    makes=[File(JOB), Tag("bakery-cache:amd64"), Tag("bakery-cache:arm64")],
)
def cache_each(found: Lanes) -> Verdict:
    """Give files/every-push/job.sh a cache that each platform's job finds again on a builder that is empty."""
    if found.failed:
        known = {"job": f"job.sh {found.failed.name}", "said": found.failed.said or "it printed nothing."}
        return Problem(JOB_FAILED, found=f"exit status {found.failed.status}", wanted="exit status 0", **known)
    if not found.lanes:
        return Problem(NO_CACHE, found="no `cache-` anywhere", wanted="where to keep what was built", folder=FOLDER)
    if problem := next(filter(None, map(SECOND_ROUND.other_work, found.lanes)), None):
        return problem
    ran, steps = found.cold, found.steps
    about = {"found": f"steps that ran for {listed(ran)}", "wanted": "steps from the cache for both"}
    if len(ran) == len(found.lanes):
        return Problem(NOT_KEPT, **about)
    return (
        Problem(ONE_LANE_COLD, platform=ran[0], **about) if ran else Proof(BOTH_WARM, steps=counted(steps, "RUN step"))
    )


@step(
    handed.handed_on(OUT, IMAGE),
    registry.index(TESTED),
    engine.containers("test_then_tag"),
    host.transcript("test_then_tag"),
    gap="""
        cd files/every-push/out
        tested=""
        for arch in amd64 arm64; do
          digest=$(sed -n 's|.*"containerimage.digest": "\\(.*\\)".*|\\1|p' $arch.json)
          docker run --rm --quiet --platform linux/$arch $REGISTRY/bakery____ || exit 1
          tested="$tested $REGISTRY/bakery@$digest"
        done
        docker buildx imagetools create -t $REGISTRY/bakery:tested ____
    """,
    solution="""
        cd files/every-push/out
        tested=""
        for arch in amd64 arm64; do
          digest=$(sed -n 's|.*"containerimage.digest": "\\(.*\\)".*|\\1|p' $arch.json)
          docker run --rm --quiet --platform linux/$arch $REGISTRY/bakery@$digest || exit 1
          tested="$tested $REGISTRY/bakery@$digest"
        done
        docker buildx imagetools create -t $REGISTRY/bakery:tested $tested
    """,
    hints=[
        "A digest is the one name that no other push can move.",
        "The tag is made of what was tested, and of nothing else. Where does the cell keep that?",
    ],
    needs=[needs.engine, needs.emulator],
    after=[by_digest],
    makes=[Tag(TESTED)],
)
def test_then_tag(handed_on: HandedOn, index: Index, ran: Containers, printed: Transcript) -> Verdict:
    """Start the image of each platform by its digest, and only then give them the tag $REGISTRY/bakery:tested."""
    if problem := _not_handed(handed_on):
        return problem
    ref = index.reference
    if problem := _untested(handed_on, index, ran, printed):
        return problem
    if not tagged_after(printed, ref):
        return Problem(TOO_EARLY, found="a tag, then a test", wanted="both tests, then the tag", ref=ref)
    if index.platforms != PAIR:
        return Problem(PART_MISSING, found=listed(index.platforms), wanted=listed(PAIR), ref=ref)
    return _other_rows(index, handed_on, COPY_DIFFERS) or Proof(TESTED_FIRST, ref=ref, rows=named_rows(index))


def _untested(handed_on: HandedOn, index: Index, ran: Containers, printed: Transcript) -> Problem | None:
    """What the test lacks; None where each image ran, by its digest."""
    image = index.reference.rpartition(":")[0]
    own = [one for one in ran.ran if one.image.startswith(image)]
    if any(one.exit_status for one in own):
        return Problem(TEST_FAILED, found=named_containers(ran), wanted="exit status 0 of each container")
    done = tested_platforms(handed_on, ran, printed, index)
    if own and not done:
        return Problem(NOT_BY_DIGEST, found=named_containers(ran), wanted=f"{image}@ and a digest of out/")
    missing = listed(PAIR - done)
    if done >= PAIR:
        return None
    return Problem(NOT_TESTED, found=named_containers(ran), wanted="a container of each image", platform=missing)


@step(
    played,
    solution=f"""
        cat > {PIPELINE} <<'END'
        #!/usr/bin/env bash
        # `ci.sh job PLATFORM` builds one part and hands its digest on in out/; `ci.sh merge` tags all parts.
        set -eu
        image=$REGISTRY/orchard
        case $1 in
          job)
            mkdir -p out
            docker buildx bake --builder runner --metadata-file "out/$(echo "$2" | tr / -).json" \\
              --set "*.platform=$2" --set "*.tags=" \\
              --set "*.output=type=image,name=$image,push-by-digest=true,name-canonical=true,push=true" ;;
          merge)
            docker buildx imagetools create -t "$image:$VERSION" \\
              $(sed -n "s|.*\\"containerimage.digest\\": \\"\\(.*\\)\\".*|$image@\\1|p" out/*.json) ;;
        esac
        END
    """,
    hints=[
        "All parts of it are in this lesson: `job` is job.sh, `merge` is what you did with the digests of out/.",
        "The platform linux/arm/v7 has one part more than the others. What are the files in out/ called then?",
        "A script that ends with a command that worked says that all is well. What does `set -e` change?",
        "A job must not move a tag that people pull: the others may never get there.",
    ],
    exercise=True,
    good=one_tag,
    needs=[needs.engine, needs.buildkit],
    prepare=_runner.ready,
    makes=[File(PIPELINE), Tag(f"orchard:{VERSION}")],
)
def whole_pipeline(found: Rounds) -> Verdict:
    """Write files/every-push/orchard/ci.sh, a pipeline for three platforms that survives any order and a lost job."""
    known: dict[str, object] = {"ref": found.reference, "platform": found.lost}
    if failed := next((one for one in found.whole.ended if one.status), None):
        about = {"job": f"ci.sh {failed.name}", "said": failed.said or "it printed nothing."}
        return Problem(JOBS_FAIL, found=f"exit status {failed.status}", wanted="exit status 0", **about)
    mended = found.mended
    return unsafe(found) or Proof(
        HOLDS, path=found.path, rows=named_rows(mended.tag) if mended and mended.tag else "", **known
    )
