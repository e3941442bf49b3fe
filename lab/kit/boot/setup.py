"""The lab's own folder on a learner's machine, as a kit makes it: an environment of Python with the lab in it.

It lies in `kit/ID` of the lab's home, where ID follows from the kit's contents; `kit/bin/lab` leads to the newest.
"""

from __future__ import annotations

import fcntl
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from . import kitfile

_STAMP = "ready"
_LOCK = "requirements.lock"
_UNPACKED = 5  # times what wheels take, packed
_LIMIT = 1800.0
_LAB = "multiplatform_lab-"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


class Stopped(Exception):
    """It cannot be done here; the text is one sentence for people."""


def home() -> Path:
    """The lab's home, as `lab.paths.home` has it on Linux."""
    if chosen := os.environ.get("LAB_HOME"):
        return Path(chosen).absolute()
    data = os.environ.get("XDG_DATA_HOME", "").strip()
    return Path(data or Path.home() / ".local" / "share").absolute() / "multiplatform-lab"


def own() -> Path:
    """All that a kit makes outside of the cache."""
    return home() / "kit"


def programs() -> Path:
    """The folder with `lab` in it, which may be put on the PATH."""
    return own() / "bin"


def folder(kit: kitfile.Kit) -> Path:
    """The environment of that kit, for this Python: another one of the same machine gets its own."""
    return own() / f"{kit.id[:12]}-{sys.version_info[0]}.{sys.version_info[1]}"


def complete(place: Path) -> bool:
    """Was it made to its end, and does its Python still run?"""
    return (place / _STAMP).is_file() and (place / "bin" / "python").exists() and (place / "bin" / "lab").exists()


def release() -> str:
    """This machine's distribution, as in `debian:12`."""
    try:
        found = platform.freedesktop_os_release()
    except OSError:
        return "unknown"
    return f"{found.get('ID', 'unknown')}:{found.get('VERSION_ID', '')}"


def needed(kit: kitfile.Kit) -> int:
    """About how many bytes of room setting up takes."""
    wheels = sum(one.size for one in kit.pieces if one.kind == "wheels")
    return _UNPACKED * wheels + 3 * sum(one.size for one in kit.pieces if one.kind != "wheels")


@contextmanager
def alone() -> Iterator[None]:
    """One at a time. What had to be made for it and stays empty goes again."""
    place = own()
    made = [one for one in (place, *place.parents) if not one.exists()]
    for one in reversed(made):
        one.mkdir(mode=0o700, exist_ok=True)
    lock = place / ".lock"
    try:
        with lock.open("w") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield
    except BaseException:
        if not any(one for one in place.iterdir() if one != lock):
            lock.unlink(missing_ok=True)
            for one in made:
                with suppress(OSError):
                    one.rmdir()
        raise


def make(kit: kitfile.Kit, place: Path, say: Callable[[str], None]) -> None:
    """Make the environment, and put the lab into it. Raises Stopped; nothing of it is left then."""
    shutil.rmtree(place, ignore_errors=True)
    try:
        say(f"Making an environment of Python in {place}")
        _run([sys.executable, "-I", "-m", "venv", "--without-pip", place], "Python cannot make an environment")
        with tempfile.TemporaryDirectory(prefix=".wheels-", dir=place) as draft:
            say("Installing the lab")
            _install(kit, place, Path(draft))
        fill(kit, place, say)
        (place / _STAMP).write_text(f"{kit.id}\n")
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise


def _install(kit: kitfile.Kit, place: Path, draft: Path) -> None:
    for piece in kit.pieces:
        if piece.kind == "wheels" and _is_for_this(piece):
            kitfile.copy(kit, piece, draft / Path(piece.path).name)
    (pip,) = draft.glob("pip-*.whl")
    (lab,) = draft.glob(f"{_LAB}*.whl")
    digest = next(one.sha256 for one in kit.pieces if Path(one.path).name == lab.name)
    wanted = draft / "wanted.txt"
    # the lock is the lab's own: pip takes from it what this Python needs, and compares each hash
    wanted.write_text((draft / _LOCK).read_text() + f"\nmultiplatform-lab @ {lab.as_uri()} --hash=sha256:{digest}\n")
    options = ["--quiet", "--no-index", "--no-deps", "--no-compile", "--only-binary=:all:", "--require-hashes"]
    quiet = ["--no-cache-dir", "--disable-pip-version-check", "--no-warn-script-location", "--no-input"]
    from_here: list[str | Path] = ["--find-links", draft, "-r", wanted]
    python = place / "bin" / "python"
    _run([python, "-I", pip / "pip", "install", *options, *quiet, *from_here], "The lab cannot be installed")


def _is_for_this(piece: kitfile.Piece) -> bool:
    """Not a wheel of another processor or Python: those would only take room. pip itself chooses among the rest."""
    foreign = piece.platform and piece.platform != this_platform()
    of_python = re.search(r"-(cp3\d+)t?-[^-]+\.whl$", piece.path)
    return not foreign and (not of_python or of_python[1] == "cp{}{}".format(*sys.version_info))


def this_platform() -> str:
    """As in `linux/amd64`."""
    machine = platform.machine().lower()
    return f"{platform.system().lower()}/{_ARCHITECTURES.get(machine, machine)}"


def fill(kit: kitfile.Kit, place: Path, say: Callable[[str], None]) -> None:
    """Put what the lab would download into its cache. Raises Stopped."""
    say("Unpacking the engine's packages and the images")
    _run([place / "bin" / "python", "-I", "-m", "lab", "kit", "unpack", kit.file], "")


def point_to(place: Path) -> None:
    """`bin/lab` leads to this one from now on; older ones go."""
    programs().mkdir(exist_ok=True)
    fresh = programs() / ".lab"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(Path("..") / place.name / "bin" / "lab")
    fresh.replace(programs() / "lab")
    for other in own().iterdir():
        if other.is_dir() and other not in (place, programs()):
            shutil.rmtree(other, ignore_errors=True)


def _run(command: list[str | Path], what: str) -> None:
    """Run it quietly; raises Stopped with what it said last."""
    away = ("PYTHON", "PIP_", "VIRTUAL_ENV")
    env = {name: value for name, value in os.environ.items() if not name.startswith(away)}
    env["PIP_CONFIG_FILE"] = os.devnull
    try:
        done = subprocess.run(
            [str(word) for word in command],
            env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
            timeout=_LIMIT,
        )  # fmt: skip
    except OSError as error:
        raise Stopped(f"{command[0]} cannot be run: {error.strerror}.") from error
    except subprocess.TimeoutExpired as error:
        raise Stopped(f"{command[0]} did not end within {_LIMIT / 60:.0f} minutes.") from error
    if done.returncode:
        last = ([line.strip() for line in done.stdout.splitlines() if line.strip()] or ["no reason given"])[-1]
        raise Stopped(f"{what}: {last}" if what else last.removeprefix("lab: "))
