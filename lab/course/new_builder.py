"""Why is my builder empty?"""

from __future__ import annotations

from lab.course._text import failed, first_line
from lab.errors import Blocked
from lab.facts import Builder, Builders, Transcript
from lab.made import BuilderNamed
from lab.platforms import Platform, listed
from lab.probes import engine, host, needs
from lab.sandbox import builders as builders_here
from lab.steps import Problem, step
from lab.world import World

NAME = "multi-builder"
SPARE = "spare"
PI_BUILDER = "pi-builder"
DRIVER = "docker-container"
PI = Platform.parse("linux/arm/v7")

NO_SUCH_BUILDER = "There is no builder of that name."
WRONG_DRIVER = "The builder {name} has another driver."
NOT_CURRENT = "The builder {name} exists, but another one is the current builder."
NOT_SEEN = "What was printed does not show how the new builder stands."
STILL_INACTIVE = "The builder {name} has not been started: it has no BuildKit yet."
NO_PLATFORMS = "The builder {name} runs, but does not say what it can build."
STOPPED = "The builder {name} was started, and has been stopped since."
NO_SWITCH_SEEN = "What was printed does not show the default builder as the current one."
NOT_BACK = "The builder {name} is not the current one again."
SPARE_STILL_THERE = "The builder {name} is still there."
NOTHING_REMOVED = "What was printed does not show that a builder {name} was removed."
NOT_LIMITED = "The node of {name} was given no platform by hand."
LIMITED_OTHERWISE = "The node of {name} was given other platforms by hand."


@step(
    engine.builders(),
    host.transcript("create_builder"),
    solution="docker buildx create --name multi-builder --use",
    hints=[
        "The subcommand says what happens: a builder is created.",
        "Give it its name, and say that it shall be the current one from now on.",
    ],
    needs=[needs.engine],
    makes=[BuilderNamed(NAME)],
)
def create_builder(builders: Builders, _printed: Transcript) -> Problem | None:
    """Create a builder called multi-builder and make it the current one."""
    mine = builders.named(NAME)
    if mine is None:
        return Problem(NO_SUCH_BUILDER, found=", ".join(builders.names), wanted=NAME)
    if mine.driver != DRIVER:
        return Problem(WRONG_DRIVER, found=mine.driver, wanted=DRIVER, name=NAME)
    if not mine.current:
        return Problem(NOT_CURRENT, found=builders.current_name, wanted=NAME, name=NAME)
    return None


@step(
    engine.builder(NAME),
    host.transcript("see_inactive"),
    solution="docker buildx ls",
    hints=["You listed builders in lesson 5."],
    needs=[needs.engine],
    after=[create_builder],
)
def see_inactive(builder: Builder, printed: Transcript) -> Problem | None:
    """Look at the new builder in the list: what is its status, and which platforms does it have?"""
    if problem := failed(printed):
        return problem
    seen = {"inactive", *(node.status for node in builder.nodes)}
    if NAME not in printed.output or not any(status in printed.output for status in seen):
        return Problem(NOT_SEEN, found=first_line(printed), wanted=f"the name {NAME} and a status")
    return None


@step(
    engine.builder(NAME),
    solution="docker buildx inspect multi-builder --bootstrap",
    hints=[
        "A new builder starts when it has to build, or when you tell it to.",
        "The subcommand that shows a builder has an option that starts it first.",
    ],
    needs=[needs.engine, needs.buildkit],
    after=[create_builder],
)
def bootstrap_builder(builder: Builder) -> Problem | None:
    """Start multi-builder, and see what it can build."""
    states = {node.status for node in builder.nodes}
    found = ", ".join(sorted(states)) or "no nodes"
    if "running" in states and builder.platforms:
        return None
    template = STOPPED if "stopped" in states else STILL_INACTIVE
    if "running" in states:
        template, found = NO_PLATFORMS, "running, no platforms"
    return Problem(template, found=found, wanted="running, with platforms", name=NAME)


@step(
    engine.builders(),
    host.transcript("switch_builder"),
    solution="docker buildx use default\ndocker buildx ls\ndocker buildx use multi-builder",
    hints=[
        "One subcommand chooses the current builder. The star in the list shows which one it is.",
        "Is your engine that of a docker context? Then its own builder is called like the context, and not default.",
    ],
    needs=[needs.engine],
    after=[create_builder],
)
def switch_builder(builders: Builders, printed: Transcript) -> Problem | None:
    """Make the default builder the current one, look at the list, and go back to multi-builder."""
    own = [builder.name for builder in builders.known if builder.driver == "docker"]  # a context's has its name
    if not any(f"{name}*" in printed.output for name in own):
        return Problem(NO_SWITCH_SEEN, found=first_line(printed), wanted="a list with default*")
    if builders.current_name != NAME:
        return Problem(NOT_BACK, found=builders.current_name, wanted=NAME, name=NAME)
    return None


def nobody_elses(_world: World) -> None:
    """On a learner's own engine, `rm` in the same breath as `create` would take a container of that name away."""
    if builders_here.taken(SPARE):
        raise Blocked(
            f"Your engine has a builder of yours called {SPARE!r}: this step would remove its container.",
            f"Rename yours, or leave this step out. (`docker ps --all` shows it as buildx_buildkit_{SPARE}0.)",
        )


@step(
    engine.builders(),
    host.transcript("remove_builder"),
    solution="docker buildx create --name spare\ndocker buildx rm spare",
    hints=["It is called like the command that removes files."],
    needs=[needs.engine],
    prepare=nobody_elses,
    makes=[BuilderNamed(SPARE)],
)
def remove_builder(builders: Builders, printed: Transcript) -> Problem | None:
    """Create one more builder, called spare, and remove it again."""
    if builders.named(SPARE):
        return Problem(SPARE_STILL_THERE, found=", ".join(builders.names), wanted=f"no builder {SPARE}", name=SPARE)
    if f"{SPARE} removed" not in printed.output:
        return Problem(NOTHING_REMOVED, found=first_line(printed), wanted=f"{SPARE} removed", name=SPARE)
    return None


@step(
    engine.builder(PI_BUILDER),
    solution="docker buildx create --name pi-builder --platform linux/arm/v7",
    hints=[
        "It is created like multi-builder. Nothing has to be started.",
        "`docker buildx create --help` lists what a node can be given by hand.",
        "In the list, a platform that was set by hand has a star.",
    ],
    exercise=True,
    needs=[needs.engine],
    makes=[BuilderNamed(PI_BUILDER)],
)
def limited_builder(builder: Builder) -> Problem | None:
    """Create a builder called pi-builder whose node is set by hand to linux/arm/v7, and to nothing else."""
    if builder.driver != DRIVER:
        return Problem(WRONG_DRIVER, found=builder.driver, wanted=DRIVER, name=PI_BUILDER)
    pinned = {platform for node in builder.nodes for platform in node.pinned}
    if not pinned:
        return Problem(NOT_LIMITED, found="no platform set by hand", wanted=f"{PI}*", name=PI_BUILDER)
    if pinned != {PI}:
        return Problem(LIMITED_OTHERWISE, found=listed(pinned), wanted=PI, name=PI_BUILDER)
    return None
