"""What a sandbox is: the engine that it uses, its registry, and what its removal takes away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

Code = Literal["private", "learner"]
NODES = ("node-a", "node-b", "node-c")  # the BuildKits that play other machines, in lesson 12


@dataclass(frozen=True)
class EngineRef:
    """A Docker engine as it is written down: the lab's own ("private"), or one that was there ("learner").

    `host` is its address ("unix:///…"), `docker` the command to ask it with, `context` the learner's context where
    that names it. `programs` is the folder of the unpacked programs of the lab's own engine. `remote` means that its
    `localhost` is not this machine's (Docker Desktop, a virtual machine, ssh, rootless).
    """

    kind: Code
    host: str
    docker: Path
    context: str | None = None
    programs: Path | None = None
    remote: bool = False

    def pinned(self, environment: dict[str, str]) -> dict[str, str]:
        """The environment, made to mean this very engine though the learner switches to another one."""
        others = {name: value for name, value in environment.items() if name not in {"DOCKER_HOST", "DOCKER_CONTEXT"}}
        return others | ({"DOCKER_CONTEXT": self.context} if self.context else {"DOCKER_HOST": self.host})

    def to_json(self) -> dict[str, Any]:
        """Plain values; paths as text, the programs' under the name `tree`, as it always was in the files."""
        data = asdict(self)
        return data | {"docker": str(self.docker), "tree": str(data.pop("programs") or "")}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> EngineRef:
        """Read what `to_json` made. Raises KeyError, TypeError or ValueError where it is something else."""
        others = {name: value for name, value in data.items() if name not in ("docker", "tree")}
        return cls(**others, docker=Path(data["docker"]), programs=Path(data["tree"]) if data["tree"] else None)


@dataclass(frozen=True)
class Sandbox:
    """A sandbox that is up.

    `registry` is what `$REGISTRY` stands for: with the lab's own engine the address of the lab's bridge
    ("10.213.1.1:5000"), which this host and every container on it reach by the same name, over TLS; else
    "localhost:PORT"; or an account ("docker.io/NAME"). `mirror` is the same registry's address on loopback, in plain
    HTTP, where it also serves the engine as Docker Hub's mirror. `create_opts` is what `docker buildx create` needs so
    that a builder reaches `$REGISTRY` ("" or "--driver-opt network=host").
    """

    home: Path
    engine: EngineRef
    registry: str
    mirror: str | None
    create_opts: str = ""
    key: str = ""

    @property
    def own_mirror(self) -> str | None:
        """The loopback address of `$REGISTRY`, where that is the lab's own registry and no account."""
        same = self.mirror and self.registry.rpartition(":")[2] == self.mirror.rpartition(":")[2]
        return self.mirror if same and "/" not in self.registry else None


@dataclass(frozen=True)
class Removal:
    """One thing that `down` takes away: how it is listed, and what does it (raises Blocked where it resists)."""

    line: str
    remove: Callable[[], object]
