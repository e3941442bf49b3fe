"""One way to run a program of the outside world for its text: bounded in time, and never asked for input."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

LIMIT = 15.0  # seconds


class Done(NamedTuple):
    """How a command ended: its exit status, standard output and standard error."""

    status: int
    out: str
    err: str


def run(
    command: Sequence[str | Path],
    env: Mapping[str, str],
    *,
    limit: float = LIMIT,
    folder: Path | None = None,
    stdin: int = subprocess.DEVNULL,
) -> Done:
    """Run it in exactly that environment and in `folder` (this process's own), for at most `limit` seconds.

    `stdin` is a file descriptor.
    Raises OSError where it cannot be run, subprocess.TimeoutExpired where it takes too long.
    """
    words = [str(word) for word in command]
    with subprocess.Popen(
        words,
        env=dict(env),
        cwd=folder,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as program:
        try:
            out, err = program.communicate(timeout=limit)
        except BaseException:
            end(program)
            raise
    return Done(program.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))


def end(program: subprocess.Popen[bytes]) -> None:
    """End a program that has a session of its own, and all that it started there: they might hold its output open."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(program.pid, signal.SIGKILL)
    program.wait()


def attempt(command: Sequence[str | Path], env: Mapping[str, str], *, limit: float = LIMIT) -> tuple[str | None, str]:
    """What it prints, without the last newline (None where it fails or takes too long), and what it complains of."""
    try:
        done = run(command, env, limit=limit)
    except subprocess.TimeoutExpired:
        return None, f"It did not answer within {limit:.0f} s."
    except OSError as error:
        return None, str(error)
    return (None if done.status else done.out.rstrip("\n")), done.err


def printed(command: Sequence[str | Path], env: Mapping[str, str], *, limit: float = LIMIT) -> str:
    """What it prints, without the last newline; empty where it fails or takes too long."""
    return attempt(command, env, limit=limit)[0] or ""
