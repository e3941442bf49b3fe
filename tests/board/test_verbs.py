"""`lab board`, `lab join`, `lab leave`, and what `lab status` and the panel say of a class."""

import json
import subprocess
import sys

import pytest
from support.class_room import Pupil

from lab import cli, course, paths
from lab.board import client, line, serve
from lab.learning import outbox, progress
from lab.model.results import Status
from lab.notebook.panel import room as panel_room
from lab.notebook.panel import top, view
from lab.verbs import room

FIRST, SECOND = list(course.steps())[:2]


def lab(capsys, *words):
    """Exit status, standard output, standard error."""
    status = cli.run(words)
    out, err = capsys.readouterr()
    return status, out, err


@pytest.fixture
def me():
    """The learner whose folders these are."""
    return Pupil(paths.learner(), "Ada")


def test_what_is_told_is_said_before(board, capsys):
    """Nobody is asked with --yes; without a terminal and without it, nothing is joined."""
    status, out, err = lab(capsys, "join", board.address, board.code, "--name", "Ada")
    assert (status, "You have not joined." in err) == (2, True)
    assert client.member(paths.learner()) is None
    assert "no commands, no output, no paths" in out
    status, out, err = lab(capsys, "join", board.address, board.code, "--name", "Ada", "--yes")
    assert (status, err) == (0, "")
    assert out.index("no commands") < out.index("You have joined as Ada.")
    assert board.row("Ada")["state"] == "not begun"


def test_all_that_is_sent_is_named_in_what_is_said(board, capsys, me):
    """Field by field: a new one has to be said, too."""
    words = {
        "step": "its name", "status": "how it stands", "passed": "how it stands", "tries": "tries", "hints": "hints",
        "solved": "solution", "message": "own sentences", "since_ago": "since when", "changed_ago": "since when",
    }  # fmt: skip
    from lab.board import told

    assert set(told.for_sending("x", {}, 0.0)) == set(words)
    said = room._TOLD
    assert [word for word in words.values() if word not in said] == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["10.0.0.1", "4F7K", "--name", "A", "-y"], "not the code of a class"),
        (["http://x", "4F7K-9Q2M-X3TD", "--name", "A", "-y"], "is not an address"),
        (["127.0.0.1:1", "4F7K-9Q2M-X3TD", "--name", "<b>", "-y"], "cannot have '<'"),
        (["127.0.0.1:1", "4F7K-9Q2M-X3TD", "-y"], "A name has 1 to 40"),
        (["127.0.0.1:1"], "have not joined a class"),
    ],
)
def test_what_cannot_be_joined_is_one_line(capsys, words, says):
    """What is, and what to type."""
    status, _, err = lab(capsys, "join", *words)
    assert (status, len(err.strip().splitlines())) == (2, 1)
    assert says in err


def test_nobody_there_is_blocked(capsys):
    """Not the learner's mistake."""
    status, _, err = lab(capsys, "join", "127.0.0.1:1", "4F7K-9Q2M-X3TD", "--name", "A", "-y")
    assert (status, len(err.strip().splitlines())) == (3, 1)
    assert "127.0.0.1:1 does not answer" in err


def test_status_says_whether_all_was_told(own_board, capsys, me):
    """And tells what waits; off line it is one line, and no failure of its own."""
    me.join(own_board)
    me.checked(FIRST, Status.PASSED)
    _, out, err = lab(capsys, "status")
    assert (f"Class      Ada at {line.place(own_board.address)}: all was told" in out, err) == (True, "")
    assert own_board.row("Ada")["passed"] == 1
    own_board.stop()
    me.checked(SECOND, Status.BLOCKED, "{reason}", reason="The Docker engine does not answer.")
    _, out, err = lab(capsys, "status")
    assert "1 step not told yet, and sent later. The board at" in out
    assert err == ""
    found = json.loads(lab(capsys, "status", "--json")[1])["class"]
    assert (found["name"], found["waiting"]) == ("Ada", 1)
    assert "key" not in json.dumps(found)


def test_without_a_class_status_says_nothing_of_one(capsys):
    """Most people learn alone."""
    assert "Class" not in lab(capsys, "status")[1]
    assert json.loads(lab(capsys, "status", "--json")[1])["class"] is None
    assert lab(capsys, "leave") == (0, f"{room._NO_CLASS}\n", "")


def test_what_the_teacher_shows_is_said_in_the_terminal_and_in_the_panel(board, capsys, me):
    """The solution is the learner's own course's; a name that it does not have is left out."""
    me.join(board)
    me.checked(FIRST, Status.FAILED, "x")
    me.tell()
    board.ask("show", {"step": SECOND, "wanted": True})
    board.ask("offer", {"step": FIRST, "learner": board.row("Ada")["id"], "wanted": True})
    me.tell()
    shown = view.view(course.lesson("machine"), progress.read(me.home), None, joined=panel_room.of_learner(me.home))
    assert view.view(course.lesson("machine"), {}, None).room is None
    line = course.step(SECOND).solution.splitlines()[0]
    for text in (lab(capsys, "status")[1], lab(capsys)[1], view.as_text(shown)):
        assert f"shows the solution of {SECOND}" in text
        assert line in text
        assert f"lab reset {FIRST}" in text
    page = view.as_html(shown)
    assert "You are in a class, as Ada." in page
    assert f"<pre><code>{line}" in page or "&" in page
    outbox.news(me.home).write_text('{"solutions": ["<b>", "nothing", 7], "resets": "x"}')
    assert panel_room.of_learner(me.home) == panel_room.Room("Ada")


def test_a_saved_notebook_has_no_name_in_it(board, me):
    """What the panel shows live is not kept in the file, which people pass on."""
    me.join(board)
    panel = top.Panel(course.lesson("machine"), live=False)
    kept = json.dumps(panel._bundle())
    assert "in a class, as Ada" in panel._shown
    assert "Ada" not in kept


def test_leaving_is_one_word(board, capsys, me):
    """The progress stays."""
    me.join(board)
    me.checked(FIRST, Status.PASSED)
    assert lab(capsys, "leave") == (0, f"{room._LEFT}\n", "")
    assert board.shown()["learners"] == []
    assert progress.passed(me.home, FIRST)


def test_down_keeps_the_class_and_purge_leaves_it(board, capsys, me):
    """A sandbox that is made anew in the middle of a class changes nothing for the teacher."""
    me.join(board)
    lab(capsys, "down")
    assert client.member(me.home)
    assert "you would leave it" in lab(capsys, "down", "--purge", "--dry-run")[1]
    assert client.member(me.home)
    assert room._LEFT in lab(capsys, "down", "--purge")[1]
    assert client.member(me.home) is None
    assert board.shown()["learners"] == []


def test_the_board_is_exported_and_removed(own_board, capsys, monkeypatch, tmp_path, pupil):
    """By its own verb, also when it is stopped; while it runs it cannot be removed, nor started twice."""
    pupil("Ada").join(own_board)
    monkeypatch.setenv("LAB_HOME", str(own_board.home))
    for words in (["board", "--forget"], ["board"]):
        status, _, err = lab(capsys, *words)
        assert (status, "is running on this machine already" in err) == (3, True)
    assert own_board.stop() == 0
    for ending in ("csv", "json"):
        file = tmp_path / f"class.{ending}"
        assert lab(capsys, "board", "--export", str(file)) == (0, f"{file}: learners: 1.\n", "")
        assert "Ada" in file.read_text()
    assert lab(capsys, "board", "--export", "class.txt")[0] == 2
    assert lab(capsys, "board", "--forget") == (0, f"{room._FORGOTTEN}\n", "")
    assert not serve.folder().exists()
    assert lab(capsys, "board", "--forget")[1] == f"{room._NO_BOARD}\n"
    assert lab(capsys, "board", "--export", str(tmp_path / "x.csv"))[0] == 2


def test_a_port_that_is_taken_is_said(board):
    """The remedy too."""
    words = ("board", "--listen", "127.0.0.1", "--port", str(board.port))
    command = [sys.executable, "-c", "from lab.cli import main; main()", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, f"The port {board.port} cannot be used" in done.stderr) == (3, True)


def test_what_the_board_keeps_is_for_its_owner_alone(board):
    """Its key, its token, its data; and the token is on no command line."""
    folder = board.home / "board"
    loose = [path.name for path in (folder, *folder.iterdir()) if path.stat().st_mode & 0o077]
    assert loose == []
    assert board.token not in board.process.args
