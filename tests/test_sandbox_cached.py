"""`down --purge`: all that the lab put into its cache goes, with its size; progress and other people's files stay."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatch
from pathlib import Path

import pytest

import lab
from lab import paths, sandbox
from lab.sandbox import cache
from lab.sandbox.packages import programs

SOURCES = Path(lab.__file__).parent
MADE = r'paths\.cache\(\) / f?"([^"]*)"|prefix="([^"]*)", dir=paths\.cache\(\)'


def test_whatever_the_lab_puts_into_its_cache_is_known() -> None:
    """Each place of the sources that names a folder there names one that `--purge` drops."""
    found = {
        re.sub(r"\{.*?\}", "x", name or f"{prefix}x").split("/")[0]
        for file in SOURCES.rglob("*.py")
        for name, prefix in re.findall(MADE, file.read_text())
    }
    assert {"apt", "buildkit", "debs", "go", "go-tree", "emulators-x", ".unpacking-x"} <= found
    # A tree's kind is one of two words.
    unknown = {name for name in found - {"x-x"} if not any(fnmatch(name, pattern) for pattern in cache.OURS)}
    assert unknown == set()
    assert any(fnmatch("engine-forky-1", pattern) for pattern in cache.OURS)


@pytest.fixture
def used() -> list[Path]:
    """A cache and a home that were used, with a file of somebody else's in the cache."""
    names = ("apt", "base-busybox-1", "buildkit", "debs", "engine-forky-1", "go", "go-tree", "registry-1", "theirs")
    folders = [paths.cache() / name for name in names]
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "file").write_bytes(b"x" * 100_000)
    paths.learner().mkdir()
    (paths.learner() / "progress.json").write_text("{}")
    return folders


def test_purge_drops_the_whole_cache_and_says_how_much(used: list[Path]) -> None:
    """Go's and BuildKit's folders too. What is not the lab's stays, and so does the learner's progress."""
    *ours, theirs = used
    told = sandbox.down(purge=True, dry_run=True)
    assert all(folder.is_dir() for folder in ours)
    assert sandbox.down(purge=True) == told
    assert [line.split()[:2] for line in told] == [["cached", str(folder)] for folder in sorted(ours)]
    assert all(re.search(r"\(\d+\.\d kB\)$", line) for line in told)
    assert list(paths.cache().iterdir()) == [theirs]
    assert (paths.learner() / "progress.json").read_text() == "{}"
    assert sandbox.down(purge=True) == []


def test_down_alone_keeps_the_cache(used: list[Path]) -> None:
    """So that the next `up` needs no network."""
    assert sandbox.down() == []
    assert all(folder.is_dir() for folder in used)


def test_two_that_start_at_once_unpack_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second waits for the first: else each would remove what the other has just laid there."""
    unpacked = []

    def unpack(_debs: list[Path], place: Path) -> None:
        unpacked.append(place)
        time.sleep(0.3)
        (place / "usr/bin").mkdir(parents=True)
        (place / "usr/bin/runc").write_bytes(b"a program")

    monkeypatch.setattr(programs, "unpack", unpack)
    (paths.cache() / "apt").mkdir(parents=True)
    with ThreadPoolExecutor() as pool:
        places = set(pool.map(lambda _: programs.engine("forky", [Path("runc.deb")]), range(3)))
    assert len(unpacked) == 1
    assert [programs.complete(place) for place in places] == [True]
