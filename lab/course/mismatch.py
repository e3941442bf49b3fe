"""Why does it not run over there?"""

from __future__ import annotations

from lab.course import _scene
from lab.course._did import brief, given_platform, named_in
from lab.course._text import counted, last_line, uname, unanswered
from lab.facts import Call, Containers, Index, Machine, Transcript
from lab.made import File, Tag
from lab.platforms import Platform, given, listed
from lab.probes import engine, host, needs, registry
from lab.probes.host import Answers
from lab.steps import Problem, Proof, Verdict, step
from lab.world import World

ANSWERS = "files/mismatch/answers.txt"
WARNING = "does not match the detected host platform"
FORMAT_ERROR = "exec format error"
NO_MATCH = "no matching manifest"
MAINFRAME = Platform.parse("linux/s390x")
_NEVER_STARTED = 125  # docker's own exit status
COLOURS = ("red", "green", "blue")

NOT_THE_OTHER = "The tag {ref} is not for {wanted}."
ONE_FOR_THE_OTHER = "{image} is in the registry, {digest}, with 1 image: {platform}."
NOT_PULLED = "None of the commands that ran asked the engine to pull {image}."
PLATFORM_NAMED = "The platform was named. What happens without naming it was not seen."
NO_MATCH_UNSEEN = "The tag {image} is an index without {here}, but no refusal to pull it was printed."
PULL_FAILED = "The tag {image} is one plain image, but the engine did not pull it."
PULL_REFUSED = "{image} is an index, {digest}, without {here}: the engine refused to pull it."
PULLED_UNMATCHED = "{image} is one plain image, {digest}, for {platform}: the engine pulled it onto {here}."
STILL_A_LIST = "The tag {ref} is an index, not one plain image."
NO_WARNING = "Docker printed no warning about the platform."
NOTHING_RAN = "The warning is there, but neither the program's answer nor the kernel's refusal was printed."
NO_CONTAINER = "The engine started no container of {image}."
WARNED = (
    "{image} is one plain image for {platform}: the engine warned, and its container ended with exit status {status}."
)
NOT_THE_MAINFRAME = "The tag {ref} is not for the mainframe's platform."
NO_FORMAT_ERROR = "Neither the kernel's refusal was seen, nor the answer of an emulated mainframe."
MAINFRAME_REFUSED = "The kernel refused the linux/s390x program of {image}: exit status {status}."
MAINFRAME_ANSWERED = "An emulator ran the linux/s390x program of {image}: exit status {status}."
WARNED_ALL_THE_SAME = "Docker still warned: it was not told which platform is wanted."
NO_OUTCOME = "Neither the program's answer nor the kernel's refusal was printed."
NO_LONGER_WARNED = (
    "{image} was started for {platform} without a warning: its container ended with exit status {status}."
)
ANSWER_UNREADABLE = "The answer for {name} is not a platform."
ANSWER_WRONG = "The registry says something else of the tag {name}."
RUNS_WRONG = "The tag {found} is not for this machine."
RUNS_UNKNOWN = "The answer for `runs` is none of the three tags."
THREE_TAGS = "red is {red}, green is {green}, blue is {blue}: {runs} runs on {here} without an emulator."


def other(machine: Machine) -> Platform:
    """What `$OTHER` stands for: the common platform that is not this machine's."""
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
def foreign_image(machine: Machine, index: Index) -> Verdict:
    """Build files/mismatch for the other common platform, $OTHER, and push it as $REGISTRY/mismatch:other."""
    wanted = other(machine)
    if index.platforms != {wanted}:
        return Problem(NOT_THE_OTHER, found=listed(index.platforms), wanted=wanted, ref=index.reference)
    return Proof(ONE_FOR_THE_OTHER, image=index.reference, digest=brief(index.digest), platform=wanted)


@step(
    host.machine(),
    registry.index("mismatch:other"),
    host.transcript("plain_pull"),
    solution='docker pull $REGISTRY/mismatch:other\necho "exit status: $?"',
    hints=["Pull it as you would pull any image: say nothing of platforms."],
    needs=[needs.engine],
    after=[foreign_image],
)
def plain_pull(machine: Machine, index: Index, printed: Transcript) -> Verdict:
    """Pull $REGISTRY/mismatch:other without naming a platform, and see what Docker says."""
    image, here = index.reference, machine.linux
    pulls = [call for verb in ("pull", "run", "create") for call in named_in(printed, image, "docker", verb)]
    if not pulls:
        return Problem(NOT_PULLED, found=last_line(printed), wanted=f"a pull of {image}", image=image)
    plain = [call for call in pulls if given_platform(call) is None]
    if not plain:
        return Problem(PLATFORM_NAMED, found=given_platform(pulls[0]), wanted="no platform")
    if index.is_index and NO_MATCH not in printed.output:
        return Problem(NO_MATCH_UNSEEN, found=last_line(printed), wanted=NO_MATCH, image=image, here=here)
    if not index.is_index and not any(map(_pulled, plain)):
        return Problem(PULL_FAILED, found=last_line(printed), wanted="a pull that works", image=image)
    return Proof(
        PULL_REFUSED if index.is_index else PULLED_UNMATCHED,
        image=image,
        digest=brief(index.digest),
        platform=listed(index.platforms),
        here=here,
    )


@step(
    host.machine(),
    registry.index("mismatch:plain"),
    host.transcript("see_warning"),
    engine.containers("see_warning"),
    solution="""
        docker build --quiet --platform $OTHER --provenance=false -t $REGISTRY/mismatch:plain --push files/mismatch
        docker pull --quiet $REGISTRY/mismatch:plain
        docker run --rm $REGISTRY/mismatch:plain
        echo "exit status: $?"
    """,
    hints=[
        "An attestation makes an index of the tag. Without one, a build for one platform pushes the image itself.",
        "Run it as you would run any image: say nothing of platforms to `docker run`.",
    ],
    needs=[needs.engine],
    makes=[Tag("mismatch:plain")],
)
def see_warning(machine: Machine, index: Index, printed: Transcript, ran: Containers) -> Verdict:
    """Push the same image as $REGISTRY/mismatch:plain, a plain image and no index. Run it, and see what Docker says."""
    wanted, image = other(machine), index.reference
    if index.platforms != {wanted}:
        return Problem(NOT_THE_OTHER, found=listed(index.platforms), wanted=wanted, ref=image)
    if index.is_index:
        return Problem(
            STILL_A_LIST,
            found=f"an index of {counted(len(index.manifests), 'row')}",
            wanted="one plain image",
            ref=image,
        )
    if WARNING not in printed.output:
        return Problem(NO_WARNING, found=last_line(printed), wanted=f"a line with: {WARNING}")
    if not _outcome(printed, wanted):
        return Problem(NOTHING_RAN, found=last_line(printed), wanted="the program's own line, or the kernel's")
    return not_started(ran, image) or Proof(WARNED, image=image, platform=wanted, status=_status(ran, image))


@step(
    registry.index("mismatch:mainframe"),
    host.transcript("see_exec_format_error"),
    engine.containers("see_exec_format_error"),
    solution="""
        docker build --quiet --platform linux/s390x -t $REGISTRY/mismatch:mainframe --push files/mismatch
        docker pull --quiet --platform linux/s390x $REGISTRY/mismatch:mainframe
        docker run --rm $REGISTRY/mismatch:mainframe
        echo "exit status: $?"
    """,
    hints=["The same as before, for a machine that hardly anybody has an emulator for."],
    needs=[needs.engine],
    makes=[Tag("mismatch:mainframe")],
)
def see_exec_format_error(index: Index, printed: Transcript, ran: Containers) -> Verdict:
    """Do the same for a mainframe (linux/s390x) as $REGISTRY/mismatch:mainframe, and see what the kernel says."""
    image = index.reference
    if index.platforms != {MAINFRAME}:
        return Problem(NOT_THE_MAINFRAME, found=listed(index.platforms), wanted=MAINFRAME, ref=image)
    if WARNING not in printed.output:
        return Problem(NO_WARNING, found=last_line(printed), wanted=f"a line with: {WARNING}")
    if not _outcome(printed, MAINFRAME):
        return Problem(NO_FORMAT_ERROR, found=last_line(printed), wanted=f"{FORMAT_ERROR}, or s390x")
    said = MAINFRAME_REFUSED if FORMAT_ERROR in printed.output.lower() else MAINFRAME_ANSWERED
    return not_started(ran, image) or Proof(said, image=image, status=_status(ran, image))


@step(
    host.machine(),
    registry.index("mismatch:other"),
    host.transcript("say_platform"),
    engine.containers("say_platform"),
    solution='docker run --rm --platform $OTHER $REGISTRY/mismatch:other\necho "exit status: $?"',
    hints=["Docker looked for this machine's platform because it was not told another one. Tell it."],
    needs=[needs.engine],
    after=[foreign_image],
)
def say_platform(machine: Machine, index: Index, printed: Transcript, ran: Containers) -> Verdict:
    """Run $REGISTRY/mismatch:other and say which platform you want. Is there a warning? Does it run?"""
    wanted, image = other(machine), index.reference
    if WARNING in printed.output:
        return Problem(WARNED_ALL_THE_SAME, found=WARNING, wanted="no such line")
    if not _outcome(printed, wanted):
        return Problem(NO_OUTCOME, found=last_line(printed), wanted="the program's own line, or the kernel's")
    return not_started(ran, image) or Proof(NO_LONGER_WARNED, image=image, platform=wanted, status=_status(ran, image))


@step(
    host.machine(),
    host.answers(ANSWERS),
    *(registry.index(f"puzzle:{colour}") for colour in COLOURS),
    solution=f"""
        for colour in red green blue; do
          lab show puzzle:$colour
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
def which_runs(machine: Machine, answers: Answers, *tags: Index) -> Verdict:
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
    red, green, blue = (listed(tag.platforms) for tag in tags)
    return Proof(THREE_TAGS, red=red, green=green, blue=blue, runs=runs, here=machine.linux)


def not_started(ran: Containers, image: str) -> Problem | None:
    """A problem where the engine has started no container of that image, whatever was printed."""
    if ran.of(image):
        return None
    found = ", ".join(dict.fromkeys(one.image for one in ran.ran)) or "no container"
    return Problem(NO_CONTAINER, found=found, wanted=f"a container of {image}", image=image)


def _pulled(call: Call) -> bool:
    """It worked, or what did not work is the program that `docker run` started afterwards."""
    return call.worked or (call.says("run") and call.exit_status != _NEVER_STARTED)


def _status(ran: Containers, image: str) -> object:
    return ran.of(image)[-1].exit_status


def _outcome(printed: Transcript, platform: Platform) -> bool:
    """Did the foreign program answer (an emulator is there), or did the kernel refuse it?"""
    return FORMAT_ERROR in printed.output.lower() or uname(platform) in printed.output.split()
