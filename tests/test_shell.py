"""What a learner types runs as in a terminal, and its output comes as it is printed."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from lab.errors import Blocked
from lab.terminal import shell


def run(world, body):
    seen = []
    return shell.run("sample", body, world, seen.append), seen


def gone(pid):
    """Has that process ended (one that only waits to be reaped has)?"""
    for _ in range(100):
        stat = Path(f"/proc/{pid}/stat")
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


def test_output_and_exit_status_are_kept(world):
    """Standard output and error, in order, and how the script ended."""
    transcript, seen = run(world, "echo one; echo two >&2; (exit 7)")
    assert transcript.output == "".join(seen) == "one\ntwo\n"
    assert transcript.exit_status == 7
    assert world.transcript("sample").output == "one\ntwo\n"


def test_the_environment_is_the_sandboxs(world):
    """`$REGISTRY` stands for the registry; nothing of the notebook's own environment leaks in."""
    assert run(world, 'echo "$REGISTRY $HOME"')[0].output == "localhost:1 \n"


def test_output_comes_while_the_command_runs(world):
    """A long build is not silent."""
    times = []
    shell.run("sample", "echo a; sleep 0.5; echo b", world, lambda _text: times.append(time.monotonic()))
    assert times[-1] - times[0] > 0.3


def test_a_program_left_in_the_background_does_not_hold_the_cell(world):
    """The cell ends when the script ends, as a terminal's prompt would come back."""
    started = time.monotonic()
    transcript, _ = run(world, "sleep 30 & echo $!")
    os.kill(int(transcript.output), signal.SIGKILL)
    assert time.monotonic() - started < 10


def test_an_interrupt_stops_the_command_and_its_children(world):
    """Jupyter's stop button leaves nothing running behind."""
    seen = []

    def interrupt():
        while not seen:
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    transcript = shell.run("sample", "sleep 60 & echo $!; wait", world, seen.append)
    assert transcript.exit_status == shell.INTERRUPTED
    assert gone(int(seen[0]))


def test_bytes_that_are_no_text_do_no_harm(world):
    """Programs print what they like; a character cut in two by the pipe is put together again."""
    transcript, _ = run(world, r"printf '\xff\xc3'; sleep 0.2; printf '\xa9 ok\n'")
    assert transcript.output == "\ufffdé ok\n"


def test_a_folder_that_is_gone_is_blocked(world):
    """One clear line instead of a traceback."""
    world.workspace.rmdir()
    with pytest.raises(Blocked, match="is gone") as blocked:
        run(world, "true")
    assert f"`lab start {world.workspace}`" in blocked.value.remedy
