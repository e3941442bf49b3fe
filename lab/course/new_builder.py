"""Why is my builder empty?"""

from __future__ import annotations

from collections.abc import Sequence

from lab.course._did import asked_builders, called, calls_of, used_buildx
from lab.course._new_builder import (
    NAME,
    SPARE,
    WHAT_USE_DOES,
    WHAT_WILL_IT_LIST,
    WHO_BUILDS,
    mine_in,
    nobody_elses,
    started,
)
from lab.course._shop_builder import SHOP_BUILDER, ShopBuilder
from lab.course._text import failed, first_line
from lab.course.leftovers import BuilderNamed, Tag
from lab.model.digests import brief
from lab.model.facts import Builder, Builders, Builds, Call, Engine, Exported, Transcript
from lab.model.platforms import Platform, listed
from lab.model.steps import Problem, Proof, Verdict, step
from lab.probes import engine, history, host, needs
from lab.probes.published import Published, looked_up

PI_BUILDER = "pi-builder"
DRIVER = "docker-container"
PI = Platform.parse("linux/arm/v7")

STORE_NOT_ASKED = "None of the commands that ran asks the engine where it keeps its images."
STORE_NOT_SEEN = "What was printed does not show the engine's image store."
CONTAINERD_STORE = (
    "This engine has the containerd image store: even its own builder can build one tag for several platforms."
)
CLASSIC_STORE = (
    "This engine has the classic image store: to build one tag for several platforms takes a builder of your own."
)
OTHER_STORE = "This engine names neither of Docker's two image stores, so nothing follows from it here."
NO_SUCH_BUILDER = "There is no builder of that name."
WRONG_DRIVER = "The builder {name} has another driver."
NOT_CURRENT = "The builder {name} exists, but another one is the current builder."
NOT_CHOSEN = "None of the commands that ran creates a builder or chooses one."
CREATED = "The builder {name} is there, its driver is {driver}, and it is the current one."
NOT_ASKED = "None of the commands that ran asks buildx how the builder stands."
NOT_SEEN = "What was printed does not show how the new builder stands."
SEEN = "The list shows {name} as {status}."
STILL_INACTIVE = "The builder {name} has not been started: it has no BuildKit yet."
NO_PLATFORMS = "The builder {name} runs, but does not say what it can build."
STOPPED = "The builder {name} was started, and has been stopped since."
STARTED = "The builder {name} runs BuildKit {version}, which found that it can run programs for {platforms}."
NO_SWITCH = "None of the commands that ran made the engine's own builder the current one."
NO_SWITCH_SEEN = "What was printed does not show the engine's own builder as the current one."
NOT_BACK = "The builder {name} is not the current one again."
SWITCHED = "The star went to {own}, and is back at {name}."
NOT_BOTH_BUILDS = "It takes a build with each of the two commands to see the difference."
NAMED_ONE = "A builder was named for the build, so the star had no say."
NO_RECORD = "The history of {name} has no build from this try."
WHO_BUILT = "Both histories say so: `docker buildx build` went to {name}, with the star, and `docker build` to {own}."
NOTHING_PUSHED = "The registry has no tag {ref} yet."
OTHERS_PUSH = "The tag {ref} is there, {digest}, but {name} did not make it: its history has no build with that digest."
PUSHED = "{name} pushed {ref}: {digest} stands in its own history and in the registry."
SPARE_STILL_THERE = "The builder {name} is still there."
NOTHING_REMOVED = "None of the commands that ran removed a builder {name}."
REMOVED = "The builder {name} was there, and is gone."
NOT_SET_BY_HAND = "The node of {name} was given no platform by hand."
SET_OTHERWISE = "The node of {name} was given other platforms by hand."
SET_BY_HAND = (
    "The node of {name} has {platform} set by hand: buildx prefers it for that platform, and nothing is forbidden."
)


@step(
    engine.info(),
    host.transcript("why_a_builder"),
    solution="docker info | grep -A1 'Storage Driver'",
    gap="docker ____ | grep -A1 'Storage Driver'",
    hints=[
        "The engine tells about itself, with many lines. Its storage driver is one of them.",
        "`grep -A1` prints a line that matches, and one line after it.",
    ],
    needs=[needs.engine],
)
def why_a_builder(server: Engine, printed: Transcript) -> Verdict:
    """Ask the engine for its image store: it decides whether you need a builder of your own."""
    if problem := failed(printed):
        return problem
    wanted = "the storage driver, as the engine says it"
    if not called(printed, "docker", "info"):
        return Problem(STORE_NOT_ASKED, found=first_line(printed), wanted=wanted)
    names = (
        ("io.containerd",) if server.store == "containerd" else ("Storage Driver", "overlay2", "vfs", "btrfs", "zfs")
    )
    if not any(name in printed.output for name in names):
        return Problem(STORE_NOT_SEEN, found=first_line(printed), wanted=wanted)
    return Proof({"containerd": CONTAINERD_STORE, "classic": CLASSIC_STORE}.get(server.store, OTHER_STORE))


@step(
    engine.builders(),
    host.transcript("create_builder"),
    solution="docker buildx create --name multi-builder --use",
    hints=[
        "The subcommand says what happens: a builder is created.",
        "One option names the builder, another one makes it the current one.",
    ],
    needs=[needs.engine],
    makes=[BuilderNamed(NAME)],
    picture=mine_in,
)
def create_builder(builders: Builders, printed: Transcript) -> Verdict:
    """Create a builder called multi-builder and make it the current one."""
    mine = builders.named(NAME)
    if mine is None:
        return Problem(NO_SUCH_BUILDER, found=", ".join(builders.names), wanted=NAME)
    if mine.driver != DRIVER:
        return Problem(WRONG_DRIVER, found=mine.driver, wanted=DRIVER, name=NAME)
    if not mine.current:
        return Problem(NOT_CURRENT, found=builders.current_name, wanted=NAME, name=NAME)
    # a `create` that ended with an error counts: where the builder is there already, that is how it ends
    if not any(call.says("create") or call.says("use") for call in printed.calls if call.program == "docker"):
        return Problem(NOT_CHOSEN, found=first_line(printed), wanted=f"{NAME}, created or chosen")
    return Proof(CREATED, name=NAME, driver=DRIVER)


@step(
    engine.builder(NAME),
    host.transcript("see_inactive"),
    solution="docker buildx ls",
    hints=[
        "The command that lists builders was in lesson 5.",
        "It begins with `docker buildx`, and its verb is short.",
    ],
    exercise=True,
    needs=[needs.engine],
    after=[create_builder],
    predict=WHAT_WILL_IT_LIST,
)
def see_inactive(builder: Builder, printed: Transcript) -> Verdict:
    """Look at the new builder in the list: what is its status, and which platforms does it have?"""
    if problem := failed(printed):
        return problem
    if not asked_builders(printed):
        return Problem(NOT_ASKED, found=first_line(printed), wanted=f"the name {NAME} and a status")
    seen = {"inactive", *(node.status for node in builder.nodes)}
    shown = sorted(status for status in seen if status in printed.output)
    if NAME not in printed.output or not shown:
        return Problem(NOT_SEEN, found=first_line(printed), wanted=f"the name {NAME} and a status")
    return Proof(SEEN, name=NAME, status=shown[0])


@step(
    engine.builder(NAME),
    solution="docker buildx inspect multi-builder --bootstrap",
    gap="docker buildx inspect multi-builder ____",
    hints=[
        "A new builder starts when it has to build, or when you tell it to.",
        "The subcommand that shows a builder has an option that starts it first: its `--help` lists it.",
    ],
    needs=[needs.engine, needs.buildkit],
    after=[create_builder],
    picture=started,
)
def bootstrap_builder(builder: Builder) -> Verdict:
    """Start multi-builder, and see which platforms it found."""
    states = {node.status for node in builder.nodes}
    found = ", ".join(sorted(states)) or "no nodes"
    if "running" in states and builder.platforms:
        version = next(node.buildkit for node in builder.nodes if node.status == "running")
        return Proof(STARTED, name=NAME, version=version or "unknown", platforms=listed(builder.platforms))
    template = STOPPED if "stopped" in states else STILL_INACTIVE
    if "running" in states:
        template, found = NO_PLATFORMS, "running, no platforms"
    return Problem(template, found=found, wanted="running, with platforms", name=NAME)


@step(
    engine.builders(),
    host.transcript("switch_builder"),
    solution="docker buildx use default\ndocker buildx ls\ndocker buildx use multi-builder",
    gap="docker buildx ____ default\ndocker buildx ls\ndocker buildx ____ multi-builder",
    predict=WHAT_USE_DOES,
    hints=[
        "One subcommand chooses the current builder. The star in the list shows which one it is.",
        "Is your engine that of a docker context? Then its own builder is called like the context, and not default.",
    ],
    needs=[needs.engine],
    after=[create_builder],
)
def switch_builder(builders: Builders, printed: Transcript) -> Verdict:
    """Make the engine's own builder the current one, look at the list, and go back to multi-builder."""
    own = [builder.name for builder in builders.known if builder.driver == "docker"]  # a context's has its name
    if not any(used_buildx(printed, "use", name) for name in own):
        return Problem(NO_SWITCH, found=first_line(printed), wanted="a move of the star")
    seen = [name for name in own if f"{name}*" in printed.output]
    if not seen:
        wanted = f"a list with {' or '.join(f'{name}*' for name in own)}"
        return Problem(NO_SWITCH_SEEN, found=first_line(printed), wanted=wanted)
    if builders.current_name != NAME:
        return Problem(NOT_BACK, found=builders.current_name, wanted=NAME, name=NAME)
    return Proof(SWITCHED, own=seen[0], name=NAME)


@step(
    engine.builders(),
    history.builds("who_built"),
    host.transcript("who_built"),
    solution="""
        docker build --output type=cacheonly files/new-builder
        docker buildx build --output type=cacheonly files/new-builder
        docker buildx history ls --builder default
        docker buildx history ls --builder multi-builder
    """,
    gap="""
        docker build --output type=cacheonly files/new-builder
        docker ____ build --output type=cacheonly files/new-builder
        docker buildx history ls --builder default
        docker buildx history ls --builder ____
    """,
    predict=WHO_BUILDS,
    hints=[
        "Build the folder twice, and name no builder.",
        "The first line of each log says who builds, and each builder keeps a history of what it did.",
        "Is your engine that of a docker context? Then its own builder is called like the context, and not default.",
    ],
    needs=[needs.engine, needs.buildkit],
    after=[create_builder],
)
def who_built(builders: Builders, builds: Builds, printed: Transcript) -> Verdict:
    """Build files/new-builder with docker build and with docker buildx build: which builder does each of the two?"""
    if problem := failed(printed):
        return problem
    if builders.current_name != NAME:
        return Problem(NOT_CURRENT, found=builders.current_name, wanted=NAME, name=NAME)
    calls = list(calls_of(printed, "docker", "build"))
    if {"buildx" in call.words for call in calls} != {True, False}:
        return Problem(NOT_BOTH_BUILDS, found=_builds(calls), wanted="docker build and docker buildx build")
    if any(word.startswith("--builder") for call in calls for word in call.words):
        return Problem(NAMED_ONE, found="--builder", wanted="a build that leaves the choice to Docker")
    for name in (NAME, builds.own):
        if not builds.by(name):
            found = ", ".join(sorted({one.builder for one in builds.done})) or "no build in any history"
            return Problem(NO_RECORD, found=found, wanted=f"a build by {name}", name=name)
    return Proof(WHO_BUILT, name=NAME, own=builds.own)


def _builds(calls: Sequence[Call]) -> str:
    names = ("docker buildx build" if "buildx" in call.words else "docker build" for call in calls)
    return ", ".join(names) or "no build"


@step(
    engine.builders(),
    host.transcript("remove_builder"),
    solution="docker buildx create --name spare\ndocker buildx rm spare",
    gap="docker buildx ____ --name spare\ndocker buildx ____ spare",
    hints=["The subcommand is called like the program that removes files."],
    needs=[needs.engine],
    prepare=nobody_elses,
    makes=[BuilderNamed(SPARE)],
)
def remove_builder(builders: Builders, printed: Transcript) -> Verdict:
    """Create one more builder, called spare, and remove it again."""
    if builders.named(SPARE):
        return Problem(SPARE_STILL_THERE, found=", ".join(builders.names), wanted=f"no builder {SPARE}", name=SPARE)
    removed = any(used_buildx(printed, "rm", word) for word in (SPARE, "--all-inactive"))
    if not removed or f"{SPARE} removed" not in printed.output:
        return Problem(NOTHING_REMOVED, found="no removal of it", wanted=f"{SPARE} created, then removed", name=SPARE)
    return Proof(REMOVED, name=SPARE)


@step(
    engine.builders(),
    history.exported(SHOP_BUILDER),
    looked_up("shop"),
    solution="""
        docker buildx rm shop-builder
        docker buildx create --name shop-builder --driver-opt network=host
        docker buildx build --builder shop-builder -t $REGISTRY/shop --push files/new-builder
    """,
    hints=[
        "Try the push first, and read the last line: does BuildKit start, and what stops it?",
        "The command that shows a builder in full also shows how it was made: its options, and the files it was given.",
        "What a builder was made with stays with it. Nobody can change it afterwards, but anybody can make it anew.",
    ],
    repair=True,
    needs=[needs.engine, needs.buildkit],
    prepare=ShopBuilder().make,
    makes=[ShopBuilder(), Tag("shop")],
)
def mend_builder(builders: Builders, done: Exported, tag: Published) -> Verdict:
    """Make shop-builder anew so that it builds files/new-builder and pushes it as $REGISTRY/shop."""
    mine = builders.named(SHOP_BUILDER)
    if mine is None:
        return Problem(NO_SUCH_BUILDER, found=", ".join(builders.names), wanted=SHOP_BUILDER)
    if mine.driver != DRIVER:
        return Problem(WRONG_DRIVER, found=mine.driver, wanted=DRIVER, name=SHOP_BUILDER)
    if tag.index is None:
        found = f"builds of {SHOP_BUILDER}: {done.worked} worked, {done.refused} did not"
        return Problem(NOTHING_PUSHED, found=found, wanted=f"a push by {SHOP_BUILDER}", ref=tag.reference)
    digest = brief(tag.index.digest)
    if tag.index.digest not in done.digests:
        made = ", ".join(map(brief, done.digests)) or "no image from it"
        return Problem(OTHERS_PUSH, found=made, wanted=digest, ref=tag.reference, digest=digest, name=SHOP_BUILDER)
    return Proof(PUSHED, name=SHOP_BUILDER, ref=tag.reference, digest=digest)


@step(
    engine.builder(PI_BUILDER),
    solution="docker buildx create --name pi-builder --platform linux/arm/v7",
    hints=[
        "It is created like multi-builder, and need not be started.",
        "`docker buildx create --help` lists what a node can be given.",
        "In the list, a platform that was set by hand has a star.",
    ],
    exercise=True,
    needs=[needs.engine],
    makes=[BuilderNamed(PI_BUILDER)],
)
def limited_builder(builder: Builder) -> Verdict:
    """Create a builder called pi-builder whose node has one platform set by hand: linux/arm/v7."""
    if builder.driver != DRIVER:
        return Problem(WRONG_DRIVER, found=builder.driver, wanted=DRIVER, name=PI_BUILDER)
    pinned = {platform for node in builder.nodes for platform in node.pinned}
    if not pinned:
        return Problem(NOT_SET_BY_HAND, found="no platform set by hand", wanted=f"{PI}*", name=PI_BUILDER)
    if pinned != {PI}:
        return Problem(SET_OTHERWISE, found=listed(pinned), wanted=PI, name=PI_BUILDER)
    return Proof(SET_BY_HAND, name=PI_BUILDER, platform=PI)
