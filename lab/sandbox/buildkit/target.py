"""Where BuildKit's image has to go, and whether it is there or can be had without us."""

from __future__ import annotations

import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.errors import Blocked
from lab.images import build
from lab.images.reference import HUB_ENDPOINT
from lab.sandbox import provision
from lab.sandbox.host.run import run
from lab.sandbox.images import BUILDKIT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

NAME, _, TAG = BUILDKIT.partition(":")
_LIMIT = 120.0  # seconds: an image of 80 MB may be loaded


@dataclass(frozen=True)
class Target:
    """The lab's mirror (`127.0.0.1:PORT`) where there is one, else an engine, through its `docker`."""

    mirror: str | None
    docker: Path
    environment: Mapping[str, str]

    def has(self) -> bool:
        """Whether the image is there already. Raises Blocked where registry or engine do not answer."""
        return bool(build.exists(self.mirror, NAME, TAG) if self.mirror else self.image())

    def image(self) -> str | None:
        """The id that the image's name has in the engine; None where it has none."""
        found = self._docker("image", "ls", "--no-trunc", "--quiet", BUILDKIT)
        return found.split()[0] if found else None

    def take(self, image: build.Manifest, layout: Path) -> str | None:
        """Give it the image; the id of the image that is now in the learner's engine because of us, if any."""
        if self.mirror:
            provision.put(self.mirror, NAME, (TAG,), image)
            return None
        with tempfile.TemporaryFile() as archive:
            build.write_archive(layout, archive)
            archive.seek(0)
            self._docker("image", "load", "--quiet", stdin=archive.fileno())
        return self.image()

    def drop(self) -> None:
        """Take the image's name out of the engine."""
        self._docker("image", "rm", BUILDKIT)

    def _docker(self, *words: str, stdin: int = subprocess.DEVNULL) -> str:
        try:
            done = run([self.docker, *words], self.environment, limit=_LIMIT, stdin=stdin)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Blocked(f"The engine does not answer: {error}.", "Look at `lab status`.") from error
        if done.status:
            said = (done.err.strip().splitlines() or ["it said nothing"])[-1]
            raise Blocked(f"`docker {' '.join(words)}` failed: {said}", "Look at `lab status`.")
        return done.out.strip()


def hub_answers(seconds: float = 2.0, look: Callable[[float], bool] | None = None) -> bool:
    """Whether Docker Hub itself is to be reached from here; a `look` that is over after `seconds`."""
    look = look or _ask_hub
    answers: list[bool] = []
    # In a thread, since the time limit of a connection does not hold for the look-up of its name.
    threading.Thread(target=lambda: answers.append(look(seconds)), daemon=True).start()
    deadline = time.monotonic() + seconds
    while not answers and time.monotonic() < deadline:
        time.sleep(0.01)
    return answers == [True]


def _ask_hub(seconds: float) -> bool:
    from lab.images.registry import ping

    try:
        answer = ping(HUB_ENDPOINT, limit=seconds)
    except Blocked:
        return False
    # A company's or a hotel's page answers too, but not as a registry.
    return "docker-distribution-api-version" in answer.headers
