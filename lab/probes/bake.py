"""What a bake file will do: `docker buildx bake --print`, read as a fact. Nothing is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lab.errors import BadInput, NotThere
from lab.model.facts import Evidence, Fact
from lab.model.steps import Probe
from lab.model.world import World
from lab.probes.buildx import as_json, as_table, readable
from lab.probes.engine import docker

_PRINT = "docker buildx bake --print"


@dataclass(frozen=True, kw_only=True)
class Target:
    """One build of a plan: the platforms and tags that are named for it, word for word (none: the builder's own)."""

    name: str
    platforms: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Plan(Fact):
    """What bake would build in a folder. `refused` is its complaint where it reads no plan there ("" where it does)."""

    folder: str
    targets: tuple[Target, ...] = ()
    refused: str = ""

    def named(self, name: str) -> Target | None:
        """The target of that name, if it is in the plan."""
        return next((one for one in self.targets if one.name == name), None)


def plan(folder: str, file: str = "docker-bake.hcl") -> Probe[Plan]:
    """A probe of what bake would build by default in a folder of the learner's; NotThere where the file is missing."""

    def probe(world: World) -> Plan:
        place = world.workspace / folder
        if not (place / file).is_file():
            raise NotThere(f"{folder}/{file} is not there.", "`lab start` puts missing files back.")
        status, out, err, seen = docker(world, "buildx", "bake", "--print", folder=place)
        if status:
            return Plan(folder=folder, refused=_complaint(err), evidence=(seen,))
        return plan_from_json(out, folder, (Evidence(f"{_PRINT} (in {folder})", out.strip()),))

    return probe


def plan_from_json(text: str, folder: str = "", evidence: tuple[Evidence, ...] = ()) -> Plan:
    """Read what `docker buildx bake --print` prints."""
    return plan_from(as_table(as_json(text, _PRINT), _PRINT), folder, evidence)


def plan_from(data: Mapping[str, Any], folder: str = "", evidence: tuple[Evidence, ...] = ()) -> Plan:
    """Read the table in it."""
    table = as_table(data.get("target") or {}, _PRINT)
    with readable(_PRINT):
        targets = tuple(_target(name, as_table(one, _PRINT)) for name, one in table.items())
    return Plan(folder=folder, targets=targets, evidence=evidence)


def _target(name: str, data: dict[str, Any]) -> Target:
    return Target(name=name, platforms=_words(data, "platforms"), tags=_words(data, "tags"))


def _words(data: dict[str, Any], key: str) -> tuple[str, ...]:
    found = data.get(key) or []
    if not isinstance(found, list) or not all(isinstance(word, str) for word in found):
        raise BadInput(f"{key!r} is not a list of words.")
    return tuple(found)


def _complaint(text: str) -> str:
    """The line that says why: the last one that begins with `ERROR:`, or the last one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")]
    return next(reversed(errors or lines), "no reason given").removeprefix("ERROR: ")
