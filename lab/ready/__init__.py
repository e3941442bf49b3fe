"""`lab ready`: what keeps a repository from another platform?

It reads the Dockerfiles, bake files, compose files and pipelines that are there, and changes nothing. The rules are one
table (`lab.ready.rule.TABLE`), a block for each in the module of its kind of file.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from lab.errors import BadInput, Blocked, LabError, NotThere
from lab.model.platforms import Platform
from lab.model.world import World
from lab.ready import bakes, compiling, composes, dockerfiles, files, jobs, pipelines, recipe
from lab.ready.bakes import Bake
from lab.ready.bases import Registries
from lab.ready.composes import Compose
from lab.ready.jobs import Pipeline
from lab.ready.recipe import Recipe
from lab.ready.report import Finding, Report
from lab.ready.rule import BAKE, COMPOSE, DOCKERFILE, PIPELINE, TABLE, Found, Rule

__all__ = ["PAIR", "Finding", "Report", "compiling", "dockerfiles", "pipelines", "ready"]

PAIR = (Platform("linux", "amd64"), Platform("linux", "arm64"))
_SECONDS = 60.0  # for all files, and all registries
Facts = Recipe | Bake | Compose | Pipeline
_READERS: dict[str, Callable[[str, str, tuple[Platform, ...]], Facts]] = {
    DOCKERFILE: recipe.read,
    BAKE: bakes.read,
    COMPOSE: composes.read,
    PIPELINE: jobs.pipeline,
}


def ready(path: str, *, wanted: tuple[Platform, ...] = PAIR, world: World | None = None, online: bool = True) -> Report:
    """Read a repository's folder, or one of its files. What cannot be read stands in the report, with the reason."""
    started = time.monotonic()
    looked = _Look(Path(path).expanduser(), wanted, Registries(world, online=online), started)
    try:
        looked.all()
    except Blocked as error:
        looked.blocked.append(str(error))
    except (BadInput, NotThere) as error:
        looked.unreadable.append(str(error))
    return looked.report(path)


@dataclass
class _Look:
    root: Path
    wanted: tuple[Platform, ...]
    registries: Registries
    started: float
    kinds: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    blocked: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    told: set[tuple[str, int, str, str]] = field(default_factory=set)

    def all(self) -> None:
        """Read every file, then look at each by its rules."""
        read: list[tuple[str, Facts]] = []
        for path, kind in files.found(self.root):
            self._in_time()
            place = self.root / path if self.root.is_dir() else self.root
            try:
                read.append((kind, _READERS[kind](files.text(place, path), path, self.wanted)))
                self.kinds[path] = kind
            except LabError as error:
                self.unreadable.append(str(error))
        if not read and not self.unreadable:
            raise BadInput(
                f"{str(self.root)!r} holds nothing that says how an image is built.",
                "Dockerfiles, bake files, compose files and pipelines are read.",
            )
        self._look(read)

    def _look(self, read: list[tuple[str, Facts]]) -> None:
        named = {platform for _, one in read if isinstance(one, Bake) for platform in one.named}
        named |= {
            platform for _, one in read if isinstance(one, Pipeline) for b in one.builds for platform in b.platforms
        }
        for kind, facts in read:
            self._in_time()
            about = replace(facts, named=frozenset(named)) if isinstance(facts, Recipe) else facts
            for rule in TABLE.values():
                if rule.kind == kind:
                    for found in rule.check(about):
                        self._add(rule, facts.path, found)
        for _, facts in read:
            self._bases(facts)

    def _bases(self, facts: Facts) -> None:
        """Ask for the images that a file begins from."""
        asked: list[tuple[int, str, set[Platform]]] = []
        if isinstance(facts, Recipe):
            asked = dockerfiles.bases(facts)
        elif isinstance(facts, Compose):
            asked = [(one.line, one.image, set(self.wanted)) for one in facts.services if one.image and not one.pin]
        told = {(one.path, one.line) for one in self.findings if one.rule in ("base-for-one", "compose-for-one")}
        for line, image, platforms in asked:
            self._in_time()
            for name, problem in self.registries.problems(image, platforms):
                if (facts.path, line) not in told:
                    self._add(TABLE[name], facts.path, Found(line, problem))

    def _add(self, rule: Rule, path: str, found: Found) -> None:
        one = Finding(rule.id, found.severity or rule.severity, path, found.line, found.problem)
        if (key := (path, found.line, rule.id, str(found.problem))) not in self.told:
            self.told.add(key)
            self.findings.append(one)

    def _in_time(self) -> None:
        if time.monotonic() - self.started > _SECONDS:
            raise BadInput(f"{str(self.root)!r} was not read to its end: that takes more than {_SECONDS:g} seconds.")

    def report(self, path: str) -> Report:
        """What there is up to now."""
        return Report(
            path=path,
            platforms=self.wanted,
            kinds=self.kinds,
            findings=tuple(sorted(self.findings, key=lambda one: (one.path, one.line, one.rule))),
            untold=dict(self.registries.untold),
            offline=not self.registries.online,
            blocked=tuple(self.blocked),
            unreadable=tuple(self.unreadable),
            seconds=round(time.monotonic() - self.started, 3),
        )
