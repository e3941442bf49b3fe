"""How can it run here at all?"""

from __future__ import annotations

import re

from lab.course._text import counted, failed, last_line, uname, unanswered
from lab.course.mismatch import WARNING, other
from lab.draw import Picture
from lab.draw.bars import bars
from lab.facts import Index, Machine, Transcript
from lab.made import Emulators, File, Tag
from lab.platforms import Platform, listed
from lab.probes import host, needs, registry
from lab.probes.host import Answers, Text, Timings
from lab.probes.needs import Emulation
from lab.steps import Problem, step

ANSWERS = "files/emulation/answers.txt"
LOGS = ("shop", "mill", "ferry")
BUILT_ON = Platform.parse("linux/amd64")  # the machine that the three logs were recorded on
_RUN = re.compile(r"\[(linux/[a-z0-9/]+?)(?:->[a-z0-9/]+)? [^\]]*\] RUN ")

NO_EMULATOR = "Programs of {platform} still do not run on this machine."
REFUSED = "The kernel refused the program: it has no emulator for that platform."
NOT_THE_OTHER = "What was printed is not the answer of the other machine."
NOT_BUILT_FOR_OTHER = "The tag {ref} is not for the platform that this machine is not."
NO_WARNING = "Docker printed no warning about the platform."
WARNED_BUT_SILENT = "The warning is there, but the program's own answer is not."
ONE_MEASUREMENT = "There are fewer than two measurements to compare."
ONE_FAILED = "One of the measured commands did not work, so its time means nothing."
ANSWER_UNCLEAR = "The answer for {name} is neither yes nor no."
ANSWER_WRONG = "The log {name} says something else."


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
def let_emulators_in(emulation: Emulation, printed: Transcript) -> Problem | None:
    """Let this machine run programs of the other platform ($OTHER), and look at the kernel's handlers."""
    if not emulation.runs:
        wanted = f"a program of {emulation.platform} that runs"
        return Problem(NO_EMULATOR, found="exec format error", wanted=wanted, platform=emulation.platform)
    return failed(printed)


@step(
    host.machine(),
    host.transcript("run_emulated"),
    solution="docker run --rm --platform $OTHER busybox:1.38 uname -m",
    hints=["Ask a container of the other platform what kind of machine it is on."],
    needs=[needs.engine, needs.emulator],
)
def run_emulated(machine: Machine, printed: Transcript) -> Problem | None:
    """Run `uname -m` in a busybox container of the other platform ($OTHER)."""
    name = uname(other(machine))
    if name in printed.output.split():
        return None
    if needs.REFUSED in printed.output.lower():
        return Problem(REFUSED, found=last_line(printed), wanted=f"the answer of {other(machine)}")
    return Problem(NOT_THE_OTHER, found=last_line(printed), wanted=f"what a machine of {other(machine)} answers")


@step(
    host.machine(),
    registry.index("emulated"),
    solution="docker build --platform $OTHER -t $REGISTRY/emulated --push files/emulation",
    hints=["It is built like the image of lesson 3. This Dockerfile has a line that must run something."],
    needs=[needs.engine, needs.emulator],
    makes=[Tag("emulated")],
)
def build_emulated(machine: Machine, index: Index) -> Problem | None:
    """Build files/emulation, whose Dockerfile has a RUN line, for $OTHER and push it as $REGISTRY/emulated."""
    wanted = other(machine)
    if index.platforms != {wanted}:
        return Problem(NOT_BUILT_FOR_OTHER, found=listed(index.platforms), wanted=wanted, ref=index.reference)
    return None


@step(
    host.machine(),
    host.transcript("warning_stays"),
    solution="docker pull --quiet --platform $OTHER $REGISTRY/emulated\ndocker run --rm $REGISTRY/emulated",
    hints=["Run the image that you just built, and say nothing of platforms to `docker run`."],
    needs=[needs.engine, needs.emulator],
    after=[build_emulated],
)
def warning_stays(machine: Machine, printed: Transcript) -> Problem | None:
    """Run $REGISTRY/emulated without naming a platform: is the warning of lesson 3 still there?"""
    if WARNING not in printed.output:
        return Problem(NO_WARNING, found=last_line(printed), wanted=f"a line with: {WARNING}")
    if uname(other(machine)) not in printed.output:
        return Problem(
            WARNED_BUT_SILENT, found=last_line(printed), wanted=f"what a machine of {other(machine)} answers"
        )
    return None


def _bars(timings: Timings) -> Picture:
    return bars("The same loop, native and emulated", timings.named)


@step(
    host.timings("cost"),
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
def cost(timings: Timings) -> Problem | None:
    """Measure the same loop natively and emulated, each line of time under its name."""
    if timings.refused:
        return Problem(ONE_FAILED, found=timings.refused, wanted="two commands that work")
    if len(timings.named) < 2:
        return Problem(ONE_MEASUREMENT, found=counted(len(timings.named), "measurement"), wanted="2 measurements")
    return None


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
def spot_emulation(answers: Answers, *logs: Text) -> Problem | None:
    """Read the logs shop, mill and ferry, recorded on an amd64 machine: in which build did an emulator have to work?"""
    if problem := unanswered(answers, LOGS):
        return problem
    for name, log in zip(LOGS, logs, strict=True):
        answer = answers[name].lower()
        if answer not in ("yes", "no"):
            return Problem(ANSWER_UNCLEAR, found=answers[name], wanted="yes or no", name=name)
        if (answer == "yes") != emulated(log.content, BUILT_ON):
            return Problem(ANSWER_WRONG, found=answer, wanted=f"what the RUN lines of {name}.log show", name=name)
    return None


def emulated(log: str, native: Platform) -> bool:
    """Did a RUN line of a plain build log belong to a stage of another architecture than the builder's own?"""
    stages = {Platform.parse(name).architecture for name in _RUN.findall(log)}
    return bool(stages - {native.architecture})
