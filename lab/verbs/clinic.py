"""`lab clinic`: the ward of broken things, one case begun, and the case that is next for you."""

from __future__ import annotations

import json
import textwrap
from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lab import paths, sandbox
from lab.course import WARD
from lab.course import clinic as cases
from lab.errors import Blocked, UsageError
from lab.learning import progress, ward
from lab.model.results import Result, Status
from lab.model.world import World
from lab.probes import needs
from lab.probes.here import learners_folder, this_world
from lab.sandbox.report import RichListener
from lab.terminal import recorder
from lab.verbs.sandbox import agrees

_WIDTH = 100
_HEAD = "The clinic: something is broken, and only the symptom is shown. `lab clinic start CASE` begins one."
_STARS = "★ marks three cases in a row without a hint."
_ALL = "All cases have passed. `lab reset clinic` breaks them again; `lab seed NUMBER` changes what is behind them."
_CONSENT = """\
This case needs emulators: programs that let this machine run programs of other platforms. They are registered with the
kernel, for the whole machine, until `lab down` or a reboot. The scene puts one more for riscv64 before the lab's own,
until the case is mended or reset."""
_LEFT = "{case.code} {case.name} is left out here: {why.message}"
_ASKS = "{code}: {question} `lab reflect {name}` keeps it, and compares."


def clinic(given: Namespace) -> int:
    """List the ward, or start a case, or the next one."""
    if given.action is None:
        return _list(as_json=given.json)
    if given.action == "next" and given.case:
        raise UsageError("`lab clinic next` takes no name.", f"As in: lab clinic start {given.case}")
    if given.case is None:
        return _next(as_json=given.json)
    case = cases.named(given.case)
    if case is None:
        raise UsageError(f"There is no case {given.case!r}.", "`lab clinic` lists them.")
    return _start(case, as_json=given.json)


def _list(*, as_json: bool) -> int:
    rows = ward.rows(paths.learner())
    if as_json:
        print(json.dumps(rows, indent=1))
        return 0
    print(_HEAD)
    for row in rows:
        print(f"\n{_mark(row)} {row['case']} {row['name']} · {row['minutes']} min · {_stands(row)}")
        print(textwrap.fill(row["hurts"], _WIDTH, initial_indent="  ", subsequent_indent="  "))
    passed = sum(bool(row["passed"]) for row in rows)
    print(f"\n{passed} of {len(rows)} cases have passed. {_STARS} `lab clinic next` chooses one for you.")
    return 0


def _mark(row: Mapping[str, Any]) -> str:
    return "★" if row["good"] else Status.named(row["last"]).mark


def _stands(row: Mapping[str, Any]) -> str:
    if row["passed"]:
        helped = "with hints" if row["hints"] or row["solution"] else "without a hint"
        return f"passed on {row['passed'][:10]}, {helped}"
    return str(row["last"])


def _next(*, as_json: bool) -> int:
    """Start the case that is next; one that cannot be had here is left out, and said."""
    still = ward.by_need(paths.learner())
    if not still:
        print(json.dumps(None) if as_json else _ALL)
        return 0
    errors: list[tuple[cases.Case, Blocked]] = []
    for case, why in still:
        try:
            return _start(case, as_json=as_json, before=[*(_LEFT.format(case=one, why=e) for one, e in errors), why])
        except Blocked as error:
            errors.append((case, error))
    raise errors[0][1]


def _start(case: cases.Case, *, as_json: bool, before: Iterable[str] = ()) -> int:
    world = this_world()
    _ask_for_emulators(case, world)
    shown = ward.show(case, world)
    if as_json:
        print(json.dumps({**_about(case), "command": shown.command, "output": shown.output, "hurts": shown.hurts}))
        return 0
    print("".join(f"{line}\n\n" for line in before if line), end="")
    print("\n".join(ward.told(case, shown)))
    print("\n".join(f"  {line}" for line in _how(case)))
    return 0


def _ask_for_emulators(case: cases.Case, world: World) -> None:
    """Where a case registers one and nobody agreed yet: ask, as `lab up` does. After a no, the scene is Blocked."""
    if needs.emulators_agreed not in case.step.needs:
        return
    needs.consent(world)
    try:
        needs.emulators_agreed(world)
    except Blocked:
        if agrees(_CONSENT, "Register them?"):
            with RichListener() as report:
                sandbox.up(emulators=True, report=report)


def _about(case: cases.Case) -> dict[str, object]:
    return {"case": case.code, "name": case.name, "minutes": case.minutes, "goal": case.step.goal}


def _how(case: cases.Case) -> Iterator[str]:
    hints = progress.read(paths.learner()).get(case.name, progress.Entry()).hints
    if recorder.session():
        yield f"Its paths start in {learners_folder()}. When it is mended: lab check {case.name}"
    else:
        yield f"Work on it in `lab shell` (its paths start in {learners_folder()}), then: lab check {case.name}"
    yield f"Hints: {len(case.step.hints)}, of which you have seen {hints}. `lab hint {case.name}` shows the next one."
    yield "`lab explain` is allowed."


def after(results: Iterable[Result]) -> Iterator[str]:
    """What is asked, and where to read on, when cases have just passed."""
    home = paths.learner()
    entries = progress.read(home)
    for result in results:
        case = cases.named(result.step) if result.lesson == WARD else None
        if case is None or result.status is not Status.PASSED:
            continue
        if case.name in ward.stars(entries):
            yield "★ Three cases in a row without a hint."
        yield _ASKS.format(code=case.code, question=cases.QUESTION, name=case.name)
        yield ward.read_on(case)
