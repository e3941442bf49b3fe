"""Why does it not run over there?"""

from __future__ import annotations

import re

from lab.course._did import given_platform, named_in
from lab.course._mismatch import (
    COLOURS,
    FORMAT_ERROR,
    MAINFRAME,
    NO_MATCH,
    WARNING,
    WHAT_A_PLAIN_IMAGE_DOES,
    WHAT_A_PLATFORM_DOES,
    WHAT_A_PULL_DOES,
    has_outcome,
    kiosk,
    not_started,
    other,
    puzzle,
    status_of,
    was_pulled,
)
from lab.course._text import counted, last_line, unanswered
from lab.course.leftovers import File, Tag
from lab.model.digests import brief
from lab.model.facts import Containers, Images, Index, Machine, Transcript
from lab.model.platforms import Platform, given, listed
from lab.model.steps import Problem, Proof, Verdict, step
from lab.probes import engine, host, needs, registry
from lab.probes.host import Answers

ANSWERS = "files/mismatch/answers.txt"
_DIGEST = re.compile(r"[0-9a-f]{7,64}")
_MENU = ("cat", "/menu.txt")  # what files/mismatch/kiosk/Dockerfile starts

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
ANSWER_UNREADABLE = "The answer for {name} names no platform."
DIGEST_MISSING = "The answer for {name} names no digest."
DIGEST_WRONG = "The digest after {name} is none that the registry has for puzzle:{name}."
ANSWER_WRONG = "The digest after {name} is right, but that image is not for {found}."
RUNS_WRONG = "The tag {found} is not for this machine."
RUNS_UNKNOWN = "The answer for `runs` is none of the three tags."
THREE_TAGS = "red is {red}, green is {green}, blue is {blue}: {runs} runs on {here} without an emulator."
STILL_REFUSED = "The tag {ref} still has no image for {here}."
ONLY_PULLED = "The tag {ref} is one plain image for {found} now: {here} can pull it, and cannot run it."
OTHER_LOST = "The tag {ref} has an image for {here} now, but the one for {other} is gone."
NOT_THE_KIOSK = "The image for {platform} under {ref} does not print the menu."
KIOSK_MENDED = "{ref} is one index, {digest}, with an image for {here} and one for {other}: each machine finds its own."


@step(
    host.machine(),
    registry.index("mismatch:other"),
    solution="docker build --platform $OTHER -t $REGISTRY/mismatch:other --push files/mismatch",
    gap="docker build --platform ____ -t $REGISTRY/mismatch:other --push ____",
    hints=[
        "A build can be made for a platform that is not this machine's. Which of the two names is that platform?",
        "The last word of the command is the folder that holds the Dockerfile.",
    ],
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
    predict=WHAT_A_PULL_DOES,
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
    if not index.is_index and not any(map(was_pulled, plain)):
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
    gap="""
        docker build --quiet --platform $OTHER --provenance=false -t ____ --push files/mismatch
        docker pull --quiet ____
        docker run --rm ____
        echo "exit status: $?"
    """,
    hints=[
        "The same name stands in all three places: it is in the step's goal.",
        "An attestation makes an index of the tag. Without one, a build for one platform pushes the image itself.",
        "Run it as you would run any image: say nothing of platforms to `docker run`.",
    ],
    needs=[needs.engine],
    makes=[Tag("mismatch:plain")],
    predict=WHAT_A_PLAIN_IMAGE_DOES,
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
    if not has_outcome(printed, wanted):
        return Problem(NOTHING_RAN, found=last_line(printed), wanted="the program's own line, or the kernel's")
    return not_started(ran, image) or Proof(WARNED, image=image, platform=wanted, status=status_of(ran, image))


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
    gap="""
        docker build --quiet --platform ____ -t $REGISTRY/mismatch:mainframe --push files/mismatch
        docker pull --quiet --platform ____ $REGISTRY/mismatch:mainframe
        docker run --rm $REGISTRY/mismatch:mainframe
        echo "exit status: $?"
    """,
    hints=[
        "The same as before, for a machine that hardly anybody has an emulator for.",
        "A platform is written OS/ARCH. The mainframe's stands in the step's goal.",
    ],
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
    if not has_outcome(printed, MAINFRAME):
        return Problem(NO_FORMAT_ERROR, found=last_line(printed), wanted=f"{FORMAT_ERROR}, or s390x")
    said = MAINFRAME_REFUSED if FORMAT_ERROR in printed.output.lower() else MAINFRAME_ANSWERED
    return not_started(ran, image) or Proof(said, image=image, status=status_of(ran, image))


@step(
    host.machine(),
    registry.index("mismatch:other"),
    host.transcript("say_platform"),
    engine.containers("say_platform"),
    solution='docker run --rm --platform $OTHER $REGISTRY/mismatch:other\necho "exit status: $?"',
    hints=[
        "Docker looked for this machine's platform because it was not told another one. Tell it.",
        "`docker run` has the same option for it as `docker build` and `docker pull`.",
    ],
    needs=[needs.engine],
    after=[foreign_image],
    exercise=True,
    predict=WHAT_A_PLATFORM_DOES,
)
def say_platform(machine: Machine, index: Index, printed: Transcript, ran: Containers) -> Verdict:
    """Run $REGISTRY/mismatch:other and say which platform you want. Is there a warning? Does it run?"""
    wanted, image = other(machine), index.reference
    if WARNING in printed.output:
        return Problem(WARNED_ALL_THE_SAME, found=WARNING, wanted="no such line")
    if not has_outcome(printed, wanted):
        return Problem(NO_OUTCOME, found=last_line(printed), wanted="the program's own line, or the kernel's")
    return not_started(ran, image) or Proof(
        NO_LONGER_WARNED, image=image, platform=wanted, status=status_of(ran, image)
    )


@step(
    host.machine(),
    host.answers(ANSWERS),
    *(registry.index(f"puzzle:{colour}") for colour in COLOURS),
    solution=f"""
        for colour in red green blue; do
          row=$(lab show puzzle:$colour | awk '/^ *linux/ {{print $1, $NF}}')
          echo "$colour $row"
          if [ "${{row% *}}" = "$HERE" ]; then echo "runs $colour"; fi
        done > {ANSWERS}
        cat {ANSWERS}
    """,
    hints=[
        "The registry knows the platform of each tag; you asked it in lesson 2.",
        "`lab show puzzle:red` draws the registry's answer as a table. The beginning of a digest is enough.",
        "The tag that runs here is the one for the engine's own platform.",
    ],
    exercise=True,
    prepare=puzzle,
    makes=[Tag("puzzle:red"), Tag("puzzle:green"), Tag("puzzle:blue"), File(ANSWERS)],
)
def which_runs(machine: Machine, answers: Answers, *tags: Index) -> Verdict:
    """Find platform and digest of the tags red, green and blue of $REGISTRY/puzzle, and the one that runs natively."""
    if problem := unanswered(answers, (*COLOURS, "runs")) or _unproven(answers, tags):
        return problem
    for name, index in zip(COLOURS, tags, strict=True):
        answer = _platform_of(answers[name])
        if {answer} != index.platforms:
            return Problem(ANSWER_WRONG, found=answer, wanted=f"what the registry lists for puzzle:{name}", name=name)
    runs = answers["runs"].lower()
    if runs not in COLOURS:
        return Problem(RUNS_UNKNOWN, found=answers["runs"], wanted="red, green or blue")
    if machine.linux not in tags[COLOURS.index(runs)].platforms:
        return Problem(RUNS_WRONG, found=runs, wanted=f"the tag for this machine, {machine.name}")
    red, green, blue = (listed(tag.platforms) for tag in tags)
    return Proof(THREE_TAGS, red=red, green=green, blue=blue, runs=runs, here=machine.linux)


def _words(answer: str) -> list[str]:
    """The words of `linux/amd64, sha256:1a2b…`, or of the same in another order."""
    return re.sub(r"[:,;@()….]", " ", answer.lower().replace("sha256", " ")).split()


def _platform_of(answer: str) -> Platform | None:
    return next((found for word in _words(answer) if (found := given(word))), None)


def _digest_of(answer: str) -> str:
    return next((word for word in _words(answer) if _DIGEST.fullmatch(word)), "")


def _unproven(answers: Answers, tags: tuple[Index, ...]) -> Problem | None:
    """A problem where an answer does not show that the registry was asked: its digest is missing, or another tag's."""
    for name in COLOURS:
        if _platform_of(answers[name]) is None:
            return Problem(ANSWER_UNREADABLE, found=answers[name], wanted="OS/ARCH or OS/ARCH/VARIANT", name=name)
        if not _digest_of(answers[name]):
            return Problem(DIGEST_MISSING, found=answers[name], wanted="at least 7 digits of a digest", name=name)
    for name, index in zip(COLOURS, tags, strict=True):
        known = [index.digest, *(row.digest for row in index.images)]
        said = _digest_of(answers[name])
        if not any(digest.removeprefix("sha256:").startswith(said) for digest in known):
            return Problem(DIGEST_WRONG, found=said, wanted="that of the tag, or of its row", name=name)
    return None


@step(
    host.machine(),
    registry.images("kiosk"),
    solution="""
        docker build --platform $HERE -t $REGISTRY/kiosk:mine --push files/mismatch/kiosk
        docker buildx imagetools create -t $REGISTRY/kiosk $REGISTRY/kiosk $REGISTRY/kiosk:mine
    """,
    hints=[
        "Ask the registry which platforms the tag offers. Which one is missing?",
        "A push replaces the whole tag, so the new one has to hold both images.",
        "Where a build is told one platform, it can be told several, with commas between them.",
        "The classic image store builds one platform at a time: push yours under another tag, then join the two.",
    ],
    needs=[needs.engine],
    repair=True,
    prepare=kiosk,
    makes=[Tag("kiosk"), Tag("kiosk:mine")],
)
def mend_kiosk(machine: Machine, found: Images) -> Verdict:
    """Mend the tag $REGISTRY/kiosk, so that it runs on this machine and still on your colleague's."""
    index, here, there = found.index, machine.linux, other(machine)
    ref, offered = index.reference, listed(index.platforms)
    if here not in index.platforms:
        template = STILL_REFUSED if index.is_index else ONLY_PULLED
        return Problem(template, found=offered, wanted=f"an image for {here}", ref=ref, here=here)
    if there not in index.platforms:
        return Problem(OTHER_LOST, found=offered, wanted=f"{here} and {there}", ref=ref, here=here, other=there)
    for row, image in found.pairs:
        if row.platform in (here, there) and (*image.entrypoint, *image.cmd) != _MENU:
            starts = " ".join((*image.entrypoint, *image.cmd)) or "nothing"
            return Problem(NOT_THE_KIOSK, found=starts, wanted=" ".join(_MENU), platform=row.platform, ref=ref)
    return Proof(KIOSK_MENDED, ref=ref, digest=brief(index.digest), here=here, other=there)
