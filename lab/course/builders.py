"""What builds my images?"""

from __future__ import annotations

import re
from collections.abc import Iterable

from lab.course._did import asked_builders, called, used_buildx
from lab.course._text import failed, first_line, unanswered
from lab.facts import Builder, Builders, Tool, Transcript
from lab.made import File
from lab.platforms import Platform, listed
from lab.probes import engine, host, needs
from lab.probes.host import Answers, Text
from lab.steps import Problem, Proof, Verdict, step

ANSWERS = "files/builders/answers.txt"
ASKED = Platform.parse("linux/riscv64")
QUESTIONS = (("laptop", "multi-builder"), ("laptop", "farm"), ("server", "multi-builder"))
COPY = "laptop-multi-builder-copy"
LATER = ("multi-builder", "pi-builder", "spare")  # what lesson 6 creates: these may have come after the try
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
ANSWER_UNCLEAR = "The answer for {name} is none of the words that can stand there."
NOT_IN_THE_LIST = "The BuildKit of {name} runs, and its list is whole: it has no {platform}."
NO_LIST_YET = "The builder {name} was never started, so its list is still empty; nobody has asked that machine."
IN_THE_LIST = "The list of {name} has {platform}."
COPY_RUNS_NOTHING = "COPY runs no program, so neither the processor nor the list matters for it."
LISTS_READ = "The lists say of {platform}: {answers}. COPY alone works for it with any of them."


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
)
def list_builders(builders: Builders, printed: Transcript) -> Verdict:
    """List the builders that you have."""
    if problem := failed(printed):
        return problem
    there = [one for one in builders.known if one.name not in LATER or one.name in printed.output]
    known = ", ".join(f"{one.name} ({one.driver})" for one in there)
    if not asked_builders(printed):
        return Problem(NOT_LISTED, found=first_line(printed), wanted=known)
    words = {word for one in there for word in (one.name, one.driver)}
    if unseen := sorted(word for word in words if word not in printed.output):
        return Problem(NOT_ALL_BUILDERS, found=f"no {', '.join(unseen)}", wanted=known)
    current = _current_then(builders, printed)
    return Proof(THESE_BUILDERS, current=current.name if current else "none", builders=known)


@step(
    engine.builders(),
    host.transcript("inspect_builder"),
    solution="docker buildx inspect",
    hints=["The list shortens what is alike. Another subcommand shows one builder in full."],
    needs=[needs.engine],
)
def inspect_builder(builders: Builders, printed: Transcript) -> Verdict:
    """Show the current builder in full, with all its platforms."""
    if problem := failed(printed):
        return problem
    current = _current_then(builders, printed)
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


def _current_then(builders: Builders, printed: Transcript) -> Builder | None:
    """The builder that was current when it was tried: lesson 6 moves the star."""
    shown = [one for one in builders.known if one.driver == "docker" and one.name in printed.output]
    moved = builders.current_name in LATER and builders.current_name not in printed.output
    return shown[0] if shown and moved else builders.current


def _newer(platforms: Iterable[Platform], unseen: set[Platform]) -> set[Platform]:
    """The unseen ones whose architecture was not named at all, where another was: an emulator was registered since.

    BuildKit looks at the kernel's emulators again after 20 seconds (`CacheMaxAge` in its `util/archutil`), so two
    commands one after the other may list different platforms.
    """
    seen = {platform.architecture for platform in platforms if platform not in unseen}
    return {platform for platform in unseen if seen and platform.architecture not in seen}


@step(
    host.answers(ANSWERS),
    host.text("files/builders/laptop.txt"),
    host.text("files/builders/server.txt"),
    solution=f"""
        cat > {ANSWERS} <<END
        laptop-multi-builder no
        laptop-farm unknown
        server-multi-builder yes
        laptop-multi-builder-copy yes
        END
    """,
    hints=[
        "Look at the row of the node, the one that begins with a backslash.",
        "`(+4)` shortens variants of the same architecture, so it cannot hide riscv64.",
        "The farm's node is on another machine. Has anybody asked that machine yet?",
        "Which instruction of a Dockerfile starts a program of the image: RUN or COPY?",
    ],
    exercise=True,
    makes=[File(ANSWERS)],
)
def can_it_build(answers: Answers, *lists: Text) -> Verdict:
    """Read the lists of two machines: which builder found that it runs linux/riscv64, and what can one without do?"""
    names = [f"{machine}-{builder}" for machine, builder in QUESTIONS]
    if problem := unanswered(answers, [*names, COPY]):
        return problem
    tables = dict(zip(("laptop", "server"), lists, strict=True))
    for name, (machine, builder) in zip(names, QUESTIONS, strict=True):
        if problem := _misread(answers[name].lower(), name, can_build(tables[machine].content, builder, ASKED)):
            return problem
    copy = answers[COPY].lower()
    if copy not in ("yes", "no"):
        return Problem(ANSWER_UNCLEAR, found=answers[COPY], wanted="yes or no", name=COPY)
    if copy != "yes":
        return Problem(COPY_RUNS_NOTHING, found=f"{COPY} {copy}", wanted="what an image without RUN needs")
    return Proof(LISTS_READ, platform=ASKED, answers=", ".join(f"{name} {answers[name].lower()}" for name in names))


def _misread(answer: str, name: str, shown: str) -> Problem | None:
    """Why an answer is not what the list shows; None where it is."""
    if answer not in ("yes", "no", "unknown"):
        return Problem(ANSWER_UNCLEAR, found=answer, wanted="yes, no or unknown", name=name)
    why = {"yes": IN_THE_LIST, "no": NOT_IN_THE_LIST, "unknown": NO_LIST_YET}[shown]
    if answer == shown:
        return None
    return Problem(why, found=f"{name} {answer}", wanted="what its list shows", name=name, platform=ASKED)


def can_build(table: str, builder: str, platform: Platform) -> str:
    """`yes`, `no` or `unknown`, as the table of `docker buildx ls` shows it for a builder's nodes."""
    rows = _rows(table, builder)
    shown = " ".join(rows)
    if str(platform) in re.split(r"[\s,*]+", shown):
        return "yes"
    running = any("running" in row for row in rows)
    return "no" if running and not re.search(r"\(\d+ more\)", shown) else "unknown"


def _rows(table: str, builder: str) -> list[str]:
    rows, inside = [], False
    for line in table.splitlines():
        if line.startswith(" \\_"):
            rows += [line] if inside else []
        else:
            inside = line.partition(" ")[0].rstrip("*") == builder
    return rows
