"""A first hint that speaks of what really happened: it reads what the learner ran and what came back.

It names what went wrong, never the command that the step asks for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from lab import paths
from lab.errors import LabError, UsageError
from lab.learning import progress
from lab.model.facts import Transcript
from lab.model.steps import Step
from lab.model.world import World


@dataclass(frozen=True)
class _Sign:
    """Words in an output, and what they mean to somebody who did not expect them."""

    pattern: re.Pattern[str]
    says: str


def _sign(pattern: str, says: str) -> _Sign:
    return _Sign(re.compile(pattern, re.IGNORECASE), says)


# Everyday slips, that have nothing to do with platforms; the error guide knows those.
_SIGNS = (
    _sign(
        r"Cannot connect to the Docker daemon|failed to connect to the docker API|docker daemon is not running",
        "The engine did not answer, so your command did nothing. `lab status` says what is up; `lab up` "
        "starts it again.",
    ),
    _sign(
        r"(?:bash|sh): (?:line \d+: )?(?P<word>\S+): command not found",
        "The shell does not know the command {word}. Check its spelling.",
    ),
    _sign(
        r"unable to prepare context: path \"(?P<word>[^\"]+)\" not found",
        "There is no folder {word} where the command ran. A step's command starts in the folder of the lessons: a cell "
        "begins there each time, while in `lab shell` a `cd` stays.",
    ),
    _sign(
        r"failed to read dockerfile|Dockerfile: no such file or directory",
        "The builder found no Dockerfile in the folder that it was given. Check the last word of your build command.",
    ),
    _sign(
        r"requires (?:exactly )?1 argument",
        "A build takes exactly one folder. It is missing, or there is a word too many; a single dot means this folder.",
    ),
    _sign(
        r"invalid reference format|invalid tag",
        "This is not a valid name for an image. Check that `$REGISTRY` has its dollar sign, that no space follows the "
        "slash, and that all letters are in lower case.",
    ),
    _sign(
        r"unknown (?:shorthand )?flag: (?P<word>.+)",
        "Docker does not know the option {word}. Options of `docker build` and of `docker run` differ; each has "
        "`--help`.",
    ),
    _sign(
        r"denied: requested access|unauthorized|insufficient_scope|push access denied",
        "The registry refused you. Without `$REGISTRY/` in front, a name means Docker Hub, where you may not push.",
    ),
    _sign(
        r"http: server gave HTTP response to HTTPS client",
        "The lab's registry speaks plain HTTP, and this builder was not told so. Builders that are created in the lab "
        "are; was this one created elsewhere?",
    ),
    _sign(
        r"no builder \"?(?P<word>[^\"\s]+)\"? found",
        "There is no builder {word}. The list of builders shows their names.",
    ),
    _sign(
        r"existing instance for \"(?P<word>[^\"]+)\"|name \"?(?P<word2>[^\"\s]+)\"? (?:is )?already",
        "Something with that name already exists. Use it, or remove it first.",
    ),
    _sign(
        r"(?:cat|od|ls|cd|stat|head): .*?(?P<word>[^\s:'\u2018\u2019]+)['\u2018\u2019]?: No such file or directory",
        "There is no {word} where the command ran. A step's command starts in the folder of the lessons: a cell begins "
        "there each time, while in `lab shell` a `cd` stays.",
    ),
    _sign(r"no space left on device", "The disk is full. `lab status` says how much the lab takes."),
    _sign(
        r"permission denied",
        "You may not read, write or run something. The line with `permission denied` says what.",
    ),
)
_FAILED = "Your command ended with exit status {status}. Its last line was: {line}"
_TAUGHT = "{cause} (lesson {lesson})"
_INTERRUPTED = "The command was stopped before it ended, so what it would have made may be missing."


def from_try(step: Step, tried: Transcript | None) -> str:
    """What the latest try itself tells, in a sentence or two; "" where it tells nothing."""
    if tried is None or tried.step != step.name:
        return ""
    if tried.exit_status == 130:
        return _INTERRUPTED
    return slip(tried.output) or _known(tried.output) or _quoted(tried.command) or _last_word(tried)


def _quoted(command: str) -> str:
    if quoted := re.search(r"'[^']*\$(REGISTRY|OTHER|HERE)\b[^']*'", command):
        return f"In single quotes the shell leaves ${quoted[1]} as it is. Use double quotes, or none."
    return ""


def _last_word(tried: Transcript) -> str:
    if tried.exit_status:
        last = next((line for line in reversed(tried.output.splitlines()) if line.strip()), "nothing")
        return _FAILED.format(status=tried.exit_status, line=last.strip()[:200])
    return ""


def may_see_solution(step: Step, entry: progress.Entry) -> bool:
    """What stands whole in its cell is no secret; any other solution is shown after a pass or after all hints."""
    return step.kind == "whole" or bool(entry.passed) or entry.hints >= len(step.hints)


def refuse_early_solution(step: Step, ask: str, force: str) -> None:
    """UsageError while hints are left that were not asked for; `ask` and `force` say what to type."""
    entry = progress.read(paths.learner()).get(step.name, progress.Entry())
    left = len(step.hints) - entry.hints
    if not may_see_solution(step, entry):
        hints = "1 hint is left" if left == 1 else f"{left} hints are left"
        raise UsageError(f"{step.name!r} is yours to work out. {hints}: {ask}.", f"To see the solution now: {force}")


def latest(step: Step) -> Transcript | None:
    """The latest try of a step; None where there is none that can be read."""
    try:
        return _offline().transcript(step.name)
    except LabError:
        return None


def _offline() -> World:
    """The learner's own folder, for reading what was kept; needs no sandbox, so that a hint is never blocked."""
    return World(env={}, registry="", workspace=Path(), home=paths.learner())


def lines(step: Step, shown: int, tried: Transcript | None, solution: str) -> list[str]:
    """The hints so far as text: what the try itself tells, the ladder, and how much of it is left."""
    said = from_try(step, tried)
    left = len(step.hints) - shown
    rest = f"({left} more)" if left else f"(that was the last one; {solution} shows a way)"
    ladder = [f"{number}. {text}" for number, text in enumerate(step.hints[:shown], 1)]
    return [*([f"From what you ran: {said}"] if said else []), *ladder, rest]


def slip(output: str) -> str:
    """What an output tells of an everyday slip, which is no matter of platforms; "" where it is none."""
    for one in _SIGNS:
        if found := one.pattern.search(output):
            words = [text for text in found.groupdict().values() if text]
            return one.says.format(word=repr(words[0].strip()[:80]) if words else "")
    return ""


def _known(output: str) -> str:
    """What the error guide says, where it is sure."""
    from lab.explainer import explain

    if not output.strip():
        return ""
    try:
        found = explain(output)
    except LabError:
        return ""
    if not found.certain:
        return ""
    cause = found.causes[0].cause
    return _TAUGHT.format(cause=cause, lesson=found.lesson) if found.lesson else cause
