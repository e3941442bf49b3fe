"""Programs that run with the network cut: in a network namespace of their own that has a loopback and no route."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

# 0x8914 is SIOCSIFFLAGS, 1 is IFF_UP: netdevice(7). A new namespace has its loopback down.
_LOOPBACK_UP = """
import fcntl, os, socket, struct, sys
with socket.socket() as one:
    fcntl.ioctl(one, 0x8914, struct.pack("16sh14x", b"lo", 1))
os.execvpe(sys.argv[1], sys.argv[1:], os.environ)
"""


def run(
    command: Sequence[str], env: Mapping[str, str] | None = None, *, timeout: float = 600
) -> subprocess.CompletedProcess[str]:
    """Run a command there, as root; what it starts stays there, too."""
    return subprocess.run(
        ["unshare", "--net", sys.executable, "-c", _LOOPBACK_UP, *command],
        env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=timeout, check=False,
    )  # fmt: skip
