"""Run what a learner typed, as a shell script in the sandbox's environment, and hand on its output as it comes."""

from __future__ import annotations

import codecs
import contextlib
import os
import select
import shlex
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from lab import witness
from lab.errors import Blocked
from lab.facts import Transcript
from lab.sandbox import builders
from lab.world import World

INTERRUPTED = 130
_KEPT = 2_000_000


def run(step: str, body: str, world: World, show: Callable[[str], None]) -> Transcript:
    """Run `body` with bash in the learner's folder; `show` gets each piece of output at once.

    An interrupt (Ctrl-C, Jupyter's ■) stops the command and all that it started. The transcript keeps the last
    two million characters and is remembered for checks and hints.
    """
    started = datetime.now(UTC).isoformat(timespec="seconds")
    clock, began = time.perf_counter(), time.time()
    pieces: list[str] = []

    def keep(text: str) -> None:
        pieces.append(text)
        show(text)

    builders.fit()
    with witness.listening(world.env) as (env, calls):
        status = _stream(body, replace(world, env=env), keep)
        called = calls()
    builders.fit()
    transcript = Transcript(
        step=step,
        command=body.strip("\n"),
        output="".join(pieces)[-_KEPT:],
        exit_status=status,
        seconds=round(time.perf_counter() - clock, 3),
        started=started,
        began=began,
        ended=time.time(),
        calls=called,
    )
    world.keep(transcript)
    return transcript


def _stream(body: str, world: World, keep: Callable[[str], None]) -> int:
    if not world.workspace.is_dir():
        folder = str(world.workspace)
        raise Blocked(f"The folder {folder!r} is gone.", f"`lab start {shlex.quote(folder)}` creates it again.")
    try:
        process = subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-c", body],
            cwd=world.workspace,
            env=dict(world.env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise Blocked(f"bash cannot be started: {error}.", "Is bash installed?") from error
    try:
        _copy(process, keep)
        return process.wait()
    except KeyboardInterrupt:
        _stop(process)
        keep("\n(interrupted)\n")
        return INTERRUPTED
    except BaseException:
        _stop(process)
        raise
    finally:
        if process.stdout:
            process.stdout.close()


def _copy(process: subprocess.Popen[bytes], keep: Callable[[str], None]) -> None:
    assert process.stdout  # noqa: S101 - a pipe was asked for
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    pipe = process.stdout.fileno()
    while True:
        ended = process.poll() is not None
        if not select.select([pipe], [], [], 0.1)[0]:
            if ended:
                return  # a program that the script left in the background may hold the pipe for ever
            continue
        piece = os.read(pipe, 65536)
        if text := decoder.decode(piece, final=not piece):
            keep(text)
        if not piece:
            return


def _stop(process: subprocess.Popen[bytes]) -> None:
    for number, patience in ((signal.SIGINT, 3), (signal.SIGTERM, 3), (signal.SIGKILL, 10)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
            break
    # what the command itself left behind in its group goes too
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
