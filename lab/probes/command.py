"""Run one command of the outside world, bounded in time, and keep what it said as evidence."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from lab.errors import Blocked
from lab.model.facts import Evidence
from lab.probes.plugin import direct
from lab.sandbox.host.run import run

LIMIT = 20.0


def ask(
    command: Sequence[str], env: Mapping[str, str], *, limit: float = LIMIT, folder: Path | None = None
) -> tuple[int, str, str, Evidence]:
    """The exit status, standard output, standard error, and the evidence. Blocked where it cannot run or hangs.

    It runs in `folder`, or in this process's own. What is shown is what a learner can repeat.
    """
    shown = shlex.join(command)
    try:
        done = run(direct(command, env), env, limit=limit, folder=folder)
    except subprocess.TimeoutExpired as error:
        raise Blocked(f"`{shown}` did not answer within {limit:.0f} s.", "Is the engine busy or paused?") from error
    except OSError as error:
        raise Blocked(f"`{command[0]}` cannot be run: {error.strerror}.", "Is it installed?") from error
    return done.status, done.out, done.err, Evidence(shown, (done.out + done.err).strip())
