"""Run a command while what the engine tests wait for is made beside it: `tools/beside.py COMMAND …`.

On a fresh machine that is the engine's packages, and some minutes of compiling BuildKit. It goes into the lab's cache,
as `lab up` would put it there; what cannot be made is for the tests to say. The command yields to it: most tests that
take long wait for what it makes.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def make() -> None:
    """What a sandbox's first start would fetch and compile, whole; nothing where the cache has it."""
    from lab.sandbox import images
    from lab.sandbox.bringup import SUITE
    from lab.sandbox.buildkit import maker as buildkit
    from lab.sandbox.golang import maker as golang
    from lab.sandbox.packages import programs

    programs.engine(SUITE, programs.fetch(SUITE))
    programs.registry()
    images.busybox()
    buildkit.make()
    golang.make()


_MAKER = (sys.executable, "-P", str(Path(__file__).resolve()))


def run(command: list[str], maker: Sequence[str] = _MAKER) -> int:
    """The command's exit status; the maker is ended with it, also where it is ended from outside.

    The maker stays in this session: the kernel weighs sessions against each other, and processes only inside of one.
    """
    with subprocess.Popen(
        maker, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, process_group=0
    ) as making:
        try:
            with subprocess.Popen(["nice", "-n", "5", *command]) as running:
                signal.signal(signal.SIGTERM, lambda *_: running.terminate())
                try:
                    return running.wait()
                except KeyboardInterrupt:
                    running.wait()  # the terminal told it, too: it stops what it started
                    return 130
        finally:
            if making.poll() is None:
                os.killpg(making.pid, signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]) if sys.argv[1:] else make())
