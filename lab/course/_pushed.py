"""What a build left where no tag is: it worked, but its result was not pushed, or has another name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from lab.errors import NotThere
from lab.facts import Call, Fact, Transcript, same_image
from lab.probes import host
from lab.steps import Probe, Problem
from lab.world import World

F = TypeVar("F", bound=Fact)

NOT_PUSHED = "{ref} was built, but the registry does not have it: the build was not told to push its result."
OTHER_NAME = "The build worked, but what it built is not called {ref}."


@dataclass(frozen=True, kw_only=True)
class Unpushed(Fact):
    """The registry has no such tag, though builds of the step worked; `built` are the names that they gave."""

    reference: str
    built: tuple[str, ...]

    @property
    def problem(self) -> Problem:
        """What to say of it."""
        if any(same_image(name, self.reference) for name in self.built):
            return Problem(
                NOT_PUSHED, found="a build without a push", wanted="the tag in the registry", ref=self.reference
            )
        return Problem(OTHER_NAME, found=", ".join(self.built), wanted=self.reference, ref=self.reference)


def pushed(probe: Probe[F], of: str, step: str) -> Probe[F | Unpushed]:
    """What the probe finds in the registry; where there is nothing, what the step's own builds made instead.

    Raises NotThere where no build of the step worked.
    """

    def ask(world: World) -> F | Unpushed:
        try:
            return probe(world)
        except NotThere:
            tried = host.transcript(step)(world)
            reference, named = f"{world.registry}/{of}", tuple(names_built(tried))
            there_once = any(push and same_image(name, reference) for name, push in named)
            if there_once or not named:  # what was pushed and is gone was removed since
                raise
            built = tuple(dict.fromkeys(name for name, _ in named))
            return Unpushed(reference=reference, built=built, evidence=tried.evidence)

    return ask


def names_built(printed: Transcript) -> Iterator[tuple[str, bool]]:
    """The names that the builds of a try gave to what they built, where they worked; and whether they pushed it."""
    for call in printed.calls:
        if call.program == "docker" and call.worked and "build" in call.words:
            pushes = any(word == "--push" or "push=true" in word for word in call.words)
            yield from ((name, pushes) for name in _names(call))


def _names(call: Call) -> Iterator[str]:
    for word, following in zip(call.words, (*call.words[1:], ""), strict=True):
        if word in ("-t", "--tag"):
            yield following
        elif word.startswith("--tag="):
            yield word.removeprefix("--tag=")
