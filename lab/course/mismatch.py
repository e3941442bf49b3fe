"""Why does it not run over there?"""

from __future__ import annotations

from lab.course import _scene
from lab.course._text import last_line, uname, unanswered
from lab.facts import Index, Machine, Transcript
from lab.made import File, Tag
from lab.platforms import Platform, given, listed
from lab.probes import host, needs, registry
from lab.probes.host import Answers
from lab.steps import Problem, step
from lab.world import World

ANSWERS = "files/mismatch/answers.txt"
WARNING = "does not match the detected host platform"
FORMAT_ERROR = "exec format error"
MAINFRAME = Platform.parse("linux/s390x")
COLOURS = ("red", "green", "blue")

NOT_THE_OTHER = "The tag {ref} is not for the platform that this machine is not."
NOT_THE_MAINFRAME = "The tag {ref} is not for the mainframe's platform."
NO_WARNING = "Docker printed no warning about the platform."
NOTHING_RAN = "The warning is there, but the program neither ran nor was refused."
NO_FORMAT_ERROR = "Neither the kernel's refusal was seen, nor the answer of an emulated mainframe."
WARNED_ALL_THE_SAME = "Docker still warned: it was not told which platform is wanted."
NO_OUTCOME = "The program neither answered nor was refused."
ANSWER_UNREADABLE = "The answer for {name} is not a platform."
ANSWER_WRONG = "The registry says something else of the tag {name}."
RUNS_WRONG = "The tag {found} is not for this machine."
RUNS_UNKNOWN = "The answer for `runs` is none of the three tags."


def other(machine: Machine) -> Platform:
    """The platform that this machine is not: what `$OTHER` stands for."""
    return Platform("linux", "amd64" if machine.platform.architecture == "arm64" else "arm64")


def puzzle(world: World) -> None:
    """Push the exercise's three images, each for one platform, where they are missing. Blocked where it cannot be."""
    machine = host.this_machine()
    for colour, platform in zip(COLOURS, (other(machine), MAINFRAME, machine.linux), strict=True):
        _scene.push(world, f"puzzle:{colour}", platform, "mismatch", file="puzzle.Dockerfile")


@step(
    host.machine(),
    registry.index("mismatch:other"),
    solution="docker build --platform $OTHER -t $REGISTRY/mismatch:other --push files/mismatch",
    hints=["A build can be made for a platform that is not this machine's."],
    makes=[Tag("mismatch:other")],
)
def foreign_image(machine: Machine, index: Index) -> Problem | None:
    """Build files/mismatch for the platform that your machine is not ($OTHER), pushed as $REGISTRY/mismatch:other."""
    wanted = other(machine)
    if index.platforms != {wanted}:
        return Problem(NOT_THE_OTHER, found=listed(index.platforms), wanted=wanted, ref=index.reference)
    return None


@step(
    host.machine(),
    host.transcript("see_warning"),
    solution="docker pull --quiet --platform $OTHER $REGISTRY/mismatch:other\ndocker run --rm $REGISTRY/mismatch:other",
    hints=["Run it as you would run any image: say nothing of platforms to `docker run`."],
    needs=[needs.engine],
    after=[foreign_image],
)
def see_warning(machine: Machine, printed: Transcript) -> Problem | None:
    """Run $REGISTRY/mismatch:other here, and see what Docker says."""
    if WARNING not in printed.output:
        return Problem(NO_WARNING, found=last_line(printed), wanted=f"a line with: {WARNING}")
    if not _outcome(printed, other(machine)):
        return Problem(NOTHING_RAN, found=last_line(printed), wanted="the program's own line, or the kernel's")
    return None


@step(
    registry.index("mismatch:mainframe"),
    host.transcript("see_exec_format_error"),
    solution="""
        docker build --quiet --platform linux/s390x -t $REGISTRY/mismatch:mainframe --push files/mismatch
        docker pull --quiet --platform linux/s390x $REGISTRY/mismatch:mainframe
        docker run --rm $REGISTRY/mismatch:mainframe
        echo "exit status: $?"
    """,
    hints=["The same two things as before, for a machine that hardly anybody has an emulator for."],
    needs=[needs.engine],
    makes=[Tag("mismatch:mainframe")],
)
def see_exec_format_error(index: Index, printed: Transcript) -> Problem | None:
    """Do the same for a mainframe (linux/s390x) as $REGISTRY/mismatch:mainframe, and see what the kernel says."""
    if index.platforms != {MAINFRAME}:
        return Problem(NOT_THE_MAINFRAME, found=listed(index.platforms), wanted=MAINFRAME, ref=index.reference)
    if WARNING not in printed.output:
        return Problem(NO_WARNING, found=last_line(printed), wanted=f"a line with: {WARNING}")
    if not _outcome(printed, MAINFRAME):
        return Problem(NO_FORMAT_ERROR, found=last_line(printed), wanted=f"{FORMAT_ERROR}, or s390x")
    return None


@step(
    host.machine(),
    host.transcript("say_platform"),
    solution='docker run --rm --platform $OTHER $REGISTRY/mismatch:other\necho "exit status: $?"',
    hints=["Docker warns because it was not told. Tell it."],
    needs=[needs.engine],
    after=[foreign_image],
)
def say_platform(machine: Machine, printed: Transcript) -> Problem | None:
    """Run $REGISTRY/mismatch:other again and say which platform you want. Is the warning gone? Does it run?"""
    if WARNING in printed.output:
        return Problem(WARNED_ALL_THE_SAME, found=WARNING, wanted="no such line")
    if not _outcome(printed, other(machine)):
        return Problem(NO_OUTCOME, found=last_line(printed), wanted="the program's own line, or the kernel's")
    return None


@step(
    host.machine(),
    host.answers(ANSWERS),
    *(registry.index(f"puzzle:{colour}") for colour in COLOURS),
    solution=f"""
        for colour in red green blue; do
          docker buildx imagetools inspect $REGISTRY/puzzle:$colour
        done
        cat > {ANSWERS} <<END
        red $OTHER
        green linux/s390x
        blue $HERE
        runs blue
        END
    """,
    hints=[
        "The registry knows the platform of each tag; you asked it in lesson 2.",
        "`lab show puzzle:red` draws the registry's answer as a table.",
        "The tag that runs here is the one for the engine's own platform.",
    ],
    exercise=True,
    prepare=puzzle,
    makes=[Tag("puzzle:red"), Tag("puzzle:green"), Tag("puzzle:blue"), File(ANSWERS)],
)
def which_runs(machine: Machine, answers: Answers, *tags: Index) -> Problem | None:
    """Find the platform of the tags red, green and blue of $REGISTRY/puzzle, and which one runs here unemulated."""
    if problem := unanswered(answers, (*COLOURS, "runs")):
        return problem
    for name, index in zip(COLOURS, tags, strict=True):
        answer = given(answers[name])
        if answer is None:
            return Problem(ANSWER_UNREADABLE, found=answers[name], wanted="OS/ARCH or OS/ARCH/VARIANT", name=name)
        if {answer} != index.platforms:
            return Problem(ANSWER_WRONG, found=answer, wanted=f"what the registry lists for puzzle:{name}", name=name)
    runs = answers["runs"].lower()
    if runs not in COLOURS:
        return Problem(RUNS_UNKNOWN, found=answers["runs"], wanted="red, green or blue")
    if machine.linux not in tags[COLOURS.index(runs)].platforms:
        return Problem(RUNS_WRONG, found=runs, wanted=f"the tag for this machine, {machine.name}")
    return None


def _outcome(printed: Transcript, platform: Platform) -> bool:
    """Did the foreign program answer (an emulator is there), or did the kernel refuse it?"""
    return FORMAT_ERROR in printed.output.lower() or uname(platform) in printed.output.split()
