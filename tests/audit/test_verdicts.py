"""The audit's rules, from literal facts: what each says of a program, a row of an index, a platform."""

from __future__ import annotations

import dataclasses

import pytest
from support.audited import GLIBC

from lab.audit import rules
from lab.model.facts import Binaries, Binary, Image, Index, Manifest
from lab.model.platforms import Platform


def program(platform="linux/amd64", **more):
    return Binary(path="/p", kind="elf", platform=Platform.parse(platform), **more)


@pytest.mark.parametrize(
    ("binary", "host", "says"),
    [
        ("linux/amd64", "linux/amd64", None),
        ("linux/386", "linux/amd64", None),
        ("linux/arm/v6", "linux/arm/v7", None),
        ("linux/amd64", "linux/arm64", "on arm64 hosts `exec format error`: /p is x86-64"),
        ("linux/amd64", "linux/386", "on 386 hosts `exec format error`: /p is x86-64"),
        ("linux/arm64", "linux/arm/v7", "on arm/v7 hosts `exec format error`: /p is 64-bit Arm"),
        ("linux/arm/v7", "linux/arm64", "on arm64 hosts without 32-bit mode `exec format error`: /p is arm/v7"),
        ("freebsd/amd64", "linux/amd64", "on amd64 hosts `exec format error`: /p is for freebsd"),
        ("linux/ppc64", "linux/ppc64le", "on ppc64le hosts `exec format error`: /p is ppc64"),
    ],
)
def test_a_program_for_another_machine_is_told_with_what_will_happen(binary, host, says):
    """Hosts that run it themselves pass, those that never or only sometimes do not."""
    problem = rules.foreign(program(binary), Platform.parse(host))
    assert (problem and str(problem)) == says


def test_what_is_no_elf_file_is_not_foreign():
    """Scripts run everywhere."""
    assert rules.foreign(Binary(path="/s", kind="script", interpreter="/bin/sh"), Platform.parse("linux/arm64")) is None


@pytest.mark.parametrize(
    ("binary", "host", "says"),
    [
        (program("linux/arm/v7"), "linux/arm/v6", "on arm/v6 hosts older than arm/v7 `illegal instruction`: /p is made for arm/v7"),
        (program("linux/arm/v6"), "linux/arm/v6", None),
        (program("linux/arm/v5"), "linux/arm/v6", None),
        (program("linux/arm/v7"), "linux/arm", None),
        (dataclasses.replace(program(), platform=Platform("linux", "arm", "")), "linux/arm/v6", None),
        (program(level=3), "linux/amd64", "on amd64 hosts older than x86-64-v3 `illegal instruction`: /p is made for x86-64-v3"),
        (program(level=3), "linux/amd64/v2", "on amd64/v2 hosts older than x86-64-v3 `illegal instruction`: /p is made for x86-64-v3"),
        (program(level=3), "linux/amd64/v3", None),
        (program(level=1), "linux/amd64", None),
        (program(), "linux/amd64", None),
        (program("linux/arm/v7"), "linux/arm64", None),
    ],
)  # fmt: skip
def test_a_program_for_a_newer_cpu_is_told(binary, host, says):
    """Only what a program says of itself counts; the same or an older CPU passes."""
    problem = rules.too_new(binary, Platform.parse(host))
    assert (problem and str(problem)) == says


def test_a_missing_loader_and_a_missing_interpreter_are_told_apart():
    """`no such file or directory` is about another file than the one it names."""
    dynamic, script = program(interpreter=GLIBC), Binary(path="/s", kind="script", interpreter="/bin/bash")
    assert "its loader /lib64" in str(rules.no_loader(dynamic, None))
    assert "its interpreter /bin/bash" in str(rules.no_loader(script, None))
    assert "as on Windows" in str(rules.no_loader(dataclasses.replace(script, interpreter="/bin/sh\r"), None))
    assert rules.no_loader(dynamic, program()) is None
    assert rules.no_loader(program(), None) is None


@pytest.mark.parametrize(
    ("kind", "more", "says"),
    [
        ("elf", {}, None),
        ("script", {"interpreter": "/bin/sh"}, None),
        ("script", {}, "without `#!`"),
        ("text", {}, "without `#!`"),
        ("html", {}, "a web page"),
        ("empty", {}, "an empty file"),
        ("archive", {}, "an archive"),
        ("damaged", {}, "cut short"),
        ("pe", {}, "for Windows"),
        ("elf", {"runnable": False}, "permission denied"),
    ],
)
def test_what_a_container_starts_must_be_a_program(kind, more, says):
    """Each look-alike of a wrong architecture by its own name."""
    problem = rules.no_program(Binary(path="/p", kind=kind, **more))
    assert problem is None if says is None else says in str(problem)


@pytest.mark.parametrize(
    ("offered", "wanted", "taken"),
    [
        ("linux/arm64", "linux/arm64", True),
        ("linux/arm/v6", "linux/arm/v7", True),
        ("linux/arm/v7", "linux/arm/v6", False),
        ("linux/amd64", "linux/amd64/v3", True),
        ("linux/amd64/v3", "linux/amd64", False),
        ("linux/386", "linux/amd64", False),
        ("windows/amd64", "linux/amd64", False),
    ],
)
def test_an_older_variant_serves_a_newer_host(offered, wanted, taken):
    """As engines choose from an index."""
    assert rules.serves(Platform.parse(offered), Platform.parse(wanted)) is taken


def row(written, digest="sha256:1"):
    os_, architecture, variant = (*written.split("/"), "")[:3]
    platform = {"os": os_, "architecture": architecture, "variant": variant}
    return Manifest.from_json({"digest": digest, "platform": platform})


def test_rows_of_an_index_are_judged():
    """Slips, rows that stand twice, and Arm without a variant; true rows pass."""
    assert "linux/x86 is a platform that no machine has" in str(rules.unknown(row("linux/x86")))
    assert rules.unknown(row("linux/arm64/v8")) is None
    assert "stands twice" in str(rules.twice(row("linux/arm64"), [row("linux/arm64/v8", "sha256:2")]))
    assert rules.twice(row("linux/arm64"), [row("linux/amd64")]) is None
    assert "read it as linux/arm/v7" in str(rules.no_variant(row("linux/arm")))
    assert rules.no_variant(row("linux/arm/v7")) is None


def test_labels_that_differ_and_platforms_that_are_absent():
    """Found against wanted, from facts alone."""
    one = Image(reference="x", digest="sha256:1", platform=Platform.parse("linux/amd64"))
    assert "says linux/arm64" in str(rules.labels_differ(row("linux/arm64"), one))
    assert rules.labels_differ(row("linux/amd64"), one) is None
    index = Index(reference="x", digest="", media_type="", is_index=True, manifests=(row("linux/amd64"),))
    assert rules.absent(index, Platform.parse("linux/amd64")) is None
    assert str(rules.absent(index, Platform.parse("linux/s390x"))).endswith("there are: linux/amd64")


def test_a_lesson_asks_the_same_rule_of_each_platforms_program():
    """`registry.binaries` and the rule together are a check."""
    arm64, amd64 = Platform.parse("linux/arm64"), Platform.parse("linux/amd64")
    told = Binaries(reference="x", programs=((arm64, program()), (amd64, program()), (amd64, None)))
    assert [str(problem) for problem in rules.foreign_programs(told)] == [
        "on arm64 hosts `exec format error`: /p is x86-64"
    ]
