"""What a sandbox is: the engine that it uses, its registry, and the environment that makes commands use them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lab.sandbox.host.process import MARK

# What a learner's shell may hold that would lead the sandbox's commands elsewhere.
_MISLEADING = ("BUILDX_BUILDER", "DOCKER_DEFAULT_PLATFORM", "DOCKER_BUILDKIT", MARK)
# What would hand the notebook server's own key to whoever reads a cell's output.
_SECRET = ("JUPYTER_TOKEN", "JUPYTERHUB_API_TOKEN", "JPY_API_TOKEN")
_ELSEWHERE = ("DOCKER_CONTEXT", "DOCKER_TLS", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "DOCKER_API_VERSION")


@dataclass(frozen=True)
class EngineRef:
    """A Docker engine: the lab's own ("private"), or one that was there ("learner").

    `host` is its address ("unix:///…"), `docker` the command to ask it with, `context` the learner's context where
    that names it. `tree` holds the unpacked programs of a private engine. `remote` means that its `localhost` is not
    this machine's (Docker Desktop, a virtual machine, ssh, rootless).
    """

    kind: Literal["private", "learner"]
    host: str
    docker: Path
    context: str | None = None
    tree: Path | None = None
    remote: bool = False

    def pinned(self, environment: dict[str, str]) -> dict[str, str]:
        """The environment, made to mean this very engine though the learner switches to another one."""
        others = {name: value for name, value in environment.items() if name not in {"DOCKER_HOST", "DOCKER_CONTEXT"}}
        return others | ({"DOCKER_CONTEXT": self.context} if self.context else {"DOCKER_HOST": self.host})


@dataclass(frozen=True)
class Sandbox:
    """A sandbox that is up.

    `registry` is what `$REGISTRY` stands for: with the private engine the address of the lab's bridge
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

    def environment(self) -> dict[str, str]:
        """os.environ, changed so that `docker`, `docker buildx` and `$REGISTRY` are the sandbox's."""
        dropped = {*_MISLEADING, *_SECRET}
        environment = {name: value for name, value in os.environ.items() if name not in dropped}
        environment |= {
            "BUILDX_CONFIG": str(self.home / "buildx"),
            "REGISTRY": self.registry,
            "BUILDKIT_PROGRESS": "plain",
            "DOCKER_CLI_HINTS": "false",
            "LAB_SANDBOX": "1",
        }
        return self._private(environment) if self.engine.kind == "private" else self.engine.pinned(environment)

    def _private(self, environment: dict[str, str]) -> dict[str, str]:
        environment = {name: value for name, value in environment.items() if name not in _ELSEWHERE}
        folder = str(self.engine.docker.parent)
        others = [part for part in environment.get("PATH", os.defpath).split(os.pathsep) if part != folder]
        environment["PATH"] = os.pathsep.join([folder, *others])
        environment["DOCKER_HOST"] = self.engine.host
        environment["DOCKER_CONFIG"] = str(self.home / "docker")
        environment["SSL_CERT_FILE"] = str(self.home / "certificates" / "bundle.pem")
        for name in ("NO_PROXY", "no_proxy"):  # a company's proxy does not know the lab's registry
            hosts = [*environment.get(name, "").split(","), "localhost", "127.0.0.1", self.registry.partition(":")[0]]
            environment[name] = ",".join(dict.fromkeys(host for host in hosts if host))
        return environment
