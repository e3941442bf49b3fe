"""Runs one command in a changed environment and a time limit; run as `python -I -S limited.py SECONDS … -- COMMAND`.

The words between are `NAME=VALUE` (set) and `NAME` (taken away). 0 seconds are no limit. A client library that starts
its commands by itself, in the environment of its own process and for as long as they like, is held by this.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

TOO_LONG = 124


def main(seconds: float, changes: list[str], command: list[str]) -> int:
    """Become the command where there is no limit; else wait for it, and end it when its time is over."""
    for change in changes:
        name, given, value = change.partition("=")
        if given:
            os.environ[name] = value
        else:
            os.environ.pop(name, None)
    if not seconds:
        os.execvp(command[0], command)  # noqa: S606  # there is no shell on purpose
    with subprocess.Popen(command, start_new_session=True) as process:
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            sys.stderr.write(f"The engine did not answer within {seconds:.0f} s.\n")
            return TOO_LONG
        finally:
            if process.poll() is None:  # also where it is this one that is interrupted
                os.killpg(process.pid, signal.SIGKILL)


if __name__ == "__main__":
    middle = sys.argv.index("--")
    sys.exit(main(float(sys.argv[1]), sys.argv[2:middle], sys.argv[middle + 1 :]))
