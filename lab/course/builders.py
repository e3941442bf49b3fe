"""What builds my images?"""

from __future__ import annotations

import re
from collections.abc import Iterable

from lab.course._text import failed, first_line, unanswered
from lab.facts import Builders, Tool, Transcript
from lab.made import File
from lab.platforms import Platform, listed
from lab.probes import engine, host, needs
from lab.probes.host import Answers, Text
from lab.steps import Problem, step

ANSWERS = "files/builders/answers.txt"
ASKED = Platform.parse("linux/riscv64")
QUESTIONS = (("laptop", "multi-builder"), ("laptop", "farm"), ("server", "multi-builder"))
_FOLD = re.compile(r"\(\+\d+\)|\(\d+ more\)")  # `(+4)` or `(2 more)`: platforms that the table does not spell out

NO_VERSION = "What was printed is not the version of buildx."
NOT_ALL_BUILDERS = "What was printed does not show every builder with its driver."
NO_PLATFORMS = "The current builder was never started, so it knows no platforms yet."
FOLDED = "What was printed does not name every platform of the current builder."
ANSWER_UNCLEAR = "The answer for {name} is none of the three words."
ANSWER_WRONG = "The list says something else of {name}."


@step(
    engine.version(),
    host.transcript("buildx_version"),
    solution="docker buildx version",
    hints=["buildx is a program of its own, a plugin of the docker command, and can say which one it is."],
)
def buildx_version(tool: Tool, printed: Transcript) -> Problem | None:
    """Find out which buildx you have."""
    if problem := failed(printed):
        return problem
    if tool.version not in printed.output:
        return Problem(NO_VERSION, found=first_line(printed), wanted="the version that buildx says of itself")
    return None


@step(
    engine.builders(),
    host.transcript("list_builders"),
    solution="docker buildx ls\nlab builders",
    hints=["buildx can list what it knows."],
    needs=[needs.engine],
)
def list_builders(builders: Builders, printed: Transcript) -> Problem | None:
    """List the builders that you have."""
    if problem := failed(printed):
        return problem
    words = [word for one in builders.known for word in (one.name, one.driver)]
    unseen = sorted({word for word in words if word not in printed.output})
    if unseen:
        return Problem(
            NOT_ALL_BUILDERS, found=first_line(printed), wanted=f"{len(builders.known)} builders and drivers"
        )
    return None


@step(
    engine.builders(),
    host.transcript("inspect_builder"),
    solution="docker buildx inspect",
    hints=["The list folds what is alike. One builder alone is shown at full length by another subcommand."],
    needs=[needs.engine],
)
def inspect_builder(builders: Builders, printed: Transcript) -> Problem | None:
    """Look at the current builder at full length, with all its platforms."""
    if problem := failed(printed):
        return problem
    current = builders.current
    if current is None or not current.platforms:
        return Problem(NO_PLATFORMS, found=builders.current_name, wanted="a builder that is running")
    named = set(re.split(r"[\s,*]+", printed.output))
    unseen = {platform for platform in current.platforms if str(platform) not in named}
    if not _FOLD.search(printed.output):
        unseen -= _newer(current.platforms, unseen)
    if unseen:
        return Problem(FOLDED, found=f"no {listed(unseen)}", wanted="every platform by its name")
    return None


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
    solution=f"printf 'laptop-multi-builder no\\nlaptop-farm unknown\\nserver-multi-builder yes\\n' > {ANSWERS}",
    hints=[
        "Look at the row of the node, the one that begins with a backslash.",
        "`(+4)` folds variants of the same architecture, so it cannot hide riscv64.",
        "What does a builder that was never started know of its platforms?",
    ],
    exercise=True,
    makes=[File(ANSWERS)],
)
def can_it_build(answers: Answers, *lists: Text) -> Problem | None:
    """Read the lists of two machines: which of the three builders can build for linux/riscv64, with RUN lines?"""
    names = [f"{machine}-{builder}" for machine, builder in QUESTIONS]
    if problem := unanswered(answers, names):
        return problem
    tables = dict(zip(("laptop", "server"), lists, strict=True))
    for name, (machine, builder) in zip(names, QUESTIONS, strict=True):
        answer = answers[name].lower()
        if answer not in ("yes", "no", "unknown"):
            return Problem(ANSWER_UNCLEAR, found=answers[name], wanted="yes, no or unknown", name=name)
        if answer != can_build(tables[machine].content, builder, ASKED):
            wanted = f"what the platforms of {builder} in {machine}.txt show"
            return Problem(ANSWER_WRONG, found=answer, wanted=wanted, name=name)
    return None


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
