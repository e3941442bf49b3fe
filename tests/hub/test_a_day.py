"""A hub through a day: ten learners at once, one at rest, one that takes too much, a hub that is killed. Each night."""

import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from support.class_room import Board
from support.hub_class import Visitor
from support.nightly import nightly

from lab import course

pytestmark = nightly
STEP = "glimpse"


def waits(until, patience=90):
    """Wait for something to become true."""
    end = time.monotonic() + patience
    while not until():
        assert time.monotonic() < end
        time.sleep(0.5)


def test_ten_come_in_at_once_and_each_passes_a_step(a_hub):
    """All of them build and push with engines of their own; what each pushed is in their own registry alone."""
    hub = a_hub("--memory", "2", "--disk", "4")
    class_ = [Visitor(hub, f"learner {number}") for number in range(10)]

    def works(visitor):
        visitor.enters()
        visitor.runs("%load_ext lab")
        visitor.runs(f"%%step {STEP}\n{course.step(STEP).solution}", patience=600)
        own = visitor.name.replace(" ", "-")
        visitor.shell(f"printf 'FROM busybox:1.38\\n' | docker build -q -t $REGISTRY/of-{own} --push -")
        return json.loads(visitor.shell("lab list --json")), visitor.shell("lab status")

    with ThreadPoolExecutor(10) as pool:
        done = list(pool.map(works, class_))
    for visitor, (listed, held) in zip(class_, done, strict=True):
        assert [step["step"] for lesson in listed for step in lesson["steps"] if step["passed"]] == [STEP]
        assert [f"of-{one.name.replace(' ', '-')}" in held for one in class_] == [one is visitor for one in class_]
    assert hub.close() == 0
    assert hub.rooms() == {}


def test_a_room_at_rest_ends_and_comes_back_with_all_that_was_done(a_hub):
    """Nothing is asked of the learner: the next visit makes the room again; images and progress are still there."""
    hub = a_hub("--idle", "1", "--disk", "4")
    ada = Visitor(hub, "ada")
    ada.enters()
    ada.runs("%load_ext lab")
    ada.runs(f"%%step {STEP}\n{course.step(STEP).solution}", patience=600)
    waits(lambda: not hub.rooms(), 240)
    waits(lambda: "Removing user ada from proxy" in hub.log())
    ada = Visitor(hub, "ada")
    ada.enters()
    assert "hello" in ada.shell("lab status")
    listed = json.loads(ada.shell("lab list --json"))
    assert [step["step"] for lesson in listed for step in lesson["steps"] if step["passed"]] == [STEP]
    hub.close()


def test_who_takes_too_much_is_stopped_and_nobody_else(a_hub):
    """Memory, disk and processes: the room's own limit answers, and the other room works on."""
    hub = a_hub("--memory", "1", "--disk", "2")
    greedy, other = Visitor(hub, "greedy"), Visitor(hub, "other")
    greedy.enters()
    other.enters()
    full = greedy.shell("head -c 3000000000 /dev/zero > ~/full; rm ~/full")
    assert "No space left on device" in full
    many = greedy.runs(
        "import subprocess\ntry:\n    kept = [subprocess.Popen(['sleep', '100']) for _ in range(4000)]\n"
        "except OSError as error:\n    print('refused', error)\n[one.kill() for one in kept] if 'kept' in globals() else None"
    )
    assert "refused" in many
    with suppress(TimeoutError):  # the kernel is ended in the middle of it, and made anew
        greedy.runs("held = bytearray(b'x') * 1_500_000_000", patience=30)
    assert "False" in greedy.runs("print('held' in globals())")
    assert "3" in other.runs("print(1 + 2)")
    assert "up" in hub.lab("hub", "status").stdout
    hub.close()


def test_a_hub_that_is_killed_takes_its_rooms_along_and_starts_again(a_hub):
    """No room outlives its hub; the next one finds the same learners, with what they did."""
    hub = a_hub("--disk", "4")
    ada = Visitor(hub, "ada")
    ada.enters()
    ada.shell("echo kept > ~/lessons/kept.txt")
    with_mark = [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit()
        and b"-m\0jupyterhub\0" in (entry / "cmdline").read_bytes()
        and str(hub.home).encode() in (entry / "environ").read_bytes()
    ]
    assert len(with_mark) == 1
    os.kill(with_mark[0], signal.SIGKILL)
    waits(lambda: not hub.rooms())
    hub.process.wait(60)
    again = a_hub.again(hub.home)
    ada = Visitor(again, "ada")
    ada.enters()
    assert "kept" in ada.shell("cat ~/lessons/kept.txt")
    again.close()


def test_a_room_reaches_the_board_of_its_machine_and_joins_when_asked_to(a_hub, tmp_path):
    """As in a class on machines of their own: nobody is on the board before they say so, and then with their steps."""
    board = Board(tmp_path)
    hub = a_hub.again(board.home, "--disk", "4")
    try:
        ada = Visitor(hub, "ada")
        ada.enters()
        assert board.shown()["learners"] == []
        assert "joined as Ada" in ada.shell(f"lab join 127.0.0.1 {board.code} --name Ada --yes")
        ada.runs("%load_ext lab")
        ada.runs("%%step uname\nuname -m")
        waits(lambda: board.row("Ada")["step"])
    finally:
        hub.close()
        board.stop()


def test_the_whole_course_passes_in_a_room(a_hub):
    """Every lesson's solutions, with emulators of the room's own, by somebody who is nobody outside of it."""
    hub = a_hub()
    before = sorted(Path("/proc/sys/fs/binfmt_misc").glob("*"))
    ada = Visitor(hub, "ada")
    ada.enters()
    said = ada.runs(
        "import subprocess\nprint(subprocess.run(['lab', 'tour', '--yes', '--emulators', '--output', '/learner/tour'],"
        " stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout[-2000:])",
        patience=3600,
    )
    count = len(course.steps())
    assert f"{count} of {count} steps passed" in said, said
    assert sorted(Path("/proc/sys/fs/binfmt_misc").glob("*")) == before
    hub.close()
