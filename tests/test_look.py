"""The looking verbs: what they say of programs, emulators and builders, and that they say it calmly."""

import json
import re
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import pytest

from lab import sandbox, world
from lab.errors import BadInput, Blocked, NotThere
from lab.facts import Binary, Builder, Engine, Node
from lab.platforms import Platform
from lab.probes import engine
from lab.sandbox import emulators as kernel
from lab.verbs import look, look_words

DATA = Path(__file__).parent / "data"
AMD64, ARM64 = Platform.parse("linux/amd64"), Platform.parse("linux/arm64")
CONTAINERD = Engine(version="28.5.2", platform=AMD64, store="containerd")
CLASSIC = replace(CONTAINERD, store="classic")
LS = (DATA / "buildx-0.29.1" / "ls.txt").read_text()


def known():
    return engine.builders_from_json((DATA / "buildx-0.29.1" / "ls.jsonl").read_text()).known


def said(found=None, about=CONTAINERD, table=LS, **more):
    return "\n".join(look_words.builders(known() if found is None else found, about, table, **more))


# --- programs ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("hello-amd64", "ELF program for x86-64: linux/amd64, static"),
        ("hello-amd64-v3", "ELF program for x86-64: linux/amd64, static, needs x86-64-v3"),
        ("hello-armv6", "ELF program for 32-bit Arm: linux/arm/v6, static"),
        ("hello-s390x", "ELF program for IBM Z: linux/s390x, static"),
        ("dynamic-arm64", "ELF program for 64-bit Arm (AArch64): linux/arm64, loaded by /lib/ld-linux-aarch64.so.1"),
        ("make.sh", "script, run by /bin/sh"),
    ],
)
def test_a_program_in_one_line(name, line, capsys):
    """Machine, platform, loader, level, out of the header; exit status 0."""
    path = str(DATA / "elf" / name)
    assert look.file(Namespace(programs=[path], json=False)) == 0
    assert capsys.readouterr().out.removeprefix(f"{path}: ").startswith(line)


@pytest.mark.parametrize("kind", ["empty", "html", "text", "archive", "pe", "mach-o", "wasm", "damaged", "unknown"])
def test_what_is_no_program_is_said_in_words(kind):
    """Never the bare name of a kind, never a platform that is not there."""
    line = look_words.program(Binary(path="x", kind=kind))
    assert " " in line
    assert "linux/" not in line


def test_the_x_bit_is_missed():
    """A right program that nobody may run."""
    found = Binary(path="x", kind="elf", platform=AMD64, runnable=False)
    assert look_words.program(found).endswith(", without the x bit")
    assert "x bit" not in look_words.program(replace(found, runnable=True))


def test_one_bad_name_does_not_keep_the_others_from_being_told(tmp_path, capsys):
    """A missing file, a folder: one line each on standard error, the rest is printed, the status says so."""
    good = str(DATA / "elf" / "hello-arm64")
    assert look.file(Namespace(programs=[str(tmp_path / "nope"), str(tmp_path), good], json=False)) == 1
    shown = capsys.readouterr()
    assert "linux/arm64" in shown.out
    assert len(shown.err.splitlines()) == 2
    assert "a folder" in shown.err


def test_programs_as_json(capsys):
    """For programs: the platform as it is written, null where there is none."""
    paths = [str(DATA / "elf" / name) for name in ("hello-riscv64", "make.sh")]
    assert look.file(Namespace(programs=paths, json=True)) == 0
    assert [one["platform"] for one in json.loads(capsys.readouterr().out)] == ["linux/riscv64", None]


def test_a_pipe_is_not_waited_for(tmp_path):
    """Only plain files are opened."""
    import os

    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadInput, match="not a regular file"):
        look.program(tmp_path / "pipe", "pipe")
    with pytest.raises(NotThere):
        look.program(tmp_path / "nope", "nope")


# --- emulators ---------------------------------------------------------------------------------------------------------


def handler(name, recording):
    return kernel.parse(name, (DATA / "buildx-0.29.1" / f"binfmt-{recording}.txt").read_text())


@pytest.mark.parametrize(("recording", "platform"), [("aarch64", ARM64), ("arm", Platform("linux", "arm"))])
def test_a_handler_is_for_the_platform_that_its_header_names(recording, platform):
    """Read from the bytes that the kernel compares, not from the handler's name."""
    assert look.emulator(handler("anything", recording), "lab-k-").platform == platform


@pytest.mark.parametrize("magic", ["", "7f454c46", "cafebabe" * 5, "no hex", "7f454c46" + "ff" * 20])
def test_handlers_of_other_kinds_have_no_platform(magic):
    """Java classes, Python files, damage: no processor."""
    odd = kernel.Handler("odd", "/x", "", magic, ours=False)
    assert look.emulator(odd, "lab-k-").platform is None


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("lab-k-aarch64", "`lab down` removes it"),
        ("lab-other-aarch64", "another lab"),
        ("qemu-aarch64", "not the lab's"),
    ],
)
def test_whose_a_handler_is(name, words):
    """The lab's own, another lab's, somebody else's."""
    assert words in look.emulator(handler(name, "aarch64"), "lab-k-").whose


def emulators_said(*found, seen=True, elsewhere=""):
    return "\n".join(look_words.emulators(found, seen=seen, elsewhere=elsewhere, own=AMD64))


def test_flags_are_explained():
    """Each flag that is there, in words; the ones that are not, not."""
    text = emulators_said(look.emulator(handler("qemu-aarch64", "aarch64"), "lab-k-"))
    assert "linux/arm64" in text
    assert all(f"{flag}: {look_words.FLAGS[flag]}" in text for flag in "POF")
    assert look_words.FLAGS["C"] not in text
    assert "no F" not in text


def test_a_handler_without_f_is_of_little_use_in_containers():
    """The near miss: registered, and still `no such file` in a container."""
    assert "no F" in emulators_said(look_words.Emulator("q", ARM64, "/usr/bin/q", "P", "not the lab's"))
    assert "no F" not in emulators_said(look_words.Emulator("java", None, "/usr/bin/j", "", "not the lab's"))


def test_none_and_not_seen_are_different():
    """No handler means something; a kernel that cannot be looked at means nothing."""
    assert emulators_said().startswith("none")
    assert "none" not in emulators_said(seen=False)
    assert "cannot be seen" in emulators_said(seen=False)
    assert emulators_said(elsewhere="Elsewhere.").startswith("Elsewhere.\nnone")


def test_the_kernel_of_a_remote_engine_is_another(monkeypatch):
    """Docker Desktop, a virtual machine: this machine's list is not the one that counts."""
    box = sandbox.Sandbox(
        home=Path("/x"),
        engine=sandbox.EngineRef(kind="learner", host="unix:///x", docker=Path("/d"), remote=True),
        registry="localhost:5000",
        mirror=None,
    )
    monkeypatch.setattr(sandbox, "load", lambda: box, raising=False)
    assert "virtual" in look._elsewhere()
    assert look._served() is None
    here = replace(box, engine=replace(box.engine, remote=False))
    monkeypatch.setattr(sandbox, "load", lambda: here, raising=False)
    assert look._elsewhere() == ""


def test_emulators_prints_what_is_registered(monkeypatch, capsys):
    """The verb, in text and in JSON, on a recorded kernel."""
    monkeypatch.setattr(kernel, "registered", lambda: [handler("qemu-aarch64", "aarch64")])
    monkeypatch.setattr(kernel, "mounted", lambda: True)
    assert look.emulators(Namespace(json=False)) == 0
    assert "qemu-aarch64: linux/arm64" in capsys.readouterr().out
    assert look.emulators(Namespace(json=True)) == 0
    assert json.loads(capsys.readouterr().out)["emulators"][0]["platform"] == "linux/arm64"


# --- builders ----------------------------------------------------------------------------------------------------------


def test_what_buildx_folds_is_unfolded():
    """`(+4)` counts the plain one too; `(1 more)` is what its line has no room for."""
    text = said()
    assert "linux/amd64 (+4) stands for 4: linux/amd64, linux/amd64/v2, linux/amd64/v3, linux/amd64/v4" in text
    assert "linux/arm (+2) stands for 2: linux/arm/v7, linux/arm/v6" in text
    assert text.count("(1 more) stands for linux/386") == 1


def test_nothing_is_unfolded_that_was_not_folded():
    """An older buildx lists platforms whole: then there is nothing to explain."""
    names = ", ".join(map(str, known()[0].nodes[0].platforms))
    assert "stands for" not in said(table=f" \\_ multi-builder0  \\_ x  running v1 {names}")
    assert "stands for" not in said(table="")


@pytest.mark.parametrize("node", known()[0].nodes + known()[1].nodes, ids=lambda node: node.name)
def test_the_table_and_the_words_agree(node):
    """Every short form in the recorded line is explained, and what is explained is in it."""
    line = next(line for line in LS.splitlines() if f"\\_ {node.name} " in line)
    short_forms = re.findall(r"\S+ \(\+[0-9]+\)|\([0-9]+ more\)", line)
    assert [text.partition(" stands for")[0] for text in look_words.folded(node, LS)] == short_forms


def test_only_the_current_builder_has_the_star():
    """`*` is explained once, at its builder."""
    text = said()
    assert text.startswith("multi-builder*\n  * the current builder")
    assert text.count("the current builder") == 1


def test_an_inactive_builder_is_no_fault():
    """Made and not started: no platforms yet, and nothing is claimed about them."""
    new = Builder(name="new", driver="docker-container", nodes=(Node(name="new0", status="inactive"),), current=True)
    text = said([new])
    assert "inactive: created but never started" in text
    assert "RUN" not in text
    assert "COPY" not in text


@pytest.mark.parametrize(
    ("driver", "about", "words"),
    [
        ("docker", CONTAINERD, "several platforms per build: this engine's containerd image store"),
        ("docker", CLASSIC, "one platform per build"),
        ("docker-container", CONTAINERD, "--push or --load"),
        ("docker-container", CLASSIC, "loads (--load) only one"),
    ],
)
def test_what_a_builder_can_is_said_of_this_engine(driver, about, words):
    """The driver and the image store decide, and only what is so here is said."""
    one = Builder(name="b", driver=driver, nodes=(Node(name="b0", status="running", platforms=(AMD64,)),))
    assert words in said([one], about)
    others = {"one platform per build", "several platforms per build"} - {words.partition(":")[0]}
    if driver == "docker":
        assert not any(other in said([one], about) for other in others)


def test_platforms_set_by_hand_are_not_taken_for_found_out():
    """`--platform linux/s390x` at `create` makes no s390x."""
    s390x = Platform.parse("linux/s390x")
    node = Node(name="b0", status="running", platforms=(AMD64, s390x), pinned=(s390x,))
    text = said([Builder(name="b", driver="docker-container", nodes=(node,))], served=frozenset({"amd64"}))
    assert "set by hand, and not tried: linux/s390x" in text
    assert "RUN programs for linux/amd64\n" in text
    assert "nothing here runs" not in text


def test_a_list_that_is_older_than_the_emulators_is_found_out():
    """Builders go on listing what they once could run; where the kernel is seen, that is said."""
    gone = said(served=frozenset({"amd64", "386"}))
    assert "nothing here runs arm, arm64, riscv64 any more" in gone
    assert "nothing here runs" not in said(served=frozenset({"amd64", "386", "arm", "arm64", "riscv64"}))
    assert "nothing here runs" not in said(served=None)


def test_a_remote_builder_runs_on_another_kernel():
    """What this machine has registered says nothing about it."""
    node = Node(name="b0", status="running", platforms=(ARM64,))
    remote = Builder(name="b", driver="remote", nodes=(node,))
    assert "nothing here runs" not in said([remote], served=frozenset({"amd64"}))
    assert "nothing here runs arm64" in said([replace(remote, driver="docker-container")], served=frozenset({"amd64"}))


def test_docker_desktop_is_named_only_where_it_is():
    """What is true for another engine is not said."""
    assert "Docker Desktop" in said(about=replace(CONTAINERD, name="Docker Desktop"))
    assert "Docker Desktop" not in said()


def test_a_nodes_error_is_shown_in_one_line():
    """Buildx reports errors with line ends."""
    node = Node(name="b0", status="error", error="failed to find\n  driver")
    assert "it says: failed to find driver\n" in said([Builder(name="b", driver="docker-container", nodes=(node,))])


def test_builders_for_programs():
    """Plain JSON, platforms as they are written."""
    data = json.loads(json.dumps(look.builders_json(known())))
    assert data[0]["current"] is True
    assert "linux/arm/v7" in data[0]["nodes"][0]["platforms"]


# --- show and timeline -------------------------------------------------------------------------------------------------


def test_without_a_sandbox_a_full_name_can_still_be_looked_at(monkeypatch):
    """`build-test` needs `$REGISTRY`; `ghcr.io/o/n` needs nobody's."""

    def down():
        raise Blocked("No sandbox is up.")

    monkeypatch.setattr(world, "here", down)
    assert look._world("ghcr.io/owner/name:tag").registry
    with pytest.raises(Blocked, match="No sandbox"):
        look._world("build-test:pi")
    with pytest.raises(BadInput):
        look._world("ghcr.io/OWNER/name")


def test_timeline_draws_a_file(capsys, monkeypatch):
    """Relative to the folder that one is in; JSON for programs."""
    monkeypatch.chdir(DATA / "buildx-0.29.1")
    assert look.timeline(Namespace(file="cross.jsonl", json=False)) == 0
    assert "cross-compiled" in capsys.readouterr().out
    assert look.timeline(Namespace(file="cross.jsonl", json=True)) == 0
    assert json.loads(capsys.readouterr().out)["path"] == "cross.jsonl"
    with pytest.raises(NotThere):
        look.timeline(Namespace(file="nope.jsonl", json=False))
