"""What builds my images?"""

from __future__ import annotations

import re
from collections.abc import Iterable

from lab.course import _lists, _own_script
from lab.course._builders import BOTH_PLATFORMS, WHO_IS_THERE, current_then, there
from lab.course._did import asked_builders, called, calls_of, names, used_buildx
from lab.course._given import Given, GivenFile
from lab.course._text import failed, first_line, unanswered
from lab.course.leftovers import File, Tag
from lab.model.digests import brief
from lab.model.facts import Builders, Tool, Transcript
from lab.model.platforms import Platform, listed
from lab.model.steps import Problem, Proof, Verdict, step
from lab.probes import engine, host, needs
from lab.probes.host import Answers, Text
from lab.probes.published import Published, looked_up

ANSWERS = "files/builders/answers.txt"
LIST = Given("files/builders/team.txt", _lists.team)
SCRIPT = GivenFile("files/builders/build.sh", _own_script.script)
MEMO = "memo"
ASKED = Platform.parse("linux/riscv64")
COPY = "copy-only"
_FOLD = re.compile(r"\(\+\d+\)|\(\d+ more\)")  # `(+4)` or `(2 more)`: platforms that the table does not spell out

NOT_ASKED = "None of the commands that ran asks buildx which version it is."
NO_VERSION = "What was printed is not the version of buildx."
THIS_BUILDX = "The buildx that the docker command calls here is {version}."
NOT_LISTED = "None of the commands that ran asks buildx which builders there are."
NOT_ALL_BUILDERS = "What was printed does not show every builder with its driver."
THESE_BUILDERS = "The current builder is {current}. All builders, each with its driver: {builders}."
NOT_INSPECTED = "None of the commands that ran asks buildx about a builder."
NO_PLATFORMS = "The current builder was never started, so it knows no platforms yet."
FOLDED = "What was printed does not name every platform of the current builder."
THESE_PLATFORMS = "The builder {name} found that it can run programs for {platforms}."
ANSWER_UNCLEAR = "The answer for {name} has none of the words that can stand there."
NO_SUCH_NODE = "The answer for {name} names no node of that builder."
WRONG_NODES = "Not every answer names the node whose row decides it."
NOT_IN_THE_LIST = "Every node of {name} runs, and its list is whole: {platform} is not in it."
NO_LIST_YET = "The node {node} of {name} was never started, so its list is still empty; nobody has asked that machine."
LIST_CUT = "The row of {node} does not name all its platforms, so it leaves {platform} open."
IN_THE_LIST = "The row of {node} has {platform}."
COPY_RUNS_NOTHING = "COPY runs no program, so neither the processor nor the list matters for it."
LISTS_READ = "The list says of {platform}: {answers}. COPY alone works for it with any of them."
STILL_NAMED = "The script still asks for one builder by its name, so it works only where a builder has that name."
STAR_MOVED = "The script chooses the current builder for everything that comes after it."
BUILDS_NOTHING = "The script no longer has a build that follows the star."
SCRIPT_NOT_RUN = "The script was not run since it was mended, or its build did not work."
NOT_THE_MEMO = "The script builds, but it does not push {ref}."
MENDED = "build.sh names no builder: {ref} is {digest}, built by the current one, {current}."


@step(
    engine.version(),
    host.transcript("buildx_version"),
    solution="docker buildx version",
    hints=["buildx is a program of its own, a plugin of the docker command, and can say which version it is."],
)
def buildx_version(tool: Tool, printed: Transcript) -> Verdict:
    """Find out which version of buildx you have."""
    if problem := failed(printed):
        return problem
    wanted = "the version that buildx says of itself"
    if not used_buildx(printed, "version") and not called(printed, "docker", "info"):
        return Problem(NOT_ASKED, found=first_line(printed), wanted=wanted)
    if tool.version not in printed.output:
        return Problem(NO_VERSION, found=first_line(printed), wanted=wanted)
    return Proof(THIS_BUILDX, version=tool.version)


@step(
    engine.builders(),
    host.transcript("list_builders"),
    solution="docker buildx ls\nlab builders",
    hints=["buildx can list the builders that it knows."],
    needs=[needs.engine],
    predict=WHO_IS_THERE,
)
def list_builders(builders: Builders, printed: Transcript) -> Verdict:
    """List the builders that you have."""
    if problem := failed(printed):
        return problem
    listed_then = there(builders, printed)
    known = ", ".join(f"{one.name} ({one.driver})" for one in listed_then)
    if not asked_builders(printed):
        return Problem(NOT_LISTED, found=first_line(printed), wanted=known)
    words = {word for one in listed_then for word in (one.name, one.driver)}
    if unseen := sorted(word for word in words if word not in printed.output):
        return Problem(NOT_ALL_BUILDERS, found=f"no {', '.join(unseen)}", wanted=known)
    current = current_then(builders, printed)
    return Proof(THESE_BUILDERS, current=current.name if current else "none", builders=known)


@step(
    engine.builders(),
    host.transcript("inspect_builder"),
    solution="docker buildx inspect",
    gap="docker buildx ____",
    hints=[
        "The list shortens what is alike. Another subcommand shows one builder in full.",
        "It is the word that Docker uses for images, containers and networks, too.",
    ],
    needs=[needs.engine],
    predict=BOTH_PLATFORMS,
)
def inspect_builder(builders: Builders, printed: Transcript) -> Verdict:
    """Show the current builder in full, with all its platforms."""
    if problem := failed(printed):
        return problem
    current = current_then(builders, printed)
    if current is None or not current.platforms:
        return Problem(NO_PLATFORMS, found=builders.current_name, wanted="a builder that is running")
    if not asked_builders(printed):
        return Problem(NOT_INSPECTED, found=first_line(printed), wanted=f"the platforms of {current.name}")
    named = set(re.split(r"[\s,*]+", printed.output))
    unseen = {platform for platform in current.platforms if str(platform) not in named}
    if not _FOLD.search(printed.output):
        unseen -= _newer(current.platforms, unseen)
    if unseen:
        return Problem(FOLDED, found=f"no {listed(unseen)}", wanted="every platform by its name")
    return Proof(THESE_PLATFORMS, name=current.name, platforms=listed(current.platforms))


def _newer(platforms: Iterable[Platform], unseen: set[Platform]) -> set[Platform]:
    """The unseen ones whose architecture was not named at all, where another was: an emulator was registered since.

    BuildKit looks at the kernel's emulators again after 20 seconds (`CacheMaxAge` in its `util/archutil`), so two
    commands one after the other may list different platforms.
    """
    seen = {platform.architecture for platform in platforms if platform not in unseen}
    return {platform for platform in unseen if seen and platform.architecture not in seen}


@step(
    host.answers(ANSWERS),
    host.text(LIST.name),
    solution=_lists.READ,
    hints=[
        "Look at the rows of the nodes, the ones that begin with a backslash.",
        "`(+4)` shortens variants of the same architecture, so it cannot hide riscv64. What does `(3 more)` hide?",
        "A node that is inactive was never started. Has anybody asked that machine yet?",
        "One node that has the platform is enough for yes. For no, each node must have been asked, and shown in full.",
        "Which instruction of a Dockerfile starts a program of the image: RUN or COPY?",
    ],
    exercise=True,
    prepare=LIST.lay,
    makes=[File(ANSWERS), LIST],
)
def can_it_build(answers: Answers, team: Text) -> Verdict:
    """Read the list in files/builders: which builder found that it runs linux/riscv64, and which node's row says so?"""
    if problem := unanswered(answers, [*_lists.TEAM, COPY]):
        return problem
    read = {name: _lists.read(team.content, name, ASKED) for name in _lists.TEAM}
    said = {name: _lists.said(answers[name]) for name in read}
    if problem := _unclear(answers, team.content):
        return problem
    right = [name for name in read if said[name][1] in read[name].nodes]
    if len(right) < len(read):
        return Problem(WRONG_NODES, found=f"{len(right)} of {len(read)}", wanted="the deciding node, for each builder")
    if problem := next(
        filter(None, (_misread(name, *said[name], read[name].why, read[name].answer) for name in read)), None
    ):
        return problem
    if answers[COPY].lower() != "all":
        return Problem(
            COPY_RUNS_NOTHING, found=f"{COPY} {answers[COPY].lower()}", wanted="what an image without RUN needs"
        )
    return Proof(LISTS_READ, platform=ASKED, answers=", ".join(f"{name} {said[name][0]}" for name in read))


def _unclear(answers: Answers, table: str) -> Problem | None:
    """Why an answer cannot be read; None where all can."""
    for name in _lists.TEAM:
        word, node = _lists.said(answers[name])
        if not word:
            return Problem(ANSWER_UNCLEAR, found=answers[name], wanted="yes, no or unknown, and a node", name=name)
        if node not in _lists.nodes(table, name):
            return Problem(NO_SUCH_NODE, found=node or "no node", wanted=f"a node of {name}", name=name)
    if answers[COPY].lower() not in ("all", "some", "none"):
        return Problem(ANSWER_UNCLEAR, found=answers[COPY], wanted="all, some or none", name=COPY)
    return None


def _misread(name: str, word: str, node: str, why: str, answer: str) -> Problem | None:
    """Why an answer is not what the row shows; None where it is."""
    if word == answer:
        return None
    template = {"listed": IN_THE_LIST, "whole": NOT_IN_THE_LIST, "never ran": NO_LIST_YET, "cut": LIST_CUT}[why]
    return Problem(template, found=f"{name} {word}", wanted="what its list shows", name=name, node=node, platform=ASKED)


@step(
    host.text(SCRIPT.name),
    engine.builders(),
    looked_up(MEMO),
    host.transcript("mend_script"),
    solution="""
        sed -i -e 's/--builder [a-z-]* //' -e '/buildx use/d' -e '/BUILDX_BUILDER/d' files/builders/build.sh
        sh files/builders/build.sh
    """,
    hints=[
        "Run the script as it is and read the last line of what it prints: what does it look for?",
        "There are three ways to say who builds: an option, a variable, and the star.",
        "Nothing has to be put in its place.",
    ],
    repair=True,
    needs=[needs.engine],
    prepare=SCRIPT.lay,
    makes=[SCRIPT, Tag(MEMO)],
)
def mend_script(script: Text, builders: Builders, tag: Published, printed: Transcript) -> Verdict:
    """Mend files/builders/build.sh so that the current builder does it, whatever its name, and run the script."""
    wanted = "a build by whichever builder is current"
    star = _own_script.chosen_builder(script.content)
    if name := _own_script.named_builder(script.content) or (star if star not in builders.names else ""):
        return Problem(STILL_NAMED, found=name, wanted=wanted)
    if star is not None:
        return Problem(STAR_MOVED, found=star or "a new builder", wanted=wanted)
    if not _own_script.builds(script.content):
        return Problem(BUILDS_NOTHING, found="no such build", wanted=wanted)
    done = [call for call in calls_of(printed, "docker", "build") if "buildx" in call.words or "builder" in call.words]
    if "build.sh" not in printed.command or not done:
        return Problem(SCRIPT_NOT_RUN, found=first_line(printed), wanted="a run of the mended script")
    if tag.index is None or not any(names(call, tag.reference) for call in done):
        return Problem(NOT_THE_MEMO, found="a build of something else", wanted=tag.reference, ref=tag.reference)
    return Proof(MENDED, current=builders.current_name, ref=tag.reference, digest=brief(tag.index.digest))
