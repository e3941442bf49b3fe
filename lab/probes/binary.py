"""A program in the learner's folder: what its own first bytes say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from lab.errors import Blocked, NotThere
from lab.images.program import read
from lab.model.facts import Binary, Evidence
from lab.model.steps import Probe
from lab.model.world import World


def file(path: str) -> Probe[Binary]:
    """A probe of a program in the learner's folder; `path` is relative to it.

    Raises NotThere where there is no such file, Blocked where it cannot be read.
    """

    def probe(world: World) -> Binary:
        place = world.workspace / path
        try:
            with place.open("rb") as stream:
                found = read(stream, path)
            runnable = bool(place.stat().st_mode & 0o111)
        except FileNotFoundError:
            raise NotThere(f"There is no file {path!r} in {str(world.workspace)!r}.") from None
        except OSError as error:
            raise Blocked(f"{str(place)!r} cannot be read: {error.strerror}.") from error
        return replace(found, runnable=runnable, evidence=(Evidence(f"head -c 64 {path}", _dump(place)),))

    return probe


def _dump(place: Path) -> str:
    with place.open("rb") as stream:
        return stream.read(64).hex(" ", 4)
