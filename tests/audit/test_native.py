"""Native extensions are judged in their interpreter's words, and what is only kept for others is silent."""

from __future__ import annotations

import struct

import pytest
from support.places import DATA

from lab.audit import checks, native, noise, rules
from lab.audit.held import ERROR, WARNING, Held
from lab.images import build, layers
from lab.model.facts import Binary, Image, Manifest
from lab.model.platforms import Platform

ELF = DATA / "elf"
RUN = 0o755
ARM64, AMD64, I386, ARMV7 = ((ELF / f"hello-{name}").read_bytes() for name in ("arm64", "amd64", "386", "armv7"))
LABEL = Platform.parse("linux/arm64")
SITE = "usr/local/lib/python3.11/site-packages"
MODULES = "app/node_modules"


def needs(*names, machine=183):
    """A library for arm64 that asks its loader for others: two segments, a table and its names."""
    strings = b"\0" + b"".join(name.encode() + b"\0" for name in names)
    places = [1 + sum(len(name) + 1 for name in names[:number]) for number in range(len(names))]
    table = b"".join(struct.pack("<qQ", 1, place) for place in places) + struct.pack("<qQ", 5, 176) + bytes(16)
    size = 176 + len(strings) + len(table)
    header = struct.pack(
        "<4sBBBBQHHIQQQIHHHHHH", b"\x7fELF", 2, 1, 1, 0, 0, 3, machine, 1, 0, 64, 0, 0, 64, 56, 2, 64, 0, 0
    )
    load = struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, size, size, 4096)
    dynamic = struct.pack("<IIQQQQQQ", 2, 6, 176 + len(strings), 0, 0, len(table), len(table), 8)
    return header + load + dynamic + strings + table


def asks_for(loader):
    """A program for arm64 that asks for that loader."""
    name = loader.encode() + b"\0"
    header = struct.pack(
        "<4sBBBBQHHIQQQIHHHHHH", b"\x7fELF", 2, 1, 1, 0, 0, 2, 183, 1, 0, 64, 0, 0, 64, 56, 1, 64, 0, 0
    )
    return header + struct.pack("<IIQQQQQQ", 3, 4, 120, 0, 0, len(name), len(name), 1) + name


GLIBC = {"lib/ld-linux-aarch64.so.1": (ARM64, RUN)}
MUSL = {"lib/ld-musl-aarch64.so.1": (ARM64, RUN)}


def image(files, command=("app",), *, library="glibc", env=("PATH=/usr/bin",), everything=False):
    """An arm64 image with python3, node, ruby and app, of one C library."""
    loader = {"glibc": "/lib/ld-linux-aarch64.so.1", "musl": "/lib/ld-musl-aarch64.so.1"}[library]
    base = {"glibc": GLIBC, "musl": MUSL}[library]
    tools = {f"usr/bin/{name}": (asks_for(loader), RUN) for name in ("python3", "node", "ruby", "app")}
    with build.layer(base | tools | files).open() as stream:
        layer = layers.read(stream)
    row = Manifest(digest="sha256:1", platform=LABEL, written="linux/arm64")
    one = Image(reference="", digest="sha256:1", platform=LABEL, entrypoint=command, env=env)
    return Held(row, one, layers.merge([layer]), everything=everything)


def found(held):
    """(rule, severity, paths, message) of all that is found."""
    return [
        (rule.id, one.severity or rule.severity, one.paths, str(one.problem))
        for rule in checks.ON_IMAGES
        for one in rule.check(held)
    ]


def test_what_a_library_asks_for_is_read():
    """`DT_NEEDED`, from literal bytes."""
    files = {"usr/lib/x.so": (needs("libc.musl-aarch64.so.1", "libz.so.1"), RUN)}
    assert image(files).root.find("/usr/lib/x.so").needed == ("libc.musl-aarch64.so.1", "libz.so.1")


FOREIGN = {
    "a wheel with its machine in its name": (
        ("python3", "-m", "app"), f"{SITE}/numpy/core/_umath.cpython-311-x86_64-linux-gnu.so", AMD64, "glibc",
        "ModuleNotFoundError: No module named 'numpy.core._umath'",
    ),
    "a wheel for all versions": (
        ("python3", "-m", "app"), f"{SITE}/cryptography/_rust.abi3.so", AMD64, "glibc",
        f"ImportError: /{SITE}/cryptography/_rust.abi3.so: cannot open shared object file: No such file or directory",
    ),
    "a wheel for another word size": (
        ("python3", "-m", "app"), f"{SITE}/x.abi3.so", I386, "glibc", f"ImportError: /{SITE}/x.abi3.so: wrong ELF class: ELFCLASS32",
    ),
    "a wheel for 32-bit Arm": (
        ("python3", "-m", "app"), f"{SITE}/x.abi3.so", ARMV7, "glibc", f"ImportError: /{SITE}/x.abi3.so: wrong ELF class: ELFCLASS32",
    ),
    "a wheel on Alpine": (
        ("python3", "-m", "app"), f"{SITE}/x.abi3.so", AMD64, "musl",
        f"ImportError: Error loading shared library /{SITE}/x.abi3.so: Exec format error",
    ),
    "a part that is not what its name says": (
        ("python3", "-m", "app"), f"{SITE}/x/attach_linux_arm64.so", AMD64, "glibc", f"ImportError: /{SITE}/x/attach_linux_arm64.so: ",
    ),
    "an addon": (
        ("node", "x.js"), f"{MODULES}/bcrypt/lib/binding/napi-v3/bcrypt_lib.node", AMD64, "glibc",
        f"Error: /{MODULES}/bcrypt/lib/binding/napi-v3/bcrypt_lib.node: cannot open shared object file: No such file or directory",
    ),
    "an addon on Alpine": (
        ("node", "x.js"), f"{MODULES}/b/build/Release/b.node", AMD64, "musl",
        f"Error: Error loading shared library /{MODULES}/b/build/Release/b.node: Exec format error",
    ),
    "prebuilds for another machine only": (
        ("node", "x.js"), f"{MODULES}/bufferutil/prebuilds/linux-x64/node.napi.node", AMD64, "glibc",
        "Error: No native build was found for platform=linux arch=arm64",
    ),
    "a package for another machine only": (
        ("node", "x.js"), f"{MODULES}/@rollup/rollup-linux-x64-gnu/rollup.linux-x64-gnu.node", AMD64, "glibc",
        "Error: Cannot find module '@rollup/rollup-linux-arm64-gnu'",
    ),
    "a package for another machine and C library": (
        ("node", "x.js"), f"{MODULES}/@rollup/rollup-linux-x64-gnu/rollup.linux-x64-gnu.node", AMD64, "musl",
        "Error: Cannot find module '@rollup/rollup-linux-arm64-musl'",
    ),
    "sharp": (
        ("node", "x.js"), f"{MODULES}/@img/sharp-linux-x64/lib/sharp-linux-x64.node", AMD64, "glibc",
        "Error: Cannot find module '@img/sharp-linux-arm64'",
    ),
    "a gem": (
        ("ruby", "x.rb"), "usr/lib/ruby/gems/3.1.0/gems/nokogiri/lib/nokogiri.so", AMD64, "glibc", "LoadError: /usr/lib/ruby/gems",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FOREIGN)
def test_an_extension_for_another_machine_is_told_in_its_interpreters_words(case):
    """One finding, an error where its interpreter is what starts, a warning where another program is."""
    command, path, content, library, says = FOREIGN[case]
    ((rule, severity, paths, message),) = found(image({path: (content, 0o644)}, command, library=library))
    assert (rule, severity, paths) == ("native-foreign", ERROR, (f"/{path}",))
    assert f"`{says}" in message
    assert [one[:2] for one in found(image({path: (content, 0o644)}, library=library))] == [("native-foreign", WARNING)]


def test_an_extension_comes_before_the_libraries_that_were_packed_with_it():
    """The one that the interpreter stumbles on stands in the message."""
    files = {
        f"{SITE}/numpy.libs/libgfortran.so.5": (AMD64, RUN),
        f"{SITE}/numpy/core/_m.cpython-311-x86_64-linux-gnu.so": (AMD64, RUN),
    }
    ((_, _, paths, _),) = found(image(files, ("python3",)))
    assert [path.rpartition("/")[2] for path in paths] == ["_m.cpython-311-x86_64-linux-gnu.so", "libgfortran.so.5"]


LIBC = {
    "a wheel for musl on Debian": (
        "python3", f"{SITE}/x.abi3.so", needs("libc.musl-aarch64.so.1"), "glibc",
        "ImportError: libc.musl-aarch64.so.1: cannot open shared object file: No such file or directory",
    ),
    "a wheel for glibc on Alpine": (
        "python3", f"{SITE}/x.abi3.so", needs("libm.so.6", "ld-linux-aarch64.so.1"), "musl",
        f"ImportError: Error loading shared library ld-linux-aarch64.so.1: No such file or directory (needed by /{SITE}/x.abi3.so)",
    ),
    "a wheel for glibc on Alpine by its name": (
        "python3", f"{SITE}/a/x.cpython-311-aarch64-linux-gnu.so", ARM64, "musl", "ModuleNotFoundError: No module named 'a.x'",
    ),
    "a wheel for musl on Debian by its name": (
        "python3", f"{SITE}/a/x.cpython-311-aarch64-linux-musl.so", ARM64, "glibc", "ModuleNotFoundError: No module named 'a.x'",
    ),
    "an addon for glibc on Alpine": (
        "node", f"{MODULES}/b/build/Release/b.node", needs("libc.so.6"), "musl",
        f"Error: Error relocating /{MODULES}/b/build/Release/b.node: symbol not found",
    ),
    "a package for the other C library only": (
        "node", f"{MODULES}/@swc/core-linux-arm64-gnu/swc.linux-arm64-gnu.node", ARM64, "musl",
        "Error: Cannot find module '@swc/core-linux-arm64-musl'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", LIBC)
def test_an_extension_for_another_c_library_is_told(case):
    """By what it asks for, or by its name."""
    command, path, content, library, says = LIBC[case]
    ((rule, severity, paths, message),) = found(image({path: (content, 0o644)}, (command,), library=library))
    assert (rule, severity, paths) == ("native-libc", ERROR, (f"/{path}",))
    assert f"`{says}" in message


RIGHT = {
    "a wheel for this machine": {f"{SITE}/x.cpython-311-aarch64-linux-gnu.so": (ARM64, RUN)},
    "a wheel for this C library": {f"{SITE}/x.abi3.so": (needs("libc.so.6", "ld-linux-aarch64.so.1"), RUN)},
    "prebuilds for all": {
        f"{MODULES}/b/prebuilds/linux-{name}/node.napi{more}.node": (content, RUN)
        for name, more, content in (("x64", "", AMD64), ("arm64", ".armv8", ARM64), ("ia32", "", I386), ("arm", ".armv7", ARMV7))
    },
    "packages for all": {
        f"{MODULES}/@esbuild/linux-{name}/bin/esbuild": (content, RUN)
        for name, content in (("x64", AMD64), ("arm64", ARM64), ("ia32", I386))
    },
    "packages for both C libraries": {
        f"{MODULES}/@swc/core-linux-arm64-{name}/swc.linux-arm64-{name}.node": (ARM64, RUN) for name in ("gnu", "musl")
    },
    "sharp for both C libraries": {
        f"{MODULES}/@img/sharp-{name}/lib/sharp-{name}.node": (content, RUN)
        for name, content in (("linux-arm64", ARM64), ("linuxmusl-arm64", ARM64), ("linux-x64", AMD64))
    },
    "gems for several": {
        f"usr/lib/ruby/gems/3.1.0/gems/g-1-{name}-linux/lib/g.so": (content, RUN)
        for name, content in (("x86_64", AMD64), ("aarch64", ARM64))
    },
    "a sysroot": {"opt/sysroot/usr/bin/ls": (AMD64, RUN), "opt/sysroot/usr/lib/libc.so.6": (AMD64, RUN)},
    "another system's root": {"srv/rootfs/bin/sh": (AMD64, RUN)},
    "a cross toolchain": {
        "usr/x86_64-linux-gnu/lib/libc.so.6": (AMD64, RUN), "usr/x86_64-linux-gnu/bin/hello": (AMD64, RUN),
        "usr/lib/gcc-cross/x86_64-linux-gnu/12/libgcc_s.so.1": (AMD64, RUN), "opt/x-tools/x86_64/lib/libm.so": (AMD64, RUN),
    },
    "a foreign architecture of Debian's": {"usr/lib/x86_64-linux-gnu/libz.so.1": (AMD64, RUN)},
    "Rust's targets": {"root/.rustup/lib/rustlib/x86_64-unknown-linux-gnu/lib/libstd.so": (AMD64, RUN)},
    "parts of programs": {f"usr/lib/x.{end}": (AMD64, RUN) for end in ("o", "ko", "debug", "bpf", "efi")},
    "firmware": {"lib/firmware/x": (AMD64, RUN), "usr/lib/firmware/bin/y": (AMD64, RUN)},
    "test data": {"usr/local/go/src/debug/elf/testdata/bin/gcc": (AMD64, RUN), f"{SITE}/t/testdata/x.so": (AMD64, RUN)},
    "downloads": {f"srv/downloads/cli-linux-{n}": (c, RUN) for n, c in (("amd64", AMD64), ("arm64", ARM64), ("arm", ARMV7))},
    "downloads for others only": {"srv/downloads/cli-linux-amd64": (AMD64, RUN)},
    "a download of no name": {"var/www/files/cli": (AMD64, RUN)},
    "data": {"usr/share/x/libx.so": (AMD64, RUN), "usr/share/x/bin/y": (AMD64, RUN)},
    "tools for all in PATH": {f"usr/bin/tool-linux-{n}": (c, RUN) for n, c in (("amd64", AMD64), ("arm64", ARM64))},
    "tools for all, by folders": {f"opt/tool/{n}/bin/tool": (c, RUN) for n, c in (("x86_64", AMD64), ("aarch64", ARM64))},
    "faster variants": {"usr/lib/aarch64-linux-gnu/glibc-hwcaps/v9/libx.so": (AMD64, RUN)},
    "a part of a wheel for all, for the machine in its name": {f"{SITE}/debugpy/attach_linux_amd64.so": (AMD64, RUN)},
    "programs for Windows": {f"{SITE}/setuptools/cli-64.exe": (b"MZ" + bytes(100), RUN)},
}  # fmt: skip


@pytest.mark.parametrize("case", RIGHT)
def test_what_is_right_or_only_kept_is_silent(case):
    """Nothing that starts or loads is concerned."""
    for command in (("app",), ("python3",), ("node",)):
        assert found(image(RIGHT[case], command)) == []


def test_gcompat_brings_the_other_loader():
    """An extension that asks for glibc's loader on an Alpine that has it."""
    files = {f"{SITE}/x.abi3.so": (needs("ld-linux-aarch64.so.1"), RUN)} | GLIBC
    assert found(image(files, ("python3",), library="musl")) == []


def test_names_that_an_interpreter_has_itself_are_right():
    """Older Pythons on Alpine call their own extensions `-linux-gnu` too."""
    name = "x.cpython-39-aarch64-linux-gnu.so"
    files = {f"usr/lib/python3.9/lib-dynload/{name}": (ARM64, RUN), f"{SITE}/{name}": (ARM64, RUN)}
    assert found(image(files, ("python3",), library="musl")) == []


WARNED = {
    "a program in PATH": "usr/bin/tool",
    "a program in a folder of programs": "opt/x/bin/tool",
    "a program beside the one that starts": "app/tool",
    "a tool of one machine by its name": "usr/bin/tool-linux-amd64",
    "a library": "usr/lib/libx.so.1",
    "a library of the app's": "srv/app/libx.so",
}


@pytest.mark.parametrize("case", WARNED)
def test_what_may_be_started_or_loaded_is_a_warning(case):
    """Beside the program that starts, and for another machine."""
    files = {"app/server": (ARM64, RUN), WARNED[case]: (AMD64, RUN)}
    assert [one[:3] for one in found(image(files, ("/app/server",)))] == [
        ("foreign-program", WARNING, (f"/{WARNED[case]}",))
    ]


@pytest.mark.parametrize(
    "case", ["downloads for others only", "a sysroot", "parts of programs", "firmware", "test data"]
)
def test_all_is_told_where_it_is_asked_for(case):
    """`--all`."""
    rules_found = {one[0] for one in found(image(RIGHT[case], everything=True))}
    assert rules_found & {"foreign-program", "native-foreign"}


def test_a_library_that_the_program_needs_and_only_another_machine_has_is_an_error():
    """The loader finds the name and not the library."""
    program = needs("libx.so.1", "libc.so.6")
    files = {"usr/bin/app": (program, RUN), "usr/lib/libx.so.1": (AMD64, RUN), "usr/lib/libc.so.6": (ARM64, RUN)}
    first = found(image(files))[0]
    assert first[:3] == ("library-foreign", ERROR, ("/usr/lib/libx.so.1",))
    assert (
        "libx.so.1: cannot open shared object file: No such file or directory`: /usr/lib/libx.so.1 is x86-64"
        in first[3]
    )
    fitting = files | {"opt/lib/libx.so.1": (ARM64, RUN)}
    assert "library-foreign" not in [one[0] for one in found(image(fitting))]


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/a/prebuilds/linux-x64/n.node", "/a/prebuilds/linux-*"), ("/a/tool-linux-amd64", "/a/tool-linux-*"), ("/a/x_linux_x86_64", "/a/x_linux_*"),
        ("/n/@img/sharp-linuxmusl-arm64/lib/x.node", "/n/@img/sharp-linux-*"), ("/n/rollup-linux-x64-gnu/x", "/n/rollup-linux-*"),
        ("/usr/bin/tool", ""), ("/usr/bin/armadillo", ""), ("/usr/bin/x64dbg", ""), ("/usr/lib/libx86.so", ""),
    ],
)  # fmt: skip
def test_what_differs_only_in_the_machine_has_one_key(path, key):
    """Names that merely begin like a machine's have none."""
    assert noise.variant(path) == key


@pytest.mark.parametrize(
    ("platform", "label", "told"),
    [("linux/arm64", "linux/arm64", False), ("linux/386", "linux/amd64", True), ("linux/arm/v7", "linux/arm64", True)],
)
def test_an_extension_must_be_of_its_interpreters_word_size(platform, label, told):
    """A host that runs 32-bit programs cannot load one into a 64-bit interpreter."""
    one = Binary(path="/x.node", kind="elf", platform=Platform.parse(platform))
    assert (native.foreign(one, Platform.parse(label), "glibc") is not None) is told
    assert rules.runs_on(Platform.parse(platform), Platform.parse(label)) is not False


@pytest.mark.parametrize(
    ("loaders", "library"), [(["/lib/ld-musl-x86_64.so.1"], "musl"), (["/lib64/ld64.so.2"], "glibc"), ([], ""), (["/lib/ld-linux.so.2", "/lib/ld-musl-i386.so.1"], "")]
)  # fmt: skip
def test_an_images_c_library_is_that_of_its_loaders(loaders, library):
    """None where it has both, or none."""
    assert native.library_of_image(loaders) == library
