"""The handler that a case of the clinic is about: only where it was agreed to, and before nobody else's."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.errors import Blocked
from lab.sandbox import state
from lab.sandbox.emulators import kernel, unopened
from lab.sandbox.model import EngineRef
from lab.sandbox.state import State

RISCV64 = """\
enabled
interpreter /usr/bin/qemu-riscv64
flags: OCF
offset 0
magic 7f454c460201010000000000000000000200f300
mask ffffffffffffff00fffffffffffffffffeffffff
"""


@pytest.fixture
def binfmt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in place of the kernel's interface, on an amd64 machine, and one for sockets."""
    folder, sockets = tmp_path / "binfmt_misc", tmp_path / "run"
    folder.mkdir()
    sockets.mkdir()
    (folder / "register").touch()
    monkeypatch.setattr(kernel, "FOLDER", folder)
    monkeypatch.setattr(kernel.mirror, "host_architecture", lambda: "amd64")
    monkeypatch.setattr(state, "runtime", lambda: sockets)
    return folder


def box(*, emulators: bool, remote: bool = False) -> None:
    """A sandbox that is up."""
    engine = EngineRef("learner", "unix:///run/docker.sock", Path("docker"), remote=remote)
    known = {"mirror": None, "create_opts": "", "port": 5000, "address": None, "suite": "", "store": "containerd"}
    state.write(State(ready=True, engine=engine, registry="localhost:5000", emulators=emulators, **known))


def test_nothing_is_registered_without_consent(binfmt: Path) -> None:
    """With no sandbox, and in one whose learner did not let emulators in."""
    for ready in (False, True):
        if ready:
            box(emulators=False)
        with pytest.raises(Blocked, match="nobody agreed") as found:
            unopened.put()
        assert "lab up --emulators" in found.value.remedy
    assert (binfmt / "register").read_text() == ""


def test_nothing_is_put_before_somebody_elses(binfmt: Path) -> None:
    """Theirs runs the programs, and goes on to do so."""
    box(emulators=True)
    (binfmt / "qemu-riscv64").write_text(RISCV64)
    with pytest.raises(Blocked, match="qemu-riscv64, which is not this lab's"):
        unopened.put()
    assert (binfmt / "register").read_text() == ""


def test_a_kernel_that_is_elsewhere_is_not_touched(binfmt: Path) -> None:
    """Docker Desktop's engine has one in its machine."""
    box(emulators=True, remote=True)
    with pytest.raises(Blocked, match="kernel of its own"):
        unopened.put()
    assert (binfmt / "register").read_text() == ""


def test_a_machine_of_that_processor_needs_no_emulator(binfmt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its programs are the machine's own."""
    box(emulators=True)
    monkeypatch.setattr(kernel.mirror, "host_architecture", lambda: "riscv64")
    with pytest.raises(Blocked, match="this machine's own"):
        unopened.put()
    assert (binfmt / "register").read_text() == ""


def test_only_its_own_is_taken_away(binfmt: Path) -> None:
    """The lab's working one for the same processor stays, and so does everybody else's."""
    names = ["qemu-riscv64", f"{kernel.own_prefix()}riscv64", unopened.name()]
    for name in names:
        (binfmt / name).write_text(RISCV64)
    assert unopened.remove() == f"emulator {unopened.name()}"
    assert [(binfmt / name).read_text()[:2] for name in names] == [RISCV64[:2], RISCV64[:2], "-1"]
    (binfmt / unopened.name()).unlink()
    assert unopened.remove() == ""
