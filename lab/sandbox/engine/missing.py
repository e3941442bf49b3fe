"""No engine, and none can be brought: why, and what to do on this very system."""

from __future__ import annotations

import os
import platform
import shutil
import sys

from lab.errors import Blocked
from lab.sandbox.engine.search import Refusal

_DESKTOP = """\
Start Docker Desktop and wait until its whale icon stops moving; `docker info` then answers. Not installed yet?
  https://docs.docker.com/desktop/
Then run `lab up` again."""
_WSL = """\
In Docker Desktop, under Settings, Resources, WSL integration, switch this distribution on.
Then run `lab up` again. Or let the lab bring its own engine: run `lab up` as root, as with sudo."""
_GROUP = """\
Either join the group that may (it can do all that root can), and log in again:
  sudo usermod -aG docker "$USER"
or, for this terminal only, after that: newgrp docker
or run the lab as root, as with sudo. Then run `lab up` again."""
_STOPPED = """\
Start it, as with:
  sudo systemctl start docker
Then run `lab up` again.{root}"""
_ROOT = """
Or let the lab bring its own engine, which installs nothing: run `lab up` as root, as with sudo."""
_INSTALL = """\
Install Docker from your system's packages{example}, start it, and run `lab up` again.{root}"""
_EXAMPLES = {
    "fedora": "dnf install moby-engine docker-buildx", "arch": "pacman -S docker docker-buildx",
    "alpine": "apk add docker docker-cli-buildx", "opensuse": "zypper install docker docker-buildx",
    "debian": "apt install docker.io docker-buildx", "ubuntu": "apt install docker.io docker-buildx",
}  # fmt: skip


def blocked(why: Refusal, *, own: bool) -> Blocked:
    """What to raise. `own` tells that the lab could bring its own engine here, to root."""
    root = _ROOT if own and _as_root() is False else ""
    said = f" It says: {_short(why.said)}" if why.said else ""
    if "permission denied" in why.said.lower():
        return Blocked(f"Your user may not use the Docker engine at {why.host}.{said}", _GROUP)
    if why.docker and _chosen():
        return Blocked(
            f"No Docker engine answers at {why.host}, which {_chosen()} names.{said}",
            f"Start that engine, or `unset {_chosen()}`. Then run `lab up` again.{root}",
        )
    if sys.platform != "linux":
        return Blocked(f"No Docker engine answers.{said}", _DESKTOP)
    if "microsoft" in platform.release().lower() and not why.docker:
        return Blocked("There is no Docker engine in this WSL distribution.", _WSL)
    if why.docker:
        return Blocked(f"No Docker engine answers at {why.host}.{said}", _STOPPED.format(root=root))
    example = f" (`{found}`)" if (found := _example()) else ""
    return Blocked("There is no Docker engine here.", _INSTALL.format(example=example, root=root))


def _chosen() -> str:
    return next((name for name in ("DOCKER_HOST", "DOCKER_CONTEXT") if os.environ.get(name)), "")


def _as_root() -> bool:
    return os.geteuid() == 0


def _example() -> str:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return ""
    kinds = [release.get("ID", ""), *release.get("ID_LIKE", "").split()]
    found = next((_EXAMPLES[kind] for kind in kinds if kind in _EXAMPLES), "")
    return f"{'sudo ' if found and shutil.which('sudo') else ''}{found}"


def _short(text: str) -> str:
    return " ".join(text.split())[:240]
