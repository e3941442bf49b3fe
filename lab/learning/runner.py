"""Turn a step into a result. The only place that catches what a probe raises."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime

from lab import course
from lab.course.leftovers import File
from lab.errors import Blocked, LabError, NotThere
from lab.learning import predictions, progress
from lab.log import keep_traceback
from lab.model.facts import Evidence, Fact
from lab.model.results import Result, Status
from lab.model.steps import BLANK, Problem, Step
from lab.model.world import World

NOT_YET = "This step has not been tried yet."
GAP = "The command still has a gap. Put what belongs there in the place of each `____`, then run it again."
EARLIER_FIRST = "Do step {earlier!r} first: this step builds on what it makes."
OUR_BUG = "An internal error of the lab, not your fault. Details: {log}"


def check(step: Step, world: World) -> Result:
    """Ask the step's probes, check their facts, and remember a pass."""
    result = look(step, world)
    progress.record(world.home, step, result)
    return result


def check_untried(step: Step, world: World, body: str = "") -> Result:
    """The same where nothing was tried: no command, or a gap as it was. What does not pass was not attempted then.

    An answer that was written into the step's own file is a try all the same.
    """
    result = look(step, world)
    if _no_try(step, world, result, body):
        message = GAP if BLANK in body else NOT_YET
        result = replace(result, status=Status.NOT_ATTEMPTED, message=message, values={}, picture=None)
    progress.record(world.home, step, result)
    return result


def _no_try(step: Step, world: World, result: Result, body: str) -> bool:
    if result.status is Status.NOT_ATTEMPTED:
        return BLANK in body
    return result.status is Status.FAILED and not any(isinstance(m, File) and m.changed(world) for m in step.makes)


def look(step: Step, world: World) -> Result:
    """The same, but remember nothing: for those who look again and again."""
    started = time.perf_counter()
    facts: list[Fact] = []
    status, message, values, remedy = _judge(step, world, facts)
    picture = _draw(step, facts) if status in (Status.PASSED, Status.FAILED) else None
    passed = status is Status.PASSED
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
        next_step=course.after(step.name) if passed else "",
        predicted=_predicted(step, world, facts) if passed else None,
        good=_good(step, facts) if passed else None,
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


def _predicted(step: Step, world: World, facts: list[Fact]) -> dict[str, str] | None:
    """What was asked, said and so. A truth that cannot be found spoils no result."""
    if step.predict is None:
        return None
    try:
        truth = step.predict.truth(*facts)
    except Exception:  # noqa: BLE001 - the same net as under a check
        keep_traceback(f"prediction-{step.name}")
        return None
    said = predictions.said(world.home, step.name)
    return {"question": step.predict.question, "said": said, "was": truth.answer, "because": str(truth)}


def _good(step: Step, facts: list[Fact]) -> dict[str, str] | None:
    """Whether what was made is also good, and why; the step has passed whatever the answer is."""
    if step.good is None:
        return None
    try:
        verdict = step.good(*facts)
    except Exception:  # noqa: BLE001 - the same net as under a check
        keep_traceback(f"good-{step.name}")
        return None
    return {"reached": "no" if isinstance(verdict, Problem) else "yes", "because": str(verdict)}


def _evidence(facts: list[Fact]) -> tuple[Evidence, ...]:
    return tuple(dict.fromkeys(evidence for fact in facts for evidence in fact.evidence))
