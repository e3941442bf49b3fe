"""python-on-whales, bound to an engine: its `docker` command, its address, its settings and the lab's buildx folder.

It takes 0.3 s to import and runs the `docker` command for each answer: checks, which are many, ask otherwise.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lab.errors import Blocked

if TYPE_CHECKING:
    from python_on_whales import DockerClient

_RUNNER = Path(__file__).with_name("limited.py")
_FOLDED = 300  # characters of an engine's reason


def bound(program: Path, environment: Mapping[str, str], limit: float = 0) -> DockerClient:
    """A client that runs `program` in `environment`, each command for at most `limit` seconds (0: for ever)."""
    from python_on_whales import DockerClient

    changed = [f"{name}={value}" for name, value in environment.items() if os.environ.get(name) != value]
    gone = [name for name in os.environ if name not in environment]
    runner = [sys.executable, "-I", "-S", str(_RUNNER), f"{limit:g}"]
    return DockerClient(client_call=[*runner, *changed, *gone, "--", str(program)], client_type="docker")


@contextmanager
def told(what: str, remedy: str) -> Iterator[None]:
    """Let the library's errors out as Blocked: `what` failed, and the engine's own reason."""
    from python_on_whales import ClientNotFoundError, DockerException
    from python_on_whales.client_config import ParsingError

    try:
        yield
    except DockerException as error:
        raise Blocked(f"{what}: {reason(error.stderr or '')}", remedy) from error
    except (ClientNotFoundError, ParsingError, OSError, ValueError) as error:
        raise Blocked(f"{what}: {reason(str(error))}", remedy) from error


def reason(text: str) -> str:
    """The line that says why, among those of a pull and the advice after it."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    found = next((line for line in lines if "rror" in line), (lines or ["no reason given"])[-1])
    return found.removeprefix("Error response from daemon:").strip()[:_FOLDED]
