"""What builds handed on: the files that `--metadata-file` wrote, and what the registry has of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.errors import BadInput, NotThere
from lab.model.facts import Evidence, Fact, Index
from lab.model.platforms import Platform
from lab.model.steps import Probe
from lab.model.world import World
from lab.probes import registry

DIGEST = "containerimage.digest"
_MOST = 4 << 20  # bytes of such a file: provenance can be long


@dataclass(frozen=True, kw_only=True)
class Part:
    """One build's result: the file that names it, its digest, and what the registry has under that digest.

    `index` is None where the registry has no such digest. `tags` are the repository's tags that stand for just that.
    """

    file: str
    digest: str
    index: Index | None = None
    tags: tuple[str, ...] = ()

    @property
    def platforms(self) -> frozenset[Platform]:
        """The platforms that it has an image for."""
        return self.index.platforms if self.index else frozenset()


@dataclass(frozen=True, kw_only=True)
class HandedOn(Fact):
    """All results that a folder names, in the order of the files' names."""

    folder: str
    repository: str
    parts: tuple[Part, ...]

    def of(self, platform: Platform) -> Part | None:
        """The part that has an image for that platform, if there is one."""
        return next((part for part in self.parts if platform in part.platforms), None)


def handed_on(folder: str, repository: str) -> Probe[HandedOn]:
    """A probe of the metadata files (`*.json`) in a folder of the learner's.

    NotThere where there is none, BadInput for a file that is no such thing.
    """

    def probe(world: World) -> HandedOn:
        found = [(path.name, digest) for path, digest in _digests(world, folder)]
        if not found:
            raise NotThere(f"There is no metadata file in {folder} yet.")
        tags = registry.standing(world, repository)
        parts = []
        for name, digest in found:
            index = _index(world, f"{repository}@{digest}")
            own = tuple(tag for tag, stands in tags.items() if stands == digest)
            parts.append(Part(file=name, digest=digest, index=index, tags=own))
        told = "\n".join(f"{part.file}: {part.digest}, tags: {', '.join(part.tags) or 'none'}" for part in parts)
        evidence = Evidence(f"the metadata files in {folder}, and the registry", told)
        return HandedOn(folder=folder, repository=repository, parts=tuple(parts), evidence=(evidence,))

    return probe


def digest_in(data: Any) -> str:
    """The digest in what buildx writes for one build, or bake for one target; "" where there is none."""
    if not isinstance(data, dict):
        return ""
    tables = [data, *(one for one in data.values() if isinstance(one, dict))]
    found = [table[DIGEST] for table in tables if isinstance(table.get(DIGEST), str)]
    return found[0] if len(found) == 1 else ""


def _digests(world: World, folder: str) -> Iterator[tuple[Path, str]]:
    for path in sorted((world.workspace / folder).glob("*.json")):
        name = f"{folder}/{path.name}"
        try:
            with path.open("rb") as stream:
                data = json.loads(stream.read(_MOST))
        except OSError as error:
            raise BadInput(f"{name!r} cannot be read: {error.strerror}.") from error
        except (ValueError, RecursionError):
            raise BadInput(f"{name!r} is not whole JSON: the build that wrote it may have been stopped.") from None
        digest = digest_in(data)
        if not digest:
            raise BadInput(f"{name!r} names no digest, or more than one: it is not what one build hands on.")
        yield path, digest


def _index(world: World, of: str) -> Index | None:
    try:
        return registry.index(of)(world)
    except NotThere:
        return None
