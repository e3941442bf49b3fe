"""What was on the user's engine before the lab used it, so that `down` can tell it from what came since.

Written once, before the lab makes anything there; `down` removes it with the sandbox's folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab import paths
from lab.errors import BadInput
from lab.sandbox.engine.listing import ImageName, images
from lab.sandbox.images import PULLED
from lab.sandbox.model import EngineRef
from lab.storage import read_json, write_json


@dataclass(frozen=True)
class Snapshot:
    """The engine, and what was there.

    Ids of the images; what the names that the lessons pull stood for; ports that names of images mean
    ("localhost:5000/…": an earlier registry of theirs).
    """

    engine: EngineRef
    images: frozenset[str]
    names: dict[str, str]
    ports: frozenset[int]


def note(engine: EngineRef) -> None:
    """Look at the engine, unless that was done. Raises Blocked where it does not answer."""
    if read() is None:
        known = images(engine)
        data: dict[str, Any] = {
            "engine": engine.to_json(),
            "images": sorted({one.id for one in known}),
            "names": {one.name: one.id for one in known if one.name in PULLED},
            "ports": sorted(_ports(known)),
        }
        write_json(_file(), data)


def read() -> Snapshot | None:
    """What was noted; None where nothing was, or where it cannot be read any more."""
    try:
        data = read_json(_file())
        engine = EngineRef.from_json(data["engine"])
        return Snapshot(engine, frozenset(data["images"]), dict(data["names"]), frozenset(data["ports"]))
    except (BadInput, TypeError, KeyError, ValueError):
        return None


def forget() -> None:
    """Drop what was noted: the lab has left that engine."""
    _file().unlink(missing_ok=True)


def _ports(known: list[ImageName]) -> set[int]:
    parts = (one.repository.partition("/")[0].rpartition(":") for one in known)
    return {int(port) for host, _, port in parts if host in ("localhost", "127.0.0.1") and port.isdecimal()}


def _file() -> Path:
    return paths.sandbox() / "theirs.json"
