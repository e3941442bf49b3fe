"""What became of a tag that a learner was to push: it is there, or only in the engine, or under a name like it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from lab.errors import BadInput, Blocked, NotThere
from lab.images.reference import parse
from lab.model.facts import Evidence, Fact, Index, same_image
from lab.model.steps import Probe
from lab.model.world import World
from lab.probes import engine, registry

_LIKE = 0.85  # of 1: two letters of `build-test:latest` may be others, and no tag of three


@dataclass(frozen=True, kw_only=True)
class Published(Fact):
    """A tag in the registry. `index` is None where it is not there.

    `built` is whether the engine has an image of that name, `near` the name of one that it has and that is almost the
    same ("" for none).
    """

    reference: str
    index: Index | None = None
    built: bool = False
    near: str = ""


def published(of: str, *, besides: tuple[str, ...] = ()) -> Probe[Published]:
    """A probe of a tag that was to be pushed; NotThere where neither the registry nor the engine has anything like it.

    `besides` are repositories of the course whose names are no slip of this one.
    """

    def probe(world: World) -> Published:
        name = str(registry.reference(world, of))
        try:
            found = registry.index(of)(world)
        except NotThere:
            names, evidence = _names(world)
            built, near = any(same_image(one, name) for one in names), nearest(name, names, besides)
            if not (built or near):
                raise
            return Published(reference=name, built=built, near=near, evidence=(evidence,))
        return Published(reference=name, index=found, evidence=found.evidence)

    return probe


def looked_up(of: str) -> Probe[Published]:
    """A probe of a tag that may be missing: then `index` is None, and nobody asks whether it was built."""

    def probe(world: World) -> Published:
        name = str(registry.reference(world, of))
        try:
            found = registry.index(of)(world)
        except NotThere:
            return Published(reference=name)
        return Published(reference=name, index=found, evidence=found.evidence)

    return probe


def nearest(name: str, names: list[str], besides: tuple[str, ...] = ()) -> str:
    """Of these names the one that is almost `name`: a slip of the pen, or without the registry; "" where none is."""
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


def _names(world: World) -> tuple[list[str], Evidence]:
    status, out, err, evidence = engine.docker(world, "image", "ls", "--format", "{{.Repository}}:{{.Tag}}")
    if status:
        raise Blocked(f"The Docker engine does not list its images: {err.strip()}")
    return out.split(), evidence
