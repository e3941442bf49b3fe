"""Each rule of the audit's table finds its fault in literal facts, and passes the nearest ones that are right."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from support.places import DATA, ROOT

from lab.audit import checks
from lab.audit.checks import TABLE
from lab.audit.held import ERROR, NOTE, WARNING, Held, Tag
from lab.images import build, layers
from lab.model.facts import Image, Index, Manifest
from lab.model.platforms import Platform

ELF = DATA / "elf"
RUN = 0o755
AMD64, ARM64, V3 = ((ELF / f"hello-{name}").read_bytes() for name in ("amd64", "arm64", "amd64-v3"))
GLIBC = "lib64/ld-linux-x86-64.so.2"
DYNAMIC = (ELF / "dynamic-amd64").read_bytes()
LABEL = Platform.parse("linux/amd64")


def row(written="linux/amd64", digest="sha256:1"):
    os_, architecture, variant = (*written.split("/"), "")[:3]
    return Manifest.from_json(
        {"digest": digest, "platform": {"os": os_, "architecture": architecture, "variant": variant}}
    )


def tag(*rows, **more):
    index = Index(reference="x", digest="", media_type="", is_index=True, manifests=rows or (row(),))
    return Tag(index, **more)


def layer(files):
    with build.layer(files).open() as stream:
        return layers.read(stream)


def held(files, command=("/app",), *, label="linux/amd64", config="linux/amd64", shared=()):
    """An image of one layer, whose configuration says `config` and whose row says `label`."""
    made = layer({name: (content, RUN) if isinstance(content, bytes) else content for name, content in files.items()})
    image = Image(
        reference="", digest="sha256:1", platform=Platform.parse(config), entrypoint=command, env=("PATH=/bin",)
    )
    others = ((made, shared),) if shared else ()
    return Held(row(label), image, layers.merge([made]), others)


def asks(name):
    """A program for amd64 that asks its loader for one library."""
    strings, table = b"\0" + name.encode() + b"\0", struct.pack("<qQqQqQ", 1, 1, 5, 176, 0, 0)
    size = 176 + len(strings) + len(table)
    header = struct.pack("<4sBBBBQHHIQQQIHHHHHH", b"\x7fELF", 2, 1, 1, 0, 0, 2, 62, 1, 0, 64, 0, 0, 64, 56, 2, 64, 0, 0)
    load = struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, size, size, 4096)
    dynamic = struct.pack("<IIQQQQQQ", 2, 6, 176 + len(strings), 0, 0, len(table), len(table), 8)
    return header + load + dynamic + strings + table


PYTHON = {"bin/python3": DYNAMIC, GLIBC: AMD64}
SITE = "usr/lib/python3/dist-packages"
NEED = frozenset([Platform.parse("linux/arm64")])

# rule: (severity, facts with the fault, what is said, facts without it)
RULES = {
    "platform-absent": (ERROR, tag(need=NEED), "linux/arm64 is needed", tag(row(), row("linux/arm64", "sha256:2"), need=NEED)),
    "platform-unknown": (ERROR, tag(row("linux/x86")), "linux/x86 is a platform that no machine has", tag(row("linux/386"))),
    "platform-twice": (WARNING, tag(row(), row(digest="sha256:2")), "stands twice", tag(row(), row("linux/amd64/v3", "sha256:2"))),
    "no-variant": (NOTE, tag(row("linux/arm")), "read it as linux/arm/v7", tag(row("linux/arm/v6"))),
    "not-held": (ERROR, tag(missing=(row(),)), "is not held here", tag()),
    "no-image": (NOTE, tag(other=((row(), "application/x"),)), "is application/x, no image", tag()),
    "labels-differ": (ERROR, held({"app": AMD64}, config="linux/arm64"), "configuration says linux/arm64", held({"app": AMD64})),
    "nothing-to-start": (NOTE, held({"app": AMD64}, ()), "names no program", held({"app": AMD64})),
    "no-entrypoint": (ERROR, held({"other": AMD64}), "does not hold the program that it starts", held({"app": AMD64})),
    "no-wrapper": (
        ERROR, held({"app": AMD64}, ("tini", "--", "/app")), "does not hold tini, which is to start /app",
        held({"app": AMD64, "bin/tini": AMD64}, ("tini", "--", "/app")),
    ),
    "no-shell": (
        ERROR, held({"app": AMD64}, ("/bin/sh", "-c", "/app")), "does not hold /bin/sh",
        held({"app": AMD64, "bin/sh": AMD64}, ("/bin/sh", "-c", "/app")),
    ),
    "no-program": (ERROR, held({"app": b"<!doctype html>"}), "a web page, no program", held({"app": b"#!/bin/sh\n", "bin/sh": AMD64})),
    "entrypoint-foreign": (ERROR, held({"app": ARM64}), "/app is 64-bit Arm", held({"app": AMD64})),
    "library-foreign": (
        ERROR, held({"app": asks("libx.so.1"), "usr/lib/libx.so.1": ARM64}), "libx.so.1 is 64-bit Arm",
        held({"app": asks("libx.so.1"), "usr/lib/libx.so.1": AMD64}),
    ),
    "too-new": (ERROR, held({"app": V3}), "made for x86-64-v3", held({"app": V3}, label="linux/amd64/v3", config="linux/amd64/v3")),
    "no-loader": (ERROR, held({"app": DYNAMIC}), "its loader /lib64/ld-linux-x86-64.so.2 is not", held({"app": DYNAMIC, GLIBC: AMD64})),
    "no-interpreter": (
        ERROR, held({"app": b"#!/bin/bash\n"}), "its interpreter /bin/bash is not", held({"app": b"#!/bin/bash\n", "bin/bash": AMD64}),
    ),
    "native-foreign": (
        ERROR, held(PYTHON | {f"{SITE}/x.abi3.so": ARM64}, ("python3",)), "ImportError", held(PYTHON | {f"{SITE}/x.abi3.so": AMD64}, ("python3",)),
    ),
    "native-libc": (
        ERROR, held(PYTHON | {f"{SITE}/x.abi3.so": asks("libc.musl-x86_64.so.1")}, ("python3",)), "made for musl",
        held(PYTHON | {f"{SITE}/x.abi3.so": asks("libc.so.6")}, ("python3",)),
    ),
    "foreign-program": (WARNING, held({"app": AMD64, "bin/x": ARM64}), "/bin/x is 64-bit Arm", held({"app": AMD64, "srv/x": ARM64})),
    "shared-base": (
        WARNING, held({"app": ARM64}, shared=(Platform.parse("linux/arm64"),)), "was the base for one platform only",
        held({"app": AMD64, "data": (b"x", 0o644)}, shared=(Platform.parse("linux/arm64"),)),
    ),
}  # fmt: skip


def judged(name, facts):
    return [(one.severity or TABLE[name].severity, str(one.problem)) for one in TABLE[name].check(facts)]


@pytest.mark.parametrize("name", TABLE)
def test_each_rule_finds_its_fault_and_passes_what_is_right(name):
    """One finding, as bad as the table says and in the rule's words; none in the nearest sound facts."""
    severity, wrong, says, right = RULES[name]
    ((found, text),) = judged(name, wrong)
    assert (found, TABLE[name].severity) == (severity, severity)
    assert says in text
    assert judged(name, right) == []


def test_the_table_is_whole():
    """Ids and titles are there once, and the page has a line for each rule."""
    assert set(RULES) == set(TABLE) == {rule.id for rule in (*checks.ON_TAGS, *checks.ON_IMAGES)}
    assert len({rule.title for rule in TABLE.values()}) == len(TABLE)
    page = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    marks = {ERROR: "✘", WARNING: "!", NOTE: "·"}
    for rule in TABLE.values():
        assert f"| `{rule.id}` {marks[rule.severity]}" in page


@pytest.mark.parametrize("name", ["too-new", "no-loader"])
def test_the_same_beside_what_starts_is_a_warning(name):
    """What is not started fails nobody yet."""
    facts = replace(RULES[name][1], root=held({"app": AMD64, "bin/x": V3 if name == "too-new" else DYNAMIC}).root)
    assert [severity for severity, _ in judged(name, facts)] == [WARNING]
