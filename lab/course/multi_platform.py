"""One tag for everyone?"""

from __future__ import annotations

from lab import events
from lab.course._text import failed, first_line, last_line, uname
from lab.draw import Picture
from lab.draw.hub import hub
from lab.draw.timeline import timeline
from lab.events import BuildEvents
from lab.facts import Binaries, Images, Index, Transcript
from lab.made import File, Tag
from lab.platforms import Platform, listed
from lab.probes import host, needs, registry
from lab.steps import Problem, step

TAG = "buildx-test"
PAIR = frozenset({Platform.parse("linux/amd64"), Platform.parse("linux/arm64")})
THIRD = Platform.parse("linux/arm/v7")
EVENTS = "build.json"

REPLACED = "The tag {ref} lacks a platform. A push replaces what a tag stood for; it does not add to it."
TOO_MANY = "The tag {ref} has platforms that nobody asked for."
ONE_LANE = "The events are not those of a build for both platforms."
BUILD_FAILED = "The build that left these events failed."
LIST_NOT_SEEN = "What was printed is not the registry's list of {ref}."
NOT_WHAT_IT_SAYS = "The image for {platform} holds a program for another machine."
NOT_READ = "What was printed does not show the programs inside {ref}."
ONE_ANSWER_ONLY = "What was printed is not the answer of both images."
FORMAT_ERROR_SEEN = "The kernel refused one of them."
LOST_ONE = "The tag {ref} has lost a platform that it had."
NOT_ADDED = "The tag {ref} does not have the third platform yet."


@step(
    registry.index(TAG),
    solution="""
        cd files/multi-platform
        docker buildx build -t $REGISTRY/buildx-test --platform linux/arm64,linux/amd64 --push .
    """,
    hints=[
        "One build can be made for several platforms: name them all, with a comma between them.",
        "The result goes to the registry at once; an engine alone may not be able to keep it.",
    ],
    needs=[needs.engine, needs.buildkit, needs.reach],
    makes=[Tag(TAG)],
)
def multi_push(index: Index) -> Problem | None:
    """Build files/multi-platform for linux/amd64 and linux/arm64, and push both as one tag: $REGISTRY/buildx-test."""
    if not index.platforms >= PAIR:
        return Problem(REPLACED, found=listed(index.platforms), wanted=listed(PAIR), ref=index.reference)
    if index.platforms != PAIR:
        return Problem(TOO_MANY, found=listed(index.platforms), wanted=listed(PAIR), ref=index.reference)
    return None


@step(
    events.file(EVENTS),
    solution=f"""
        docker buildx build --no-cache --platform linux/arm64,linux/amd64 \\
          --progress=rawjson --output type=cacheonly files/multi-platform 2> {EVENTS}
        lab timeline {EVENTS}
    """,
    hints=[
        "BuildKit tells of its work in events; one kind of --progress prints them as they are.",
        "They come on standard error, so that is what must go into the file.",
    ],
    needs=[needs.engine, needs.buildkit, needs.reach],
    makes=[File(EVENTS)],
    picture=timeline,
)
def read_events(found: BuildEvents) -> Problem | None:
    """Build for both platforms again, without the cache, and keep BuildKit's own events in build.json."""
    if found.failed:
        return Problem(BUILD_FAILED, found=found.failed[0].error, wanted="a build without an error")
    if not set(found.platforms) >= PAIR:
        return Problem(ONE_LANE, found=listed(found.platforms), wanted=listed(PAIR))
    return None


def _hub(images: Images, _printed: Transcript) -> Picture:
    return hub(images.index, images.images)


@step(
    registry.images(TAG),
    host.transcript("registry_rows"),
    solution="docker buildx imagetools inspect $REGISTRY/buildx-test\nlab show buildx-test",
    hints=["You asked the registry for its list in lesson 2."],
    after=[multi_push],
    picture=_hub,
)
def registry_rows(images: Images, printed: Transcript) -> Problem | None:
    """Look at what the registry offers under the tag now."""
    if problem := failed(printed):
        return problem
    digests = [manifest.digest.removeprefix("sha256:")[:12] for manifest in images.index.images]
    if not all(digest in printed.output for digest in digests):
        wanted = f"the digests of {len(digests)} images"
        return Problem(LIST_NOT_SEEN, found=first_line(printed), wanted=wanted, ref=images.index.reference)
    return None


@step(
    registry.binaries(TAG),
    host.transcript("true_programs"),
    solution="lab show --programs buildx-test",
    hints=["A label can say anything. The program inside has a header, as you saw in lesson 1."],
    after=[multi_push],
)
def true_programs(binaries: Binaries, printed: Transcript) -> Problem | None:
    """Make sure that each platform's image holds a program for just that platform."""
    for platform, program in binaries.programs:
        if program is None or program.platform is None or program.platform.architecture != platform.architecture:
            found = "no program" if program is None else program.platform or program.kind
            return Problem(NOT_WHAT_IT_SAYS, found=found, wanted=platform, platform=platform)
    if not all(str(platform) in printed.output for platform, _ in binaries.programs):
        wanted = "a program's header for each platform"
        return Problem(NOT_READ, found=first_line(printed), wanted=wanted, ref=binaries.reference)
    return failed(printed)


@step(
    host.transcript("run_each"),
    solution="""
        docker run --rm --pull always --quiet --platform linux/amd64 $REGISTRY/buildx-test
        docker run --rm --pull always --quiet --platform linux/arm64 $REGISTRY/buildx-test
    """,
    hints=["One tag, two images: say which one you want, twice."],
    needs=[needs.engine, needs.emulator],
    after=[multi_push],
)
def run_each(printed: Transcript) -> Problem | None:
    """Run both images of $REGISTRY/buildx-test on this machine."""
    if "exec format error" in printed.output.lower():
        return Problem(FORMAT_ERROR_SEEN, found="exec format error", wanted="two images that run")
    words = printed.output.split()
    if not all(uname(platform) in words for platform in PAIR):
        return Problem(ONE_ANSWER_ONLY, found=last_line(printed), wanted="both machines' names")
    return None


@step(
    registry.index(TAG),
    solution="""
        docker buildx build -t $REGISTRY/buildx-test \\
          --platform linux/arm64,linux/amd64,linux/arm/v7 --push files/multi-platform
    """,
    hints=[
        "A push replaces the whole list.",
        "So the list that you push must have all three.",
        "BuildKit remembers the first two; building them again costs next to nothing.",
    ],
    exercise=True,
    needs=[needs.engine, needs.buildkit, needs.reach],
    after=[multi_push],
    makes=[Tag(TAG)],
)
def add_third(index: Index) -> Problem | None:
    """Add linux/arm/v7 to $REGISTRY/buildx-test, so that all three platforms are there."""
    if not index.platforms >= PAIR:
        return Problem(LOST_ONE, found=listed(index.platforms), wanted=listed({*PAIR, THIRD}), ref=index.reference)
    if THIRD not in index.platforms:
        return Problem(NOT_ADDED, found=listed(index.platforms), wanted=listed({*PAIR, THIRD}), ref=index.reference)
    if index.platforms != {*PAIR, THIRD}:
        return Problem(TOO_MANY, found=listed(index.platforms), wanted=listed({*PAIR, THIRD}), ref=index.reference)
    return None
