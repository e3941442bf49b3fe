"""What was on the learner's engine before the lab used it, so that `down` can tell it from what came since.

Written once, before the lab makes anything there; `down` removes it with the sandbox's folder.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from lab import paths
from lab.errors import BadInput, Blocked
from lab.sandbox import learner
from lab.sandbox.builders import CONTAINER
from lab.sandbox.buildkit_target import REFERENCE as BUILDKIT
from lab.sandbox.images import BUSYBOX
from lab.sandbox.model import EngineRef
from lab.storage import read_json, write_json

REGISTRY = "registry:3"
EMULATORS = "tonistiigi/binfmt:latest"
# What the lab and the lessons' own commands pull from Docker Hub: an engine that had none of it gets rid of it again.
PULLED = (BUSYBOX, BUILDKIT, REGISTRY, EMULATORS)


@dataclass(frozen=True)
class Theirs:
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
            "engine": {**asdict(engine), "docker": str(engine.docker)},
            "images": sorted({one.id for one in known}),
            "names": {one.name: one.id for one in known if one.name in PULLED},
            "ports": sorted(_ports(known)),
        }
        write_json(_file(), data)


def read() -> Theirs | None:
    """What was noted; None where nothing was, or where it cannot be read any more."""
    try:
        data = read_json(_file())
        engine = EngineRef(**{**data["engine"], "docker": Path(data["engine"]["docker"])})
        return Theirs(engine, frozenset(data["images"]), dict(data["names"]), frozenset(data["ports"]))
    except (BadInput, TypeError, KeyError, ValueError):
        return None


def forget() -> None:
    """Drop what was noted: the lab has left that engine."""
    _file().unlink(missing_ok=True)


@dataclass(frozen=True)
class Image:
    """A row of the engine's list: an image and one of its names; an empty tag, digest or repository is none."""

    repository: str
    tag: str
    digest: str
    id: str

    @property
    def name(self) -> str:
        """By tag, else by digest, else by id."""
        if self.repository and self.tag:
            return f"{self.repository}:{self.tag}"
        return f"{self.repository}@{self.digest}" if self.repository and self.digest else self.id


def images(engine: EngineRef) -> list[Image]:
    """All names of all images. Raises Blocked where the engine does not answer."""
    row = "{{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}"
    found = table(engine, 4, "image", "ls", "--all", "--no-trunc", "--digests", "--format", row)
    return [Image(*(field.replace("<none>", "") for field in fields)) for fields in found]


def _ports(known: list[Image]) -> set[int]:
    parts = (one.repository.partition("/")[0].rpartition(":") for one in known)
    return {int(port) for host, _, port in parts if host in ("localhost", "127.0.0.1") and port.isdecimal()}


def builder_containers(engine: EngineRef) -> dict[str, float]:
    """The containers of all builders on the engine, running or not; when made, or -1 where that is unclear.

    To the microsecond, which `docker ps` does not say: a builder of the lab's may be written down in the same second.
    """
    names = rows(engine, "ps", "--all", "--format", "{{.Names}}", "--filter", f"name=^/?{CONTAINER}")
    row = "{{.Name}}\t{{.Created}}"
    answer = learner.answer(engine, "container", "inspect", "--format", row, *names) if names else ""
    made = dict(_made(line) for line in (answer or "").splitlines())
    return {name: made.get(name, -1.0) for name in names}  # one that was removed just now spoils the answer


def _made(line: str) -> tuple[str, float]:
    name, _, text = line.partition("\t")
    try:
        return name.removeprefix("/"), datetime.fromisoformat(text.strip()).timestamp()
    except ValueError:
        return name.removeprefix("/"), -1.0


def rows(engine: EngineRef, *command: str) -> list[str]:
    """The lines that a `docker` command prints. Raises Blocked where the engine does not answer."""
    answer = learner.answer(engine, *command)
    if answer is None:
        raise Blocked(f"Your Docker engine at {engine.host} does not answer.", "Start it, then run `lab up` again.")
    return answer.splitlines()


def table(engine: EngineRef, columns: int, *command: str) -> list[list[str]]:
    """The same, each line split at its tabs. Raises Blocked also where it has another number of `columns`."""
    found = [line.split("\t") for line in rows(engine, *command)]
    if any(len(fields) != columns for fields in found):
        raise Blocked(
            f"`docker {' '.join(command[:2])}` printed a list in a form that the lab does not know.",
            "Please report this.",
        )
    return found


def _file() -> Path:
    return paths.sandbox() / "theirs.json"
