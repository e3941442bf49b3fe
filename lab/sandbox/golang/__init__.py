"""The base image `golang`, for the lessons that compile: made in the background, into the lab's mirror.

Where the lab has no mirror (a learner's own engine), Docker Hub's real image serves. `python -m lab.sandbox.golang` is
the maker.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from lab import paths
from lab.errors import Blocked, LabError
from lab.images import build
from lab.sandbox import background, provision
from lab.sandbox.images import GOLANG
from lab.sandbox.model import Removal
from lab.storage import write_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Progress", "build_removals", "progress", "start", "stop", "wait"]

State = Literal["none", "building", "ready", "failed"]
_ROLE = "golang"
_REPOSITORY = "library/golang"
_WAITING = "Go's image is still being made in the background. It takes about a minute."
_STOPPED = "The making of Go's image was stopped before it finished."
_AGAIN = "Run `lab up` again."


@dataclass(frozen=True)
class Progress:
    """Where the image is: "none" (the lab need not make it), "building", "ready", or "failed" and why, in a line."""

    state: State
    log: Path | None = None
    error: str = ""
    remedy: str = ""

    @property
    def waiting(self) -> str:
        """What to tell somebody who waits for it: two short sentences."""
        return _WAITING

    def as_text(self) -> str:
        """A few words, for `lab status`."""
        words = {"building": "its image is being made in the background", "failed": f"{self.error} {self.remedy}"}
        return words.get(self.state, self.state)

    def to_json(self) -> dict[str, Any]:
        """Plain values, for `lab status --json`."""
        return {**asdict(self), "log": str(self.log) if self.log else None}


def start(mirror: str | None, environment: Mapping[str, str]) -> Progress:
    """See to it that the image gets into the mirror (`127.0.0.1:PORT`), in the background where it must be made.

    Never raises for what the world lacks: the state is then "failed", with one line and a remedy.
    """
    if mirror is None or (now := progress()).state == "building":
        return Progress("none") if mirror is None else now
    try:
        if build.exists(mirror, _REPOSITORY, GOLANG.partition(":")[2]):
            _record("ready")
        elif image := _cached():
            _give(mirror, image)
        elif not sys.platform.startswith("linux"):
            raise Blocked("Go's image can be made on Linux only.", "Docker Hub's own serves elsewhere.")
        else:
            _record("building")
            background.spawn("lab.sandbox.golang", [mirror], role=_ROLE, log=_log(), environment=environment)
    except LabError as error:
        _record("failed", error=error.message, remedy=error.remedy)
    return progress()


def progress() -> Progress:
    """Where the image is; quick: one small file and a look at one process."""
    record = background.read(_file())
    told = record.get("state")
    log = _log() if _log().exists() else None
    if told == "building":
        return (
            Progress("building", log) if background.alive(record, _ROLE) else Progress("failed", log, _STOPPED, _AGAIN)
        )
    if told not in ("ready", "failed"):
        return Progress("none")
    return Progress(told, log, str(record.get("error") or ""), str(record.get("remedy") or ""))


def check_ready() -> None:
    """Raise Blocked, with the reason, where the image is still being made or could not be."""
    now = progress()
    if now.state == "building":
        raise Blocked(now.waiting, f"Try again then. Its log: {now.log}")
    if now.state == "failed":
        raise Blocked(f"Go's image could not be made: {now.error}", now.remedy)


def wait(timeout: float) -> Progress:
    """Wait until the image is there or cannot be, at most `timeout` seconds."""
    return background.ended(progress, timeout)


def stop() -> bool:
    """End the maker, with everything that it started. Was there one?"""
    return background.stop(_ROLE, _file())


def build_removals() -> Iterator[Removal]:
    """The maker in the background, where there is one."""
    if progress().state == "building":
        yield Removal("the making of Go's image in the background", stop)


def main(arguments: Sequence[str]) -> int:
    """The maker: `arguments` is the mirror's address."""
    from lab.sandbox.golang import maker

    (mirror,) = arguments
    try:
        _record("building", pid=os.getpid())
        _give(mirror, maker.make())
    except LabError as error:
        sys.stderr.write(f"{error}\n")
        _record("failed", error=error.message, remedy=error.remedy)
        return error.exit_status
    except Exception as error:  # noqa: BLE001 - nobody else is there to tell of it
        traceback.print_exc()
        said = f"The maker itself broke: {type(error).__name__}: {error}."
        _record("failed", error=said, remedy=f"Please report this; the log is {str(_log())!r}.")
        return 70
    return 0


def _cached() -> build.Manifest | None:
    from lab.sandbox.golang import maker  # with all that makes images: an `up` that has the image needs none of it

    return maker.cached()


def _give(mirror: str, image: build.Manifest) -> None:
    from lab.sandbox.golang.maker import TAGS

    provision.put(mirror, _REPOSITORY, TAGS, image)
    _record("ready")


def _file() -> Path:
    return paths.sandbox() / "golang.json"


def _log() -> Path:
    return paths.sandbox() / "golang.log"


def _record(told: State, **more: str | int) -> None:
    write_json(_file(), {"state": told, "at": time.time(), **more})
