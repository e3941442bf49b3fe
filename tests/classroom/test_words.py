"""What `lab class check` says of a room, from literal facts."""

import json
from dataclasses import replace

import pytest

from lab import classroom
from lab.board.store import MOST_LEARNERS
from lab.classroom import words
from lab.classroom.facts import Door, Kit, Memory, Room, Tour
from lab.doctor.facts import Disk
from lab.sandbox.buildkit.journal import BuildProgress
from lab.sandbox.emulators.kernel import Handler
from lab.sandbox.overview import Overview

GB = 1_000_000_000
DOOR = Door(8990, hosts=("192.168.1.20",), reached=("192.168.1.20",))
BOX = Overview(
    engine="private",
    version="28.5.2",
    platform="linux/x86_64",
    registry="localhost:5000",
    emulators=(Handler("lab-x-aarch64", "/qemu", "POF", "", ours=True),),
    sandbox_bytes=GB,
)
KIT = Kit("k.run", ("linux/amd64", "linux/arm64"), ("3.12", "3.13"), ("debian:12",), 700_000_000)
FAILED = BuildProgress("failed", error="No room.", remedy="Make some.")
TOUR = Tour("build/tour", 13, 13, 2, "28.5.2")
READY = Room(door=DOOR, box=BOX, disks=(Disk("/home", 80 * GB, 200 * GB),), memory=Memory(4 * GB, 8 * GB), tour=TOUR)


def line(name, **changes):
    return next(one for one in words.lines(replace(READY, **changes)) if one.name == name)


def test_a_room_that_is_ready():
    """Nothing is to be mended; only the room's own network stays open, which this machine cannot see."""
    found = classroom.Readiness(READY)
    assert [one.name for one in found.lines if one.state != "fine"] == ["Network"]
    assert found.exit_status == 0
    assert len(found.lines) == 8


@pytest.mark.parametrize(
    ("name", "changes", "state", "said"),
    [
        ("Sandbox", {"box": Overview(problem="No sandbox is up.", remedy="Run `lab up`.")}, "mend", "No sandbox"),
        ("Sandbox", {"box": replace(BOX, problem="The engine is silent.")}, "blocked", "silent"),
        ("Sandbox", {"box": replace(BOX, buildkit=BuildProgress("building"))}, "note", "still being built"),
        ("Sandbox", {"box": replace(BOX, buildkit=FAILED)}, "mend", "No room."),
        ("Sandbox", {}, "fine", "engine 28.5.2"),
        ("Disk", {"disks": (Disk("/", GB, 80 * GB),)}, "mend", "1.0 GB of 80.0 GB free"),
        ("Disk", {"disks": ()}, "note", "not known"),
        ("Memory", {"memory": Memory(words.LOW_MEMORY - 1, 4 * GB)}, "mend", "of 4.0 GB free"),
        ("Memory", {"memory": Memory(words.LOW_MEMORY, 4 * GB)}, "fine", "of 4.0 GB free"),
        ("Memory", {"memory": None}, "note", "cannot be told"),
        ("Board", {}, "fine", "learners will type `lab join 192.168.1.20 CODE`"),
        ("Board", {"door": replace(DOOR, port=9001)}, "fine", "`lab join 192.168.1.20:9001 CODE`"),
        ("Board", {"door": replace(DOOR, running=True)}, "fine", "running; learners type `lab join 192.168.1.20 CODE`"),
        ("Board", {"door": replace(DOOR, taken="in use", reached=())}, "mend", "8990 cannot be used: in use"),
        ("Board", {"door": Door(8990)}, "mend", "no address that others could reach"),
        ("Board", {"door": replace(DOOR, hosts=("a", "b"), reached=("b",))}, "fine", "`lab join b CODE`"),
        ("Board", {"door": replace(DOOR, hosts=("a", "b"), reached=("a", "b"))}, "fine", "other addresses, too: b"),
        ("Network", {"door": replace(DOOR, running=True, reached=())}, "mend", "does not answer at port 8990"),
        ("Network", {}, "note", "only another machine can tell"),
        ("Lessons", {"tour": Tour("there", 0, 13)}, "mend", "no tour was found in there"),
        ("Lessons", {"tour": replace(TOUR, whole=12, problem="One has changed.")}, "mend", "12 of 13 lessons"),
        ("Lessons", {"tour": replace(TOUR, days=words.OLD + 1)}, "note", "31 days ago"),
        ("Lessons", {"tour": replace(TOUR, days=0)}, "fine", "all 13 passed today"),
        ("Lessons", {"tour": replace(TOUR, engine="26.1.5")}, "note", "on engine 26.1.5; this one is 28.5.2"),
        ("Emulators", {"box": replace(BOX, emulators=())}, "note", "none in this kernel"),
        ("Emulators", {}, "fine", "lab-x-aarch64"),
        ("Clock", {"behind": 600.0}, "mend", "10 minutes behind"),
        ("Clock", {"behind": 2.0}, "fine", "not behind"),
        ("Class", {"learners": MOST_LEARNERS}, "fine", f"a board takes {MOST_LEARNERS}"),
        ("Class", {"learners": MOST_LEARNERS + 1}, "mend", f"a board takes {MOST_LEARNERS}"),
        ("Download", {"learners": 30, "downloaded": 150_000_000}, "note", "150.0 MB of packages each"),
        ("Download", {"learners": 30, "downloaded": 150_000_000}, "note", "4.5 GB through the room's line"),
        ("Download", {"learners": 30}, "note", "not known"),
        ("Download", {"learners": 30, "kit": KIT}, "fine", "21.0 GB from your machine"),
        ("Download", {"learners": 30, "kit": Kit("k", problem="Cut.")}, "note", "not known"),
        ("Kit", {"kit": KIT}, "fine", "k.run is sound, 700.0 MB: for linux/amd64, linux/arm64; Python 3.12"),
        ("Kit", {"kit": replace(KIT, platforms=("linux/amd64",))}, "note", "Laptops of linux/arm64 cannot use it"),
        ("Kit", {"kit": replace(KIT, releases=())}, "fine", "no engine"),
        ("Kit", {"kit": Kit("k.run", problem="Cut.")}, "mend", "Cut."),
        ("Their disks", {"learners": 30}, "note", "1.5 GB free are wanted"),
    ],
)
def test_each_line_says_what_is_and_what_helps(name, changes, state, said):
    """The state, the fact, and a remedy wherever something is to be mended."""
    found = line(name, **changes)
    assert found.state == state
    assert said in found.text
    assert found.remedy or state != "mend" or changes.get("tour", TOUR).problem


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, 0),
        ({"learners": 30}, 0),
        ({"behind": 600.0}, 1),
        ({"behind": 600.0, "box": replace(BOX, problem="Silent.")}, 3),
    ],
)
def test_the_exit_status_is_that_of_the_worst_line(changes, status):
    """0 ready, 1 something to mend, 3 blocked."""
    found = classroom.Readiness(replace(READY, **changes))
    assert found.exit_status == status
    assert json.loads(json.dumps(found.to_json()))["exit_status"] == status


def test_a_port_that_is_taken_says_nothing_of_the_network():
    """Who answers there is somebody else."""
    names = [one.name for one in words.lines(replace(READY, door=replace(DOOR, taken="in use")))]
    assert "Board" in names
    assert "Network" not in names
