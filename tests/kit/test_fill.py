"""A kit's pieces in the lab's cache: where `lab up` looks, whole, and nothing half where the disk refuses."""

import pytest
from support import kits

from lab import paths
from lab.errors import BadInput, Blocked
from lab.kit import fill, place, read
from lab.sandbox import cache
from lab.sandbox.packages import apt
from lab.sandbox.report import quiet


@pytest.fixture
def kit(tmp_path):
    """A small kit for this machine."""
    (tmp_path / "made").mkdir()
    return kits.small(tmp_path / "made")


def architecture():
    """This machine's, as Debian names it."""
    return kits.HERE.partition("/")[2]


def test_what_it_holds_is_found_by_apt_and_by_name(kit):
    """A package with its record, so that no mirror is asked; files with their modes."""
    assert fill.fill(kit, quiet) == 5
    known = apt.known("forky", architecture())["engine"]
    assert known.file.read_bytes() == kits.DEB
    emulator = paths.cache() / "emulators-x" / "qemu-other"
    assert (emulator.read_bytes(), emulator.stat().st_mode & 0o777) == (kits.EMULATOR, 0o755)
    assert (paths.cache() / "base-x" / "blobs" / "sha256" / "abc").read_bytes() == kits.LAYER
    assert (place.folder() / "site" / "index.html").is_file()


def test_a_second_time_changes_nothing_and_damage_is_mended(kit):
    """What is there and whole stays; what is not is written again."""
    fill.fill(kit, quiet)
    assert fill.fill(kit, quiet) == 0
    layer = paths.cache() / "base-x" / "blobs" / "sha256" / "abc"
    layer.write_bytes(b"x" * len(kits.LAYER))
    assert fill.fill(kit, quiet) == 1
    assert layer.read_bytes() == kits.LAYER


def test_other_records_of_the_cache_stay(kit):
    """Packages that were downloaded before are still known."""
    other = apt.Package("tool", "2", "pool/tool_2_all.deb", 1, "0" * 64)
    apt.remember("forky", architecture(), {"tool": other})
    fill.fill(kit, quiet)
    assert set(apt.known("forky", architecture())) == {"tool", "engine"}


def test_another_release_gets_no_packages(tmp_path):
    """They are of no use there: images are, and an engine of the machine's own."""
    fill.fill(kits.small(tmp_path, release="debian:1"), quiet)
    assert not (paths.cache() / "debs").exists()
    assert (paths.cache() / "base-x").is_dir()


def test_where_the_disk_refuses_nothing_is_left(kit):
    """A file stands where a folder has to be: what was put there before goes again."""
    (paths.cache()).mkdir(parents=True)
    (paths.cache() / "emulators-x").write_bytes(b"in the way")
    with pytest.raises(Blocked, match="cannot be"):
        fill.fill(kit, quiet)
    assert kits.everything(paths.cache()) == ["emulators-x"]
    assert apt.known("forky", architecture()) == {}


@pytest.mark.parametrize("name", ["cache/base-x/blobs/sha256/abc", "cache/emulators-x/qemu-other"])
def test_a_damaged_piece_is_one_sentence_and_nothing_is_left(kit, name):
    """Also where nobody has looked at the whole before."""
    found = read.opened(kit)
    piece = next(one for one in found.pieces if one.path == name)
    kits.changed(kit, found.begin + piece.start + piece.length // 2)
    with pytest.raises(BadInput) as caught:
        fill.fill(kit, quiet)
    assert "\n" not in str(caught.value)
    assert not paths.cache().exists() or kits.everything(paths.cache()) == []


def test_down_purge_lists_and_removes_what_a_kit_made(kit):
    """The cache's part with the cache, the rest by itself."""
    fill.fill(kit, quiet)
    lines = [one.line for one in [*cache.removals(), *place.removals()]]
    assert [
        word for word in ("base-x", "debs", "emulators-x", "the lab that a kit set up") if word not in str(lines)
    ] == []
    for one in [*cache.removals(), *place.removals()]:
        one.remove()
    assert not place.folder().exists()
    assert kits.everything(paths.cache()) == []
