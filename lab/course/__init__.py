"""The lessons, in the order of their notebooks' numbers. One stem names a lesson everywhere."""

from __future__ import annotations

import difflib
import functools
import hashlib
import importlib
from dataclasses import dataclass
from pathlib import Path

from lab.errors import UsageError
from lab.steps import Step, steps_of


@dataclass(frozen=True)
class Lesson:
    """One lesson: its notebook, the question that it answers, its steps in order."""

    number: int
    stem: str
    question: str
    notebook: Path
    steps: tuple[Step, ...]

    @property
    def name(self) -> str:
        """The notebook's name without its ending: `02-one-platform`."""
        return self.notebook.stem


def lessons_dir() -> Path:
    """The notebooks: those inside the installed package, or the folder beside it in a checkout."""
    package = Path(__file__).parent.parent
    inside = package / "_lessons"
    return inside if inside.is_dir() else package.parent / "lessons"


@functools.cache
def lessons() -> tuple[Lesson, ...]:
    """All lessons in order."""
    return tuple(_lesson(path) for path in sorted(lessons_dir().glob("[0-9][0-9]-*.ipynb")))


def _lesson(path: Path) -> Lesson:
    number, _, stem = path.stem.partition("-")
    module = importlib.import_module(f"lab.course.{stem.replace('-', '_')}")
    question = (module.__doc__ or "").splitlines()[0]
    return Lesson(int(number), stem, question, path, steps_of(module))


@functools.cache
def steps() -> dict[str, Step]:
    """All steps of the course by name, in order."""
    return {step.name: step for lesson in lessons() for step in lesson.steps}


def step(name: str) -> Step:
    """The step of that name; UsageError with the nearest right name where there is none."""
    if found := steps().get(name):
        return found
    near = difflib.get_close_matches(name, steps(), n=1, cutoff=0.5)
    remedy = f"Did you mean {near[0]!r}?" if near else "`lab list` shows all steps."
    raise UsageError(f"There is no step {name!r}.", remedy)


def lesson(name: str) -> Lesson:
    """The lesson of that number, stem or name (`2`, `02`, `one-platform`, `02-one-platform`)."""
    for candidate in lessons():
        names = (candidate.stem, candidate.name, str(candidate.number), f"{candidate.number:02}")
        if name.removesuffix(".ipynb") in (*names, candidate.stem.replace("-", "_")):
            return candidate
    near = difflib.get_close_matches(name, [one.stem for one in lessons()], n=1, cutoff=0.5)
    remedy = f"Did you mean {near[0]!r}?" if near else "`lab list` shows all lessons."
    raise UsageError(f"There is no lesson {name!r}.", remedy)


def find(names: list[str]) -> list[Step]:
    """The steps that these names of lessons and steps stand for; all steps where there are no names."""
    if not names:
        return list(steps().values())
    found: list[Step] = []
    for name in names:
        found += [steps()[name]] if name in steps() else _by_lesson_or_step(name)
    return found


def _by_lesson_or_step(name: str) -> list[Step]:
    try:
        return list(lesson(name).steps)
    except UsageError:
        return [step(name)]


def after(name: str) -> str:
    """The step that follows, in this lesson or the next; "" after the last one."""
    names = list(steps())
    place = names.index(name) + 1 if name in names else len(names)
    return names[place] if place < len(names) else ""


def fingerprint(one: Lesson) -> str:
    """Changes when the notebook's cells change: an executed copy with another one is stale."""
    import json

    cells = json.loads(one.notebook.read_text(encoding="utf-8"))["cells"]
    content = json.dumps([[cell["cell_type"], "".join(cell["source"])] for cell in cells])
    return hashlib.sha256(content.encode()).hexdigest()[:16]
