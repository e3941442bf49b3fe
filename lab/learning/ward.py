"""The clinic's ward: how each case stands, which one is next for this learner, and how a case shows just now."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab import course
from lab.course import clinic
from lab.course.clinic import Case
from lab.errors import Blocked
from lab.explainer import data as guide
from lab.learning import progress, recalls
from lab.model.platforms import Platform
from lab.model.results import Status
from lab.model.world import World
from lab.probes.command import ask

IN_A_ROW = 3
_WIDTH = 100
_WELL = "This does not hurt any more. `lab reset {name}` breaks it again."
_LIMIT = 120.0  # seconds for what shows a case

Entries = Mapping[str, progress.Entry]


@dataclass(frozen=True)
class Shown:
    """What a case's command printed just now, and whether that is how it shows while it is broken."""

    command: str
    output: str
    hurts: bool


def show(case: Case, world: World) -> Shown:
    """Set the scene, run the command that fails, and look. Blocked where the scene cannot be set."""
    for need in case.step.needs:
        need(world)
    if case.step.prepare:
        case.step.prepare(world)
    script = f"exec 2>&1\n{case.symptom.script}"
    _, out, _, _ = ask(["bash", "-c", script], world.env, limit=_LIMIT, folder=world.workspace)
    if "cannot connect to the docker daemon" in out.lower():
        raise Blocked("The Docker engine does not answer.", "`lab up` starts it again.")
    hurts = case.symptom.shows(out, Platform.parse(world.env["OTHER"]))
    return Shown(case.symptom.script, out.strip(), hurts)


def unaided(entry: progress.Entry) -> bool:
    """Did it pass without a hint, and without a look at the solution?"""
    return bool(entry.passed) and not entry.hints and not entry.solved


def stars(entries: Entries) -> frozenset[str]:
    """The cases with the second mark: three or more that passed one after the other without help."""
    known = [(entries[one.name].passed, one.number, one.name) for one in clinic.cases() if one.name in entries]
    found: set[str] = set()
    row: list[str] = []
    for passed, _, name in sorted(known):
        if not passed:
            continue
        row = [*row, name] if unaided(entries[name]) else []
        if len(row) >= IN_A_ROW:
            found.update(row)
    return frozenset(found)


def by_need(home: Path) -> list[tuple[Case, str]]:
    """The open cases, the one that this learner needs most first, each with why ("" where only its turn has come).

    What was missed in questions on lessons weighs, and which earlier cases needed help; then the order of the ward.
    """
    entries = progress.read(home)
    still = [one for one in clinic.cases() if not entries.get(one.name, progress.Entry()).passed]
    weights = _weak(home, entries) if still else {}
    still.sort(key=lambda one: (-sum(weights.get(stem, 0) for stem in one.lessons), one.number))
    return [(one, _why(one, weights)) for one in still]


def _why(case: Case, weights: Mapping[str, int]) -> str:
    questions = {one.stem: one.question for one in course.lessons()}
    names = [f"“{questions[stem]}”" for stem in case.lessons if weights.get(stem) and stem in questions]
    return f"It draws on {' and '.join(names)}, where something was missed." if names else ""


def _weak(home: Path, entries: Entries) -> dict[str, int]:
    """By lessons' stems: how often a question on it was missed, and a case that draws on it needed help."""
    weights: dict[str, int] = {}
    for question in recalls.due(home):
        weights[question.about] = weights.get(question.about, 0) + 2
    for one in clinic.cases():
        entry = entries.get(one.name)
        if entry and (entry.hints or entry.solved):
            for stem in one.lessons:
                weights[stem] = weights.get(stem, 0) + 1
    return weights


def rows(home: Path) -> list[dict[str, Any]]:
    """Each case as plain values: its number and name, what hurts, how long, how it stands."""
    entries = progress.read(home)
    starred = stars(entries)
    return [_row(home, one, entries.get(one.name, progress.Entry()), starred) for one in clinic.cases()]


def _row(home: Path, case: Case, entry: progress.Entry, starred: frozenset[str]) -> dict[str, Any]:
    return {
        "case": case.code,
        "name": case.name,
        "hurts": case.hurts,
        "minutes": case.minutes,
        "passed": entry.passed,
        "last": Status.PASSED.label if entry.passed else entry.last,
        "tries": entry.tries,
        "hints": entry.hints,
        "solution": entry.solved,
        "good": case.name in starred,
        "in_own_words": recalls.reflection(home, case.name),
    }


def told(case: Case, shown: Shown) -> Iterator[str]:
    """A case as people meet it: what hurts, what a colleague says, the command and what it printed just now."""
    yield f"{case.code} {case.name} · about {case.minutes} minutes"
    yield textwrap.fill(case.hurts, _WIDTH)
    yield ""
    yield textwrap.fill(case.symptom.story, _WIDTH)
    yield ""
    yield prompted(shown.command)
    yield shown.output
    yield ""
    if not shown.hurts:
        yield _WELL.format(name=case.name)
    yield textwrap.fill(f"To do: {case.step.goal}", _WIDTH)


def prompted(script: str) -> str:
    """A script as a terminal shows it: `$` before each command, `>` before the lines of one that goes on."""
    lines, goes_on = [], False
    for line in script.splitlines():
        lines.append(f"{'>' if goes_on else '$'} {line}")
        goes_on = (goes_on and line != "done") or line.startswith("for ")
    return "\n".join(lines)


def read_on(case: Case) -> str:
    """The error guide's entry for a case."""
    title = next((one.title for one in guide.entries() if one.id == case.entry), case.entry)
    return f"In the error guide: {title} (`lab explain {case.entry}`)"
