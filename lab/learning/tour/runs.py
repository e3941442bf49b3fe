"""The executed notebooks of a tour: read, and refused where they are not of a real, whole, present run."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab import course
from lab.errors import BadInput
from lab.learning.tour import results_of, step_name
from lab.model.results import Result, Status

RENEW = "`lab tour --yes --output {folder}` renews it."


@dataclass(frozen=True)
class Run:
    """What is known of one lesson's run: its stamp, and each step's outputs by the step's name.

    `stamp` has `engine`, `store`, `buildx`, `platform`, `date` and perhaps more; it is empty where there was no run.
    """

    lesson: course.Lesson
    stamp: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def printed(self) -> dict[str, str]:
        """What each step's cell printed, as text."""
        return {name: "".join(map(_text, outputs)) for name, outputs in self.outputs.items()}


def read(lesson: course.Lesson, folder: Path) -> Run:
    """The run of a lesson in that folder; BadInput where there is none, it is stale, or a step did not pass."""
    path = folder / lesson.notebook.name
    remedy = RENEW.format(folder=folder)
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        stamp = dict(notebook["metadata"]["lab"])
        cells = [(step_name("".join(cell["source"])), cell) for cell in notebook["cells"]]
    except FileNotFoundError:
        raise BadInput(f"The lesson {lesson.name!r} has no run in {str(folder)!r}.", remedy) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(
            f"{str(path)!r} is not an executed notebook: {type(error).__name__}: {error}.", remedy
        ) from error
    if stamp.get("source") != course.fingerprint(lesson):
        raise BadInput(f"The notebook {lesson.notebook.name!r} has changed since its run.", remedy)
    run = Run(lesson, stamp, {name: cell.get("outputs", []) for name, cell in cells if name})
    _whole(run, remedy)
    return run


def _whole(run: Run, remedy: str) -> None:
    for step in run.lesson.steps:
        results = results_of(run.outputs.get(step.name, []))
        if not results or results[-1].status is not Status.PASSED:
            how = f"is {results[-1].status.label}: {_why(results[-1])}" if results else "left no result"
            raise BadInput(f"In the run of {run.lesson.name!r} the step {step.name!r} {how}", remedy)


def _why(result: Result) -> str:
    compared = [f"{name} {result.values[name]!r}" for name in ("found", "wanted") if result.values.get(name)]
    return f"{result.text} {', '.join(compared)}".strip().rstrip(".") + "."


def _text(output: dict[str, Any]) -> str:
    if output["output_type"] == "stream":
        return "".join(output["text"])
    return "".join(output.get("data", {}).get("text/plain", ""))
