"""`make test` compiles BuildKit beside its tests; whoever ends the one has ended the other."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

TOOLS = Path(__file__).parent.parent / "tools"
MAKER = ["sleep", "60.25"]
PROGRAM = (
    f"import sys; sys.path.insert(0, {str(TOOLS)!r}); import beside; sys.exit(beside.run(sys.argv[1:], {MAKER!r}))"
)


def makers():
    """How many of these makers run."""
    found = subprocess.run(["pgrep", "-f", f"^{' '.join(MAKER)}$"], capture_output=True, text=True, check=False)
    return len(found.stdout.split())


def come_to(count):
    """Wait until so many do; did they?"""
    until = time.monotonic() + 10
    while makers() != count and time.monotonic() < until:
        time.sleep(0.02)
    return makers() == count


@pytest.mark.parametrize("status", [0, 3])
def test_the_commands_status_is_the_whole_ones(status):
    """The maker does not outlive the command, and is not asked how it went."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, "sh", "-c", f"exit {status}"], check=False)
    assert done.returncode == status
    assert come_to(0)


@pytest.mark.parametrize("ended_by", [signal.SIGTERM, signal.SIGINT])
def test_who_ends_it_ends_both(ended_by):
    """A CI that cancels a job sends SIGTERM, a terminal SIGINT: neither leaves the command or the maker behind."""
    with subprocess.Popen([sys.executable, "-c", PROGRAM, "sleep", "61.25"], process_group=0) as running:
        assert come_to(1)
        time.sleep(0.3)  # until it waits for the command
        if ended_by == signal.SIGINT:
            os.killpg(running.pid, ended_by)  # as a terminal does
        else:
            running.send_signal(ended_by)
        assert running.wait(10) != 0
    assert come_to(0)
    left = subprocess.run(["pgrep", "-f", "^sleep 61.25$"], capture_output=True, text=True, check=False)
    assert left.stdout == ""
