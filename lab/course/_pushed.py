"""What became of a tag that a learner was to push: built and not pushed, or pushed under a name that is not its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from lab.errors import BadInput, Blocked, NotThere
from lab.images.reference import parse
from lab.model.facts import Call, Evidence, Fact, Transcript, same_image
from lab.model.steps import Probe, Problem
from lab.model.world import World
from lab.probes import engine, host

F = TypeVar("F", bound=Fact)

NOT_PUSHED = "{ref} was built, but the registry does not have it: the build was not told to push its result."
OTHER_NAME = "The build worked, but what it built is not called {ref}."

_LIKE = 0.85  # of 1: two letters of `build-test:latest` may be others, and no tag of three


@dataclass(frozen=True, kw_only=True)
class Unpushed(Fact):
    """The registry has no such tag; `built` are the names of what was built instead, which may be the right one."""

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


def pushed(probe: Probe[F], of: str, step: str, *, besides: tuple[str, ...] = ()) -> Probe[F | Unpushed]:
    """What the probe finds in the registry; where there is nothing, what was made instead.

    The calls of the step's own try tell it first, whichever builder built and pushed; then the engine's images do,
    which know of builds in any terminal. `besides` are repositories of the course whose names are no slip of this one.
    Raises NotThere where neither has anything like it.
    """

    def ask(world: World) -> F | Unpushed:
        try:
            return probe(world)
        except NotThere:
            found = _by_calls(world, f"{world.registry}/{of}", step) or _by_engine(world, of, besides)
            if not found.built:  # what was pushed and is gone was removed since
                raise
            return found

    return ask


def _by_calls(world: World, reference: str, step: str) -> Unpushed | None:
    """What the try built, by its calls; nothing is in it where the right name was pushed. None: it built nothing."""
    try:
        tried = host.transcript(step)(world)
    except NotThere:
        return None
    named = tuple(names_built(tried))
    there_once = any(push and same_image(name, reference) for name, push in named)
    built = () if there_once else tuple(dict.fromkeys(name for name, _ in named))
    return Unpushed(reference=reference, built=built, evidence=tried.evidence) if named else None


def _by_engine(world: World, of: str, besides: tuple[str, ...]) -> Unpushed:
    """The image of that name among the engine's, or one whose name is almost the same."""
    reference = f"{world.registry}/{of}"
    names, evidence = _images(world)
    own = tuple(name for name in names if same_image(name, reference))
    near = nearest(reference, names, besides)
    built = own or ((near,) if near else ())
    return Unpushed(reference=reference, built=built, evidence=(evidence,))


def names_built(printed: Transcript) -> Iterator[tuple[str, bool]]:
    """The names that the builds of a try gave to what they built, where they worked; and whether they pushed it."""
    for call in printed.calls:
        if call.program == "docker" and call.worked and "build" in call.words:
            pushes = any(word == "--push" or "push=true" in word or "type=registry" in word for word in call.words)
            yield from ((name, pushes) for name in _names(call))


def _names(call: Call) -> Iterator[str]:
    for word, following in zip(call.words, (*call.words[1:], ""), strict=True):
        if word in ("-t", "--tag"):
            yield following
        elif word.startswith("--tag="):
            yield word.removeprefix("--tag=")
        elif "type=" in word:  # an output may have its name: type=registry,name=…
            yield from (part.removeprefix("name=") for part in word.split(",") if part.startswith("name="))


def nearest(name: str, names: list[str], besides: tuple[str, ...] = ()) -> str:
    """Of these names the one that is almost `name`: a slip of the pen, or without the registry; "" where none is."""
    import difflib

    short = {_short(one): one for one in names if not same_image(one, name)}
    others = [one for one in short if one and one.partition(":")[0] not in besides]
    found = difflib.get_close_matches(_short(name), others, n=1, cutoff=_LIKE)
    return short[found[0]] if found else ""


def _short(name: str) -> str:
    """Repository and tag, without the registry and what stands before the last slash; "" for what is no name."""
    try:
        one = parse(name)
    except BadInput:
        return ""
    return f"{one.repository.rpartition('/')[2]}:{one.tag}"


def _images(world: World) -> tuple[list[str], Evidence]:
    status, out, err, evidence = engine.docker(world, "image", "ls", "--format", "{{.Repository}}:{{.Tag}}")
    if status:
        raise Blocked(f"The Docker engine does not list its images: {err.strip()}")
    return out.split(), evidence
