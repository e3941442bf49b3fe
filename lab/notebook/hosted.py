"""A learner's server where a hub starts it: `python -m lab.notebook.hosted`, with JupyterHub's own variables.

It brings the sandbox up on the engine that `DOCKER_HOST` names, copies the lessons into `~/lessons`, and becomes
`jupyterhub-singleuser`. Where the sandbox cannot be brought up, the server starts all the same: the panel says why.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import NoReturn

from lab import paths, sandbox
from lab.course import workspace
from lab.errors import Blocked, LabError
from lab.notebook import server

_PROGRAM = "jupyterhub-singleuser"


def main() -> NoReturn:
    """This process becomes JupyterHub's program. Ends with one line and its status where it or the home is missing."""
    folder = Path.home() / "lessons"
    try:
        program = _program()
        workspace.start(folder)
        server.trust(folder, paths.home() / "jupyter" / "data")
    except LabError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_status)
    try:
        sandbox.up()
    except LabError as error:
        sys.stderr.write(f"{error}\n")
    os.chdir(folder)
    sys.stderr.flush()
    words = [program, *server.options(folder), *sys.argv[1:]]
    os.execve(program, words, server.environment(folder))  # noqa: S606 - no shell is wanted


def _program() -> str:
    beside = Path(sys.executable).parent / _PROGRAM
    if beside.is_file():
        return str(beside)
    if found := shutil.which(_PROGRAM):
        return found
    raise Blocked(f"There is no {_PROGRAM}.", "Install the package jupyterhub beside the lab.")


if __name__ == "__main__":
    main()
