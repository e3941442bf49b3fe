"""The header of a program tells its machine; no bytes at all make the reader fall over."""

from __future__ import annotations

import io
import random
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.errors import NotThere
from lab.images import program
from lab.model.platforms import Platform
from lab.model.world import World
from lab.probes import binary

ELF = Path(__file__).parent / "data" / "elf"
MACHINE = Path(__file__).parent.parent / "lessons" / "files" / "machine"
PROGRAMS = sorted(path.name for path in ELF.glob("*-*"))


def read(name: str):
    return program.read((ELF / name).read_bytes(), name)


@pytest.mark.parametrize(
    ("name", "platform"),
    [
        ("hello-amd64", "linux/amd64"),
        ("hello-386", "linux/386"),
        ("hello-arm64", "linux/arm64"),
        ("hello-armv5", "linux/arm/v5"),
        ("hello-armv6", "linux/arm/v6"),
        ("hello-armv7", "linux/arm/v7"),
        ("hello-riscv64", "linux/riscv64"),
        ("hello-s390x", "linux/s390x"),
        ("hello-ppc64le", "linux/ppc64le"),
        ("hello-mips64le", "linux/mips64le"),
    ],
)
def test_each_machine_is_named_as_docker_names_it(name, platform):
    """A real program of each machine is read as the platform that `--platform` takes."""
    found = read(name)
    assert (found.kind, found.platform, found.interpreter) == ("elf", Platform.parse(platform), "")


def test_the_three_programs_of_lesson_one_are_of_three_machines():
    """The exercise has three different answers, and the files may be executed."""
    answers = {"abacus": "linux/arm64", "lantern": "linux/riscv64", "compass": "linux/arm/v7"}
    for name, platform in answers.items():
        assert str(program.read((MACHINE / name).read_bytes()).platform) == platform
        assert (MACHINE / name).stat().st_mode & 0o111


def test_the_x86_64_level_is_read_from_the_notes():
    """A program marked for x86-64-v3 says 3, its plain twin says nothing."""
    assert (read("hello-amd64-v3").level, read("hello-amd64").level) == (3, 0)


def test_loong64_and_big_endian_are_told_from_their_twins():
    """One changed field of the header is another machine."""
    data = bytearray((ELF / "hello-ppc64le").read_bytes())
    data[18:20] = (258).to_bytes(2, "little")
    assert str(program.read(bytes(data)).platform) == "linux/loong64"
    data[18:20] = (0x1234).to_bytes(2, "little")
    assert str(program.read(bytes(data)).platform) == "linux/machine-4660"


@pytest.mark.parametrize(
    ("name", "loader"),
    [("dynamic-amd64", "/lib64/ld-linux-x86-64.so.2"), ("dynamic-arm64", "/lib/ld-linux-aarch64.so.1")],
)
def test_a_dynamic_program_names_its_loader(name, loader):
    """What `exec … no such file or directory` is about can be read before the program is run."""
    assert read(name).interpreter == loader


def test_arm_without_attributes_leaves_the_variant_open():
    """No attribute, no claim: the variant is then empty, and not the v7 that a bare `linux/arm` means."""
    data = bytearray((ELF / "hello-armv6").read_bytes())
    data[32:36] = bytes(4)  # no section table
    assert program.read(bytes(data)).platform == Platform("linux", "arm", "")


@pytest.mark.parametrize(
    ("attributes", "variant"),
    [
        (b"\x05cortex\0\x06\x0a", "v7"),
        (b"\x06\x06", "v6"),
        (b"\x20\x01gnu\0\x43name\0\x06\x0e", "v8"),
        (b"\x08\x01", ""),
        (b"\x06\x7f", ""),
        (b"\x05no end", ""),
        (b"\x80\x80\x80\x80\x80\x80\x80", ""),
        (b"", ""),
    ],
)
def test_arm_attributes_are_read_and_never_for_ever(attributes, variant):
    """Text and numbers before the architecture are passed over; what has no end, or says nothing, ends."""
    scope = b"\x01" + (5 + len(attributes)).to_bytes(4, "little") + attributes
    section = b"A" + (10 + len(scope)).to_bytes(4, "little") + b"aeabi\0" + scope
    data = bytearray((ELF / "hello-armv6").read_bytes())
    data[32:36], data[48:50] = (512).to_bytes(4, "little"), (1).to_bytes(2, "little")
    row = struct.pack("<10I", 0, 0x70000003, 0, 0, 600, len(section), 0, 0, 1, 0)
    told = program.read(bytes(data).ljust(512, b"\0") + row.ljust(88, b"\0") + section)
    assert told.platform == Platform("linux", "arm", variant)


def test_a_go_program_tells_its_variant_in_its_build_information():
    """Go writes no attributes; `GOARM` stands where `go version -m` finds it."""
    data = bytearray((ELF / "hello-armv6").read_bytes())
    data[32:36] = bytes(4)
    data[52 + 24 : 52 + 28] = (6).to_bytes(4, "little")  # the first segment becomes one that can be written
    for told, variant in ((b"5", "v5"), (b"7,hardfloat", "v7"), (b"x", "")):
        information = b"\xff Go buildinf:\x04\x02".ljust(32, b"\0") + b"build\tGOOS=linux\nbuild\tGOARM=" + told + b"\n"
        assert program.read(bytes(data) + information).platform == Platform("linux", "arm", variant)


@pytest.mark.parametrize(
    ("content", "kind", "interpreter"),
    [
        (b"#!/bin/sh\necho\n", "script", "/bin/sh"),
        (b"#! /usr/bin/env python3\n", "script", "/usr/bin/env"),
        (b"#!/bin/sh\r\necho\r\n", "script", "/bin/sh\r"),
        (b"#!", "script", ""),
        (b"echo hello\n", "text", ""),
        (b"\xef\xbb\xbf#!/bin/sh\n", "text", ""),
        ("안녕\n".encode(), "text", ""),
        (b"", "empty", ""),
        (b"<!DOCTYPE html>\n<title>404</title>", "html", ""),
        (b"  <html><body>Not Found", "html", ""),
        (b"Not Found", "text", ""),
        (b"!<arch>\n__.PKGDEF", "archive", ""),
        (b"PK\x03\x04....", "archive", ""),
        (b"MZ\x90\x00", "pe", ""),
        (b"\xcf\xfa\xed\xfe\x07\x00", "mach-o", ""),
        (b"\x00asm\x01", "wasm", ""),
        (b"\x00\x01\x02", "unknown", ""),
        (b"\x7fELF", "damaged", ""),
        (b"\x7fELF\x02\x01\x01" + bytes(20), "damaged", ""),
        (b"\x7fEL", "unknown", ""),
    ],
)
def test_what_is_no_program_is_called_by_its_name(content, kind, interpreter):
    """`exec format error` has many causes that are no other machine; each is told apart."""
    found = program.read(content)
    assert (found.kind, found.interpreter, found.platform) == (kind, interpreter, None)


class _Drip(io.RawIOBase):
    """A stream that gives few bytes at a time and cannot go back."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def read(self, size: int = -1, /) -> bytes:
        return self._data.read(min(size, 7))


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_stream_tells_as_much_as_the_bytes(name):
    """Programs are read out of a layer as it passes by, without going back."""
    data = (ELF / name).read_bytes()
    assert program.read(_Drip(data), name) == program.read(data, name)


def test_a_huge_program_is_not_read_whole():
    """Of what follows the header no more is read than is needed, and that is bounded."""

    class Endless:
        taken = 0
        head = (ELF / "hello-arm64").read_bytes()

        def read(self, size: int, /) -> bytes:
            part = (self.head[self.taken : self.taken + size]).ljust(size, b"\0")
            self.taken += size
            return part

    stream = Endless()
    assert str(program.read(stream).platform) == "linux/arm64"
    assert stream.taken <= program.HEAD


@given(st.binary(max_size=300), st.booleans())
def test_no_bytes_make_it_raise(data, as_elf):
    """Anything at all gets an answer."""
    assert program.read((b"\x7fELF" if as_elf else b"") + data).kind


@given(st.sampled_from(PROGRAMS), st.integers(), st.integers(1, 40))
def test_damaged_programs_get_an_answer_too(name, seed, count):
    """Real programs with any of their bytes changed, or cut anywhere, never make it raise or hang."""
    chance = random.Random(seed)  # noqa: S311
    data = bytearray((ELF / name).read_bytes())
    for _ in range(count):
        data[chance.randrange(len(data))] = chance.randrange(256)
    assert program.read(bytes(data)).kind
    assert program.read(bytes(data[: chance.randrange(len(data))])).kind is not None


@given(st.binary(min_size=48, max_size=48), st.sampled_from(PROGRAMS))
def test_headers_made_of_chance_get_an_answer(header, name):
    """The fields that say where things are and how many may hold anything."""
    data = (ELF / name).read_bytes()
    assert program.read(data[:16] + header + data[64:]).kind


def test_the_probe_reads_the_learners_file(tmp_path):
    """A file of the workspace is read with its x bit and its first bytes as evidence; none is not there yet."""
    world = World(env={}, registry="localhost:1", workspace=tmp_path, home=tmp_path)
    with pytest.raises(NotThere, match="files/machine/abacus"):
        binary.file("files/machine/abacus")(world)
    place = tmp_path / "files" / "machine" / "abacus"
    place.parent.mkdir(parents=True)
    place.write_bytes((MACHINE / "abacus").read_bytes())
    place.chmod(0o644)
    found = binary.file("files/machine/abacus")(world)
    assert (str(found.platform), found.runnable) == ("linux/arm64", False)
    assert found.evidence[0].answer.startswith("7f454c46")
