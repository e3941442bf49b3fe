"""The table of faults is whole and true; and the faults that need no engine."""

import ast
import threading
import time

import pytest
from support import faults_page
from support.faults_page import PAGE, TESTS, Cell, cells, page, table

from lab import course
from lab.errors import Blocked
from lab.learning import progress
from lab.model.facts import Transcript
from lab.model.results import Result, Status
from lab.probes import host
from lab.sandbox import background, buildkit
from lab.sandbox.buildkit import journal, maker
from lab.storage import write_json

CELLS = cells()


def test_the_page_is_made_from_the_table():
    """Whoever changes the table renews the page: `python tests/support/faults_page.py`."""
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python tests/support/faults_page.py"


def functions(file: str) -> set[str]:
    """The test functions of a file of this folder."""
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: f"{cell.fault}-{cell.phase}")
def test_each_cell_is_filled(cell):
    """Every fault in every phase has a test that exists, or a reason why it cannot be."""
    kinds = [bool(cell.test), bool(cell.never), bool(cell.exits)]
    assert kinds.count(True) == 1
    assert bool(cell.says) != bool(cell.never)
    assert bool(cell.limit) == bool(cell.exits)
    if cell.test:
        file, _, name = cell.test.partition("::")
        assert name in functions(file)


def test_no_cell_promises_a_mistake_of_ours():
    """70 is never what a fault of the world may lead to."""
    assert not [cell for cell in CELLS if set(cell.exits) - {0, 1, 3, -9}]


def test_a_cell_without_a_test_is_noticed(monkeypatch):
    """The check above can fail: a test's name with one letter more is no test."""
    wrong = Cell("disk-full", "up", "x", test="engine/test_faults.py::test_no_room_for_a_sandboxx")
    with pytest.raises(AssertionError):
        test_each_cell_is_filled(wrong)
    data = table()
    data["fault"][0]["up"]["says"] = "all is well"
    monkeypatch.setattr(faults_page, "table", lambda: data)
    assert PAGE.read_text(encoding="utf-8") != page()


# --- the clock ------------------------------------------------------------------------------------------------------

YEARS = [-3.2e8, -5e4, 5e4, 3.2e8]  # ten years, half a day


@pytest.mark.parametrize("jump", YEARS)
def test_a_clock_that_jumps_keeps_no_dead_builder_alive(jump, monkeypatch):
    """A record that nobody signed is not believed because its time is yet to come."""
    now = time.time()
    record = {"state": "building", "started": now, "at": now, "pid": 0}
    write_json(journal.sandbox_file(), record)
    assert buildkit.progress().state == "building"
    monkeypatch.setattr(time, "time", lambda: now + jump)
    assert buildkit.progress().state == "failed"


@pytest.mark.parametrize("jump", YEARS)
def test_a_clock_that_jumps_leaves_an_estimate(jump, monkeypatch):
    """The seconds that are left are never years, nor less than none."""
    now = time.time()
    write_json(journal.sandbox_file(), {"state": "building", "started": now - 10, "at": now, "pid": 1})
    shared = {"phase": "compile", "done": 1, "total": 2, "left": 60.0, "at": now, "pid": 1}
    write_json(journal.cache_folder() / "progress.json", shared)
    monkeypatch.setattr(background, "alive", lambda _record, _role: True)
    monkeypatch.setattr(time, "time", lambda: now + jump)
    found = buildkit.progress()
    assert found.state == "building"
    assert found.seconds_left is None or 0 <= found.seconds_left <= 60


# --- two at once ----------------------------------------------------------------------------------------------------


def result_of(step, status):
    return Result(step=step.name, lesson=step.lesson, status=status, goal=step.goal, when="2026-01-01T00:00:00+00:00")


def test_two_checks_at_once_lose_nothing(tmp_path):
    """Progress is read, changed and written as one: many writers, each pass is there."""
    steps = list(course.steps().values())
    writers = [
        threading.Thread(target=progress.record, args=(tmp_path, step, result_of(step, Status.PASSED)))
        for step in steps
    ]
    for one in writers:
        one.start()
    for one in writers:
        one.join(20)
    assert {name for name, entry in progress.read(tmp_path).items() if entry.passed} == {step.name for step in steps}


def test_two_builders_at_once_compile_once(monkeypatch):
    """The second waits for the first, and takes what that has made."""
    made = []

    def make(*_asked):
        time.sleep(0.2)
        made.append("image")
        return "image"

    monkeypatch.setattr(maker, "_make", make)
    monkeypatch.setattr(maker, "cached", lambda *_asked: made[0] if made else None)
    answers = []
    pair = [threading.Thread(target=lambda: answers.append(maker.make())) for _ in range(2)]
    for one in pair:
        one.start()
    for one in pair:
        one.join(20)
    assert (answers, made) == (["image", "image"], ["image"])


# --- an engine that was down while a step's cell ran --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("output", "blocked"),
    [
        ("Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?", True),
        ("ERROR: failed to connect to the docker API at unix:///x; check if the path is correct", True),
        ("dial tcp 127.0.0.1:5000: connect: connection refused", False),
        ("linux/amd64", False),
    ],
)
def test_what_was_run_without_an_engine_is_not_judged(world, output, blocked):
    """The engine is back when somebody looks, but the try says nothing of the command: run it again."""
    world.keep(Transcript(step="uname", command="docker version", output=output, exit_status=1, seconds=0, started=""))
    ask = host.transcript("uname")
    if blocked:
        with pytest.raises(Blocked, match="run it again"):
            ask(world)
    else:
        assert ask(world).output == output
