"""What the user's engine lists: its images, by each of their names, and the containers of builders."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lab.sandbox.engine import commands
from lab.sandbox.engine.buildx_store import CONTAINER
from lab.sandbox.model import EngineRef


@dataclass(frozen=True)
class ImageName:
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


def images(engine: EngineRef) -> list[ImageName]:
    """All names of all images. Raises Blocked where the engine does not answer."""
    row = "{{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}"
    found = commands.table(engine, 4, "image", "ls", "--all", "--no-trunc", "--digests", "--format", row)
    return [ImageName(*(field.replace("<none>", "") for field in fields)) for fields in found]


def builder_containers(engine: EngineRef) -> dict[str, float]:
    """The containers of all builders on the engine, running or not; when made, or -1 where that is unclear.

    To the microsecond, which `docker ps` does not say: a builder of the lab's may be written down in the same second.
    """
    names = commands.rows(engine, "ps", "--all", "--format", "{{.Names}}", "--filter", f"name=^/?{CONTAINER}")
    row = "{{.Name}}\t{{.Created}}"
    answer = commands.answer(engine, "container", "inspect", "--format", row, *names) if names else ""
    made = dict(_made(line) for line in (answer or "").splitlines())
    return {name: made.get(name, -1.0) for name in names}  # one that was removed just now spoils the answer


def _made(line: str) -> tuple[str, float]:
    name, _, text = line.partition("\t")
    try:
        return name.removeprefix("/"), datetime.fromisoformat(text.strip()).timestamp()
    except ValueError:
        return name.removeprefix("/"), -1.0
