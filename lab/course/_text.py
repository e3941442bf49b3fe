"""Small helpers that several lessons use to say what a learner's command printed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lab.model.facts import Transcript
from lab.model.platforms import Platform
from lab.model.steps import Problem
from lab.probes.host import Answers

COMMAND_FAILED = "The command ended with an error."
ANSWER_MISSING = "There is no answer yet for {names}."


def first_line(printed: Transcript) -> str:
    """The first line of the output that says something (a bracket of JSON does not), or `nothing`."""
    lines = printed.output.strip().splitlines()
    return next((line for line in lines if re.search(r"\w", line)), lines[0] if lines else "nothing")


def last_line(printed: Transcript) -> str:
    """The last line of the output, or `nothing`."""
    return next(iter(reversed(printed.output.strip().splitlines())), "nothing")


def uname(platform: Platform) -> str:
    """What `uname -m` prints on a Linux machine of that platform."""
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.architecture, platform.architecture)


def failed(printed: Transcript) -> Problem | None:
    """A problem where the command ended with an error."""
    if not printed.exit_status:
        return None
    return Problem(COMMAND_FAILED, found=f"exit status {printed.exit_status}", wanted="exit status 0")


def unanswered(answers: Answers, names: Sequence[str]) -> Problem | None:
    """A problem where a name has no answer yet."""
    missing = [name for name in names if not answers[name]]
    if not missing:
        return None
    found, wanted = (counted(number, "answer") for number in (len(names) - len(missing), len(names)))
    return Problem(ANSWER_MISSING, found=found, wanted=wanted, names=", ".join(missing))


def counted(number: int, name: str) -> str:
    """`1 answer`, `2 answers`."""
    return f"{number} {name}" if number == 1 else f"{number} {name}s"


def without_variant(answer: str) -> bool:
    """Does an answer name 32-bit Arm and leave the variant out?"""
    return answer.strip().lower().rpartition("/")[2] == "arm"
