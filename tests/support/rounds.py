"""Somebody who goes through the clinic and the capstone: each case from its symptom to where it hurts no more."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from support import lighthouse

from lab.course import capstone, clinic
from lab.errors import Blocked, LabError
from lab.learning import reset, runner, ward
from lab.model.results import Result, Status
from lab.model.steps import Step
from lab.model.world import World
from lab.terminal import shell

MENDED = "mended"


def treated(case: clinic.Case, world: World) -> str:
    """`mended`, `blocked: …` with the reason, or what went wrong; the case is as nobody had tried it, before and after."""
    list(reset.undo([case.step], world))
    try:
        return _treated(case, world)
    except Blocked as error:
        return f"blocked: {error.message}"
    except LabError as error:
        return f"error: {error.message}"
    finally:
        list(reset.undo([case.step], world))


def _treated(case: clinic.Case, world: World) -> str:
    shown = ward.show(case, world)
    if not shown.hurts:
        return f"does not hurt: {shown.output}"
    untouched = runner.check(case.step, world)
    if untouched.status not in (Status.FAILED, Status.NOT_ATTEMPTED):
        return f"untouched is {untouched.status.label}: {untouched.text}"
    result, said = solved(case.step, world)
    if result.status is not Status.PASSED:
        return f"{result.status.label}: {result.text} {result.values}\n{said}"
    again = ward.show(case, world)
    return f"still hurts: {again.output}" if again.hurts else MENDED


def solved(step: Step, world: World) -> tuple[Result, str]:
    """Do a step by its solution: its result, and what was printed."""
    if blocked := runner.prepare(step, world):
        return blocked, ""
    said = shell.run(step.name, step.solution, world, lambda _text: None).output
    return runner.check(step, world), said


def told(outcomes: dict[str, str]) -> str:
    """Each that was not mended, and why."""
    return "\n".join(f"{name}: {one}" for name, one in outcomes.items() if one != MENDED)


def keeper(world: World, seed: int) -> tuple[dict[str, Status], dict[str, Result]]:
    """The capstone of that number, from its letter to the proofs: how each stands untouched, and mended.

    All is taken away before, and afterwards.
    """
    own = dataclasses.replace(world, seed=seed, env={**world.env, "LAB_SEED": str(seed)})
    steps = list(capstone.steps().values())
    list(reset.undo(steps, own))
    try:
        capstone.scene(own)
        untouched = {step.name: runner.check(step, own).status for step in steps}
        lighthouse.survey(own)
        for step in steps:
            shell.run(step.name, step.solution, own, lambda _text: None)
        return untouched, {step.name: runner.check(step, own) for step in steps}
    finally:
        list(reset.undo(steps, own))


def unproven(results: Iterable[Result]) -> str:
    """Each proof that is none, with what was said."""
    return "\n".join(
        f"{one.step}: {one.status.label}: {one.text} {one.values}" for one in results if one.status is not Status.PASSED
    )
