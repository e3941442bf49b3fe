"""An ordinary user on this machine: no root, no group that may use an engine, a home of their own."""

from __future__ import annotations

import os
import shutil
import site
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
NOBODY = 65534
_BASIC = ("bash", "sh", "env", "uname", "od", "cat", "sleep", "python3")
_START = "import sys; sys.path[:0] = {folders!r}; from lab.cli import main; main()"


class User:
    """Runs `lab` as that user, in an empty home. `tools` is all of the system that this user's PATH has."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.tools = home / "bin"
        self.tools.mkdir(parents=True)
        for name in _BASIC:
            if found := shutil.which(name, path="/usr/bin:/bin"):
                (self.tools / name).symlink_to(found)
        self.env = {"HOME": str(home), "PATH": str(self.tools), "LANG": "C.UTF-8"}
        if not os.geteuid():
            os.chown(home, NOBODY, NOBODY)

    def run(
        self, command: Sequence[str | Path], *, timeout: float = 60, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as the user."""
        who = {} if os.geteuid() else {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        return subprocess.run(
            [str(word) for word in command],
            env=self.env, cwd=cwd or self.home, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=timeout, check=False, **who,
        )  # fmt: skip

    def lab(self, *words: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run `lab …` as the user."""
        return self.run([self._python(), "-c", _START.format(folders=_folders()), *words], timeout=timeout)

    def _python(self) -> str:
        """An interpreter of the same version that the user may run: that of the tests may lie in root's own home."""
        version = "import sys; print(sys.version_info[:2])"
        for python in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
            try:
                done = self.run([python, "-c", version])
            except OSError:
                continue
            if done.stdout.strip() == str(sys.version_info[:2]):
                return python
        pytest.skip("no Python here that another user may run")


def _folders() -> list[str]:
    return [str(ROOT), *site.getsitepackages()]


@contextmanager
def place() -> Iterator[Path]:
    """A folder that the user can get to; pytest's own are its user's alone, and made so again by each run beside."""
    folder = Path(tempfile.mkdtemp(prefix="lab-user-"))
    folder.chmod(0o755)
    try:
        yield folder / "home"
    finally:
        shutil.rmtree(folder)
