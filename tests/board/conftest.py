"""A board that tests share, empty at the start of each; and one of its own for a test that stops it."""

import pytest
from support.class_room import Board, Pupil


@pytest.fixture(autouse=True)
def no_sender(monkeypatch):
    """Nothing is started in the background, but where a test wants that."""
    monkeypatch.setenv("LAB_SENDER", "no")


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """The board of a file of tests."""
    found = Board(tmp_path_factory.mktemp("board"))
    yield found
    found.stop()


@pytest.fixture
def board(running):
    """It, with nobody there and nothing shown."""
    running.empty()
    return running


@pytest.fixture
def own_board(tmp_path):
    """A board that may be stopped, killed and started again."""
    running = Board(tmp_path)
    yield running
    running.stop()


@pytest.fixture
def pupil(tmp_path):
    """Makes a learner of that name."""
    return lambda name: Pupil(tmp_path / f"home-{name.encode().hex()}", name)
