"""Each door of docs/start.md, by the page's own lines, in an empty home: it ends at lesson 1, and what stays is said.

With uv, with pipx, and from a copy of the project; each night. Wheels lie in a folder, so that no index is asked.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from support import image_bases, image_wheels
from support.doors import ROOT, commands, learn
from support.nightly import nightly

from lab import paths

pytestmark = nightly
_KEPT = ("apt", "debs", "engine-*", "registry-*", "base-busybox-*", "base-golang-*", "buildkit")
OWN = {"multiplatform-lab", ".local/share/multiplatform-lab"}  # the lessons; progress and JupyterLab's settings


@pytest.fixture(scope="module")
def wheels():
    """The folders with all that an installer asks for: the packages, and the lab's own wheel of now."""
    with tempfile.TemporaryDirectory() as own:
        words = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", own]
        subprocess.run(words, cwd=ROOT, check=True, capture_output=True, timeout=120)
        yield [str(image_wheels.folder("requirements.lock", image_bases.python())), own]


class Home:
    """An empty home, but for what `lab up` would download; commands are run in it as a terminal would."""

    def __init__(self, place, wheels):
        self.place = place
        cache = place / ".cache" / "multiplatform-lab"
        cache.mkdir(parents=True)
        for found in (one for pattern in _KEPT for one in paths.cache().glob(pattern)):
            # links: what is purged here stays there
            subprocess.run(["cp", "-al", found, cache], check=True)
        uv = subprocess.run([ROOT / "tools" / "uv.sh"], capture_output=True, text=True, check=True).stdout.strip()
        self.programs = place / "programs"
        self.programs.mkdir()
        for name in ("uv", "uvx"):
            (self.programs / name).symlink_to(Path(uv).with_name(name))
        self.env = {
            "HOME": str(place), "PATH": f"{self.programs}:/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8",
            "UV_OFFLINE": "1", "UV_FIND_LINKS": ",".join(wheels), "UV_PYTHON": "/usr/bin/python3",
            "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": " ".join(wheels),
        }  # fmt: skip

    def run(self, line, cwd=None):
        """One line, to its end; what it prints."""
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=cwd or self.place,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def learns(self, line, cwd=None):
        """One line until JupyterLab shows a notebook, then Ctrl-C; the notebook's name."""
        return learn(line, cwd or self.place, self.env)

    def left(self):
        """What stays in the home: folders of its own, and those in the usual ones."""
        shutil.rmtree(self.programs)
        usual = {Path(), Path(".cache"), Path(".local"), Path(".local/share"), Path(".local/state")}
        found = [path for one in usual if (self.place / one).is_dir() for path in (self.place / one).iterdir()]
        return {str(path.relative_to(self.place)) for path in found} - {str(one) for one in usual}


@pytest.fixture
def home(wheels):
    """Gone afterwards, with the sandbox in it."""
    place = Path(tempfile.mkdtemp(prefix="lab-door-"))
    found = Home(place, wheels)
    try:
        yield found
    finally:
        subprocess.run(
            [sys.executable, "-m", "lab", "down"],
            env={**found.env, "PYTHONPATH": str(ROOT)},
            check=False,
            capture_output=True,
        )
        shutil.rmtree(place)


needs_root = pytest.mark.skipif(bool(os.geteuid()), reason="An engine of the lab's own needs root.")


@needs_root
def test_uv(home):
    """From the package index to lesson 1 by one line; afterwards only what the page names is left."""
    begin, purge, clean = commands("start.md", "uv")
    assert home.learns(begin) == "01-machine.ipynb"
    assert "Removed: " in home.run(purge)
    home.run(clean)
    assert home.left() - {".cache/uv", ".local/share/uv"} == OWN
    kept = [
        path for name in (".cache/uv", ".local/share/uv") for path in (home.place / name).rglob("*") if path.is_file()
    ]
    assert sum(path.stat().st_size for path in kept) < 1000


@needs_root
def test_pipx(home):
    """The same with pipx, which is fetched for it."""
    install = f"uv pip install -q --python pipx --require-hashes -r {ROOT}/tests/requirements-pipx.lock"
    home.run(f"export HOME={home.programs} UV_OFFLINE=0 UV_SYSTEM_CERTS=1; uv venv -q pipx; {install}", home.programs)
    home.env["PATH"] = f"{home.programs}/pipx/bin:{home.env['PATH']}"
    begin, purge = commands("start.md", "pipx")
    assert home.learns(begin) == "01-machine.ipynb"
    assert "Removed: " in home.run(purge)
    pipxs = {".local/bin", ".local/share/man", ".cache/pip", ".cache/uv", ".local/share/uv"}  # uv where it finds one
    assert {name for name in home.left() - pipxs if "pipx" not in name} == OWN


@needs_root
def test_a_copy_of_the_project(home):
    """A fresh copy, as git makes it: `make learn`, and then `lab` by its name."""
    home.run(f"git clone -q {ROOT} copy")
    begin, activate = commands("start.md", "A copy of the project")
    assert home.learns(begin, home.place / "copy") == "01-machine.ipynb"
    assert "Removed" in home.run(f"{activate}; lab down", home.place / "copy")
