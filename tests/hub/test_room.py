"""A room by itself, with a plain command in it: what it sees, what it may use, and how it ends."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

import lab
from lab.hub import disks, limits, places
from lab.hub.room.plan import MANY, Plan
from lab.hub.spawner import FIRST_USER

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or not Path("/dev/loop-control").exists(),
    reason="A room needs Linux, root and loop devices.",
)
NUMBER = 3900
OWNER = FIRST_USER + NUMBER * MANY
UNIFIED = next(
    (root for root in map(Path, ("/sys/fs/cgroup", "/sys/fs/cgroup/unified")) if (root / "cgroup.procs").exists()), None
)


class Made:
    """A room that runs a shell's script."""

    def __init__(self, into, *, disk=None):
        self.into, self.disk = into, disk or disks.prepare(NUMBER, 50_000_000, OWNER)

    def begin(self, script):
        """Start it; its input is open, as the hub holds it."""
        plan = Plan(
            users=OWNER, name="somebody", disk=str(self.disk),
            shown=sorted({sys.prefix, sys.base_prefix, str(Path(lab.__file__).parent)}), cached=[],
            groups=limits.make(NUMBER, limits.Limits(200_000_000, 40), OWNER), doors=str(places.doors()), out={},
            into=self.into.fileno(), port=1, command=["sh", "-c", script],
            environment={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": "/learner"},
        )  # fmt: skip
        maker = subprocess.Popen(
            [sys.executable, "-P", "-m", "lab.hub.room.enter"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, pass_fds=[self.into.fileno()], text=True,
        )  # fmt: skip
        maker.stdin.write(plan.to_line())
        maker.stdin.flush()
        return maker

    def run(self, script):
        """Its exit status, and what it printed."""
        maker = self.begin(script)
        said = maker.stdout.read()
        maker.wait(30)
        for end in (maker.stdin, maker.stdout):
            end.close()
        return maker.returncode, said


@pytest.fixture
def room():
    """One that is gone afterwards, with its groups, disk and sockets."""
    places.doors().mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as into:
        into.bind(str(places.runtime() / "in.sock"))
        into.listen(1)
        yield Made(into)
    limits.sweep()
    (places.runtime() / "in.sock").unlink()
    places.doors().rmdir()
    places.runtime().rmdir()  # nothing else is left in it


def test_it_sees_its_own_and_nothing_of_the_machine(room):
    """Root of itself, alone with its processes, no way to the network, no file of anybody's, no settings to change."""
    status, said = room.run(
        "id -u; hostname; ls /proc | grep -c '^[0-9]'; ls /sys/class/net; ls /root /home 2>&1; "
        "cat /etc/shadow /etc/hostname 2>&1; touch /usr/x /lib/x 2>&1; echo x > /proc/sys/kernel/domainname; exit 7"
    )
    lines = said.splitlines()
    assert status == 7
    assert lines[:2] == ["0", "somebody"]
    assert int(lines[2]) <= 5
    assert lines[3] == "lo"
    assert said.count("No such file") >= 3
    assert said.count("Read-only") == 2


def test_its_users_are_nobodys_outside(room):
    """What it writes belongs to the room's users on the machine."""
    maker = room.begin("sleep 100 & sleep 100")
    until = time.monotonic() + 20
    while not (found := [entry for entry in Path("/proc").iterdir() if entry.name.isdigit() and owned(entry)]):
        assert time.monotonic() < until
    assert all(OWNER <= entry.stat().st_uid < OWNER + MANY for entry in found)
    maker.stdin.close()
    assert maker.wait(20) == 0, "a room ends with whoever holds its input"
    assert not any(owned(entry) for entry in found)
    maker.stdout.close()


def owned(entry):
    try:
        return OWNER <= entry.stat().st_uid < OWNER + MANY
    except FileNotFoundError:
        return False


def test_what_it_writes_stays_and_ends_with_the_disk(room, tmp_path):
    """The next room of the same learner has it; no more than the disk holds can be written."""
    assert room.run("echo kept > ~/kept; head -c 90000000 /dev/zero > ~/big 2> /dev/null || echo full") == (0, "full\n")
    not_there = f"test ! -e {tmp_path}"  # of the machine's own /tmp
    assert room.run(f"rm ~/big; cat ~/kept; echo var > /var/x; cat /var/x; {not_there}") == (0, "kept\nvar\n")
    assert disks.used(NUMBER) < 80_000_000


def test_so_many_processes_and_no_more(room):
    """The limit is the room's; its own root does not raise it."""
    _, said = room.run("for i in $(seq 60); do sleep 5 & done; echo 999 > /sys/fs/cgroup/pids/pids.max; echo done")
    assert "annot fork" in said


@pytest.mark.skipif(UNIFIED is None, reason="There are no control groups of version 2.")
def test_version_2_of_control_groups(room, monkeypatch):
    """The room's first processes leave its root group free, so that an engine can make groups of its own there."""
    monkeypatch.setattr(limits, "_UNIFIED", UNIFIED)
    monkeypatch.setattr(limits, "_roots", lambda: [UNIFIED])
    status, said = room.run(
        "grep ^0:: /proc/self/cgroup; mkdir /sys/fs/cgroup/docker; echo $$ > /sys/fs/cgroup/docker/cgroup.procs; "
        "grep ^0:: /proc/self/cgroup"
    )
    assert (status, said) == (0, "0::/first\n0::/docker\n")


def test_a_room_that_cannot_be_made_says_why(room):
    """One line, an exit status of our own, and nothing is left."""
    room.disk = Path("/dev/null")
    status, said = room.run("true")
    assert status == 3
    assert said.count("\n") <= 2
    assert "/dev/null" in said
