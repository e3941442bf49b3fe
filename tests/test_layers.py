"""Layers laid one over the other, and archives as others write them."""

from __future__ import annotations

import gzip
import io
import random
import subprocess
import sys
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.archives import ARM64, ELF, RUN, raw, read, root, where

from lab.errors import BadInput, Blocked
from lab.images import build, layers
from lab.images.layers import unpack as layers_unpack
from lab.model.facts import Image
from lab.model.platforms import Platform

AMD64 = (ELF / "hello-amd64").read_bytes()


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
    merged = root({"usr/lib/ld.so": (AMD64, RUN), "lib": build.Link("usr/lib")}, above)
    assert merged.find("/usr/lib/x").path == "/usr/lib/x"
    assert merged.find("/lib/ld.so").path == "/usr/lib/ld.so"


def test_links_are_followed_inside_the_image_only():
    """Absolute targets begin at the image's root, and `..` ends there."""
    merged = root(
        {
            "bin/real": (ARM64, RUN),
            "a": build.Link("/bin/real"),
            "b/c/d": build.Link("../../../../../bin/real"),
            "e": build.Link("b"),
            "gone": build.Link("/nothing"),
            "hard": build.Link("bin/real", hard=True),
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
    loop = {"a": build.Link("b"), "b": build.Link("a"), "self": build.Link("self/self")}
    assert root(loop).find("/a") is None
    assert root(loop).find("/self") is None
    above = layers.read(io.BytesIO(raw(("a/x", tarfile.REGTYPE, b"x"))))
    with pytest.raises(BadInput, match="links that lead nowhere"):
        root(loop, above)


def test_links_that_multiply_end():
    """Each link names the next many times over: the work is bounded."""
    many = {f"l{n}": build.Link("/".join([f"l{n + 1}/.."] * 300)) for n in range(38)}
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
        zstd = layers_unpack.zstd("")
    except Blocked:
        pytest.skip("this Python has no zstd")
    plain = raw(("app", tarfile.REGTYPE, ARM64 * 50))
    packed = zstd.compress(plain)
    assert read(packed) == read(zstd.compress(plain[:3000]) + zstd.compress(plain[3000:])) == read(plain)
    for bad in (packed[:-9], packed[:40] + b"\0\xff" + packed[42:]):
        with pytest.raises(BadInput):
            read(bad)
