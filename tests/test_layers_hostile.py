"""Layers that are damaged or hostile: one clear line, in bounded time and memory."""

from __future__ import annotations

import gzip
import io
import os
import random
import tarfile
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.archives import ARM64, RUN, raw, read, root, where

from lab.errors import BadInput, Blocked
from lab.images import blobs, build, layers
from lab.images.layers import Limits


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


def test_a_bomb_is_refused_in_bounded_memory():
    """What unpacks to two hundred times its size is no layer."""
    bomb = Bomb()
    tracemalloc.start()
    with pytest.raises(BadInput, match="times its size"):
        layers.read(bomb, limits=layers.Limits(free=32 << 20))
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


def verified(data, digest, size=None):
    return blobs.Verified(io.BytesIO(data), digest, size, "The layer")


def test_a_layer_of_another_digest_is_refused_and_of_its_own_is_read():
    """The digest is of all the bytes, those after the archive's end too."""
    made = build.layer({"app": (ARM64, RUN)})
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
