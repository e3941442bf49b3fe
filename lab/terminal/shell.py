"""Run what a learner typed, as a shell script in the sandbox's environment, and hand on its output as it comes."""

from __future__ import annotations

import codecs
import contextlib
import fcntl
import os
import select
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from lab import course
from lab.errors import Blocked
from lab.model.facts import Transcript
from lab.model.world import World
from lab.sandbox.engine import adapt_new_builders
from lab.terminal import marks, witness
from lab.terminal.spoken import Mark, Reader, Spoken

INTERRUPTED = 130
_KEPT = 2_000_000
_OUT_OF_THE_WAY = 100  # the first number of a file that a script opens itself is below


def run(step: str, body: str, world: World, show: Callable[[str], None]) -> Transcript:
    """Run `body` with bash in the learner's folder; `show` gets each piece of output at once.

    An interrupt (Ctrl-C, Jupyter's ■) stops the command and all that it started. The transcript keeps the last
    two million characters and is remembered for checks and hints.
    """
    started = datetime.now(UTC).isoformat(timespec="seconds")
    clock, began = time.perf_counter(), time.time()
    known = course.known(step)
    ear = _Ear(show)
    adapt_new_builders()
    with witness.listening(world.env) as (env, calls):
        status = _stream(body, replace(world, env=env), ear)
        called = calls()
    adapt_new_builders()
    transcript = Transcript(
        step=step,
        command=body.strip("\n"),
        output=ear.kept(known.lab_verbs if known else None)[-_KEPT:],
        exit_status=status,
        seconds=round(time.perf_counter() - clock, 3),
        started=started,
        began=began,
        ended=time.time(),
        calls=tuple(witness.of_learner(called, known.lab_verbs)) if known else called,
    )
    world.keep(transcript)
    return transcript


def has_command(body: str) -> bool:
    """Is there anything to run, besides comments?"""
    return any(line.strip() and not line.strip().startswith("#") for line in body.splitlines())


class _Ear:
    """Hands on what is printed as it comes, and keeps it by who said it."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._reader = Reader()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._spoken = Spoken(sys.maxsize)

    def hear(self, piece: bytes) -> None:
        """Take a piece of output."""
        for one in self._reader.feed(piece):
            self._take(one)

    def end(self, word: str = "") -> None:
        """Nothing more comes; what was held back is words."""
        self._take(self._reader.rest + word.encode())
        if text := self._decoder.decode(b"", final=True):
            self._show(text)

    def _take(self, one: bytes | Mark) -> None:
        self._spoken.hear(one)
        if isinstance(one, bytes) and (text := self._decoder.decode(one)):
            self._show(text)

    def kept(self, verbs: frozenset[str] | None) -> str:
        """All that was printed but for the lab's own words, those of `verbs` excepted; None keeps all."""
        parts = [words for whose, words in self._spoken.parts if verbs is None or set(whose.split()) <= verbs]
        return b"".join(parts).decode("utf-8", "replace")


def _stream(body: str, world: World, ear: _Ear) -> int:
    if not world.workspace.is_dir():
        folder = str(world.workspace)
        raise Blocked(f"The folder {folder!r} is gone.", f"`lab start {shlex.quote(folder)}` creates it again.")
    pipe, process = _start(body, world)
    word = ""
    try:
        _copy(process, pipe, ear)
        return process.wait()
    except KeyboardInterrupt:
        _stop(process)
        word = "\n(interrupted)\n"
        return INTERRUPTED
    except BaseException:
        _stop(process)
        raise
    finally:
        os.close(pipe)
        ear.end(word)


def _start(body: str, world: World) -> tuple[int, subprocess.Popen[bytes]]:
    """Start it; its output is read from the pipe, where `lab` marks its own words by the name in `LAB_MARKS`."""
    pipe, end = os.pipe()
    named = fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, _OUT_OF_THE_WAY)
    try:
        return pipe, subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-c", body],
            cwd=world.workspace,
            env={**world.env, marks.PLACE: f"/dev/fd/{named}"},
            stdin=subprocess.DEVNULL,
            stdout=end,
            stderr=end,
            pass_fds=(named,),
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        os.close(pipe)
        raise Blocked(f"bash cannot be started: {error}.", "Is bash installed?") from error
    finally:
        os.close(end)
        os.close(named)


def _copy(process: subprocess.Popen[bytes], pipe: int, ear: _Ear) -> None:
    while True:
        ended = process.poll() is not None
        if not select.select([pipe], [], [], 0.1)[0]:
            if ended:
                return  # a program that the script left in the background may hold the pipe for ever
            continue
        piece = os.read(pipe, 65536)
        if not piece:
            return
        ear.hear(piece)


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
