"""BuildKit's image for `docker buildx create`, so that `--bootstrap` is real, with Docker Hub or without.

Where neither the engine, nor the lab's mirror, nor Docker Hub has it, it is compiled from Go modules, in the
background: `python -m lab.sandbox.buildkit` is that builder.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lab import paths
from lab.errors import Blocked, LabError
from lab.sandbox import background
from lab.sandbox.background import number, read
from lab.sandbox.buildkit import maker
from lab.sandbox.buildkit.journal import PHASES, BuildProgress, cache_folder, sandbox_file
from lab.sandbox.buildkit.target import Target, hub_answers
from lab.sandbox.images import BUILDKIT
from lab.sandbox.model import Removal
from lab.storage import write_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "BuildProgress", "Target", "build_removals", "check_ready", "image_removals", "loaded", "progress", "start", "stop",
    "wait",
]  # fmt: skip

_ROLE = "buildkit"
_STOPPED = "The build of BuildKit's image was stopped before it finished."


def start(target: Target) -> BuildProgress:
    """See to it that a builder can be booted, with the image in `target`; compiles in the background where it must.

    Never raises for what the world lacks: the state is then "failed", with one line and a remedy.
    """
    if (now := progress()).state == "building":
        return now
    try:
        if target.has():
            _record("ready")
        elif image := maker.cached():
            _record("ready", loaded=target.take(image, maker.layout()))
        elif hub_answers():
            _record("hub")
        else:
            _spawn(target)
    except LabError as error:
        _record("failed", error=error.message, remedy=error.remedy)
    return progress()


def progress() -> BuildProgress:
    """Where the image is; quick: two small files and a look at one process."""
    record = read(sandbox_file())
    told, since = record.get("state", "none"), number(record.get("started"))
    log = _log() if _log().exists() else None
    if told == "building":
        return _building(since, log) if background.alive(record, _ROLE) else _stopped(log)
    if told not in ("hub", "ready", "failed"):
        return BuildProgress("none")
    return BuildProgress(
        told,
        seconds_elapsed=max(number(record.get("at")) - since, 0.0),
        log=log,
        error=str(record.get("error") or ""),
        remedy=str(record.get("remedy") or ""),
    )


def check_ready() -> None:
    """Raise Blocked, with the reason, where the image is still being made or could not be."""
    now = progress()
    if now.state == "building":
        raise Blocked(now.waiting, f"Try again later. Its log: {now.log}")
    if now.state == "failed":
        raise Blocked(f"BuildKit's image could not be built: {now.error}", now.remedy)


def wait(timeout: float) -> BuildProgress:
    """Wait until the image is there or cannot be, at most `timeout` seconds."""
    return background.ended(progress, timeout)


def stop() -> bool:
    """End the background build, with everything that it started; what is compiled is kept. Was there one?"""
    return background.stop(_ROLE, sandbox_file())


def loaded() -> str | None:
    """The id of the image that the lab loaded into the learner's engine; None where it loaded none."""
    found = read(sandbox_file()).get("loaded")
    return found if isinstance(found, str) and found else None


def build_removals() -> Iterator[Removal]:
    """The build in the background, where there is one."""
    if progress().state == "building":
        yield Removal("the build of BuildKit's image in the background", stop)


def image_removals(target: Target) -> Iterator[Removal]:
    """The image that was loaded into the engine of `target`, if its name still means ours. Raises Blocked."""
    if (ours := loaded()) and target.image() == ours:
        yield Removal(f"image {BUILDKIT}", partial(_unload, target))


def main(arguments: Sequence[str]) -> int:
    """The builder in the background: `--mirror ADDRESS` or `--docker PATH` says where the image has to go."""
    kind, where = arguments
    target = Target(where if kind == "--mirror" else None, Path(where), dict(os.environ))
    try:
        _record("building", pid=os.getpid())
        image = maker.make()
        _record("ready", loaded=None if target.has() else target.take(image, maker.layout()))
    except LabError as error:
        sys.stderr.write(f"{error}\n")
        _record("failed", error=error.message, remedy=error.remedy)
        return error.exit_status
    except Exception as error:  # noqa: BLE001 - nobody else is there to tell of it
        traceback.print_exc()
        said = f"The builder itself broke: {type(error).__name__}: {error}."
        _record("failed", error=said, remedy=f"Please report this; the log is {str(_log())!r}.")
        return 70
    return 0


def _unload(target: Target) -> None:
    target.drop()
    _record("none", loaded="")


def _spawn(target: Target) -> None:
    if not sys.platform.startswith("linux"):
        raise Blocked(
            "Docker Hub does not answer, and BuildKit's image can be made on Linux only.",
            "Run `lab up` once with internet access: the engine then keeps the image.",
        )
    where = ["--mirror", target.mirror] if target.mirror else ["--docker", str(target.docker)]
    # The builder signs the record with its own number; until then the record's age speaks for it.
    _record("building", pid=0)
    background.spawn("lab.sandbox.buildkit", where, role=_ROLE, log=_log(), environment=target.environment)


def _building(since: float, log: Path | None) -> BuildProgress:
    now = time.time()
    shared = read(cache_folder() / "progress.json")
    if number(shared.get("at")) < since:  # what an earlier build left
        return BuildProgress("building", phase="starting", seconds_elapsed=max(now - since, 0.0), log=log)
    return BuildProgress(
        "building",
        phase=PHASES.get(str(shared.get("phase")), ""),
        done=int(number(shared.get("done"))),
        total=int(number(shared.get("total"))),
        seconds_elapsed=max(now - since, 0.0),
        seconds_left=max(number(shared.get("left")) - max(now - number(shared.get("at")), 0.0), 1.0),
        log=log,
    )


def _stopped(log: Path | None) -> BuildProgress:
    return BuildProgress("failed", log=log, error=_STOPPED, remedy="Run `lab up`: it continues from there.")


def _record(told: str, **more: str | int | None) -> None:
    now = time.time()
    before = read(sandbox_file())
    # A new builder (no number yet) starts the clock; all that it says later belongs to its own start.
    since = number(before.get("started")) if before.get("state") == "building" and more.get("pid") != 0 else now
    kept = {"loaded": before.get("loaded")}
    more = {name: value for name, value in more.items() if value is not None or name != "loaded"}
    write_json(sandbox_file(), {**kept, "state": told, "started": since, "at": now, **more})


def _log() -> Path:
    return paths.sandbox() / "buildkit.log"
