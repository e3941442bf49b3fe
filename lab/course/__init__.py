"""The lessons, in the order of their notebooks' numbers. One stem names a lesson everywhere."""

from __future__ import annotations

import functools
import hashlib
import importlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from lab.errors import UsageError
from lab.model.steps import Step, steps_of

# what stands in the place of a lesson's name: cases and proofs belong to none
WARD = "clinic"
CAPSTONE = "capstone"


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
    return tuple(_lesson(path) for path in _notebooks())


def _notebooks() -> list[Path]:
    return sorted(lessons_dir().glob("[0-9][0-9]-*.ipynb"))


@functools.cache
def _lesson(path: Path) -> Lesson:
    number, _, stem = path.stem.partition("-")
    module = importlib.import_module(f"lab.course.{_module(path)}")
    return Lesson(int(number), stem, str(module.__doc__), path, steps_of(module))


def _module(path: Path) -> str:
    return path.stem.partition("-")[2].replace("-", "_")


def _quickly(name: str) -> Step | None:
    """The step of that name from its own lesson alone: a check of one step need not wait for all the others."""
    sources = {path: Path(__file__).with_name(f"{_module(path)}.py") for path in _notebooks()}
    likely = [path for path, source in sources.items() if source.is_file() and _defines(source, name)]
    return next((step for path in likely for step in _lesson(path).steps if step.name == name), None)


def _defines(source: Path, name: str) -> bool:
    return f"\ndef {name}(" in source.read_text(encoding="utf-8")


@functools.cache
def steps() -> dict[str, Step]:
    """All steps of the course by name, in order."""
    return {step.name: step for lesson in lessons() for step in lesson.steps}


def known(name: str) -> Step | None:
    """The step of that name, or of a case, or of a proof; None where there is none."""
    return _quickly(name) or steps().get(name) or _elsewhere(name)


def step(name: str) -> Step:
    """The step of that name, or a case, or a proof; UsageError with the nearest right name where there is none."""
    if found := known(name):
        return found
    from lab.course import capstone, clinic

    near = _near(name, [*steps(), *clinic.steps(), *capstone.steps()])
    remedy = f"Did you mean {near[0]!r}?" if near else "`lab list` shows all steps."
    raise UsageError(f"There is no step {name!r}.", remedy)


def lesson(name: str) -> Lesson:
    """The lesson of that number, stem or name (`2`, `02`, `one-platform`, `02-one-platform`)."""
    for candidate in lessons():
        names = (candidate.stem, candidate.name, str(candidate.number), f"{candidate.number:02}")
        if name.removesuffix(".ipynb") in (*names, candidate.stem.replace("-", "_")):
            return candidate
    near = _near(name, [one.stem for one in lessons()])
    remedy = f"Did you mean {near[0]!r}?" if near else "`lab list` shows all lessons."
    raise UsageError(f"There is no lesson {name!r}.", remedy)


def find(names: list[str]) -> list[Step]:
    """The steps that these names of lessons and steps stand for; all steps where there are no names."""
    if not names:
        return list(steps().values())
    found: list[Step] = []
    for name in names:
        quick = _quickly(name)
        found += [quick] if quick else _by_lesson_or_step(name)
    return found


def _elsewhere(name: str) -> Step | None:
    """The step of a case of the clinic, or of a proof of the capstone, which belong to no lesson."""
    from lab.course import capstone, clinic

    found = clinic.named(name) or capstone.named(name)
    return found.step if found else None


def _by_lesson_or_step(name: str) -> list[Step]:
    if name == WARD:
        from lab.course import clinic

        return list(clinic.steps().values())
    if name == CAPSTONE:
        from lab.course import capstone

        return list(capstone.steps().values())
    try:
        return list(lesson(name).steps)
    except UsageError:
        return [step(name)]


def after(name: str) -> str:
    """The step that follows, in this lesson or the next; "" after the last one."""
    own = _quickly(name)
    siblings = [step.name for step in _own_lesson(own).steps] if own else []
    if name in siblings[:-1]:
        return siblings[siblings.index(name) + 1]
    names = list(steps())
    place = names.index(name) + 1 if name in names else len(names)
    return names[place] if place < len(names) else ""


def _own_lesson(one: Step) -> Lesson:
    return next(_lesson(path) for path in _notebooks() if _module(path) == one.lesson)


def _near(name: str, names: Collection[str]) -> list[str]:
    """Those that hold what was typed, or else those that look like it, the nearest first."""
    import difflib

    held = [one for one in names if len(name) > 2 and name in one]
    held.sort(key=lambda one: not one.startswith(name))
    return held or difflib.get_close_matches(name, names, cutoff=0.5)


def fingerprint(one: Lesson) -> str:
    """Changes when the notebook's cells change: an executed copy with another one is stale."""
    import json

    cells = json.loads(one.notebook.read_text(encoding="utf-8"))["cells"]
    content = json.dumps([[cell["cell_type"], "".join(cell["source"])] for cell in cells])
    return hashlib.sha256(content.encode()).hexdigest()[:16]
