"""Small helpers that several lessons use to say what a learner's command printed."""

from __future__ import annotations

from lab.facts import Transcript
from lab.steps import Problem

COMMAND_FAILED = "The command ended with an error."


def first_line(printed: Transcript) -> str:
    """The first line of the output, or `nothing`."""
    return next(iter(printed.output.strip().splitlines()), "nothing")


def last_line(printed: Transcript) -> str:
    """The last line of the output, or `nothing`."""
    return next(iter(reversed(printed.output.strip().splitlines())), "nothing")


def failed(printed: Transcript) -> Problem | None:
    """A problem where the command ended with an error."""
    if not printed.exit_status:
        return None
    return Problem(COMMAND_FAILED, found=f"exit status {printed.exit_status}", wanted="exit status 0")
