"""Turn a step into a result. The only place that catches what a probe raises."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime

from lab import course, progress
from lab.errors import Blocked, LabError, NotThere
from lab.facts import Evidence, Fact
from lab.log import keep_traceback
from lab.made import File
from lab.results import Result, Status
from lab.steps import Problem, Step
from lab.world import World

NOT_YET = "This step has not been tried yet."
EARLIER_FIRST = "Do step {earlier!r} first: this step builds on what it makes."
OUR_BUG = "An internal error of the lab, not your fault. Details: {log}"


def check(step: Step, world: World) -> Result:
    """Ask the step's probes, check their facts, and remember a pass."""
    result = look(step, world)
    progress.record(world.home, step, result)
    return result


def check_untried(step: Step, world: World) -> Result:
    """The same where the step was run with no command in it: what does not pass was not attempted.

    An answer that was written into the step's own file is a try all the same.
    """
    result = look(step, world)
    if result.status is Status.FAILED and not any(isinstance(one, File) and one.changed(world) for one in step.makes):
        result = replace(result, status=Status.NOT_ATTEMPTED, message=NOT_YET, values={}, picture=None)
    progress.record(world.home, step, result)
    return result


def look(step: Step, world: World) -> Result:
    """The same, but remember nothing: for those who look again and again."""
    started = time.perf_counter()
    facts: list[Fact] = []
    status, message, values, remedy = _judge(step, world, facts)
    picture = _draw(step, facts) if status in (Status.PASSED, Status.FAILED) else None
    return Result(
        step=step.name,
        lesson=step.lesson,
        status=status,
        goal=step.goal,
        message=message,
        values=values,
        remedy=remedy,
        evidence=_evidence(facts),
        picture=picture,
        seconds=round(time.perf_counter() - started, 3),
        when=datetime.now(UTC).isoformat(timespec="seconds"),
        next_step=course.after(step.name) if status is Status.PASSED else "",
    )


def prepare(step: Step, world: World) -> Result | None:
    """Set the scene for a try; where that cannot be done, the result says why (None: go on)."""
    if step.prepare is None:
        return None
    try:
        step.prepare(world)
    except LabError as error:
        status, message, remedy = Status.BLOCKED, error.message, error.remedy
    except Exception:  # noqa: BLE001 - the same net as under a check
        status, message, remedy = Status.BUG, OUR_BUG.format(log=keep_traceback(step.name)), ""
    else:
        return None
    values = {"reason": message}
    return Result(
        step=step.name,
        lesson=step.lesson,
        status=status,
        goal=step.goal,
        message="{reason}",
        values=values,
        remedy=remedy,
    )


_Verdict = tuple[Status, str, dict[str, str], str]


def _judge(step: Step, world: World, facts: list[Fact]) -> _Verdict:
    try:
        verdict = _ask(step, world, facts)
        if verdict[0] is not Status.PASSED:
            for need in step.needs:
                need(world)
    except Blocked as error:
        return Status.BLOCKED, "{reason}", {"reason": error.message}, error.remedy
    except LabError as error:
        return Status.FAILED, "{reason}", {"reason": error.message}, error.remedy
    except Exception:  # noqa: BLE001 - this is the one net under every probe and check
        return Status.BUG, OUR_BUG, {"log": keep_traceback(step.name)}, ""
    return verdict


def _ask(step: Step, world: World, facts: list[Fact]) -> _Verdict:
    try:
        facts.extend(probe(world) for probe in step.probes)
    except NotThere as error:
        missing = next((name for name in step.after if not progress.passed(world.home, name)), None)
        if missing:
            return Status.BLOCKED, EARLIER_FIRST, {"earlier": missing}, ""
        return Status.NOT_ATTEMPTED, "{reason}", {"reason": error.message or NOT_YET}, error.remedy
    verdict = step.check(*facts)
    status = Status.FAILED if isinstance(verdict, Problem) else Status.PASSED
    return status, verdict.template, verdict.values, ""


def _draw(step: Step, facts: list[Fact]) -> dict[str, str] | None:
    """The step's picture; a picture that cannot be drawn spoils no result."""
    if step.picture is None or len(facts) != len(step.probes):
        return None
    try:
        return step.picture(*facts).to_json()
    except Exception:  # noqa: BLE001 - the same net as under a check
        keep_traceback(f"picture-{step.name}")
        return None


def _evidence(facts: list[Fact]) -> tuple[Evidence, ...]:
    return tuple(dict.fromkeys(evidence for fact in facts for evidence in fact.evidence))
