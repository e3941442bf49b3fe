"""A board for each test that asks for one."""

import pytest
from support.class_room import Board, Pupil


@pytest.fixture(autouse=True)
def no_sender(monkeypatch):
    """Nothing is started in the background, but where a test wants that."""
    monkeypatch.setenv("LAB_SENDER", "no")


@pytest.fixture
def board(tmp_path):
    """A running board."""
    running = Board(tmp_path)
    yield running
    running.stop()


@pytest.fixture
def pupil(tmp_path):
    """Makes a learner of that name."""
    return lambda name: Pupil(tmp_path / f"home-{name.encode().hex()}", name)
