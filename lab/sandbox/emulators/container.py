"""Emulators by container, where the lab cannot register them itself: an engine elsewhere, or a learner who is not root.

`tonistiigi/binfmt` registers QEMU with the kernel that the engine runs on (Docker Desktop's machine, say), and answers
in JSON. No machine of the tests has that image: they hold what is asked of it and what becomes of its answers, by its
published interface, and not the registration itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lab import paths
from lab.errors import BadInput, Blocked
from lab.sandbox.emulators.kernel import WANTED
from lab.sandbox.host.client import told
from lab.sandbox.images import EMULATORS
from lab.sandbox.report import Listener
from lab.storage import read_json, write_json

if TYPE_CHECKING:
    from python_on_whales import DockerClient

Client = Callable[[], "DockerClient"]  # how one is made for the engine, where there is something to ask
_REMEDY = "Check the network (the image comes from Docker Hub); Docker Desktop brings emulators of its own."


@dataclass(frozen=True)
class Told:
    """What the image says of its kernel: platforms that run there, entries that are registered."""

    supported: frozenset[str]
    emulators: frozenset[str]


def install(client: Client, report: Listener) -> None:
    """Register what is missing. Raises Blocked where that cannot be done."""
    report.phase("Registering emulators through the engine")
    before = _ask(client)
    lacking = [platform for platform in WANTED if platform not in before.supported]
    if not lacking:
        report.note("Your engine already runs programs of all platforms that the lessons use.")
        return
    names = {entry(platform) for platform in lacking} - before.emulators
    _record({*installed(), *names})  # first, so that what is half done is undone as well
    after = _ask(client, "--install", ",".join(platform.split("/")[1] for platform in lacking))
    missing = [platform for platform in lacking if platform not in after.supported]
    if missing:
        raise Blocked(f"The engine's kernel takes no emulator for {', '.join(missing)}.", "A rootless engine may not.")


def uninstall(client: Client) -> None:
    """Take away what `install` registered."""
    if names := installed():
        _ask(client, "--uninstall", ",".join(names))
        _record(set())


def installed() -> list[str]:
    """The kernel's entries that `install` made."""
    try:
        data = read_json(_file())
        return sorted(map(str, data)) if isinstance(data, list) else []
    except BadInput:
        return []


def entry(platform: str) -> str:
    """The name that the image gives to a platform's entry."""
    return f"qemu-{WANTED[platform]}"


def parse(text: str) -> Told:
    """Read what the image prints on standard output. Raises BadInput where it is something else."""
    try:
        data = json.loads(text)
        return Told(*(frozenset(map(str, data.get(name) or ())) for name in ("supported", "emulators")))
    except (ValueError, AttributeError, TypeError) as error:
        raise BadInput("The image that registers emulators gave an answer that cannot be read.", _REMEDY) from error


def _ask(client: Client, *options: str) -> Told:
    docker = client()
    with told("Emulators cannot be registered through your engine", _REMEDY):
        if not docker.image.exists(EMULATORS):
            docker.image.pull(EMULATORS, quiet=True)
        pieces = list(docker.container.run(EMULATORS, options, privileged=True, remove=True, stream=True))
    try:
        return parse(b"".join(content for source, content in pieces if source == "stdout").decode())
    except (BadInput, UnicodeDecodeError) as error:  # it ends with status 0 all the same
        said = b" ".join(content.strip() for source, content in pieces if source == "stderr").decode(errors="replace")
        raise Blocked(f"Emulators cannot be registered through your engine: {said or 'no reason given'}", "") from error


def _record(names: set[str]) -> None:
    write_json(_file(), sorted(names))


def _file() -> Path:
    return paths.sandbox() / "binfmt.json"
