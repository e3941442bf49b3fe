"""What the lab opens and leaves on a real machine: sockets and files."""

import os
import stat
from pathlib import Path

from lab import paths
from lab.sandbox import state
from lab.sandbox.host import process


def sockets_of(pids):
    """The sockets that these processes have open, by inode."""
    found = set()
    for pid in pids:
        for link in Path(f"/proc/{pid}/fd").glob("*"):
            try:
                target = str(link.readlink())
            except OSError:
                continue
            if target.startswith("socket:["):
                found.add(target[8:-1])
    return found


def test_nothing_of_the_labs_listens_for_another_machine(box):
    """TCP sockets that wait for somebody are on loopback or on the lab's own bridge; the engine has none."""
    daemons = process.find(state.key())
    mine = sockets_of(one.pid for one in daemons)
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()]
    listening = {row[1].partition(":")[0] for row in rows if row[3] == "0A" and row[9] in mine}
    bridge = bytes(map(int, box.registry.partition(":")[0].split(".")))[::-1].hex().upper()
    assert listening == {"0100007F", bridge}
    engine = sockets_of(one.pid for one in daemons if one.role == "engine")
    assert not [row for row in rows if row[3] == "0A" and row[9] in engine]


def test_what_a_sandbox_keeps_is_its_owners(box):
    """Settings, keys, logs, state; only what the engine, buildx and the registry themselves keep has their own modes."""
    home = paths.home()
    theirs = [home / "sandbox" / name for name in ("engine", "registry/images", "buildx")]
    found = [
        path
        for path in (home, *home.rglob("*"))
        if not path.is_symlink() and not any(path.is_relative_to(one) for one in theirs)
    ]
    assert len(found) > 10
    assert [str(path) for path in found if stat.S_IMODE(path.stat().st_mode) & 0o077] == []
    assert stat.S_IMODE(state.runtime().stat().st_mode) == 0o700
    assert os.environ["LAB_HOME"] == str(home)
