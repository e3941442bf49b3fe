"""One tag for everyone?"""

from __future__ import annotations

import re

from lab import events
from lab.course._did import asked_the_registry, named_containers, names, platforms_of, read_the_programs
from lab.course._multi_platform import (
    BOTH,
    COPIED,
    HOW_MANY_EMULATED,
    HOW_MANY_ENTRIES,
    PAIR,
    STORE_CANNOT,
    STORE_KEEPS,
    TEAM,
    WHAT_IT_STANDS_FOR,
    WILL_IT_KEEP_BOTH,
    Kept,
    Scene,
    copies_the_greeting,
    each_attested,
    emulated_steps,
    named_rows,
    scene_of,
    steps_for,
    two_pushes,
    what_is_kept,
)
from lab.course._pushed import Unpushed, pushed
from lab.course._text import failed, first_line, last_line, uname
from lab.course.leftovers import File, Tag
from lab.draw.timeline import timeline
from lab.events import BuildEvents
from lab.model.digests import brief, digits
from lab.model.facts import Binaries, Containers, Engine, Images, Index, Transcript
from lab.model.platforms import Platform, architectures_in, listed
from lab.model.steps import Problem, Proof, Verdict, step
from lab.model.world import World
from lab.probes import engine, host, needs, registry

TAG = "buildx-test"
THIRD = Platform.parse("linux/arm/v7")
ALL = PAIR | {THIRD}
EVENTS = "build.json"
COMMAND = ("sh", "-c", "cat /greeting.txt; uname -m")  # of files/multi-platform/Dockerfile

REPLACED = "The tag {ref} lacks a platform. A push replaces what a tag stood for; it does not add to it."
TOO_MANY = "The tag {ref} has platforms that were not asked for."
OTHER_IMAGE = "The image for {platform} under {ref} was not built from files/multi-platform."
ONE_INDEX = "{ref} is one index, {digest}, with {count} images: {rows}."
ONE_LANE = "The events are not those of a build for both platforms."
BUILD_FAILED = "The build that left these events failed."
OTHER_BUILD = "The events are those of another build: for {platform} it does not copy greeting.txt."
ALL_CACHED = "The build did no work for {platform}: its steps came from the cache."
EVENTS_SHOW = (
    "In {path}, a build of {seconds} s copied greeting.txt once for each of {platforms}. Emulated steps: {count}."
)
NO_SUCH_BUILD = "No build for both platforms was made with the name {image}."
OTHER_REFUSAL = "The build failed, but not because of the image store."
NOT_KEPT = "The build worked, but the engine has no {image}."
REGISTRY_NOT_ASKED = "No command that ran asked the registry for {ref}."
LIST_NOT_SEEN = "What was printed is not the registry's list of {ref}."
ROWS_LISTED = "The registry lists {count} images under {ref}: {rows}."
ROWS_THEN = "The registry listed both platforms under {ref}; by now the tag has {platforms}."
NOT_WHAT_IT_SAYS = "The image for {platform} holds a program for another machine."
LABELS_ONLY = "No command that ran read the programs inside {ref}. What an index says of them is only a label."
NOT_READ = "What was printed does not show the programs inside {ref}."
PROGRAMS_TRUE = "In {ref}, the program of each image is for the platform that the index says: {programs}."
NOT_RUN = "The engine did not run two containers of {ref} without an error."
ONE_ANSWER_ONLY = "What was printed is not the answers of both images."
FORMAT_ERROR_SEEN = "The kernel refused to run one of the images."
BOTH_RAN = "Both images of {ref} ran on this machine: one answered x86_64, the other aarch64."
LOST_ONE = "The tag {ref} has lost a platform that it had."
NOT_ADDED = "The tag {ref} does not have the third platform yet."
STILL_LOST = "The tag {ref} has no image for {platform}."
SWAPPED = "The tag {ref} has the lost image again, but now it lacks the one for {platform}: a push adds nothing."
TEAM_MENDED = "{ref} is one index, {digest}, with {rows}. The lost image, the one for {platform}, is back."


def _wrong_image(images: Images) -> Problem | None:
    """An image that would start something else than the lesson's Dockerfile says."""
    for row, image in images.pairs:
        if image.cmd != COMMAND:
            found, wanted = (" ".join(one) or "no command" for one in (image.cmd, COMMAND))
            platform, ref = row.platform or image.platform, images.index.reference
            return Problem(OTHER_IMAGE, found=found, wanted=wanted, platform=platform, ref=ref)
    return None


def _one_index(index: Index) -> Proof:
    rows, digest = named_rows(index), brief(index.digest)
    return Proof(ONE_INDEX, ref=index.reference, digest=digest, count=len(index.images), rows=rows)


@step(
    pushed(registry.images(TAG), TAG, "multi_push"),
    predict=WHAT_IT_STANDS_FOR,
    gap="""
        cd files/multi-platform
        docker buildx build -t $REGISTRY/buildx-test --platform ____ ____ .
    """,
    solution="""
        cd files/multi-platform
        docker buildx build -t $REGISTRY/buildx-test --platform linux/arm64,linux/amd64 --push .
    """,
    hints=[
        "One build can be for several platforms: name them all, with a comma between them.",
        "The result has to go to the registry, so the same command must also push it.",
    ],
    needs=[needs.engine, needs.buildkit, needs.reach],
    makes=[Tag(TAG)],
)
def multi_push(found: Images | Unpushed) -> Verdict:
    """Build files/multi-platform for linux/amd64 and linux/arm64, and push both as one tag: $REGISTRY/buildx-test."""
    if isinstance(found, Unpushed):
        return found.problem
    index = found.index
    if not index.platforms >= PAIR:
        return Problem(REPLACED, found=listed(index.platforms), wanted=listed(PAIR), ref=index.reference)
    if not index.platforms <= ALL:
        return Problem(TOO_MANY, found=listed(index.platforms), wanted=listed(PAIR), ref=index.reference)
    return _wrong_image(found) or _one_index(index)


# How the classic image store refuses several platforms: the engine's own builder, and a builder of one's own.
_REFUSALS = (
    "Multi-platform build is not supported for the docker driver",
    "exporter does not currently support exporting manifest lists",
)


@step(
    engine.info(),
    what_is_kept,
    host.transcript("load_both"),
    predict=WILL_IT_KEEP_BOTH,
    gap="""
        docker info --format '{{.____}}'
        docker buildx build -t $REGISTRY/both --platform linux/amd64,linux/arm64 ____ files/multi-platform
    """,
    solution="""
        docker info --format '{{.DriverStatus}}'
        docker buildx build -t $REGISTRY/both --platform linux/amd64,linux/arm64 --load files/multi-platform
    """,
    hints=[
        "`--load` hands the result to the engine, where `--push` hands it to a registry.",
        "It may be refused. That is an answer, too: read the reason.",
    ],
    needs=[needs.engine, needs.buildkit],
    makes=[Tag(BOTH)],
)
def load_both(server: Engine, kept: Kept, printed: Transcript) -> Verdict:
    """Find out whether your engine can keep both platforms under one name: build with `--load` as $REGISTRY/both."""
    builds = [one for one in printed.calls if one.program == "docker" and "build" in one.words]
    builds = [one for one in builds if names(one, kept.name) and set(platforms_of(one)) >= PAIR]
    if not builds:
        wanted = f"a build for {listed(PAIR)}"
        return Problem(NO_SUCH_BUILD, found=first_line(printed), wanted=wanted, image=kept.name)
    known = {"store": server.store, "version": server.version, "image": kept.name}
    if any(one.worked for one in builds):
        if kept.image is None:
            return Problem(NOT_KEPT, found="no such image", wanted=kept.name, image=kept.name)
        return Proof(STORE_KEEPS, digest=brief(kept.image.digest), **known)
    if any(sign in printed.output for sign in _REFUSALS):
        return Proof(STORE_CANNOT, **known)
    return Problem(OTHER_REFUSAL, found=last_line(printed), wanted="both platforms, or a refusal by the image store")


@step(
    events.file(EVENTS),
    predict=HOW_MANY_EMULATED,
    gap=f"""
        docker buildx build ____ --platform linux/arm64,linux/amd64 \\
          --progress=____ --output type=cacheonly files/multi-platform 2> {EVENTS}
    """,
    solution=f"""
        docker buildx build --no-cache --platform linux/arm64,linux/amd64 \\
          --progress=rawjson --output type=cacheonly files/multi-platform 2> {EVENTS}
    """,
    hints=[
        "BuildKit reports its work as events; one kind of --progress prints them as they are.",
        "They are printed on standard error, so that is what must go into the file.",
        "What is in the cache is not built again, unless the build is told not to use the cache.",
    ],
    needs=[needs.engine, needs.buildkit, needs.reach],
    makes=[File(EVENTS)],
    picture=timeline,
)
def read_events(found: BuildEvents) -> Verdict:
    """Build files/multi-platform for both platforms again, without the cache, and keep its events in build.json."""
    if found.failed:
        return Problem(BUILD_FAILED, found=found.failed[0].error, wanted="a build without an error")
    if not set(found.platforms) >= PAIR:
        return Problem(ONE_LANE, found=listed(found.platforms), wanted=listed(PAIR))
    for platform in sorted(PAIR):
        copies = [one for one in found.vertices if copies_the_greeting(one) and one.target == platform]
        if not copies:
            return Problem(OTHER_BUILD, found=steps_for(found, platform), wanted=f"COPY {COPIED}", platform=platform)
        if all(one.cached for one in copies):
            return Problem(ALL_CACHED, found="CACHED", wanted="steps that ran", platform=platform)
    seconds, platforms = f"{found.seconds:.1f}", listed(found.platforms)
    return Proof(EVENTS_SHOW, path=found.path, seconds=seconds, platforms=platforms, count=emulated_steps(found))


@step(
    registry.images(TAG),
    host.transcript("registry_rows"),
    predict=HOW_MANY_ENTRIES,
    gap="docker buildx imagetools ____ $REGISTRY/buildx-test\nlab ____ buildx-test",
    solution="docker buildx imagetools inspect $REGISTRY/buildx-test\nlab show buildx-test",
    hints=["You asked the registry for such a list in lesson 2."],
    after=[multi_push],
)
def registry_rows(images: Images, printed: Transcript) -> Verdict:
    """Look at what the registry has under the tag $REGISTRY/buildx-test now."""
    if problem := failed(printed):
        return problem
    index = images.index
    ref = index.reference
    if not asked_the_registry(printed, ref):
        return Problem(REGISTRY_NOT_ASKED, found=first_line(printed), wanted="the registry's own list", ref=ref)
    if all(digits(row.digest) in printed.output for row in index.images if row.platform in PAIR):
        return Proof(ROWS_LISTED, ref=ref, count=len(index.images), rows=named_rows(index))
    # The tag was pushed again since, for the third platform: what was seen then was right then.
    if index.platforms == ALL and _architectures(printed) and len(set(_DIGESTS.findall(printed.output))) >= len(PAIR):
        return Proof(ROWS_THEN, ref=ref, platforms=listed(index.platforms))
    wanted = f"the digests of {len(index.images)} images"
    return Problem(LIST_NOT_SEEN, found=first_line(printed), wanted=wanted, ref=ref)


_DIGESTS = re.compile(r"\b[0-9a-f]{12}")


def _false_label(binaries: Binaries) -> Problem | None:
    """An image whose program is for another machine than the index says."""
    for platform, program in binaries.programs:
        if program is None or program.platform is None or program.platform.architecture != platform.architecture:
            found = "no program" if program is None else program.platform or program.kind
            return Problem(NOT_WHAT_IT_SAYS, found=found, wanted=platform, platform=platform)
    return None


def _architectures(printed: Transcript) -> bool:
    return {platform.architecture for platform in PAIR} <= architectures_in(printed.output)


@step(
    registry.binaries(TAG),
    host.transcript("true_programs"),
    gap="lab show ____ buildx-test",
    solution="lab show --programs buildx-test",
    hints=[
        "A label can say anything. The program inside has a header, as you saw in lesson 1.",
        "The option is called like what is to be read.",
    ],
    after=[multi_push],
)
def true_programs(binaries: Binaries, printed: Transcript) -> Verdict:
    """Make sure that the image of each platform holds a program for that platform."""
    ref = binaries.reference
    if problem := _false_label(binaries) or failed(printed):
        return problem
    if not read_the_programs(printed, ref):
        return Problem(LABELS_ONLY, found=first_line(printed), wanted="the header of each image's program", ref=ref)
    if not _architectures(printed):
        return Problem(NOT_READ, found=first_line(printed), wanted="a program's header for each platform", ref=ref)
    programs = ", ".join(f"{one.path} for {platform}" for platform, one in binaries.programs if one)
    return Proof(PROGRAMS_TRUE, ref=ref, programs=programs)


@step(
    registry.index(TAG),
    engine.containers("run_each"),
    host.transcript("run_each"),
    gap="""
        docker run --rm --pull always --quiet ____ ____ $REGISTRY/buildx-test
        docker run --rm --pull always --quiet ____ ____ $REGISTRY/buildx-test
    """,
    solution="""
        docker run --rm --pull always --quiet --platform linux/amd64 $REGISTRY/buildx-test
        docker run --rm --pull always --quiet --platform linux/arm64 $REGISTRY/buildx-test
    """,
    hints=["There are two images under one tag: say which one you want, twice."],
    needs=[needs.engine, needs.emulator],
    after=[multi_push],
)
def run_each(index: Index, containers: Containers, printed: Transcript) -> Verdict:
    """Run both images of $REGISTRY/buildx-test on this machine."""
    if "exec format error" in printed.output.lower():
        return Problem(FORMAT_ERROR_SEEN, found="exec format error", wanted="two images that run")
    ref, ran = index.reference, containers.of(index.reference)
    well = [one for one in ran if not one.exit_status]
    words = printed.output.split()
    if ran and not all(uname(platform) in words for platform in PAIR):
        return Problem(ONE_ANSWER_ONLY, found=last_line(printed), wanted="x86_64 and aarch64")
    if len(well) < len(PAIR):
        return Problem(NOT_RUN, found=named_containers(containers), wanted="two containers of it", ref=ref)
    return Proof(BOTH_RAN, ref=ref)


def _third(world: World) -> Images:
    """The tag's images; NotThere while the third one is missing and nobody tried to add it."""
    found = registry.images(TAG)(world)
    if found.index.platforms == PAIR:
        host.transcript("add_third")(world)
    return found


@step(
    _third,
    solution="""
        docker buildx build -t $REGISTRY/buildx-test \\
          --platform linux/arm64,linux/amd64,linux/arm/v7 --push files/multi-platform
    """,
    hints=[
        "A push replaces the whole list.",
        "So the list that you push must have all three.",
        "BuildKit has the first two in its cache, so that building them again costs next to nothing.",
    ],
    repair=True,
    needs=[needs.engine, needs.buildkit, needs.reach],
    after=[multi_push],
    makes=[Tag(TAG)],
    good=each_attested,
)
def add_third(images: Images) -> Verdict:
    """Mend $REGISTRY/buildx-test for a Raspberry Pi (linux/arm/v7) that cannot pull it, and take no platform away."""
    index = images.index
    if not index.platforms >= PAIR:
        return Problem(LOST_ONE, found=listed(index.platforms), wanted=listed(ALL), ref=index.reference)
    if THIRD not in index.platforms:
        return Problem(NOT_ADDED, found=listed(index.platforms), wanted=listed(ALL), ref=index.reference)
    if index.platforms != ALL:
        return Problem(TOO_MANY, found=listed(index.platforms), wanted=listed(ALL), ref=index.reference)
    return _wrong_image(images) or _one_index(index)


@step(
    registry.images(TEAM),
    registry.binaries(TEAM),
    scene_of,
    solution="""
        docker buildx build -t $REGISTRY/team --platform linux/amd64,linux/arm64 --push files/multi-platform
    """,
    hints=[
        "The registry says which platform is missing now.",
        "Whoever pushes for one platform takes the other one away: a third push like that only swaps them.",
        "One build for both platforms pushes one index with both.",
    ],
    repair=True,
    needs=[needs.engine, needs.buildkit, needs.reach],
    prepare=two_pushes,
    makes=[Tag(TEAM)],
    good=each_attested,
)
def mend_team(images: Images, binaries: Binaries, scene: Scene) -> Verdict:
    """Mend $REGISTRY/team, so that it has files/multi-platform for linux/amd64 and for linux/arm64."""
    index = images.index
    ref, found, wanted = index.reference, listed(index.platforms), listed(PAIR)
    missing = PAIR - index.platforms
    if missing == {scene.left}:
        return Problem(SWAPPED, found=found, wanted=wanted, ref=ref, platform=scene.left)
    if missing:
        return Problem(STILL_LOST, found=found, wanted=wanted, ref=ref, platform=listed(missing))
    if not index.platforms <= ALL:
        return Problem(TOO_MANY, found=found, wanted=wanted, ref=ref)
    if problem := _false_label(binaries) or _wrong_image(images):
        return problem
    return Proof(TEAM_MENDED, ref=ref, digest=brief(index.digest), rows=named_rows(index), platform=scene.lost)
