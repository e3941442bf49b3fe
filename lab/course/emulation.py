"""How can it run here at all?"""

from __future__ import annotations

import re

from lab.course._did import called
from lab.course._emulation import HOW_MUCH_SLOWER, IS_THERE_A_WARNING, WHICH_NAME, measured, runs_of, side_by_side, work
from lab.course._logs import BUILT_ON, GIVEN, LOGS, foreign_lines, logs
from lab.course._mismatch import MAINFRAME, WARNING, not_started, other
from lab.course._text import counted, failed, last_line, uname, unanswered
from lab.course.leftovers import Emulators, File, Tag
from lab.model.digests import brief
from lab.model.facts import Binaries, Containers, Images, Index, Machine, Transcript
from lab.model.platforms import listed
from lab.model.steps import Problem, Proof, Verdict, step
from lab.probes import engine, host, needs, registry
from lab.probes.host import Answers, Text, Timings
from lab.probes.needs import BASE, Emulation

ANSWERS = "files/emulation/answers.txt"
_RING = "/usr/bin/ring"  # of files/emulation/bell/Dockerfile
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
LINE_MISSING = "The answer for {name} is yes, but it names no line of the log."
LINE_WRONG = "Line {line} of {name}.log is not part of a RUN step of another platform."
MORE_EMULATED = "One of the logs that were answered with no has a RUN step of another platform."
LOGS_READ = "An emulator was needed in {count} of the 3 builds. The witnesses: {witnesses}."
NOT_FOR_THE_MAINFRAME = "The tag {ref} has no image for {wanted}."
LABEL_LIES = "The image says {wanted}, but its {path} is a program for {found}."
NO_BELL = "The image {ref} for {platform} has no program {path}."
BELL_SILENT = "The image {ref} for {platform} has {path}, but nobody may run that file."
RUN_WAS_EMULATED = "The image {ref} for {platform} was made with a RUN line of its own platform: an emulator ran it."
BELL_MENDED = "{ref}, {digest}, has an image for {platform} whose {path} may be run; no program of it ran in the build."
BELL_FOR_ALL = "The tag has an image for {here}, too: one Dockerfile serves both machines, and nothing is emulated."
BELL_FOR_ONE = "The tag has no image for {here}. The same Dockerfile could serve both machines in one build."


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
    gap="docker run --rm --platform ____ busybox:1.38 ____",
    hints=[
        "Ask a container of the other platform what kind of machine it is on.",
        "The two words that are missing are a platform, and the command of lesson 1 that names a machine.",
    ],
    needs=[needs.engine, needs.emulator],
    predict=WHICH_NAME,
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
    gap="docker build --platform ____ -t ____ --push ____",
    hints=[
        "It is built like the first image of lesson 3. This Dockerfile has a line that must run something.",
        "What is missing is a platform, the image's name, and the folder; the step's goal names all three.",
    ],
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
    hints=[
        "Run the image that you just built, and say nothing of platforms to `docker run`.",
        "If the image is not in your engine, or is an index there, pull it first and say for which platform.",
    ],
    needs=[needs.engine, needs.emulator],
    after=[build_emulated],
    exercise=True,
    predict=IS_THERE_A_WARNING,
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
    gap="""
        count='i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done'
        echo "native:"
        time docker run --rm --platform ____ busybox:1.38 sh -c "$count"
        echo "emulated:"
        time docker run --rm --platform ____ busybox:1.38 sh -c "$count"
    """,
    hints=["bash can measure a command: the word `time` before it.", "The native run is the one for `$HERE`."],
    needs=[needs.engine, needs.emulator],
    picture=side_by_side,
    predict=HOW_MUCH_SLOWER,
)
def cost(machine: Machine, timings: Timings, printed: Transcript) -> Verdict:
    """Measure the same loop in two containers of busybox:1.38: once for $HERE, natively, once for $OTHER, emulated."""
    runs, here, there = runs_of(printed), machine.linux, other(machine)
    broken = timings.refused or next((f"exit status {call.exit_status}" for call in runs if not call.worked), "")
    if broken:
        return Problem(ONE_FAILED, found=broken, wanted="two commands that work")
    if len(timings.named) < 2:
        return Problem(ONE_MEASUREMENT, found=counted(len(timings.named), "measurement"), wanted="2 measurements")
    if len(runs) != len(timings.named):
        found = f"{counted(len(runs), 'container')} of {BASE}, {counted(len(timings.named), 'measurement')}"
        return Problem(RUNS_AND_TIMES, found=found, wanted="one measurement for each container")
    took = dict(measured(machine, timings, printed))
    if set(took) != {here, there}:
        wanted = f"{here} and {there}"
        return Problem(NOT_NATIVE_AND_EMULATED, found=listed(took), wanted=wanted, here=here, other=there)
    if len({work(call) for call in runs}) > 1:
        return Problem(NOT_THE_SAME, found=" and ".join(" ".join(work(call)) for call in runs), wanted="one command")
    native, foreign = (f"{took[one]:.2f}" for one in (here, there))
    return Proof(TIMES, native=native, emulated=foreign, here=here, other=there)


@step(
    host.answers(ANSWERS),
    *(host.text(f"files/emulation/{name}.log") for name in LOGS),
    solution=f"""
        for name in shop mill ferry; do
          line=$(grep -n -m 1 '\\[linux/arm64 [^]]*\\] RUN ' files/emulation/$name.log | cut -d: -f1)
          if [ -n "$line" ]; then echo "$name yes line $line"; else echo "$name no"; fi
        done > {ANSWERS}
        cat {ANSWERS}
    """,
    hints=[
        "An emulator is needed only where a program of another platform *runs*: in a RUN line, not in FROM or COPY.",
        "Each line of a build for several platforms begins with the platform of its stage, in brackets.",
        "`linux/amd64->arm64` is a stage that runs on amd64 and makes something for arm64.",
        "`grep -n` or `cat -n` numbers the lines of a file.",
    ],
    exercise=True,
    prepare=logs,
    makes=[*GIVEN, File(ANSWERS)],
)
def spot_emulation(answers: Answers, *found: Text) -> Verdict:
    """Read the logs shop, mill and ferry, recorded on an amd64 machine: in which build did an emulator have to work?"""
    if problem := unanswered(answers, LOGS):
        return problem
    for name, log in zip(LOGS, found, strict=True):
        if problem := _unproven(name, answers[name], log):
            return problem
    foreign = [name for name, log in zip(LOGS, found, strict=True) if foreign_lines(log.content, BUILT_ON)]
    said = [name for name in LOGS if _says(answers[name]) == "yes"]
    if foreign != said:
        return Problem(MORE_EMULATED, found=f"yes for {', '.join(said) or 'none'}", wanted="yes for each such log")
    witnesses = ", ".join(f"{name}.log (line {_line(answers[name])})" for name in said)
    return Proof(LOGS_READ, count=len(said), witnesses=witnesses)


def _says(answer: str) -> str:
    found = re.search(r"[a-z]+", answer.lower())
    return found[0] if found else ""


def _line(answer: str) -> int:
    """The number of the line that an answer names; 0 where it names none."""
    found = re.search(r"\d+", answer)
    return int(found[0]) if found else 0


def _unproven(name: str, answer: str, log: Text) -> Problem | None:
    """A problem where an answer is unclear, or says yes and its witness is missing or is none."""
    if _says(answer) not in ("yes", "no"):
        return Problem(ANSWER_UNCLEAR, found=answer, wanted="yes or no", name=name)
    if _says(answer) == "no":
        return None
    if not _line(answer):
        return Problem(LINE_MISSING, found=answer, wanted="`yes line N`", name=name)
    if _line(answer) in foreign_lines(log.content, BUILT_ON):
        return None
    lines = dict(enumerate(log.content.splitlines(), 1))
    found = lines.get(_line(answer), "no such line").strip() or "an empty line"
    return Problem(LINE_WRONG, found=found, wanted="a line that shows it", line=_line(answer), name=name)


def _good_bell(machine: Machine, found: Images, *_programs: Binaries) -> Verdict:
    """Does the mended Dockerfile serve this machine, too?"""
    here = machine.linux
    if here in found.index.platforms:
        return Proof(BELL_FOR_ALL, here=here)
    wanted = listed({here, MAINFRAME})
    return Problem(BELL_FOR_ONE, found=listed(found.index.platforms), wanted=wanted, here=here)


@step(
    host.machine(),
    registry.images("bell"),
    registry.binaries("bell", _RING),
    registry.binaries("bell", "/bin/sh"),
    solution="""
        cat > files/emulation/bell/Dockerfile <<'END'
        FROM busybox:1.38
        ARG TARGETARCH
        COPY --chmod=755 ring-${TARGETARCH} /usr/bin/ring
        CMD ["ring"]
        END
        docker build --platform linux/s390x -t $REGISTRY/bell --push files/emulation/bell
    """,
    hints=[
        "Which line of the Dockerfile starts a program? Of which platform is that program?",
        "What that line does is done to a file; `COPY` can do it on the way: see `COPY --chmod` in Docker's reference.",
        "Or a stage of the builder's own platform does it, as in the Dockerfile above, and the last stage copies.",
        "A stage that is the image itself has to stay of the image's platform.",
    ],
    needs=[needs.engine],
    repair=True,
    makes=[Tag("bell"), File("files/emulation/bell/Dockerfile")],
    good=_good_bell,
)
def mend_bell(_machine: Machine, found: Images, rings: Binaries, shells: Binaries) -> Verdict:
    """Mend files/emulation/bell/Dockerfile, so that it builds for linux/s390x, and push the image as $REGISTRY/bell."""
    index, known = found.index, {"ref": found.index.reference, "platform": MAINFRAME, "path": _RING}
    if MAINFRAME not in index.platforms:
        return Problem(NOT_FOR_THE_MAINFRAME, found=listed(index.platforms), wanted=MAINFRAME, ref=index.reference)
    ring = rings.of(MAINFRAME)
    for program in filter(None, (ring, shells.of(MAINFRAME))):
        if program.platform not in (None, MAINFRAME):
            return Problem(LABEL_LIES, found=program.platform, wanted=MAINFRAME, path=program.path)
    if ring is None or ring.platform is None:
        return Problem(NO_BELL, found=ring.kind if ring else "no such file", wanted=_RING, **known)
    if not ring.runnable:
        return Problem(BELL_SILENT, found="a file without the x bit", wanted="a file with the x bit", **known)
    lines = next(image.history for row, image in found.pairs if row.platform == MAINFRAME)
    if foreign := next((line for line in lines if line.startswith("RUN ")), ""):
        return Problem(RUN_WAS_EMULATED, found=foreign, wanted="no RUN line", **known)
    return Proof(BELL_MENDED, digest=brief(index.digest), **known)
