"""`lab class check` on this very machine, with a board beside it and without."""

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from support import site_build
from support.class_room import LAB, Board

from lab import cli, course
from lab.board import door, serve
from lab.classroom import ask
from lab.storage import write_json


def check(home, *arguments):
    """What it says, as JSON: its lines by name, and its exit status."""
    env = {**os.environ, "LAB_HOME": str(home), "LAB_LEARNER": str(home)}
    command = [*LAB, "class", "check", "--json", *arguments]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in done.stderr
    found = json.loads(done.stdout)
    assert found["exit_status"] == done.returncode
    return {one["name"]: one for one in found["lines"]}, done.returncode


@pytest.fixture(scope="module")
def toured(tmp_path_factory):
    """A folder with a whole tour of all lessons, three days old."""
    folder = tmp_path_factory.mktemp("tour")
    date = (datetime.now(UTC) - timedelta(days=3, hours=1)).isoformat()
    for lesson in course.lessons():
        site_build.executed(lesson, folder, date=date)
    return folder


@pytest.mark.parametrize("listen", ["", "127.0.0.1"])
def test_beside_a_running_board(tmp_path, listen):
    """It says what learners type, and sees when no other machine could reach it. The board stays as it is."""
    board = Board(tmp_path, listen=listen)
    try:
        lines, status = check(board.home, "--learners", "3")
        assert status == 1  # no sandbox, no tour
        assert board.shown()["learners"] == []
    finally:
        board.stop()
    if not door.hosts():  # a machine without a network
        assert lines["Board"]["state"] == "mend"
    elif listen:
        assert lines["Network"]["state"] == "mend"
        assert "does not answer" in lines["Network"]["text"]
    else:
        assert f"running; learners type `lab join {board.address} CODE`" in lines["Board"]["text"]
        assert lines["Network"]["state"] == "note"
    assert lines["Sandbox"]["state"] == "mend"
    assert lines["Class"]["text"].startswith("3 learners")


@pytest.fixture
def kept():
    """A board that was there before, with a port of its own."""

    def keep(port):
        write_json(serve.folder() / "board.json", {"port": port, "page_port": 1, "secret": "x", "token": "y"})

    return keep


def test_a_port_that_somebody_else_has(kept):
    """It is told from a board of one's own."""
    with door.opened(0) as other:
        kept(door.port_of(other))
        found = ask._door()
    assert found.taken
    assert not found.running
    assert not found.reached


def test_the_port_is_free_again_afterwards(kept):
    """It listens for a moment only, so that `lab board` can start at once."""
    with door.opened(0) as other:
        port = door.port_of(other)
    kept(port)
    found = ask._door()
    assert (found.port, found.taken, found.reached) == (port, "", door.hosts())
    door.opened(port).close()


def test_a_tour_is_judged(toured, tmp_path):
    """Whole and three days old; with a lesson that has changed since; and without one."""
    found = ask._tour(toured)
    assert (found.whole, found.lessons, found.days, found.engine) == (13, 13, 3, site_build.STAMP["engine"])
    shutil.copytree(toured, tmp_path / "old")
    site_build.executed(course.lesson("builders"), tmp_path / "old", source="0123456789abcdef")
    found = ask._tour(tmp_path / "old")
    assert found.whole == 12
    assert "'05-builders.ipynb' has changed since its run" in found.problem
    (tmp_path / "old" / "06-new-builder.ipynb").write_text("no notebook")
    (tmp_path / "old" / "05-builders.ipynb").unlink()
    found = ask._tour(tmp_path / "old")
    assert found.whole == 11
    assert "has no run" in found.problem
    assert ask._tour(tmp_path / "nowhere").problem == ""


def test_a_file_that_is_no_kit(tmp_path):
    """It is one sentence, as is one that is not there."""
    (tmp_path / "kit.run").write_bytes(b"no kit" * 100)
    for name in ("kit.run", "nowhere.run"):
        found = ask._kit(tmp_path / name)
        assert found.problem
        assert not found.platforms


@pytest.mark.parametrize(
    ("text", "free"),
    [("MemTotal: 8000 kB\nMemAvailable: 3000 kB\n", 3_072_000), ("", None), ("nonsense", None), ("MemTotal:\n", None)],
)
def test_the_memory_of_a_kernel_that_tells_and_of_one_that_does_not(tmp_path, text, free):
    """Where /proc/meminfo says nothing, all of the memory counts as free."""
    (tmp_path / "meminfo").write_text(text)
    found = ask._memory(tmp_path / "meminfo")
    assert found.free == (found.total if free is None else free)
    assert found.total > 1_000_000


def test_a_class_of_nobody_is_refused(capsys):
    """One line, and the status of a wrong command."""
    assert cli.run(["class", "check", "--learners", "0"]) == 2
    assert capsys.readouterr().err == "lab: A class has 1 learner or more. As in: lab class check --learners 30\n"
