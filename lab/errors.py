"""One family of errors; each knows the exit status that it stands for.

The exit statuses: 0 all passed, 1 something failed, 2 usage, 3 blocked, 70 our own bug.
"""

from __future__ import annotations

from typing import ClassVar


class LabError(Exception):
    """Something that the lab can say in one clear line.

    `message` says what is; `remedy` says what to do next (empty where there is nothing to do).
    """

    exit_status: ClassVar[int] = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return shown(f"{self.message} {self.remedy}".rstrip())


def shown(text: str) -> str:
    """Text from outside without what could move a terminal's cursor or change its title; lines stay lines."""
    return "".join(c if c.isprintable() or c in "\n\t" else ascii(c)[1:-1] for c in text)


class UsageError(LabError):
    """The command or its arguments are not of the right form."""

    exit_status = 2


class Blocked(LabError):
    """The world does not answer: an engine, a registry, an emulator, the network, the disk.

    Never the learner's mistake.
    """

    exit_status = 3


class NotThere(LabError):
    """What a probe asked for does not exist (yet). The runner says *not attempted*."""


class BadInput(LabError):
    """A file, an answer or a document that cannot be read as what it should be."""

    exit_status = 1


class Bug(LabError):
    """Our own mistake: shown calmly, with the place of the log."""

    exit_status = 70
