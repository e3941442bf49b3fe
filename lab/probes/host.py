"""The computer itself, and the files that a learner writes."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from lab.errors import BadInput, Blocked, NotThere
from lab.model.facts import Evidence, Fact, Machine, Transcript
from lab.model.platforms import Platform
from lab.model.steps import Probe
from lab.model.world import World

_LIMIT = 64_000
_NO_ENGINE = ("cannot connect to the docker daemon", "failed to connect to the docker api")
_REAL = re.compile(r"real\s+(\d+)m([\d.,]+)s")


@dataclass(frozen=True, kw_only=True)
class Answers(Fact):
    """What a learner wrote down: `name answer`, one a line, in a file of the lesson."""

    path: str
    given: tuple[tuple[str, str], ...]

    def __getitem__(self, name: str) -> str:
        return dict(self.given).get(name, "")

    @classmethod
    def from_text(cls, path: str, text: str) -> Answers:
        """Read `name answer` lines; a colon or `=` between them is fine, `#` starts a comment."""
        given = []
        for line in text.splitlines():
            words = " ".join(line.partition("#")[0].split())  # a tab separates as well as a space
            name, _, answer = words.replace(":", " ", 1).partition(" ")
            if "=" in name:
                name, _, answer = f"{name} {answer}".partition("=")
            if name:
                given.append((name.strip().lower(), answer.strip().strip("=").strip()))
        return cls(path=path, given=tuple(given), evidence=(Evidence(f"cat {path}", text.strip()),))


@dataclass(frozen=True, kw_only=True)
class Text(Fact):
    """What stands in a file of the learner's folder."""

    path: str
    content: str


@dataclass(frozen=True, kw_only=True)
class Timings(Fact):
    """What bash's `time` measured in a step: (name, seconds), the name being the line `NAME:` printed before it.

    `refused` is the line of a command that did not work ("" where all did).
    """

    named: tuple[tuple[str, float], ...]
    refused: str = ""

    @classmethod
    def from_text(cls, text: str, evidence: tuple[Evidence, ...] = ()) -> Timings:
        """Read a transcript's output."""
        named: list[tuple[str, float]] = []
        name = refused = ""
        for line in map(str.strip, text.splitlines()):
            if found := _REAL.fullmatch(line):
                seconds = 60 * int(found[1]) + float(found[2].replace(",", "."))
                named.append((name or f"command {len(named) + 1}", seconds))
                name = ""
            elif line.endswith(":") and " " not in line:
                name = line[:-1]
            elif "error" in line.lower():
                refused = refused or line
        return cls(named=tuple(named), refused=refused, evidence=evidence)


def this_machine() -> Machine:
    """The machine of this process, as `uname -m` names it."""
    here = os.uname()
    name, system = here.machine, here.sysname.lower()
    return Machine(name=name, platform=Platform.of(system, name), evidence=(Evidence("uname -m", name),))


def machine() -> Probe[Machine]:
    """What am I sitting at?"""
    return lambda _world: this_machine()


def transcript(step: str) -> Probe[Transcript]:
    """What was run in a step's cell, and what it printed; NotThere when nothing was.

    Blocked where the engine was down then: what was printed says nothing of the learner's command.
    """

    def ask(world: World) -> Transcript:
        latest = world.transcript(step)
        if not _commands(latest.command):
            raise NotThere("Nothing was run here yet.")
        if any(sign in latest.output.lower() for sign in _NO_ENGINE):
            raise Blocked("The Docker engine did not answer when this was run.", "`lab up`, then run it again.")
        seen = Evidence(latest.command, f"{latest.output.strip()}\n(exit status {latest.exit_status})")
        return Transcript(**{**vars(latest), "evidence": (seen,)})

    return ask


def timings(step: str) -> Probe[Timings]:
    """What was measured in a step's cell."""

    def ask(world: World) -> Timings:
        printed = transcript(step)(world)
        return Timings.from_text(printed.output, printed.evidence)

    return ask


def text(path: str) -> Probe[Text]:
    """A text file of the learner's folder (at most 1 MB of it); NotThere while it is missing."""

    def ask(world: World) -> Text:
        content = _read(world, path, 1_000_000)
        return Text(path=path, content=content, evidence=(Evidence(f"cat {path}", content.strip()),))

    return ask


def _read(world: World, path: str, limit: int) -> str:
    try:
        with (world.workspace / path).open(encoding="utf-8", errors="replace") as file:
            return file.read(limit)
    except FileNotFoundError as error:
        raise NotThere(f"{path} is not there.", "`lab start` puts missing files back.") from error
    except OSError as error:
        raise BadInput(f"{path!r} cannot be read: {error.strerror}.") from error


def answers(path: str) -> Probe[Answers]:
    """The answers in a file of the learner's folder; NotThere while it has none."""

    def ask(world: World) -> Answers:
        found = Answers.from_text(path, _read(world, path, _LIMIT))
        if not any(answer for _, answer in found.given):
            raise NotThere(f"{path} has no answers yet.")
        return found

    return ask


def _commands(body: str) -> list[str]:
    return [line for line in map(str.strip, body.splitlines()) if line and not line.startswith("#")]
