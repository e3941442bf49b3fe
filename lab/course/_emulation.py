"""Lesson 4, beside its steps: what it asks before they are run, and which container took how long."""

from __future__ import annotations

from lab.course._did import given_platform
from lab.course._mismatch import WARNING, other
from lab.draw.bars import bars
from lab.model.facts import Call, Containers, Index, Machine, Transcript, same_image
from lab.model.picture import Picture
from lab.model.platforms import Platform, given
from lab.model.steps import Prediction, Truth
from lab.probes.host import Timings
from lab.probes.needs import BASE

_TITLE = "The same loop, native and emulated"
REFUSED_IT = "exec format error"
MACHINE_ANSWERED = "The program belongs to {platform}, and what runs it answers for such a machine: {name}."
MACHINE_REFUSED = "No emulator for {platform} ran the program, so the kernel refused it."
STAYS = "The warning is still there"
GONE = "The warning is gone"
WARNS_STILL = "Docker compares the image's platform with the engine's, and knows nothing of emulators."
WARNS_NO_MORE = "Docker was told the platform, or has an image for its own."
TIMES_AS_LONG = (
    "It took {emulated} s instead of {native} s, the start of the container included: {times} times as long."
)
SLOWER = ("Less than 2 times", "From 2 to 5 times", "From 5 to 20 times", "More than 20 times")


def _name_answered(machine: Machine, printed: Transcript, _ran: Containers) -> Truth:
    """What a container of the other platform said that it is."""
    platform = other(machine)
    found = next((name for name in ("x86_64", "aarch64") if name in printed.output.split()), REFUSED_IT)
    template = MACHINE_REFUSED if found == REFUSED_IT else MACHINE_ANSWERED
    return Truth(found, template, platform=platform, name=found)


WHICH_NAME = Prediction(
    question="A container for $OTHER is asked for its machine's name by `uname -m`. What does it answer?",
    options=("x86_64", "aarch64", REFUSED_IT),
    truth=_name_answered,
)


def _warning_answered(_machine: Machine, _index: Index, printed: Transcript, _ran: Containers) -> Truth:
    """Whether the warning was printed."""
    return Truth(STAYS, WARNS_STILL) if WARNING in printed.output else Truth(GONE, WARNS_NO_MORE)


IS_THERE_A_WARNING = Prediction(
    question="An emulator runs the image now. Does Docker still warn when no platform is named?",
    options=(STAYS, GONE),
    truth=_warning_answered,
)


def _cost_answered(machine: Machine, timings: Timings, printed: Transcript) -> Truth:
    """How many times as long the emulated run took."""
    took = dict(measured(machine, timings, printed))
    native, foreign = took[machine.linux], took[other(machine)]
    times = foreign / max(native, 0.001)
    place = sum(times >= limit for limit in (2, 5, 20))
    return Truth(SLOWER[place], TIMES_AS_LONG, native=f"{native:.2f}", emulated=f"{foreign:.2f}", times=f"{times:.1f}")


HOW_MUCH_SLOWER = Prediction(
    question="The same loop, native and emulated. How long does the emulated container take, the start included?",
    options=SLOWER,
    truth=_cost_answered,
)


def runs_of(printed: Transcript) -> list[Call]:
    """The containers of busybox that were started, in the order in which they ended."""
    calls = [call for call in printed.calls if call.program == "docker" and call.says("run")]
    return [call for call in calls if any(same_image(word, BASE) for word in call.words)]


def measured(machine: Machine, timings: Timings, printed: Transcript) -> list[tuple[Platform, float]]:
    """Which platform took how long, this machine's first."""
    # The engine may hold the base for another platform only; then it runs that one, and warns.
    unnamed = other(machine) if WARNING in printed.output else machine.linux
    platforms = [given(given_platform(call) or "") or unnamed for call in runs_of(printed)]
    pairs = zip(platforms, (seconds for _, seconds in timings.named), strict=True)
    return sorted(pairs, key=lambda pair: pair[0] != machine.linux)


def side_by_side(machine: Machine, timings: Timings, printed: Transcript) -> Picture:
    """A bar for each measurement, with its platform where that can be told."""
    if len(runs_of(printed)) != len(timings.named):
        return bars(_TITLE, timings.named)
    found = measured(machine, timings, printed)
    kinds = [("native" if platform == machine.linux else "emulated", platform, took) for platform, took in found]
    return bars(_TITLE, [(f"{kind}, {platform}", took) for kind, platform, took in kinds])


def work(call: Call) -> tuple[str, ...]:
    """What was to run in the container: the words after the image's name."""
    at = next(place for place, word in enumerate(call.words) if same_image(word, BASE))
    return call.words[at + 1 :]
