"""`lab audit` finds each kind of lie, says what will happen to whom, and lets true images pass."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import io
import json
import os
import random
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.audit import audit, rules
from lab.audit.checks import TABLE
from lab.audit.report import ERROR, NOTE, WARNING, Finding, Report, sarif
from lab.errors import BadInput, NotThere
from lab.images import build
from lab.images import registry as client
from lab.model.facts import Binaries, Binary, Image, Index, Manifest
from lab.model.platforms import Platform
from lab.model.steps import Problem
from tests import fake_registry

ELF = Path(__file__).parent / "data" / "elf"
RUN = 0o755
GLIBC = "/lib64/ld-linux-x86-64.so.2"


def elf(name):
    return (ELF / name).read_bytes(), RUN


def image(files, platform="linux/amd64", below=(), **config):
    return build.image([*below, build.layer(files)], platform=platform, config={"Entrypoint": ["/app/server"]} | config)


def good(machine="amd64", platform=None):
    return image({"app/server": elf(f"hello-{machine}")}, platform or f"linux/{machine}")


@pytest.fixture
def server():
    with fake_registry.running() as running:
        yield running


@pytest.fixture
def audited(server):
    """Put an image into a registry and audit it there."""

    def run(manifest, **options):
        server.add("app", "x", manifest)
        return audit(f"{server.address}/app:x", **options)

    return run


def found(report):
    return [(finding.rule, finding.severity, finding.platform) for finding in report.findings]


# --- rules, from literal facts --------------------------------------------------------------------------------------


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


# --- whole images ---------------------------------------------------------------------------------------------------


def test_a_true_image_passes(audited):
    """Several platforms, each with its own static program: nothing to say."""
    machines = {
        "amd64": None,
        "arm64": None,
        "armv7": "linux/arm/v7",
        "armv6": "linux/arm/v6",
        "riscv64": None,
        "s390x": None,
    }
    report = audited(build.index([good(machine, platform) for machine, platform in machines.items()]))
    assert (report.findings, report.exit_status, len(report.platforms)) == ((), 0, 6)
    assert "every program is what its label says" in report.as_text()


def test_a_true_dynamic_image_with_scripts_and_links_passes(audited):
    """Loader and interpreter behind links, as in a Debian image; PATH, a working directory, attestations."""
    base = build.layer(
        {
            "usr/lib64/ld-linux-x86-64.so.2": elf("hello-amd64"),
            "lib64": build.Link("usr/lib64"),
            "bin": build.Link("usr/bin"),
            "usr/bin/dash": elf("dynamic-amd64"),
            "usr/bin/sh": build.Link("dash"),
            "usr/bin/app": elf("dynamic-amd64"),
            "usr/share/firmware.bin": (b"\x7fELF\x02\x01\x01" + bytes(11) + b"\xf7" + bytes(60), 0o644),
        }
    )
    script = {"usr/local/bin/start.sh": (b"#!/bin/sh\nexec app\n", RUN), "etc/app.conf": (b"a=b", RUN)}
    one = image(script, below=[base], Entrypoint=["start.sh"], WorkingDir="/srv")
    note = one.entry(platform="unknown/unknown", annotations={"vnd.docker.reference.type": "attestation-manifest"})
    report = audited(build.index([one, note]), need=frozenset([Platform.parse("linux/amd64")]))
    assert (found(report), report.platforms) == ([], ("linux/amd64",))


CASES = {
    "the final stage was for the build host": (
        lambda: good("amd64", "linux/arm64"),
        [("entrypoint-foreign", ERROR, "linux/arm64")],
        "on arm64 hosts `exec format error`: /app/server is x86-64",
    ),
    "a Pi Zero gets a Pi 3's program": (
        lambda: good("armv7", "linux/arm/v6"),
        [("too-new", ERROR, "linux/arm/v6")],
        "illegal instruction",
    ),
    "compiled for a newer x86": (
        lambda: good("amd64-v3", "linux/amd64"),
        [("too-new", ERROR, "linux/amd64")],
        "x86-64-v3",
    ),
    "glibc's program in an image without it": (
        lambda: image({"app/server": elf("dynamic-amd64"), "lib/ld-musl-x86_64.so.1": elf("hello-amd64")}),
        [("no-loader", ERROR, "linux/amd64")],
        f"its loader {GLIBC} is not",
    ),
    "no such program": (
        lambda: image({"app/other": elf("hello-amd64")}),
        [("no-entrypoint", ERROR, "linux/amd64")],
        "/app/server",
    ),
    "no x bit": (
        lambda: image({"app/server": (elf("hello-amd64")[0], 0o644)}),
        [("no-program", ERROR, "linux/amd64")],
        "permission denied",
    ),
    "a script without a first line": (
        lambda: image({"app/server": (b"echo hello\n", RUN)}),
        [("no-program", ERROR, "linux/amd64")],
        "without `#!`",
    ),
    "a page in place of a download": (
        lambda: image({"app/server": (b"<!DOCTYPE html><title>404", RUN)}),
        [("no-program", ERROR, "linux/amd64")],
        "a web page",
    ),
    "no bash": (
        lambda: image({"app/server": (b"#!/bin/bash\n", RUN)}),
        [("no-interpreter", ERROR, "linux/amd64")],
        "its interpreter /bin/bash",
    ),
    "a good script, whose shell is another machine's": (
        lambda: image({"app/server": (b"#!/bin/sh\n", RUN), "bin/sh": elf("hello-arm64")}),
        [("entrypoint-foreign", ERROR, "linux/amd64")],
        "/bin/sh is 64-bit Arm",
    ),
    "a tool beside the program": (
        lambda: image(
            {"app/server": elf("hello-amd64"), "usr/bin/tool": elf("hello-arm64"), "usr/bin/a": elf("hello-arm64")}
        ),
        [("foreign-program", WARNING, "linux/amd64")],
        "/usr/bin/a is 64-bit Arm (and /usr/bin/tool)",
    ),
    "a tool without its loader": (
        lambda: image({"app/server": elf("hello-amd64"), "usr/bin/tool": elf("dynamic-amd64")}),
        [("no-loader", WARNING, "linux/amd64")],
        "/usr/bin/tool",
    ),
    "the index says one thing, the image another": (
        lambda: build.index([good("arm64").entry(platform="linux/amd64")]),
        [("labels-differ", ERROR, "linux/amd64"), ("entrypoint-foreign", ERROR, "linux/amd64")],
        "configuration says linux/arm64",
    ),
    "a slip in --platform": (
        lambda: build.index([good("amd64", "linux/x86")]),
        None,
        "linux/x86 is a platform that no machine has",
    ),
    "one platform twice": (
        lambda: build.index([good(), image({"app/server": elf("hello-amd64"), "b": (b"", 0)})]),
        [("platform-twice", WARNING, "linux/amd64")],
        "stands twice",
    ),
    "Arm without a variant": (
        lambda: build.index([good("armv6", "linux/arm")]),
        [("no-variant", NOTE, "linux/arm/v7")],
        "read it as linux/arm/v7",
    ),
    "nothing to start": (
        lambda: image({"data": (b"x", 0o644)}, Entrypoint=None),
        [("nothing-to-start", NOTE, "linux/amd64")],
        "a command of its own",
    ),
    "a program taken away by a later layer": (
        lambda: image({"app/.wh.server": (b"", 0)}, below=[build.layer({"app/server": elf("hello-amd64")})]),
        [("no-entrypoint", ERROR, "linux/amd64")],
        "/app/server",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_kind_of_lie_is_found(audited, case):
    """One fault, one finding, with what will happen to whom; a terminal, JSON and the exit status agree."""
    make, wanted, says = CASES[case]
    report = audited(make())
    assert wanted is None or found(report) == wanted
    assert says in report.as_text()
    assert report.exit_status == (1 if any(finding.severity == ERROR for finding in report.findings) else 0)
    assert all(finding.rule in TABLE for finding in report.findings)
    assert json.loads(json.dumps(report.to_json()))["exit_status"] == report.exit_status


@pytest.mark.parametrize(
    "command",
    [
        {"Entrypoint": ["/bin/tini", "--"], "Cmd": ["/app/server"]},
        {"Entrypoint": ["tini", "-g", "--", "server", "-v"]},
        {"Entrypoint": None, "Cmd": ["/bin/sh", "-c", "PORT=80 exec /app/server --port 80"]},
        {"Entrypoint": None, "Cmd": ["sh", "-ec", "-c", "server"]},
    ],
)
def test_what_an_init_or_a_shell_is_told_to_start_counts_as_started(audited, command):
    """The shell form of CMD, and the usual small inits, do not hide the program that matters."""
    tools = {name: elf("hello-arm64") for name in ("bin/tini", "bin/sh")}
    report = audited(
        image(tools | {"app/server": elf("hello-amd64")}, "linux/arm64", Env=["PATH=/bin:/app"], **command)
    )
    assert found(report) == [("entrypoint-foreign", ERROR, "linux/arm64")]
    assert "/app/server is x86-64" in report.as_text()


def test_arguments_that_are_files_are_no_programs(audited):
    """A configuration file that is named on the command line is not started."""
    files = {"app/server": elf("hello-amd64"), "etc/app.conf": (b"a", RUN)}
    assert found(audited(image(files, Cmd=["/etc/app.conf", "/none"]))) == []


def test_a_base_of_one_platform_is_found(audited):
    """Two platforms, one base layer with programs for one of them: the other's users are told."""
    base = build.layer({"bin/sh": elf("hello-amd64"), "etc/data": (b"x", 0o644)})
    tag = build.index([image({"app/server": elf(f"hello-{m}")}, f"linux/{m}", [base]) for m in ("amd64", "arm64")])
    report = audited(tag)
    assert found(report) == [("foreign-program", WARNING, "linux/arm64"), ("shared-base", WARNING, "linux/arm64")]
    assert "is that of linux/amd64 too, its programs are for linux/amd64" in report.as_text()


def test_layers_that_are_too_large_to_keep_are_read_again(audited, monkeypatch):
    """Memory is bounded; the findings are the same."""
    monkeypatch.setattr("lab.audit._KEPT", 1)
    base = build.layer({"bin/sh": elf("hello-amd64"), "etc/data": (b"x", 0o644)})
    tag = build.index([image({"app/server": elf(f"hello-{m}")}, f"linux/{m}", [base]) for m in ("amd64", "arm64")])
    assert found(audited(tag)) == [("foreign-program", WARNING, "linux/arm64"), ("shared-base", WARNING, "linux/arm64")]


def test_a_layer_of_data_may_be_shared(audited):
    """Scripts and data are the same for all."""
    data = build.layer({"etc/data": (b"x", 0o644), "usr/share/run.sh": (b"#!/app/server\n", RUN)})
    tag = build.index([image({"app/server": elf(f"hello-{m}")}, f"linux/{m}", [data]) for m in ("amd64", "arm64")])
    assert found(audited(tag)) == []


def test_a_platform_that_is_needed_and_absent_is_an_error(audited):
    """`--need` in a pipeline."""
    report = audited(good(), need=frozenset(map(Platform.parse, ("linux/amd64", "linux/arm64"))))
    assert found(report) == [("platform-absent", ERROR, "")]
    assert "linux/arm64 is needed" in report.as_text()


def test_names_in_an_image_cannot_move_the_cursor(audited):
    """What came out of an image is shown without control characters."""
    evil = "usr/bin/\x1b[2Jx\ny"
    report = audited(image({"app/server": elf("hello-amd64"), evil: elf("hello-arm64")}))
    shown = report.as_text() + json.dumps(report.to_json()) + json.dumps(report.to_sarif())
    assert report.findings
    assert "\x1b" not in shown
    assert "\\x1b[2Jx\\ny" in report.as_text()


def test_an_image_for_windows_is_not_judged_by_linuxs_rules(audited):
    """Its programs are of another world."""
    one = image({"Files/app.exe": (b"MZ", 0o644)}, {"os": "windows", "architecture": "amd64"}, Entrypoint=["app.exe"])
    assert found(audited(one)) == []


# --- where images are -----------------------------------------------------------------------------------------------


def bad_tag():
    """The arm64 image has a layer of its own, with the amd64 program in it."""
    lie = image({"app/server": elf("hello-amd64"), "etc/arm64": (b"", 0o644)}, "linux/arm64")
    return build.index([good("amd64"), lie])


def test_a_registry_a_layout_and_an_archive_say_the_same(audited, tmp_path):
    """One code path, whatever holds the image."""
    build.write_layout(tmp_path / "layout", bad_tag(), names=["app:x"])
    with (tmp_path / "image.tar").open("wb") as stream:
        build.write_archive(tmp_path / "layout", stream)
    reports = [audited(bad_tag()), audit(str(tmp_path / "layout")), audit(str(tmp_path / "image.tar"))]
    assert [found(report) for report in reports] == [[("entrypoint-foreign", ERROR, "linux/arm64")]] * 3
    assert len({report.digest for report in reports}) == 1


def old_archive(place, layers, *, linked=False, diff_ids=None, config=None):
    """What `docker save` wrote before engine 25."""
    wanted = diff_ids or [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in layers]
    document = config or {
        "os": "linux", "architecture": "arm64", "config": {"Cmd": ["/app/server"]},
        "rootfs": {"type": "layers", "diff_ids": wanted},
    }  # fmt: skip
    names = [f"{number}/layer.tar" for number in range(len(layers))]
    files = dict(zip(names, layers, strict=True))
    files["c.json"] = json.dumps(document).encode()
    files["manifest.json"] = json.dumps([{"Config": "c.json", "RepoTags": ["x:y"], "Layers": names}]).encode()
    with tarfile.open(place, "w") as tar:
        for number, (name, content) in enumerate(files.items()):
            info = tarfile.TarInfo(name)
            if linked and number == 0:
                info.name, elsewhere = "blob.tar", tarfile.TarInfo(name)
                elsewhere.type, elsewhere.linkname = tarfile.SYMTYPE, "../blob.tar"
                tar.addfile(elsewhere)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


def plain_layer(machine):
    with build.layer({"app/server": elf(f"hello-{machine}")}, compress=False).open() as stream:
        return stream.read()


@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize(
    ("machine", "wanted"), [("arm64", []), ("amd64", [("entrypoint-foreign", ERROR, "linux/arm64")])]
)
def test_an_archive_of_an_older_engine_is_read(tmp_path, machine, wanted, linked):
    """Plain layers under names of their own, or links to them."""
    old_archive(tmp_path / "old.tar", [plain_layer(machine)], linked=linked)
    assert found(audit(str(tmp_path / "old.tar"))) == wanted


def test_an_older_archives_layers_are_verified_packed_or_not(tmp_path):
    """The configuration's digests are of the plain bytes."""
    layer = plain_layer("arm64")
    digest = f"sha256:{hashlib.sha256(layer).hexdigest()}"
    old_archive(tmp_path / "packed.tar", [gzip.compress(layer)], diff_ids=[digest])
    assert found(audit(str(tmp_path / "packed.tar"))) == []
    old_archive(tmp_path / "other.tar", [plain_layer("amd64")], diff_ids=[digest])
    with pytest.raises(BadInput, match="digest"):
        audit(str(tmp_path / "other.tar"))


def test_an_archive_with_one_platform_of_two_says_which_is_not_held(tmp_path):
    """`docker save` of the containerd store writes the whole index and only the blobs that it has."""
    tag = build.index([good("amd64"), good("arm64")])
    build.write_layout(tmp_path / "layout", tag)
    arm64 = tag.manifests[1].digest.partition(":")[2]
    (tmp_path / "layout" / "blobs" / "sha256" / arm64).unlink()
    assert found(audit(str(tmp_path / "layout"))) == [("not-held", ERROR, "linux/arm64")]


def test_what_holds_no_image_gets_one_clear_line(tmp_path):
    """Each with its own reason and what to give instead."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "noise.tar").write_bytes(os.urandom(5000))
    (tmp_path / "packed.tar").write_bytes(gzip.compress(b"x" * 1000))
    with tarfile.open(tmp_path / "other.tar", "w"):
        pass
    for name, says in (
        ("empty", "holds no image"),
        ("noise.tar", "not a tar"),
        ("packed.tar", "gunzip"),
        ("other.tar", "holds no image"),
    ):
        with pytest.raises(BadInput, match=says):
            audit(str(tmp_path / name))
    with pytest.raises(NotThere, match="no file"):
        audit(str(tmp_path / "none.tar"))


def test_a_layout_that_names_files_outside_is_refused(tmp_path):
    """A link in `blobs` to the learner's own files is not followed."""
    build.write_layout(tmp_path / "layout", good())
    secret = tmp_path / "secret"
    secret.write_text("{}")
    blob = next((tmp_path / "layout" / "blobs" / "sha256").iterdir())
    blob.unlink()
    blob.symlink_to(secret)
    with pytest.raises(BadInput, match="outside"):
        audit(str(tmp_path / "layout"))


def test_an_archive_that_climbs_out_is_refused(tmp_path):
    """By its own member's name, or by one in its manifest.json."""
    with tarfile.open(tmp_path / "evil.tar", "w") as tar:
        tar.addfile(tarfile.TarInfo("../../x"))
    with pytest.raises(BadInput, match="leads out"):
        audit(str(tmp_path / "evil.tar"))
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps([{"Config": "../secret.json", "Layers": []}]))
    with pytest.raises(BadInput, match="outside"):
        audit(f"{folder}/")


@pytest.mark.parametrize(
    ("place", "content"),
    [
        ("index.json", b"["), ("index.json", b"[]"), ("index.json", b"{}"), ("index.json", b'{"manifests": [1]}'),
        ("index.json", b'{"manifests": [{"digest": "sha256:../../x"}]}'), ("index.json", b'{"manifests": [{"digest": "x"}]}'),
        ("index.json", b"[" * 100_000), ("manifest.json", b"{}"), ("manifest.json", b"[1]"), ("manifest.json", b'[{"Config": "y"}]'),
    ],
)  # fmt: skip
def test_a_damaged_layout_gets_one_clear_line(tmp_path, place, content):
    """Whatever stands in its documents."""
    (tmp_path / place).write_bytes(content)
    with pytest.raises(BadInput) as refused:
        audit(f"{tmp_path}/")
    assert "\n" not in str(refused.value)


@settings(max_examples=60, deadline=None)
@given(st.integers(), st.integers(1, 6))
def test_archives_with_bytes_changed_never_make_it_fall_over(tmp_path_factory, seed, count):
    """A real archive, damaged anywhere: a report or one clear line."""
    folder = tmp_path_factory.mktemp("fuzz")
    build.write_layout(folder / "layout", bad_tag())
    with (folder / "image.tar").open("wb") as stream:
        build.write_archive(folder / "layout", stream)
    chance = random.Random(seed)  # noqa: S311
    data = bytearray((folder / "image.tar").read_bytes())
    for _ in range(count):
        data[chance.randrange(len(data))] = chance.randrange(256)
    (folder / "image.tar").write_bytes(data)
    try:
        report = audit(str(folder / "image.tar"))
    except (BadInput, NotThere) as refused:
        assert "\n" not in str(refused)  # noqa: PT017
    else:
        assert report.to_sarif()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(
        ["os", "architecture", "variant", "config", "rootfs", "Entrypoint", "Cmd", "Env", "WorkingDir", "Labels"]
    ),
    JSON,
)
def test_a_configuration_of_any_form_is_read_or_refused(tmp_path_factory, key, value):
    """Each field may hold anything."""
    folder = tmp_path_factory.mktemp("config")
    document = {"os": "linux", "architecture": "arm64", "rootfs": {"diff_ids": []}, "config": {"Cmd": ["x"]}}
    (document if key in ("os", "architecture", "variant", "config", "rootfs") else document["config"])[key] = value
    old_archive(folder / "x.tar", [], config=document)
    try:
        assert audit(str(folder / "x.tar")).to_json()
    except BadInput as refused:
        assert "\n" not in str(refused)  # noqa: PT017


# --- what is down, and what is hostile ------------------------------------------------------------------------------


def test_a_registry_that_falls_silent_leaves_what_was_found(audited, server, monkeypatch):
    """Blocked, because; with the findings up to there, and exit status 3."""
    monkeypatch.setattr(client, "LIMIT", 0.5)
    tag = build.index([good("amd64").entry(platform="linux/x86"), good("arm64")])
    server.faults[f"/blobs/{tag.manifests[1].blobs[1].digest}"] = fake_registry.cut
    report = audited(tag)
    assert (report.exit_status, report.findings[0].rule) == (3, "platform-unknown")
    assert "broke off" in report.as_text()
    assert report.to_sarif()["runs"][0]["invocations"][0]["executionSuccessful"] is False


def test_nobody_listening_is_blocked():
    """Never "your image is wrong"."""
    report = audit("127.0.0.1:1/app:x")
    assert (report.exit_status, report.findings) == (3, ())


def test_a_tag_that_is_not_there_and_a_name_that_is_none(server):
    """Neither is a finding."""
    with pytest.raises(NotThere):
        audit(f"{server.address}/none:x")
    with pytest.raises(BadInput):
        audit("No Name")


@pytest.mark.parametrize("name", ["../../etc/passwd", "/../etc/passwd", "a/../../b"])
def test_a_hostile_layer_is_refused(audited, name):
    """One clear line for what leads out of the image."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.addfile(tarfile.TarInfo(name))
    with pytest.raises(BadInput, match="leads out"):
        audited(build.image([build.blob(out.getvalue(), build.layers.TAR)], platform="linux/amd64"))


def test_ten_thousand_layers_are_refused(audited):
    """In little time, without asking for each."""
    layer = build.layer({"x": (b"", 0)})
    with pytest.raises(BadInput, match="10000 layers"):
        audited(build.image([layer] * 10_000, platform="linux/amd64"))


# --- reports --------------------------------------------------------------------------------------------------------


def test_sarif_is_what_code_hosts_take(audited):
    """Every result names a rule that is described, a level, a message and a relative place."""
    run = audited(bad_tag()).to_sarif()["runs"][0]
    (result,) = run["results"]
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == {result["ruleId"]}
    assert (result["level"], result["ruleId"]) == ("error", "entrypoint-foreign")
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "app/server"
    assert "exec format error" in result["message"]["text"]


def test_several_reports_are_one_run():
    """A pipeline uploads one file."""
    reports = [Report("a", findings=(Finding("no-variant", NOTE, "", Problem("x")),)), Report("b", blocked="down")]
    run = sarif(reports)["runs"]
    assert len(run) == 1
    assert run[0]["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"] == "b: down"


def test_many_paths_are_one_line():
    """A thousand foreign programs are one finding that names a few."""
    paths = tuple(f"/bin/{number}" for number in range(1000))
    text = Finding("foreign-program", WARNING, "linux/arm64", Problem("{path} is x", path=paths[0]), paths).text
    assert text == "/bin/0 is x (and /bin/1, /bin/2, /bin/3, /bin/4 and 995 more)"
