"""A kit's journey without any network: from `sh kit.run` in an empty home to a checked step, and all of it gone again.

By day on this machine, with one Python. Each night on root file systems of Debian 12 and 13, with all of lesson 2's and
6's first steps and a compiled program.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import roots
from support.nightly import nightly

from lab.kit import make
from lab.sandbox.report import quiet

pytestmark = pytest.mark.skipif(not roots.may(), reason="namespaces need root")
_KEPT = {
    "lock", "log", "progress.json", ".progress.json.lock", "seed.json", "transcripts", "workspace.json", "jupyter",
    "addresses.json",
}  # fmt: skip
_MORE = ("create_builder", "bootstrap_builder", "move_compiler")


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder whose paths are short enough for sockets, and that others may enter."""
    folder = Path(tempfile.mkdtemp(prefix="lab-kit-", dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def kit(place: Path, python: str, release: str) -> Path:
    """A kit for one Python on this platform, out of the shared cache."""
    wanted = make.plan(None, release, python)
    return make.make(wanted, place / "kit.run", quiet, lambda _text: None).file


def check(found: dict[str, Any], steps: tuple[str, ...]) -> None:
    """Nothing was asked of a network, lesson 1 is open, steps passed, nothing is left but what the learner did."""
    assert found["routes"] == []
    assert (found["lesson"]["status"], found["lesson"]["path"]) == (200, "01-machine.ipynb"), found
    assert found["lesson"]["cells"] > 5
    assert [(one["step"], one["status"]) for one in found["steps"]] == [(name, 0) for name in steps], found["steps"]
    assert found["up"] == "", "a second `lab up` has nothing to do"
    assert (found["ended"], found["down"]["status"]) == (0, 0), found["down"]
    assert "the lab that a kit set up" in found["down"]["said"]
    data = [name for name in found["left"] if name.startswith((".local/", ".cache/"))]
    assert {name.split("/")[3] for name in data if name.startswith(".local/share/multiplatform-lab/")} <= _KEPT
    assert [name for name in data if name.startswith(".cache/")] == []


def test_from_one_file_to_a_checked_step_without_a_network(place: Path) -> None:
    """On this machine's own Python, in an empty home, by an engine out of the kit."""
    made = kit(place, roots.system_python(), roots.release())
    (place / "home").mkdir()
    check(roots.journey(made, place / "home", "uname", "build_test"), ("uname", "build_test"))


@nightly
@pytest.mark.parametrize(
    ("codename", "release", "python"), [("bookworm", "debian:12", "3.11"), ("trixie", "debian:13", "3.13")]
)
def test_on_a_bare_debian(place: Path, codename: str, release: str, python: str) -> None:
    """Python and apt are all that it has: no venv package, no pip, no Docker, no `ip`. (Nightly: minutes.)"""
    if not roots.release().startswith("debian"):
        pytest.skip("Debian's packages are not where this machine's apt looks")
    made = kit(place, python, release)
    with roots.debian(codename, place) as root:
        os.link(made, root / "kit.run")
        steps = ("uname", "build_test", *_MORE)
        found = roots.journey(Path("/kit.run"), Path("/root"), *steps, root=root)
    assert found["python"].startswith(python)
    check(found, steps)


@nightly
def test_for_a_user_who_is_not_root_with_an_engine_that_is_there(place: Path) -> None:
    """Theirs is used, and a registry of the lab's beside it; nothing needs root. (Nightly: a minute and a half.)"""
    made = kit(place, roots.system_python(), roots.release())
    (place / "home").mkdir()
    (place / "home").chmod(0o755)
    steps = ("uname", "engine_platform", "create_builder", "bootstrap_builder")
    found = roots.journey(made, place / "home", "--as-nobody", *steps)
    assert "Using your Docker engine at unix://" in found["said"]
    check(found, steps)
