"""Where somebody stands, and how many; also with three hundred."""

import time

import pytest

from lab import course
from lab.board import sums
from lab.board.store import Store
from lab.board.told import Told
from lab.course import clinic
from lab.learning import outbox, runner
from lab.learning.progress import Entry
from lab.model.results import Result, Status

NAMES = list(course.steps())


def told(name, status="failed", *, passed=False, at=100.0, since=None, message=""):
    return Told(name, status, message, passed, 1, 0, solved=False, since=at if since is None else since, at=at)


@pytest.fixture
def store(tmp_path):
    found = Store(tmp_path)
    yield found
    found.close()


def one(store, *rows):
    number, _, _ = store.join("Ada", 1.0)
    store.take(number, rows, 200.0)
    return sums.rows(store)[0]


def passed(name, at=100.0):
    return told(name, "passed", passed=True, at=at)


def test_after_a_pass_comes_the_next_step(store):
    """Since then."""
    row = one(store, passed(NAMES[0], 50.0), passed(NAMES[1], 60.0))
    assert (row.step, row.state, row.since, row.passed) == (NAMES[2], "at work", 60.0, 2)


def test_a_look_at_a_whole_lesson_means_its_first_open_step(store):
    """`lab check` changes many steps at once."""
    row = one(store, passed(NAMES[0], 50.0), *(told(name, at=100.0 + n) for n, name in enumerate(NAMES[1:6])))
    assert (row.step, row.state, row.since) == (NAMES[1], "stuck", 100.0)


def test_who_jumps_ahead_is_where_they_are(store):
    """An earlier step that never passed does not hold them there."""
    assert one(store, told(NAMES[0], at=10.0), told(NAMES[20], at=100.0)).step == NAMES[20]


def test_who_went_on_is_not_held_by_an_earlier_failure(store):
    """The latest is a pass."""
    assert one(store, told(NAMES[3], at=99.0), passed(NAMES[7], 100.0)).step == NAMES[8]


def test_a_pass_stays_a_pass(store):
    """A later look at it that fails does not count as being stuck."""
    row = one(store, told(NAMES[0], "failed", passed=True, at=100.0))
    assert (row.step, row.state) == (NAMES[1], "at work")


def test_the_end_and_the_clinic(store):
    """All steps of the course, then the cases, then nothing more."""
    cases = list(clinic.steps())
    row = one(store, *(passed(name) for name in NAMES))
    assert (row.step, row.number, row.passed) == (cases[0], "K01", len(NAMES))
    store.take(row.id, [passed(name, 101.0) for name in cases], 200.0)
    row = sums.rows(store)[0]
    assert (row.step, row.state, row.passed) == ("", "all done", len(NAMES))


def test_blocked_is_told_apart_from_stuck(store):
    """With the kind of what is missing."""
    row = one(store, told(NAMES[0], "blocked", message=outbox.NO_ENGINE))
    assert (row.state, row.why, row.message) == ("blocked", "the engine does not answer", outbox.NO_ENGINE)


def test_a_sentence_is_called_by_the_name_that_the_course_gives_it():
    """Those of lessons, of the clinic, of the runner, and the kinds of what blocks."""
    labels = sums.labels()
    assert labels[runner.EARLIER_FIRST] == "earlier first"
    assert set(outbox.REASONS) <= labels.keys()
    assert len(labels) > 500
    assert all(len(text) <= 1000 for text in labels), "a board would refuse it"


def test_messages_that_say_what_was_found_go_without_it():
    """And of what cannot be foretold only the kind."""

    def said(status, message, reason=""):
        return outbox.sentence(
            Result(step="x", lesson="y", status=status, goal="", message=message, values={"reason": reason})
        )

    assert said(Status.FAILED, "The tag {found} is wrong.") == "The tag {found} is wrong."
    assert said(Status.PASSED, "All is well with {name}.") == ""
    assert said(Status.FAILED, "{reason}", "/home/ada/x is damaged") == outbox.UNREADABLE
    assert said(Status.NOT_ATTEMPTED, "{reason}", "/home/ada/x") == ""
    blocks = {
        "No sandbox is up.": outbox.NO_SANDBOX,
        "The Docker engine does not answer: x": outbox.NO_ENGINE,
        "No emulator for linux/arm64 is registered here.": outbox.NO_EMULATOR,
        "The registry 'localhost:5000' has a problem: it answers 500.": outbox.NO_REGISTRY,
        "This engine has the classic image store: its own builder builds for one platform at a time.": outbox.STORE,
        "The builder twins does not say what it has built: x": outbox.BUILDER,
        "'/home/ada/x' cannot be written: No space left on device.": outbox.DISK,
        "The program curl is not installed here.": outbox.OTHER,
    }
    assert {reason: said(Status.BLOCKED, "{reason}", reason) for reason in blocks} == blocks


def test_an_outbox_sends_the_newest_state_only():
    """However often a step was tried while nobody could be told."""
    box = outbox.Outbox(None)
    for tries in range(1, 40):
        box.answered("uname", f"Sentence {tries}.")
        box.renew({"uname": Entry(last="failed", tries=tries)})
    ((name, now),) = box.waiting()
    assert (name, now["tries"], now["message"]) == ("uname", 39, "Sentence 39.")
    box.told(box.waiting())
    assert box.waiting() == []
    assert outbox.Outbox({"last": 3, "sent": 9}).sent == 0
    box.renew({})
    ((_, now),) = box.waiting()
    assert (now["status"], now["tries"]) == ("not attempted", 0)


@pytest.mark.parametrize("data", [None, [], "x", {"steps": []}, {"steps": {"a": 1}, "last": "x", "sent": None}])
def test_an_outbox_of_another_form_counts_as_empty(data):
    """Somebody edited it, or half of it was written."""
    box = outbox.Outbox(data)
    assert (box.steps, box.last, box.sent) == ({}, 0, 0)


def test_three_hundred_learners_are_summed_up_at_once(store):
    """A whole course of each, by little work; nothing where nothing has changed."""
    for number in range(300):
        who, _, _ = store.join(f"Learner {number}", 1.0)
        done = [passed(name, float(place)) for place, name in enumerate(NAMES[: number % len(NAMES)])]
        store.take(who, [*done, told(NAMES[number % len(NAMES)], at=500.0)], 600.0)
    sums.labels()
    began = time.process_time()
    found = sums.board(store)
    assert time.process_time() - began < 1.5
    assert sum(step["stuck"] for step in found["steps"]) == 300
