"""How can it run here at all?"""

from __future__ import annotations

import re

from lab.course._did import brief, called, given_platform
from lab.course._text import counted, failed, last_line, uname, unanswered
from lab.course.mismatch import WARNING, not_started, other
from lab.draw import Picture
from lab.draw.bars import bars
from lab.facts import Call, Containers, Images, Index, Machine, Transcript, same_image
from lab.made import Emulators, File, Tag
from lab.platforms import Platform, given, listed
from lab.probes import engine, host, needs, registry
from lab.probes.host import Answers, Text, Timings
from lab.probes.needs import BASE, Emulation
from lab.steps import Problem, Proof, Verdict, step

ANSWERS = "files/emulation/answers.txt"
LOGS = ("shop", "mill", "ferry")
BUILT_ON = Platform.parse("linux/amd64")  # the machine that the three logs were recorded on
_RUN = re.compile(r"\[(linux/[a-z0-9/]+?)(?:->[a-z0-9/]+)? [^\]]*\] RUN ")
_TITLE = "The same loop, native and emulated"
_RUN_LINE = "uname -m > /built-on"  # of files/emulation/Dockerfile

NO_EMULATOR = "Programs of {platform} still do not run on this machine."
HANDLERS_NOT_SEEN = "None of the commands that ran registers emulators or lists the kernel's handlers."
EMULATOR_THERE = "A program for {platform} ran in a container on this machine."
REFUSED = "The kernel refused the program: it has no emulator for that platform."
NOT_THE_OTHER = "What was printed is not what a machine of {platform} answers."
ANSWERED = "In a container of {image} for {platform}, `uname -m` answered {name}."
NOT_BUILT_FOR_OTHER = "The tag {ref} is not for {wanted}."
NO_RUN_LINE = "The image {ref} was not made by the RUN line of files/emulation/Dockerfile."
BUILT_EMULATED = "{image}, {digest}, is for {platform}, and was made with the RUN line."
NO_WARNING = "Docker printed no warning about the platform."
WARNED_BUT_SILENT = "The warning is there, but the program's own answer is not."
WARNED_AND_RAN = "Docker warned, and {image} ran all the same: it answered {name}, and ended with exit status {status}."
ONE_MEASUREMENT = "There are fewer than two measurements to compare."
ONE_FAILED = "One of the measured commands did not work, so its time means nothing."
RUNS_AND_TIMES = "It cannot be told which measurement is of which container."
NOT_NATIVE_AND_EMULATED = "The measured containers are not one of {here} and one of {other}."
NOT_THE_SAME = "The measured containers did not run the same command."
TIMES = "The same command took {native} s for {here}, natively, and {emulated} s for {other}, emulated."
ANSWER_UNCLEAR = "The answer for {name} is neither yes nor no."
ANSWER_WRONG = "The log {name} says something else."
LOGS_READ = "The RUN lines of the logs show whether an emulator was needed. shop: {shop}, mill: {mill}, ferry: {ferry}."


@step(
    needs.emulation(),
    host.transcript("let_emulators_in"),
    solution="lab up --emulators\nlab emulators",
    hints=[
        "The lab never registers an emulator by itself: somebody has to say so.",
        "`lab up` has an option for it; `lab up --help` lists them.",
    ],
    needs=[needs.engine, needs.consent],
    makes=[Emulators()],
)
def let_emulators_in(emulation: Emulation, printed: Transcript) -> Verdict:
    """Let this machine run programs of the other platform ($OTHER), and look at the kernel's handlers."""
    if not emulation.runs:
        wanted = f"a program of {emulation.platform} that runs"
        return Problem(NO_EMULATOR, found="exec format error", wanted=wanted, platform=emulation.platform)
    if problem := failed(printed):
        return problem
    looked = [called(printed, "lab", verb) for verb in ("up", "emulators", "doctor")]
    if not any(looked) and not called(printed, "docker", "run"):
        return Problem(HANDLERS_NOT_SEEN, found=last_line(printed), wanted="the kernel's list of handlers")
    return Proof(EMULATOR_THERE, platform=emulation.platform)


@step(
    host.machine(),
    host.transcript("run_emulated"),
    engine.containers("run_emulated"),
    solution="docker run --rm --platform $OTHER busybox:1.38 uname -m",
    hints=["Ask a container of the other platform what kind of machine it is on."],
    needs=[needs.engine, needs.emulator],
)
def run_emulated(machine: Machine, printed: Transcript, ran: Containers) -> Verdict:
    """Run `uname -m` in a container of busybox:1.38 for the other platform ($OTHER)."""
    platform = other(machine)
    name = uname(platform)
    if name not in printed.output.split():
        if needs.REFUSED in printed.output.lower():
            return Problem(REFUSED, found=last_line(printed), wanted=f"the answer of {platform}")
        return Problem(NOT_THE_OTHER, found=last_line(printed), wanted=name, platform=platform)
    return not_started(ran, BASE) or Proof(ANSWERED, image=BASE, platform=platform, name=name)


@step(
    host.machine(),
    registry.images("emulated"),
    solution="docker build --platform $OTHER -t $REGISTRY/emulated --push files/emulation",
    hints=["It is built like the image of lesson 3. This Dockerfile has a line that must run something."],
    needs=[needs.engine, needs.emulator],
    makes=[Tag("emulated")],
)
def build_emulated(machine: Machine, found: Images) -> Verdict:
    """Build files/emulation, whose Dockerfile has a RUN line, for $OTHER and push it as $REGISTRY/emulated."""
    wanted, index = other(machine), found.index
    if index.platforms != {wanted}:
        return Problem(NOT_BUILT_FOR_OTHER, found=listed(index.platforms), wanted=wanted, ref=index.reference)
    lines = found.images[0].history
    if not any(_RUN_LINE in line for line in lines):
        last = lines[-1] if lines else "no record of how it was built"
        return Problem(NO_RUN_LINE, found=last, wanted=f"a line with: {_RUN_LINE}", ref=index.reference)
    return Proof(BUILT_EMULATED, image=index.reference, digest=brief(index.digest), platform=wanted)


@step(
    host.machine(),
    registry.index("emulated"),
    host.transcript("warning_stays"),
    engine.containers("warning_stays"),
    solution="docker pull --quiet --platform $OTHER $REGISTRY/emulated\ndocker run --rm $REGISTRY/emulated",
    hints=["Run the image that you just built, and say nothing of platforms to `docker run`."],
    needs=[needs.engine, needs.emulator],
    after=[build_emulated],
)
def warning_stays(machine: Machine, index: Index, printed: Transcript, ran: Containers) -> Verdict:
    """Run $REGISTRY/emulated without naming a platform: is the warning of lesson 3 still there?"""
    name, image = uname(other(machine)), index.reference
    if WARNING not in printed.output:
        return Problem(NO_WARNING, found=last_line(printed), wanted=f"a line with: {WARNING}")
    if name not in printed.output:
        return Problem(WARNED_BUT_SILENT, found=last_line(printed), wanted=f"a line with: {name}")
    if problem := not_started(ran, image):
        return problem
    return Proof(WARNED_AND_RAN, image=image, name=name, status=ran.of(image)[-1].exit_status)


def _runs(printed: Transcript) -> list[Call]:
    """The containers of busybox that were started, in the order in which they ended."""
    calls = [call for call in printed.calls if call.program == "docker" and call.says("run")]
    return [call for call in calls if any(same_image(word, BASE) for word in call.words)]


def _measured(machine: Machine, timings: Timings, printed: Transcript) -> list[tuple[Platform, float]]:
    """Which platform took how long, this machine's first."""
    # The engine may hold the base for another platform only; then it runs that one, and warns.
    unnamed = other(machine) if WARNING in printed.output else machine.linux
    platforms = [given(given_platform(call) or "") or unnamed for call in _runs(printed)]
    pairs = zip(platforms, (seconds for _, seconds in timings.named), strict=True)
    return sorted(pairs, key=lambda pair: pair[0] != machine.linux)


def _bars(machine: Machine, timings: Timings, printed: Transcript) -> Picture:
    if len(_runs(printed)) != len(timings.named):
        return bars(_TITLE, timings.named)
    found = _measured(machine, timings, printed)
    kinds = [("native" if platform == machine.linux else "emulated", platform, took) for platform, took in found]
    return bars(_TITLE, [(f"{kind}, {platform}", took) for kind, platform, took in kinds])


@step(
    host.machine(),
    host.timings("cost"),
    host.transcript("cost"),
    solution="""
        count='i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done'
        echo "native:"
        time docker run --rm --platform $HERE busybox:1.38 sh -c "$count"
        echo "emulated:"
        time docker run --rm --platform $OTHER busybox:1.38 sh -c "$count"
    """,
    hints=["bash can measure a command: the word `time` before it."],
    needs=[needs.engine, needs.emulator],
    picture=_bars,
)
def cost(machine: Machine, timings: Timings, printed: Transcript) -> Verdict:
    """Measure the same loop in two containers of busybox:1.38: once for $HERE, natively, once for $OTHER, emulated."""
    runs, here, there = _runs(printed), machine.linux, other(machine)
    broken = timings.refused or next((f"exit status {call.exit_status}" for call in runs if not call.worked), "")
    if broken:
        return Problem(ONE_FAILED, found=broken, wanted="two commands that work")
    if len(timings.named) < 2:
        return Problem(ONE_MEASUREMENT, found=counted(len(timings.named), "measurement"), wanted="2 measurements")
    if len(runs) != len(timings.named):
        found = f"{counted(len(runs), 'container')} of {BASE}, {counted(len(timings.named), 'measurement')}"
        return Problem(RUNS_AND_TIMES, found=found, wanted="one measurement for each container")
    took = dict(_measured(machine, timings, printed))
    if set(took) != {here, there}:
        wanted = f"{here} and {there}"
        return Problem(NOT_NATIVE_AND_EMULATED, found=listed(took), wanted=wanted, here=here, other=there)
    if len({_work(call) for call in runs}) > 1:
        return Problem(NOT_THE_SAME, found=" and ".join(" ".join(_work(call)) for call in runs), wanted="one command")
    native, foreign = (f"{took[one]:.2f}" for one in (here, there))
    return Proof(TIMES, native=native, emulated=foreign, here=here, other=there)


def _work(call: Call) -> tuple[str, ...]:
    """What was to run in the container: the words after the image's name."""
    at = next(place for place, word in enumerate(call.words) if same_image(word, BASE))
    return call.words[at + 1 :]


@step(
    host.answers(ANSWERS),
    *(host.text(f"files/emulation/{name}.log") for name in LOGS),
    solution=f"printf 'shop no\\nmill yes\\nferry no\\n' > {ANSWERS}",
    hints=[
        "An emulator is needed only where a program of another platform *runs*: in a RUN line, not in FROM or COPY.",
        "Each line of a build for several platforms begins with the platform of its stage, in brackets.",
        "`linux/amd64->arm64` is a stage that runs on amd64 and makes something for arm64.",
    ],
    exercise=True,
    makes=[File(ANSWERS)],
)
def spot_emulation(answers: Answers, *logs: Text) -> Verdict:
    """Read the logs shop, mill and ferry, recorded on an amd64 machine: in which build did an emulator have to work?"""
    if problem := unanswered(answers, LOGS):
        return problem
    for name, log in zip(LOGS, logs, strict=True):
        answer = answers[name].lower()
        if answer not in ("yes", "no"):
            return Problem(ANSWER_UNCLEAR, found=answers[name], wanted="yes or no", name=name)
        if (answer == "yes") != emulated(log.content, BUILT_ON):
            return Problem(ANSWER_WRONG, found=answer, wanted=f"what the RUN lines of {name}.log show", name=name)
    return Proof(LOGS_READ, **{name: answers[name].lower() for name in LOGS})


def emulated(log: str, native: Platform) -> bool:
    """Did a RUN line of a plain build log belong to a stage of another architecture than the builder's own?"""
    stages = {Platform.parse(name).architecture for name in _RUN.findall(log)}
    return bool(stages - {native.architecture})
