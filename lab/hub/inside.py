"""What runs in a room: it brings the learner's sandbox up, copies the lessons, and becomes their JupyterLab.

Run as `python -m lab.hub.inside …`; what is given more is for JupyterHub's single-user server.
"""

from __future__ import annotations

import os
import shutil
import sys
from typing import NoReturn

from lab import paths
from lab.course import workspace
from lab.errors import Blocked, LabError
from lab.hub import ready
from lab.hub.room.plan import HOME, SERVING
from lab.notebook import server
from lab.sandbox import registry
from lab.sandbox.bringup import up
from lab.sandbox.report import PlainListener
from lab.storage import own_folder

_LESSONS = HOME / "lessons"
_LOOK = 10  # parts of the idle time after which the server looks again


def main(given: list[str]) -> NoReturn:
    """Become the server; one line on standard error, and the exit status that it stands for, where it cannot."""
    try:
        _images()
        up(private=True, report=PlainListener())
    except LabError as error:  # the lessons say it too, and what to do; a room without an engine is still a room
        sys.stderr.write(f"* The sandbox is not up: {error}\n")
    try:
        folder = workspace.start(_LESSONS).folder
        server.trust(folder, paths.home() / "jupyter" / "data")
        command = [
            *(sys.executable, "-m", "jupyterhub.singleuser"),
            *server.options(folder), *_idle(int(os.environ.get("LAB_HUB_IDLE", "0"))), *given,
        ]  # fmt: skip
        environment = server.environment(folder)
    except LabError as error:
        sys.stderr.write(f"* The lessons cannot be laid out: {error}\n")
        sys.exit(error.exit_status)
    sys.stderr.write(f"{SERVING}\n")
    sys.stderr.flush()
    os.chdir(folder)
    os.execve(command[0], command, environment)  # noqa: S606  # there is no shell on purpose


def _images() -> None:
    """The registry's first images, out of what all rooms share: nobody has to make or to push them."""
    place = registry.images(paths.sandbox())
    if place.exists() or not ready.images().is_dir():
        return
    fresh = place.with_name("images.new")
    try:
        own_folder(place.parent)
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(ready.images(), fresh)
        fresh.rename(place)
    except OSError as error:
        raise Blocked(f"The learner's disk cannot be written: {error.strerror}.") from error


def _idle(seconds: int) -> list[str]:
    """What ends kernels and terminals that are at rest, and then the server, though a page of theirs is open."""
    if not seconds:
        return []
    look = max(1, min(60, seconds // _LOOK))
    return [
        f"--ServerApp.shutdown_no_activity_timeout={seconds}",
        f"--MappingKernelManager.cull_idle_timeout={seconds}",
        f"--MappingKernelManager.cull_interval={look}",
        "--MappingKernelManager.cull_connected=True",
        f"--TerminalManager.cull_inactive_timeout={seconds}",
        f"--TerminalManager.cull_interval={look}",
    ]


if __name__ == "__main__":
    main(sys.argv[1:])
