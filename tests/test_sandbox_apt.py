"""Packages: what is looked up, what is believed, and what is said when the mirror or a file is not right."""

from __future__ import annotations

import gzip
import hashlib
import lzma
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab import paths
from lab.errors import Blocked
from lab.sandbox.packages import apt, aptget, mirror, ports
from lab.sandbox.packages import index as packages
from lab.sandbox.packages.index import Package
from lab.sandbox.report import quiet

BODY = b"not really an archive"
STANZA = """\
Package: {name}
Architecture: amd64
Version: 1:1.38.0-3+b1
Description: tiny
 Package: decoy
Filename: pool/main/b/{name}_1.38.0-3+b1_amd64.deb
Size: {size}
SHA256: {sha256}
"""


def stanza(name: str) -> str:
    return STANZA.format(name=name, size=len(BODY), sha256=hashlib.sha256(BODY).hexdigest())


def package(name: str = "busybox") -> Package:
    return packages.lookup(stanza(name).encode(), [name])[name]


def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a script in place of apt's download helper; its arguments are `download-file ADDRESS FILE HASH`."""
    file = tmp_path / "apt-helper"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    monkeypatch.setattr(aptget, "_HELPER", str(file))
    (paths.cache() / "debs").mkdir(parents=True)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_package_is_found_wherever_it_stands(place: int) -> None:
    """First, middle or last in the index; a name that is only part of another, or quoted in a text, is not it."""
    names = ["busybox-static", "busybox2", "tini"]
    names.insert(place, "busybox")
    found = packages.lookup("\n".join(map(stanza, names)).encode(), ["busybox", "decoy", "busy"])
    assert list(found) == ["busybox"]
    assert found["busybox"].version == "1:1.38.0-3+b1"
    assert found["busybox"].size == len(BODY)


@given(st.lists(st.sampled_from(["a", "ab", "abc", "b", "bc"]), unique=True), st.sampled_from(["a", "abc", "bc"]))
def test_lookup_finds_exactly_what_is_there(names: list[str], wanted: str) -> None:
    """For any index, a package is found if and only if it is in it."""
    found = packages.lookup("\n".join(map(stanza, names)).encode(), [wanted])
    assert (wanted in found) == (wanted in names)


def test_a_file_is_intact_only_with_its_own_hash() -> None:
    """Missing, cut, and of the right size but with one byte changed: none is believed."""
    one = package()
    assert not packages.intact(one)
    one.file.parent.mkdir(parents=True)
    one.file.write_bytes(BODY)
    assert packages.intact(one)
    one.file.write_bytes(BODY[:-1])
    assert not packages.intact(one)
    one.file.write_bytes(BODY[:-1] + b"X")
    assert not packages.intact(one)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo 'E: Failed to fetch http://x/nope.deb  404  Not Found' >&2; exit 100", "404"),
        ("echo 'E: Failed to fetch http://x/a.deb  Hash Sum mismatch' >&2; exit 100", "Hash Sum mismatch"),
        ("echo 'E: Write error - write (28: No space left on device)' >&2; exit 100", "No space left"),
    ],
)
def test_a_download_that_fails_is_one_line_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, words: str
) -> None:
    """The reason that apt gives is said, and no half file enters the cache."""
    helper(tmp_path, monkeypatch, f"echo half > $3\n{script}")
    with pytest.raises(Blocked, match=words) as caught:
        aptget.get([package()], "http://mirror/debian/", {}, quiet)
    assert "\n" not in str(caught.value)
    assert list((paths.cache() / "debs").iterdir()) == []


def test_a_download_enters_the_cache_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address is the mirror's and the file's name, quoted; the hash is handed to apt."""
    one = package("libfoo")
    helper(tmp_path, monkeypatch, f"echo \"$2 $4\" > {tmp_path}/asked; printf '{BODY.decode()}' > $3")
    aptget.get([one], "http://mirror/debian/", {"PATH": "/usr/bin:/bin"}, quiet)
    assert packages.intact(one)
    asked = (tmp_path / "asked").read_text().split()
    assert asked == [
        "http://mirror/debian/pool/main/b/libfoo_1.38.0-3%2Bb1_amd64.deb",
        f"SHA256:{one.sha256}",
    ]


def test_a_download_that_stands_still_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mirror that sends nothing more does not hold the learner for ever."""
    helper(tmp_path, monkeypatch, "exec sleep 60")
    monkeypatch.setattr(aptget, "_STALLED", 0.3)
    with pytest.raises(Blocked, match="no data came"):
        aptget.get([package()], "http://mirror", {"PATH": "/usr/bin:/bin"}, quiet)


def test_what_the_cache_holds_is_not_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Off line, a fetched package is had all the same; a damaged one is asked for."""
    monkeypatch.setattr(mirror, "host_architecture", lambda: "amd64")
    asked: list[str] = []

    def download(_place, _suite, arch, names, _report):
        asked.append(arch)
        for name in names:
            package(name).file.write_bytes(BODY)
        return {name: package(name) for name in names}

    monkeypatch.setattr(apt, "_download", download)
    first = apt.fetch(["busybox", "tini:arm64"])
    assert sorted(first) == ["busybox", "tini:arm64"]
    assert sorted(asked) == ["amd64", "arm64"]
    assert apt.fetch(["busybox", "tini:arm64"]) == first
    assert len(asked) == 2
    first["busybox"].write_bytes(b"damaged")
    assert apt.fetch(["busybox"]) == {"busybox": first["busybox"]}
    assert len(asked) == 3


@pytest.mark.parametrize("text", ["", "{", "[]", '{"busybox": 3}', '{"busybox": {"name": "busybox"}}'])
def test_a_damaged_list_of_what_was_fetched_costs_a_look_only(tmp_path: Path, text: str) -> None:
    """The cache's own notes may be lost or cut in half: then nothing is known, and nothing breaks."""
    (tmp_path / "fetched.json").write_text(text)
    assert apt._remembered(tmp_path) == {}


URIS = """\
'http://mirror.example/debian/dists/bookworm/InRelease' mirror.example_debian_dists_bookworm_InRelease 0
'http://other.example/node/dists/nodistro/main/binary-amd64/Packages.xz' other.example_Packages 0
'http://mirror.example/debian-security/dists/bookworm-security/main/binary-amd64/Packages.xz' s_Packages 0
'http://mirror.example/contrib/dists/bookworm/contrib/binary-amd64/Packages.xz' c_Packages 0
'http://mirror.example/wrong/dists/bookworm/main/dep11/Components-amd64.yml.xz' d_Components 0
'http://php.example/php/dists/bookworm/main/binary-amd64/Packages.xz' p_Packages 0
'http://mirror.example/debian//dists/bookworm/main/binary-amd64/Packages.xz' m_Packages 0
'http://late.example/debian/dists/bookworm/main/binary-amd64/Packages.xz' l_Packages 0
"""


def test_the_mirror_is_the_distributions_own() -> None:
    """Other people's archives, updates, security and other kinds of index are not taken for it."""
    assert mirror.pick(URIS, "debian", "bookworm") == "http://mirror.example/debian"
    assert mirror.pick(URIS, "ubuntu", "noble") is None
    assert mirror.pick("", "debian", "bookworm") is None
    assert mirror.pick(URIS.replace("dists/bookworm/", "dists/stable/"), "debian", "bookworm")
    assert mirror.pick(URIS.replace("dists/bookworm/", "dists/sid/"), "debian", "bookworm") is None
    assert mirror.pick(URIS.replace("debian", "copy"), "debian", "bookworm") == "http://php.example/php"


RELEASE = """\
-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA256

Origin: Debian
{by_hash}MD5Sum:
 00000000000000000000000000000000 7 main/binary-arm64/Packages.xz
SHA256:
 {gz} 9 main/binary-arm64/Packages.gz
 {xz} 8 main/binary-arm64/Packages.xz
 {gz} 9 main/binary-s390x/Packages.gz
-----BEGIN PGP SIGNATURE-----
 {xz} 8 main/binary-riscv64/Packages.xz
"""


def release(*, by_hash: bool) -> str:
    return RELEASE.format(xz="a" * 64, gz="B" * 64, by_hash="Acquire-By-Hash: yes\n" if by_hash else "")


def test_an_index_is_the_smallest_that_the_release_file_vouches_for(tmp_path: Path) -> None:
    """Its hash is the SHA-256 of the signed part; where the archive keeps it by that hash, it is asked for so."""
    found = packages.package_list(release(by_hash=True), "forky", "arm64", "main", tmp_path)
    assert found
    assert (found.sha256, found.size, found.file) == ("a" * 64, 8, tmp_path / "main-Packages.xz")
    assert found.filename == f"dists/forky/main/binary-arm64/by-hash/SHA256/{'a' * 64}"
    plain = packages.package_list(release(by_hash=False), "forky", "s390x", "main", tmp_path)
    assert plain
    assert (plain.sha256, plain.filename) == ("b" * 64, "dists/forky/main/binary-s390x/Packages.gz")
    for architecture, component in (("riscv64", "main"), ("arm64", "universe"), ("amd64", "main")):
        assert packages.package_list(release(by_hash=True), "forky", architecture, component, tmp_path) is None


@pytest.mark.parametrize("ending", [".xz", ".gz"])
@pytest.mark.parametrize("wanted", [["first"], ["last"], ["first", "middle", "last"], ["none", "middle"]])
def test_a_package_is_found_across_the_pieces_that_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, wanted: list[str]
) -> None:
    """An index is read piece by piece, and a stanza that two of them share is whole all the same."""
    names = ["first", *(f"filler{number}" for number in range(9)), "middle", "middle2", "last"]
    file = tmp_path / f"main-Packages{ending}"
    file.write_bytes({".xz": lzma.compress, ".gz": gzip.compress}[ending]("\n".join(map(stanza, names)).encode()))
    index = packages.PackageList("forky", "arm64", "x", 1, "x", file)
    for piece in (1, 7, 333, 1 << 20):
        monkeypatch.setattr(packages, "_PIECE", piece)
        assert packages.find(index, wanted) == {name: package(name) for name in wanted if name != "none"}


def test_a_damaged_index_is_one_line(tmp_path: Path) -> None:
    """It had the right hash a moment ago, so the disk is to blame: blocked, not a traceback."""
    for text in (b"not compressed", lzma.compress(BODY * 9)[:-20]):
        (tmp_path / "main-Packages.xz").write_bytes(text)
        index = packages.PackageList("forky", "arm64", "x", 1, "x", tmp_path / "main-Packages.xz")
        with pytest.raises(Blocked, match="damaged"):
            packages.find(index, ["first"])
        assert not index.file.exists()


def test_what_a_mirror_no_longer_has_is_looked_for_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first refusal costs a fresh look; the second is told."""
    looks: list[bool] = []

    def found(_shelf, _names, _report, *, force=False):
        looks.append(force)
        if not force or len(looks) > 2:
            raise Blocked("gone.")
        return {"busybox": package()}

    debian = mirror.Mirror("debian", "bookworm", "u", ("main",), Path())
    monkeypatch.setattr(mirror, "host_mirror", lambda: debian)
    monkeypatch.setattr(apt, "_found", found)
    assert apt._download(Path(), "forky", "arm64", ["busybox"], quiet) == {"busybox": package()}
    with pytest.raises(Blocked, match="gone"):
        apt._download(Path(), "forky", "arm64", ["busybox"], quiet)
    assert looks == [False, True, False, True]


def test_ubuntu_has_suites_of_its_own() -> None:
    """A Debian suite that Ubuntu's archive has not is answered with the machine's own release."""
    debian = mirror.Mirror("debian", "bookworm", "u", ("main",), Path())
    ubuntu = mirror.Mirror("ubuntu", "noble", "u", ("main", "universe"), Path())
    assert (debian.suite("forky"), debian.suite(mirror.HOST)) == ("forky", "bookworm")
    assert (ubuntu.suite("forky"), ubuntu.suite(mirror.HOST)) == ("noble", "noble")


def test_a_component_is_asked_only_for_what_the_one_before_has_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each index that is fetched costs megabytes; the package is then fetched from where it was found."""
    got: list[str] = []
    texts = {"main": stanza("busybox"), "universe": stanza("tini")}
    hashes = {name: hashlib.sha256(gzip.compress(text.encode(), mtime=0)).hexdigest() for name, text in texts.items()}
    told = "\nSHA256:\n" + "".join(f" {sha} 9 {name}/binary-arm64/Packages.gz\n" for name, sha in hashes.items())

    def get(due, *_rest):
        for one in due:
            got.append(one.filename.rpartition("/")[2])
            if isinstance(one, packages.PackageList):
                one.file.write_bytes(gzip.compress(texts[one.file.name.partition("-")[0]].encode(), mtime=0))

    monkeypatch.setattr(aptget, "configure", lambda *_: {})
    monkeypatch.setattr(aptget, "update", lambda *_, **__: told)
    monkeypatch.setattr(aptget, "get", get)
    ubuntu = mirror.Mirror("ubuntu", "noble", "u", ("main", "universe"), Path())
    shelf = apt._Shelf(ubuntu, "noble", "arm64", tmp_path, tmp_path)
    assert list(apt._found(shelf, ["busybox"], quiet)) == ["busybox"]
    assert got == ["Packages.gz", "busybox_1.38.0-3+b1_amd64.deb"]
    assert sorted(apt._found(shelf, ["busybox", "tini"], quiet)) == ["busybox", "tini"]
    with pytest.raises(Blocked, match="no package 'nope' for arm64"):
        apt._found(shelf, ["nope"], quiet)


UBUNTU = """\
ChangelogURI: http://changes.example/%s

Suite: devel
RepositoryType: deb-src
BaseURI: http://sources.example/ubuntu/

Suite: devel
RepositoryType: deb
BaseURI: http://ports.example/ubuntu-ports/
MatchURI: ports.example/ubuntu-ports
BaseURI-amd64: http://archive.example/ubuntu
BaseURI-i386: http://archive.example/ubuntu
Description: Ubuntu development series

Suite: devel
RepositoryType: deb
BaseURI: http://extras.example
"""


@pytest.mark.parametrize(
    ("distribution", "host", "wanted", "uri"),
    [
        ("debian", "amd64", "arm64", "http://mine.example/x"),
        ("ubuntu", "amd64", "amd64", "http://mine.example/x"),
        ("ubuntu", "amd64", "i386", "http://mine.example/x"),
        ("ubuntu", "amd64", "arm64", "http://ports.example/ubuntu-ports/"),
        ("ubuntu", "arm64", "s390x", "http://mine.example/x"),
        ("ubuntu", "arm64", "amd64", "http://archive.example/ubuntu"),
    ],
)
def test_a_foreign_package_comes_from_the_archive_that_has_it(
    monkeypatch: pytest.MonkeyPatch, distribution: str, host: str, wanted: str, uri: str
) -> None:
    """The machine's own mirror wherever it has that processor; else the one that Ubuntu's own list names."""
    mine = mirror.Mirror(distribution, "noble", "http://mine.example/x", ("main",), Path())
    monkeypatch.setattr(mirror, "host_architecture", lambda: host)
    assert ports.archive(mine, wanted, lambda: UBUNTU).uri == uri


def test_an_empty_list_of_archives_is_one_line() -> None:
    """Where Ubuntu's list is not what it was, that is said."""
    mine = mirror.Mirror("ubuntu", "noble", "http://mine.example/x", ("main",), Path())
    with pytest.raises(Blocked, match="names none for riscv64"):
        ports.archive(mine, "riscv64", lambda: "Suite: devel\n")


def test_apts_complaint_is_its_first_error() -> None:
    """Warnings before it are not the reason; with nothing said, that is said."""
    assert mirror.complaint("W: old\nE: Unable to fetch\nE: more\n") == "Unable to fetch"
    assert mirror.complaint("plain words\n") == "plain words"
    assert mirror.complaint("") == "no reason given"


def test_another_system_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no apt, the message says what to install."""
    monkeypatch.setattr("platform.freedesktop_os_release", lambda: {"ID": "fedora"})
    with pytest.raises(Blocked, match="fedora") as caught:
        mirror.host_mirror()
    assert "Install Docker" in caught.value.remedy


def test_a_damaged_package_is_one_line(tmp_path: Path) -> None:
    """dpkg-deb's refusal is Blocked, not a traceback."""
    (tmp_path / "a.deb").write_bytes(BODY)
    with pytest.raises(Blocked, match=r"dpkg-deb.*a\.deb") as caught:
        apt.unpack(tmp_path / "a.deb", tmp_path / "out")
    assert "fetched again" in caught.value.remedy
    assert not (tmp_path / "a.deb").exists()
