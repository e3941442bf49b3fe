"""A `docker` that answers as it is told, and an engine or a sandbox that is played with it."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from lab.sandbox import state
from lab.sandbox.model import EngineRef
from lab.sandbox.state import State

HOST = "unix:///var/run/docker.sock"


class Stub:
    """A program called docker: for each beginning of a command line, what it prints, complains of and ends with."""

    def __init__(self, folder: Path) -> None:
        self.program = folder / "docker"
        self._asked = folder / "asked"
        self._asked.touch()
        self._cases: list[str] = []
        self.says("", status=1)

    def says(self, command: str, out: str = "", err: str = "", status: int = 0, seconds: float = 0) -> None:
        """From now on, and before all that was said earlier."""
        words = [base64.b64encode(text.encode()).decode() for text in (out, err)]
        case = f"  {command!r}*) echo {words[0]} | base64 -d; echo {words[1]} | base64 -d >&2; sleep {seconds}; exit {status};;"
        self._cases.insert(0, case)
        ask = 'echo "$*|${DOCKER_HOST-}|${BUILDX_CONFIG-}|${SPARE-none}" >> '
        script = ["#!/bin/sh", f"{ask}'{self._asked}'", 'case "$*" in', *self._cases, "esac"]
        self.program.write_text("\n".join(script).replace("''*)", "*)"))
        self.program.chmod(0o755)

    @property
    def asked(self) -> list[str]:
        return [line.partition("|")[0] for line in self._asked.read_text().splitlines()]

    @property
    def environments(self) -> list[list[str]]:
        return [line.split("|")[1:] for line in self._asked.read_text().splitlines()]


CONTEXT = {"Name": "default", "Endpoints": {"docker": {"Host": HOST}}, "TLSMaterial": {}}
ABOUT = {"ServerVersion": "29.0.0", "OperatingSystem": "Debian", "SecurityOptions": []}


def answering(docker: Stub, context: dict[str, object], about: dict[str, object]) -> None:
    docker.says("context inspect", json.dumps(context))
    docker.says("info", json.dumps(about))


def put_up(docker: Stub, **changes: object) -> EngineRef:
    """A sandbox on the stub's engine, as `up` leaves it."""
    engine = EngineRef("learner", HOST, docker.program)
    values = {
        "ready": True, "engine": engine, "registry": "localhost:5001", "mirror": None, "port": 5001, "address": None,
        "create_opts": "--driver-opt network=host", "suite": "forky", "store": "containerd",
    }  # fmt: skip
    state.write(State(**{**values, **changes}))
    return engine
