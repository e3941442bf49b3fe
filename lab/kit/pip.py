"""A pip that can fetch wheels for other machines: one that is here, else the one that the lab pins, through uv."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from lab import paths
from lab.errors import Blocked
from lab.kit import plan

_NONE = "There is no pip here to fetch Python's packages with, and no uv to bring one."
_REMEDY = "Install pip (Debian and Ubuntu: python3-pip), or uv."
_LIMIT = 300.0


def pip() -> list[str]:
    """The words that begin its commands. Raises Blocked where there is none."""
    own = paths.cache() / "kit" / "pip"
    for command in ([sys.executable, str(own / "pip")], [sys.executable, "-m", "pip"], ["python3", "-m", "pip"]):
        if _works(command):
            return command
    uv = shutil.which("uv") or _beside()
    if not uv:
        raise Blocked(_NONE, _REMEDY)
    lock = plan.locks() / "requirements-kit.lock"
    words = [
        "pip",
        "install",
        "-q",
        "--require-hashes",
        "--python",
        sys.executable,
        "--target",
        str(own),
        "-r",
        str(lock),
    ]
    try:
        done = subprocess.run([uv, *words], capture_output=True, text=True, timeout=_LIMIT, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Blocked(_NONE, _REMEDY) from error
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no reason given"])[-1].strip()
        raise Blocked(f"uv cannot fetch pip: {said}", "Check the network, or install pip.")
    return [sys.executable, str(own / "pip")]


def _works(command: list[str]) -> bool:
    try:
        done = subprocess.run([*command, "--version"], capture_output=True, timeout=60, check=False, env=_plain())
    except (OSError, subprocess.TimeoutExpired):
        return False
    return not done.returncode


def _plain() -> dict[str, str]:
    return {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def _beside() -> str | None:
    """The uv that `make setup` has fetched into a checkout."""
    folder = plan.checkout()
    found = folder / ".bootstrap" / "bin" / "uv" if folder else Path("/nonexistent")
    return str(found) if found.is_file() else None
