"""The audit of whole images: those that are true pass, each kind of lie is found."""

from __future__ import annotations

import json

import pytest
from support.audited import GLIBC, RUN, elf, found, good, image

from lab.audit.checks import TABLE
from lab.audit.report import ERROR, NOTE, WARNING
from lab.images import build
from lab.model.platforms import Platform


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
