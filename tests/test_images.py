"""Base images: true tags, applets read out of the program, nothing made twice."""

import threading
from datetime import UTC, datetime

import pytest

from lab import paths
from lab.errors import Blocked
from lab.images import build
from lab.sandbox import images
from lab.sandbox.model import EngineRef, Sandbox
from lab.sandbox.packages import apt, deb
from lab.sandbox.report import Quiet

PROGRAM = b"\x7fELF..." + b"[\0[[\0cat\0sh\0uname\0\0more"


def sandbox(tmp_path, mirror):
    engine = EngineRef("private", "unix:///nowhere", tmp_path / "docker")
    return Sandbox(tmp_path, engine, "localhost:1", mirror)


@pytest.mark.parametrize(
    ("version", "upstream"),
    [
        ("1:1.38.0-3+b1", "1.38.0"),
        ("1.3.6+ds1-1", "1.3.6+ds1"),
        ("2:1.27~1", "1.27~1"),
        ("1.0-2-3", "1.0-2"),
        ("7", "7"),
    ],
)
def test_the_programs_own_version(version, upstream):
    """Debian's epoch and revision are no part of the version that a tag names."""
    assert deb.upstream(version) == upstream


def test_dependencies_by_name():
    """The first of alternatives, without versions and architectures."""
    assert deb.names("libc6 (>= 2.38), libgcc-s1 | libgcc1, python3:any, ") == ["libc6", "libgcc-s1", "python3"]
    assert deb.names("") == []


def test_tags_are_true():
    """The full version, its minor, and the latest that there is here; no other."""
    assert images.tags("1.38.0") == ("1.38.0", "1.38", "latest")
    assert images.tags("1.38") == ("1.38", "latest")


def test_applets_come_out_of_the_program():
    """The commands of a busybox are read, not asked for: a foreign one cannot run here."""
    assert images.applets(PROGRAM) == ["[", "[[", "cat", "sh", "uname"]


@pytest.mark.parametrize("program", [b"", b"\x7fELF", b"[\0[[\0cat\0sh", b"[\0cat\0\0"])
def test_a_program_without_that_table_is_refused(program):
    """Something else under busybox's name makes no image."""
    with pytest.raises(Blocked, match="names no commands"):
        images.applets(program)


def test_every_command_is_the_one_program():
    """Each applet is a hard link to the program, so that any of them, copied out, is whole."""
    files = images.busybox_files(PROGRAM)
    assert files["bin/busybox"] == build.File(PROGRAM, 0o755)
    assert {files[f"bin/{name}"] for name in images.applets(PROGRAM)} == {build.Link("bin/busybox", hard=True)}
    assert files["tmp"] == build.Folder(0o1777)
    assert b"root:x:0:0" in files["etc/passwd"].content


def test_without_a_mirror_nothing_is_made(tmp_path, monkeypatch):
    """On a learner's engine Docker Hub's real images serve; nothing is fetched."""
    monkeypatch.setattr(images, "BASES", {"library/busybox": lambda _report: pytest.fail("made all the same")})
    images.provide(sandbox(tmp_path, None))


def test_what_the_mirror_holds_is_not_made_again(tmp_path, monkeypatch):
    """A second `up` costs one question."""
    monkeypatch.setattr(images, "BASES", {"library/busybox": lambda _report: pytest.fail("made all the same")})
    monkeypatch.setattr(build, "exists", lambda *_words: "sha256:1")
    images.provide(sandbox(tmp_path, "localhost:1"))


def test_each_tag_is_pushed(tmp_path, monkeypatch):
    """What the mirror lacks is made once and pushed under each of its tags."""
    pushed = []
    index = build.index([build.image([build.layer(images.busybox_files(PROGRAM))], platform="linux/amd64")])
    monkeypatch.setattr(images, "BASES", {"library/x": lambda _report: images.Base(index, ("1.2.3", "latest"))})
    monkeypatch.setattr(build, "exists", lambda *_words: None)
    monkeypatch.setattr(build, "push", lambda *words: pushed.append(words))
    images.provide(sandbox(tmp_path, "localhost:1"))
    assert pushed == [("localhost:1", "library/x", tag, index) for tag in ("1.2.3", "latest")]


def test_a_mirror_that_is_down_blocks(tmp_path):
    """The registry's silence is not the learner's mistake."""
    with pytest.raises(Blocked, match="does not answer"):
        images.provide(sandbox(tmp_path, "localhost:1"))


@pytest.fixture
def fetched(tmp_path, monkeypatch):
    """Packages that the cache has, without dpkg; what is unpacked out of them is written down."""
    unpacked = []

    def fetch(names, **_rest):
        return {name: tmp_path / f"busybox-static_1.38.0-3_{name.partition(':')[2]}.deb" for name in names}

    def binary(deb):
        unpacked.append(deb.name)
        return images.Program(PROGRAM, datetime(2026, 1, 2, tzinfo=UTC))

    monkeypatch.setattr(apt, "fetch", fetch)
    monkeypatch.setattr(apt, "version", lambda _deb: "1:1.38.0-3")
    monkeypatch.setattr(images, "busybox_binary", binary)
    return unpacked


def test_a_base_image_is_made_once_for_all_sandboxes_of_a_cache(fetched):
    """The second sandbox takes what the first one made: the same bytes, nothing unpacked."""
    first = images.busybox()
    assert len(fetched) == len(first.index.manifests) == 6
    again = images.busybox()
    assert again.index.digest == first.index.digest
    assert [one.digest for one in again.index.manifests] == [one.digest for one in first.index.manifests]
    assert again.tags == first.tags == ("1.38.0", "1.38", "latest")
    assert len(fetched) == 6


def test_a_base_image_that_was_cut_in_the_cache_is_made_anew(fetched):
    """A blob of another size is not handed out."""
    first = images.busybox()
    (folder,) = paths.cache().glob("base-busybox-*")
    layer = next(path for path in (folder / "blobs" / "sha256").iterdir())
    layer.write_bytes(b"")
    assert images.busybox().index.digest == first.index.digest
    assert len(fetched) == 12
    assert layer.stat().st_size


def test_a_newer_package_makes_another_image(fetched, monkeypatch):
    """What was made of an older one is not taken for it."""
    images.busybox()
    fetch = apt.fetch
    monkeypatch.setattr(
        apt, "fetch", lambda names, **_: {k: v.with_name(f"new-{v.name}") for k, v in fetch(names).items()}
    )
    images.busybox()
    assert len(fetched) == 12


@pytest.mark.parametrize("version", ["1:1.36.1-6ubuntu3", "1:1.39.0-1", "1:1.3.8-1"])
def test_the_lessons_find_their_base_on_every_distribution(fetched, monkeypatch, version):
    """Where busybox is another one than the lessons name, it has their tag too, and that is said."""
    heard = []
    report = Quiet()
    monkeypatch.setattr(report, "note", heard.append)
    assert "1.38" in images.busybox(report).tags
    assert heard == []
    monkeypatch.setattr(apt, "version", lambda _deb: version)
    made = images.busybox(report)
    assert made.tags[0] == deb.upstream(version)
    assert f"busybox:{made.tags[-1]}" == images.BUSYBOX
    assert len(heard) == 1
    assert deb.upstream(version) in heard[0]


def test_base_images_are_made_beside_other_work(monkeypatch):
    """They are there when that work is done; what goes wrong is left for `provide` to say."""
    started, made = threading.Event(), []

    def make(_report):
        started.set()
        made.append("x")
        raise Blocked("no mirror")

    monkeypatch.setattr(images, "BASES", {"library/x": make})
    with images.ahead():
        assert started.wait(5)
    assert made == ["x"]
    with pytest.raises(ZeroDivisionError), images.ahead():
        _ = 1 / 0
    assert made == ["x", "x"]
