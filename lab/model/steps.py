"""A step: a goal, probes that ask the world, a small pure check of what they bring, and hints.

A lesson module reads as a list of these:

    @step(registry.index("hello:multi"), needs=[need.registry], hints=["…"], solution="docker …")
    def push_index(index: Index) -> Verdict:
        '''Push one tag that runs on amd64 and arm64.'''
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from lab.errors import UsageError
from lab.model.facts import Fact

if TYPE_CHECKING:
    from lab.model.picture import Picture
    from lab.model.world import World

F = TypeVar("F", bound=Fact)
Probe = Callable[["World"], F]
Need = Callable[["World"], None]


class Made(Protocol):
    """Something that a step leaves in the world: a tag, a builder, a file."""

    def remove(self, world: World) -> str:
        """Take it away, if it is there; say what was removed ("" for nothing)."""


class _Said:
    """A whole sentence with named places, and what stands in them."""

    def __init__(self, template: str, **values: object) -> None:
        self.template = template
        self.values = {name: str(value) for name, value in values.items()}

    def __str__(self) -> str:
        return self.template.format(**self.values)


class Problem(_Said):
    """Why a step does not pass: a template, what was found and what was wanted.

    The template says what is, never which command would mend it.
    """

    def __init__(self, template: str, *, found: object = "", wanted: object = "", **values: object) -> None:
        super().__init__(template, found=found, wanted=wanted, **values)


class Proof(_Said):
    """What a step that passes has proven, with the platforms, digests and names that were found."""


Verdict = Problem | Proof


class Truth(_Said):
    """The right answer to a prediction, found in the facts of a step, and the reason as a whole sentence."""

    def __init__(self, answer: object, template: str, **values: object) -> None:
        super().__init__(template, **values)
        self.answer = str(answer)


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """A question that is asked before a step is run: one of `options`, or one value where there are none.

    `truth` takes the facts that the step's probes bring, as its check does, and finds the right answer in them.
    """

    question: str
    truth: Callable[..., Truth]
    options: tuple[str, ...] = ()

    def read(self, said: str) -> str:
        """An answer as people give it: the option itself, its beginning, or its number. UsageError for none of them."""
        words = " ".join(said.split())
        if not self.options:
            return words
        if words.isdigit() and 1 <= int(words) <= len(self.options) and words not in self.options:
            return self.options[int(words) - 1]
        same = [option for option in self.options if option.lower() == words.lower()]
        near = same or [option for option in self.options if words and option.lower().startswith(words.lower())]
        if len(near) != 1:
            raise UsageError(f"{said!r} is none of the answers.", f"They are: {' · '.join(self.options)}")
        return near[0]


PLACE = "# Your commands go here."
# What stands in a cell for the part of a command that the learner fills in.
BLANK = "____"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing to do in a lesson.

    `check` takes the probes' facts in order. `solution` is the shell script that does it; a guided step shows
    it in its cell, an exercise (`exercise=True`) does not. `after` names the earlier steps whose work this one
    builds on; `needs` are what must answer (engine, registry, …), looked at only where it does not pass.
    `prepare` sets the scene before a try (a puzzle's images, a broken thing to mend). `makes` lists what a try
    leaves in the world, so that a reset removes just that. `picture` draws the same facts that `check` takes.
    `predict` is asked before; `gap` is the solution with blanks (`____`), `repair` an exercise that begins with
    something broken. `good` takes the same facts, once the step has passed: is it good work, too, and why?
    """

    name: str
    lesson: str
    goal: str
    probes: tuple[Probe[Any], ...]
    check: Callable[..., Verdict]
    solution: str
    hints: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()
    after: tuple[str, ...] = ()
    exercise: bool = False
    prepare: Callable[[World], None] | None = None
    makes: tuple[Made, ...] = ()
    picture: Callable[..., Picture] | None = None
    predict: Prediction | None = None
    gap: str = ""
    repair: bool = False
    good: Callable[..., Verdict] | None = None

    @property
    def kind(self) -> str:
        """How much of it is the learner's own work: `whole`, `gap`, `own` or `repair`."""
        if self.repair:
            return "repair"
        return "own" if self.exercise else "gap" if self.gap else "whole"

    @property
    def cell(self) -> str:
        """What stands in its cell: the whole command, the command with gaps, or nothing but a place for it."""
        return {"whole": self.solution, "gap": self.gap}.get(self.kind, PLACE)

    def untouched(self, body: str) -> bool:
        """Is that no try of it: nothing but comments, or a gap that nobody has filled?"""
        lines = [line for line in map(str.strip, body.splitlines()) if line and not line.startswith("#")]
        return not lines or (bool(self.gap) and BLANK in body)

    @property
    def lab_verbs(self) -> frozenset[str]:
        """The verbs of the lab that are part of the step: its solution or its hints name them."""
        named = set(re.findall(r"\blab ([a-z]+)", "\n".join((self.solution, *self.hints))))
        return frozenset(named | ({"audit"} if "show" in named else set()))  # it says all that `show` does

    @functools.cached_property
    def version(self) -> str:
        """Changes when what the step asks for changes, so that old progress can be told stale."""
        content = "\n".join((self.goal, inspect.getsource(self.check)))
        return hashlib.sha256(content.encode()).hexdigest()[:12]


def step(  # noqa: PLR0913 - a step is declared once, by name
    *probes: Probe[Any],
    solution: str,
    hints: Sequence[str] = (),
    needs: Sequence[Need] = (),
    after: Sequence[Step] = (),
    exercise: bool = False,
    prepare: Callable[[World], None] | None = None,
    makes: Sequence[Made] = (),
    picture: Callable[..., Picture] | None = None,
    predict: Prediction | None = None,
    gap: str = "",
    repair: bool = False,
    good: Callable[..., Verdict] | None = None,
) -> Callable[[Callable[..., Verdict]], Step]:
    """Make a step of a check function: its name, its goal (the docstring) and its lesson (the module)."""

    def make(check: Callable[..., Verdict]) -> Step:
        name: str = check.__name__
        return Step(
            name=name,
            lesson=check.__module__.rpartition(".")[2],
            goal=" ".join((check.__doc__ or "").split()),
            probes=probes,
            check=check,
            solution=inspect.cleandoc(solution),
            hints=tuple(hints),
            needs=tuple(needs),
            after=tuple(earlier.name for earlier in after),
            exercise=exercise or repair,
            prepare=prepare,
            makes=tuple(makes),
            picture=picture,
            predict=predict,
            gap=inspect.cleandoc(gap),
            repair=repair,
            good=good,
        )

    return make


def steps_of(module: Any) -> tuple[Step, ...]:
    """The steps of a lesson module, in the order in which they stand there."""
    return tuple(value for value in vars(module).values() if isinstance(value, Step))
