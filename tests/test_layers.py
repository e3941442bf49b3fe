"""Layers are read as engines unpack them, links never lead out, and hostile archives cost next to nothing."""

from __future__ import annotations

import gzip
import io
import os
import random
import subprocess
import sys
import tarfile
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab import blobs, layers, oci
from lab.errors import BadInput, Blocked
from lab.facts import Image
from lab.layers import Limits
from lab.layers import unpack as layers_unpack
from lab.platforms import Platform

ELF = Path(__file__).parent / "data" / "elf"
ARM64 = (ELF / "hello-arm64").read_bytes()
AMD64 = (ELF / "hello-amd64").read_bytes()
RUN = 0o755


def layer(files, **how):
    with oci.layer(files, **how).open() as stream:
        return layers.read(stream)


def raw(*members, pad=True, form=tarfile.PAX_FORMAT):
    """A tar of (name, type, content or target), written as it stands."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for name, kind, content in members:
            info = tarfile.TarInfo(name)
            info.type, info.mode = kind, RUN
            if kind == tarfile.REGTYPE:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
            else:
                info.linkname = content
                tar.addfile(info)
    return out.getvalue() if pad else out.getvalue().rstrip(b"\0")


def read(data, **limits):
    return layers.read(io.BytesIO(data), "The layer", Limits(**limits))


def root(*parts):
    return layers.merge([part if isinstance(part, layers.Layer) else layer(part) for part in parts])


def where(found):
    return found and (found.path, str(found.platform))


# --- laying one over the other --------------------------------------------------------------------------------------


def test_the_upper_layer_wins():
    """The same path twice is the upper one's file."""
    merged = root({"app": (AMD64, RUN)}, {"app": (ARM64, RUN)})
    assert where(merged.find("/app")) == ("/app", "linux/arm64")


def test_a_whiteout_takes_a_file_or_a_folder_away_but_not_its_own_layers():
    """`.wh.NAME` hides what is below, never what the same layer brings."""
    base = {"bin/old": (AMD64, RUN), "opt/a/b": (AMD64, RUN), "bin/kept": (ARM64, RUN)}
    merged = root(base, {"bin/.wh.old": (b"", 0), ".wh.opt": (b"", 0), "opt/new": (ARM64, RUN)})
    assert merged.find("/bin/old") is None
    assert merged.find("/opt/a/b") is None
    assert where(merged.find("/opt/new")) == ("/opt/new", "linux/arm64")
    assert merged.find("/bin/kept")


def test_an_opaque_folder_hides_all_that_was_in_it():
    """`.wh..wh..opq` empties the folder of the layers below."""
    merged = root(
        {"etc/a": (AMD64, RUN), "etc/b/c": (AMD64, RUN)}, {"etc/.wh..wh..opq": (b"", 0), "etc/a2": (ARM64, RUN)}
    )
    assert [found.path for found in merged.programs()] == ["/etc/a2"]


def test_a_file_over_a_folder_and_a_folder_over_a_file():
    """What is replaced is gone with all that was below it."""
    merged = root({"x/y": (AMD64, RUN), "z": (AMD64, RUN)}, {"x": (ARM64, RUN), "z/y": (ARM64, RUN)})
    assert merged.find("/x/y") is None
    assert merged.find("/x")
    assert merged.find("/z") is None
    assert merged.find("/z/y")


def test_an_upper_layer_reaches_through_the_links_of_a_lower_one():
    """`lib -> usr/lib` below, `lib/x` above: the file is in usr/lib, as in an image of Debian's."""
    above = layers.read(io.BytesIO(raw(("lib/x", tarfile.REGTYPE, ARM64))))
    merged = root({"usr/lib/ld.so": (AMD64, RUN), "lib": oci.Link("usr/lib")}, above)
    assert merged.find("/usr/lib/x").path == "/usr/lib/x"
    assert merged.find("/lib/ld.so").path == "/usr/lib/ld.so"


def test_links_are_followed_inside_the_image_only():
    """Absolute targets begin at the image's root, and `..` ends there."""
    merged = root(
        {
            "bin/real": (ARM64, RUN),
            "a": oci.Link("/bin/real"),
            "b/c/d": oci.Link("../../../../../bin/real"),
            "e": oci.Link("b"),
            "gone": oci.Link("/nothing"),
            "hard": oci.Link("bin/real", hard=True),
        }
    )
    for path in ("/a", "/b/c/d", "/e/c/d", "a", "/../a", "//b//c/./d"):
        assert where(merged.find(path)) == ("/bin/real", "linux/arm64"), path
    assert where(merged.find("/hard")) == ("/hard", "linux/arm64")
    assert merged.find("/gone") is None
    assert merged.find("/bin") is None
    assert merged.find("/bin/real/x") is None


def test_a_loop_of_links_ends():
    """Links to each other lead nowhere, in bounded time; files behind them are refused."""
    loop = {"a": oci.Link("b"), "b": oci.Link("a"), "self": oci.Link("self/self")}
    assert root(loop).find("/a") is None
    assert root(loop).find("/self") is None
    above = layers.read(io.BytesIO(raw(("a/x", tarfile.REGTYPE, b"x"))))
    with pytest.raises(BadInput, match="links that lead nowhere"):
        root(loop, above)


def test_links_that_multiply_end():
    """Each link names the next many times over: the work is bounded."""
    many = {f"l{n}": oci.Link("/".join([f"l{n + 1}/.."] * 300)) for n in range(38)}
    assert root(many).find("/l0") is None


def test_a_hard_link_to_nothing_is_refused():
    """An engine could not unpack it either."""
    data = raw(("x", tarfile.LNKTYPE, "gone"))
    with pytest.raises(BadInput, match="not there"):
        layers.merge([read(data)])


def image(**config):
    return Image(reference="x", digest="sha256:0", platform=Platform.parse("linux/arm64"), **config)


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ({"entrypoint": ("/app/server",)}, "/app/server"),
        ({"cmd": ("server",), "env": ("A=b", "PATH=/none:/app")}, "/app/server"),
        ({"entrypoint": ("./server",), "workdir": "/app"}, "/app/server"),
        ({"entrypoint": ("sh",), "cmd": ("server",)}, "/bin/sh"),
        ({"entrypoint": ("server",)}, None),
        ({}, None),
    ],
)
def test_the_program_that_a_container_starts_is_found_as_a_container_finds_it(config, found):
    """By its path, from the working directory, or through PATH; entrypoint before cmd."""
    merged = root({"app/server": (ARM64, RUN), "bin/sh": (ARM64, RUN)})
    program = merged.program(image(**config))
    assert (program and program.path) == found


def test_through_path_a_file_that_may_run_goes_before_one_that_may_not():
    """As `execvp` looks for it; a file without the x bit is still found where there is no other."""
    files = {"usr/bin/tool": (ARM64, 0o644), "bin/tool": (ARM64, RUN)}
    assert root(files).program(image(cmd=("tool",))).path == "/bin/tool"
    del files["bin/tool"]
    assert root(files).program(image(cmd=("tool",))).runnable is False


# --- archives as others write them ----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_each_form_of_tar_is_read(form):
    """Long names, names of other alphabets, links: the same in all three forms."""
    long = "/".join(["deep" * 9] * 4) + "/한국어" if form != tarfile.USTAR_FORMAT else "a" * 90 + "/" + "b" * 90
    found = read(raw(("x", tarfile.REGTYPE, ARM64), (long, tarfile.SYMTYPE, "../" * 4 + "x"), form=form))
    assert [path for path, _ in found.entries] == ["x", long]
    assert found.entries[1][1] == layers.Symlink("../" * 4 + "x")


NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=150).filter(
    lambda name: name not in (".", "..") and not name.startswith(".wh.")
)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(NAMES, st.binary(max_size=1500)), max_size=6, unique_by=lambda pair: pair[0]),
    st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]),
)
def test_what_pythons_tarfile_writes_is_read(files, form):
    """Every name and size comes back, in order."""
    found = read(raw(*((name, tarfile.REGTYPE, content) for name, content in files), form=form))
    assert [path for path, _ in found.entries] == [name for name, _ in files]


def test_what_the_systems_tar_packs_has_the_same_files(tmp_path):
    """A tree of folders and links chosen by chance, packed by `tar`: the same paths lead to files as on the disk."""
    chance = random.Random(7)  # noqa: S311
    for round_ in range(12):
        top = tmp_path / str(round_)
        paths = []
        for _ in range(25):
            parts = [chance.choice("abcd") for _ in range(chance.randint(1, 4))]
            path = top.joinpath(*parts)
            paths.append("/".join(parts))
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                if chance.random() < 0.4:
                    path.symlink_to("/".join(chance.choice("abcd") for _ in range(chance.randint(1, 2))))
                else:
                    path.write_bytes(ARM64)
            except OSError:
                continue
        packed = subprocess.run(["tar", "-C", top, "-c", "."], capture_output=True, check=True, timeout=20).stdout
        merged = layers.merge([read(packed)])
        for path in paths:
            assert (merged.find(path) is not None) == (top / path).is_file(), path


def test_plain_gzip_and_several_gzip_frames_are_the_same_layer():
    """Told by the bytes, not by the media type; frames one after another and zeros at the end as some builders write."""
    plain = raw(("app", tarfile.REGTYPE, ARM64 * 50))
    half = len(plain) // 2
    packed = gzip.compress(plain[:half]) + gzip.compress(plain[half:]) + bytes(100)
    assert read(plain) == read(gzip.compress(plain)) == read(packed)


def test_zstd_is_read_where_python_can_and_blocked_where_it_cannot(monkeypatch):
    """Never wrong: a layer that this Python cannot unpack is told so, with what to do."""
    packed = b"\x28\xb5\x2f\xfd" + bytes(20)
    monkeypatch.setitem(sys.modules, "compression.zstd", None)
    monkeypatch.setitem(sys.modules, "backports.zstd", None)
    with pytest.raises(Blocked, match="zstd") as blocked:
        read(packed)
    assert blocked.value.remedy


def test_a_zstd_layer_is_the_same_layer():
    """One frame or several, cut or damaged, as with gzip."""
    try:
        zstd = layers_unpack._zstd("")
    except Blocked:
        pytest.skip("this Python has no zstd")
    plain = raw(("app", tarfile.REGTYPE, ARM64 * 50))
    packed = zstd.compress(plain)
    assert read(packed) == read(zstd.compress(plain[:3000]) + zstd.compress(plain[3000:])) == read(plain)
    for bad in (packed[:-9], packed[:40] + b"\0\xff" + packed[42:]):
        with pytest.raises(BadInput):
            read(bad)


# --- hostile ones ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["../x", "a/../../x", "..", "/../etc/passwd", "a/..", "//../x", "./../x"])
def test_a_name_that_leads_out_is_refused(name):
    """One clear line that names it."""
    with pytest.raises(BadInput, match="leads out of the image"):
        read(raw((name, tarfile.REGTYPE, b"x")))


@pytest.mark.parametrize("name", ["/", ".", "./", "./a", "a/./b", "a//b", "..a", "a..", "/a", "//a"])
def test_odd_names_that_stay_inside_are_fine(name):
    """Builders write all of these."""
    read(raw((name, tarfile.DIRTYPE, "")))


@pytest.mark.parametrize("name", ["/app/server", "//app/server", "./app/server", "./app//server"])
def test_an_absolute_name_begins_at_the_images_root(name):
    """As engines unpack it: ko writes absolute names."""
    assert where(root(read(raw((name, tarfile.REGTYPE, ARM64)))).find("/app/server")) == ("/app/server", "linux/arm64")


def test_a_shells_script_is_kept_to_be_read_and_another_ones_first_line():
    """What a script starts stands in its text; bounded, and without it where the bound is used up."""
    files = {"a.sh": (b"#!/bin/sh\nexec app\n", RUN), "b.py": (b"#!/usr/bin/python3 -u\nimport os\n", RUN)}
    kept = root(files)
    assert (kept.find("/a.sh").text, kept.find("/b.py").text) == ("#!/bin/sh\nexec app\n", "#!/usr/bin/python3 -u")
    long = b"#!/bin/sh\n" + b"# x\n" * 50_000
    assert len(root({"a.sh": (long, RUN)}).find("/a.sh").text) == 64 << 10
    found = dict(read(raw(*[(f"{n}", tarfile.REGTYPE, long) for n in range(4)]), scripts=100_000).entries)
    assert [len(found[name].text) for name in "0123"] == [64 << 10, 100_000 - (64 << 10), 0, 0]


def test_a_hard_link_out_of_the_image_is_refused():
    """Its target is a name too."""
    with pytest.raises(BadInput, match="leads out"):
        read(raw(("x", tarfile.LNKTYPE, "../../etc/shadow")))


class Bomb:
    """Endless zeros, packed: a gigabyte out of each megabyte."""

    def __init__(self):
        self._part = gzip.compress(bytes(64 << 20), 9)
        header = tarfile.TarInfo("big")
        header.size = 1 << 35
        self._next = gzip.compress(header.tobuf(format=tarfile.GNU_FORMAT))

    def read(self, size, /):
        part, self._next = self._next[:size], self._next[size:] or self._part
        return part


def test_a_bomb_is_refused_in_bounded_memory(monkeypatch):
    """What unpacks to two hundred times its size is no layer."""
    monkeypatch.setattr(layers_unpack, "_FREE", 32 << 20)
    bomb = Bomb()
    tracemalloc.start()
    with pytest.raises(BadInput, match="times its size"):
        layers.read(bomb)
    assert tracemalloc.get_traced_memory()[1] < 20 << 20
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("limits", "of"), [({"entries": 100}, "files"), ({"names": 1000}, "names"), ({"unpacked": 5000}, "bytes")]
)
def test_an_endless_archive_ends(limits, of):
    """Too many files, names or bytes are refused as soon as they are too many."""

    class Endless:
        count, kept = 0, b""

        def read(self, size, /):
            while len(self.kept) < size:
                self.count += 1
                info = tarfile.TarInfo(f"file-{self.count:08}")
                info.size = 512
                self.kept += info.tobuf() + bytes(512)
            part, self.kept = self.kept[:size], self.kept[size:]
            return part

    with pytest.raises(BadInput, match=f"more {of} than"):
        layers.read(Endless(), "The layer", Limits(**limits))


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE])
def test_a_name_of_gigabytes_is_refused_before_it_is_read(kind):
    """The header's word is not taken."""
    info = tarfile.TarInfo("x")
    info.type, info.size = kind, 8 << 30
    with pytest.raises(BadInput, match="has a header of"):
        read(info.tobuf(format=tarfile.GNU_FORMAT) + bytes(5000))


def test_names_upon_names_are_refused():
    """A header for a header for a header …"""
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 2
    with pytest.raises(BadInput, match="names upon names"):
        read((info.tobuf() + b"y\0".ljust(512, b"\0")) * 50)


def test_ten_thousand_layers_are_refused():
    """No engine takes them either."""
    with pytest.raises(BadInput, match="10000 layers"):
        layers.merge([layers.Layer(())] * 10_000)


def test_a_path_of_a_thousand_folders_is_walked():
    """Depth costs no stack."""
    deep = "/".join("a" for _ in range(2000))
    merged = layers.merge([read(raw((deep, tarfile.REGTYPE, ARM64)))])
    assert merged.find(deep).path == f"/{deep}"
    assert sum(1 for _ in merged.programs()) == 1


@pytest.mark.parametrize("packed", [False, True])
def test_an_archive_may_end_with_the_last_files_own_bytes(packed):
    """As umoci writes it: neither filled up to a block, nor with blocks of zeros behind it."""
    data = raw(("app", tarfile.REGTYPE, ARM64))[: 512 + len(ARM64)]
    assert root(read(gzip.compress(data) if packed else data)).find("/app")
    with pytest.raises(BadInput, match="cut short"):
        read(gzip.compress(data[:-1]))


@pytest.mark.parametrize("cut_at", [100, 511, 513, 700, 1023, 1100])
def test_an_archive_cut_short_is_told(cut_at):
    """Half a layer is damage, packed or not."""
    plain = raw(("app", tarfile.REGTYPE, os.urandom(600)))
    for data in (plain[:cut_at], gzip.compress(plain)[: cut_at // 2]):
        with pytest.raises(BadInput):
            read(data)


@settings(max_examples=200)
@given(st.binary(max_size=1200), st.booleans())
def test_no_bytes_make_it_fall_over(data, packed):
    """Anything at all is either read or refused in one line."""
    try:
        read(gzip.compress(data) if packed else data)
    except (BadInput, Blocked) as refused:
        assert "\n" not in str(refused)  # noqa: PT017


@settings(max_examples=200)
@given(st.integers(), st.integers(1, 12), st.booleans())
def test_damaged_archives_are_read_or_refused(seed, count, packed):
    """Real layers with bytes changed anywhere never make it fall over."""
    chance = random.Random(seed)  # noqa: S311
    members = (("a/b", tarfile.REGTYPE, ARM64), ("c" * 120, tarfile.SYMTYPE, "a/b"), ("d", tarfile.LNKTYPE, "a/b"))
    data = bytearray(raw(*members, form=chance.choice([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])))
    if packed:
        data = bytearray(gzip.compress(bytes(data)))
    for _ in range(count):
        data[chance.randrange(len(data))] = chance.randrange(256)
    try:
        merged = layers.merge([read(bytes(data))])
        assert list(merged.programs()) is not None
    except (BadInput, Blocked) as refused:
        assert "\n" not in str(refused)  # noqa: PT017


# --- digests --------------------------------------------------------------------------------------------------------


def verified(data, digest, size=None):
    return blobs.Verified(io.BytesIO(data), digest, size, "The layer")


def test_a_layer_of_another_digest_is_refused_and_of_its_own_is_read():
    """The digest is of all the bytes, those after the archive's end too."""
    made = oci.layer({"app": (ARM64, RUN)})
    with made.open() as stream:
        data = stream.read()
    good = verified(data, made.digest, made.size)
    layers.read(good)
    good.finish()
    for bad, size in (
        (data[:-1] + b"x", made.size),
        (data[:-1], made.size),
        (data + b"\0", made.size),
        (data + b"\0", None),
    ):
        stream = verified(bad, made.digest, size)
        with pytest.raises(BadInput):  # noqa: PT012
            layers.read(stream)
            stream.finish()


def test_an_endless_stream_ends_at_its_size():
    """More bytes than were promised are refused at once."""

    class Endless:
        def read(self, size, /):
            return bytes(size)

    stream = blobs.Verified(Endless(), "sha256:" + "0" * 64, 1 << 20, "The layer")
    with pytest.raises(BadInput, match="more bytes"):
        stream.finish()


def test_a_digest_of_an_unknown_kind_is_refused():
    """No check is no pass."""
    with pytest.raises(BadInput, match="md5"):
        blobs.Verified(io.BytesIO(), "md5:00", 0, "The layer")
