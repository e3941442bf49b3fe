"""Lesson 3, beside its steps: its scenes, what it asks before they are run, and how foreign containers end."""

from __future__ import annotations

from lab.course import _scene
from lab.course._seeded import shuffled
from lab.course._text import uname
from lab.model.facts import Call, Containers, Index, Machine, Transcript
from lab.model.platforms import Platform
from lab.model.steps import Prediction, Problem, Truth
from lab.model.world import World
from lab.probes import host

WARNING = "does not match the detected host platform"
FORMAT_ERROR = "exec format error"
NO_MATCH = "no matching manifest"
MAINFRAME = Platform.parse("linux/s390x")
_NEVER_STARTED = 125  # docker's own exit status
COLOURS = ("red", "green", "blue")
NO_CONTAINER = "The engine started no container of {image}."
REFUSES = "It refuses to pull the image"
PULLS = "It pulls the image, and says nothing"
PULLS_AND_WARNS = "It pulls the image, and warns when it is run"
WAS_REFUSED = "{image} is an index, and none of its rows is for {here}."
WAS_PULLED = "{image} is one plain image, and a plain image is pulled whatever its platform."
WAS_WARNED = "{image} is one plain image, so it was pulled; the platforms were compared when the container was made."
WAS_NOT_WARNED = "The platforms of {image} and of this engine are the same."
QUIET_RUNS = "No warning, and the program runs"
QUIET_FAILS = "No warning, and the kernel refuses the program"
WARNED_RUNS = "A warning, and the program runs"
WARNED_FAILS = "A warning, and the kernel refuses the program"
ONLY_CHOSE = (
    "Docker was told which image is wanted, so it had nothing to warn of. What runs the program did not change."
)


def other(machine: Machine) -> Platform:
    """What `$OTHER` stands for: the common platform that is not this machine's."""
    return Platform("linux", "amd64" if machine.platform.architecture == "arm64" else "arm64")


def puzzle(world: World) -> None:
    """Push the exercise's three images, each for one platform, where they are missing. Blocked where it cannot be."""
    machine = host.this_machine()
    colours = shuffled(world, "which_runs", COLOURS)
    for colour, platform in zip(colours, (other(machine), MAINFRAME, machine.linux), strict=True):
        _scene.push(world, f"puzzle:{colour}", platform, "mismatch", file="puzzle.Dockerfile")


def kiosk(world: World) -> None:
    """Push the kiosk's image as somebody with the other kind of machine does, where it is missing."""
    _scene.push(world, "kiosk", other(host.this_machine()), "mismatch/kiosk")


def _pull_answered(machine: Machine, index: Index, printed: Transcript) -> Truth:
    """What the engine said to a plain pull."""
    refused = NO_MATCH in printed.output
    template = WAS_REFUSED if refused else WAS_PULLED
    return Truth(REFUSES if refused else PULLS, template, image=index.reference, here=machine.linux)


WHAT_A_PULL_DOES = Prediction(
    question="The tag mismatch:other was built for $OTHER alone. What does your engine do when it is to pull it?",
    options=(PULLS, PULLS_AND_WARNS, REFUSES),
    truth=_pull_answered,
)


def _run_answered(_machine: Machine, index: Index, printed: Transcript, _ran: Containers) -> Truth:
    """What Docker said of one plain image for another platform."""
    if WARNING in printed.output:
        return Truth(PULLS_AND_WARNS, WAS_WARNED, image=index.reference)
    return Truth(PULLS, WAS_NOT_WARNED, image=index.reference)


WHAT_A_PLAIN_IMAGE_DOES = Prediction(
    question="The tag mismatch:plain will be one image for $OTHER, and no index. What does your engine do with it?",
    options=(PULLS, PULLS_AND_WARNS, REFUSES),
    truth=_run_answered,
)


def _platform_answered(_machine: Machine, _index: Index, printed: Transcript, _ran: Containers) -> Truth:
    """Whether there was a warning, and whether the program ran."""
    refused = FORMAT_ERROR in printed.output.lower()
    if WARNING in printed.output:
        return Truth(WARNED_FAILS if refused else WARNED_RUNS, ONLY_CHOSE)
    return Truth(QUIET_FAILS if refused else QUIET_RUNS, ONLY_CHOSE)


WHAT_A_PLATFORM_DOES = Prediction(
    question="You run mismatch:other and name its platform. What happens?",
    options=(QUIET_RUNS, QUIET_FAILS, WARNED_RUNS, WARNED_FAILS),
    truth=_platform_answered,
)


def not_started(ran: Containers, image: str) -> Problem | None:
    """A problem where the engine has started no container of that image, whatever was printed."""
    if ran.of(image):
        return None
    found = ", ".join(dict.fromkeys(one.image for one in ran.ran)) or "no container"
    return Problem(NO_CONTAINER, found=found, wanted=f"a container of {image}", image=image)


def was_pulled(call: Call) -> bool:
    """It worked, or what did not work is the program that `docker run` started afterwards."""
    return call.worked or (call.says("run") and call.exit_status != _NEVER_STARTED)


def status_of(ran: Containers, image: str) -> object:
    return ran.of(image)[-1].exit_status


def has_outcome(printed: Transcript, platform: Platform) -> bool:
    """Did the foreign program answer (an emulator is there), or did the kernel refuse it?"""
    return FORMAT_ERROR in printed.output.lower() or uname(platform) in printed.output.split()
