"""A class: learners who join, are seen where they are, and lose nothing when the board or the network does."""

import csv
import io
import json
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from lab import course
from lab.board import client, line, send, sums
from lab.board.poll import Poll
from lab.course import inside_the_index, multi_platform
from lab.errors import Blocked, UsageError
from lab.learning import outbox, progress, watch
from lab.model.results import Status

LOST = next(text for text, name in sums.labels().items() if hasattr(multi_platform, name.replace(" ", "_").upper()))
FIRST, SECOND = list(course.steps())[:2]
NUMBER = sums.numbers()


def test_a_learner_is_seen_where_they_are(board, pupil):
    """Not begun, then at work, stuck with a reason, and past it."""
    ada = pupil("Ada")
    ada.join(board)
    assert (board.row("Ada")["state"], board.row("Ada")["number"]) == ("not begun", "1.1")
    ada.checked(FIRST, Status.PASSED)
    ada.tell()
    row = board.row("Ada")
    assert (row["state"], row["step"], row["number"], row["passed"]) == ("at work", SECOND, "1.2", 1)
    progress.show_hint(ada.home, course.step(SECOND))
    ada.checked(SECOND, Status.FAILED, LOST, found="/home/ada/secret", wanted="x")
    ada.tell()
    row = board.row("Ada")
    assert (row["state"], row["why"], row["message"], row["hints"], row["tries"]) == (
        "stuck", sums.labels()[LOST], LOST, 1, 1,
    )  # fmt: skip
    ada.checked(SECOND, Status.PASSED)
    ada.tell()
    assert board.row("Ada")["number"] == "1.3"


def test_how_long_somebody_is_stuck_counts_from_the_first_failure(board, pupil, monkeypatch):
    """More tries of the same step do not begin anew; a clock that differs from the board's does not matter."""
    ada = pupil("Ada")
    ada.join(board)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - 100_000)  # a laptop that lives in another day
    ada.checked(SECOND, Status.FAILED, LOST)
    monkeypatch.setattr(time, "time", lambda: real() - 100_000 + 600)
    ada.checked(SECOND, Status.FAILED, LOST)
    ada.tell()
    monkeypatch.undo()
    assert 595 < real() - board.row("Ada")["since"] < 605


def test_nothing_is_told_but_what_was_said(board, pupil, monkeypatch):
    """Values of a message stay here, as do a blocked engine's own words; what goes over the line is looked at."""
    said = []
    real = line.ask

    def heard(talk, where, what, words, key=""):
        said.append((what, json.dumps(words)))
        return real(talk, where, what, words, key)

    monkeypatch.setattr(line, "ask", heard)
    ada = pupil("Ada")
    ada.join(board)
    ada.checked(FIRST, Status.FAILED, LOST, found="/home/ada/secret", wanted="docker build --secret")
    ada.checked(SECOND, Status.BLOCKED, "{reason}", reason="The Docker engine does not answer: dial /run/ada.sock")
    ada.tell()
    whole = "".join(text for _, text in said)
    assert [what for what, _ in said] == ["join", "say"]
    assert not [word for word in ("home", "ada.sock", "docker build") if word in whole]
    (told,) = [json.loads(text)["steps"] for what, text in said if what == "say"]
    assert {name for one in told for name in one} == {
        "step", "status", "message", "passed", "tries", "hints", "solved", "since_ago", "changed_ago",
    }  # fmt: skip
    assert {one["message"] for one in told} == {LOST, outbox.NO_ENGINE}


def test_without_joining_nothing_is_kept_or_told(pupil):
    """No folder, no file."""
    ada = pupil("Ada")
    ada.checked(FIRST, Status.FAILED, LOST)
    assert not outbox.folder(ada.home).exists()
    with pytest.raises(UsageError, match="not joined"):
        ada.tell()


def test_a_wrong_code_lets_nobody_in(board, pupil):
    """Another secret: the board refuses. Another fingerprint: the learner's own lab does, before a word is said."""
    ada = pupil("Ada")
    printed, rest = board.code[:9], board.code[10:]
    other = "0000" if rest != "0000" else "1111"
    with pytest.raises(Blocked, match="does not know that code"):
        ada.join(board, f"{printed}-{other}")
    with pytest.raises(Blocked, match="not the board with that code"):
        ada.join(board, f"0000-0000-{rest}" if printed != "0000-0000" else f"1111-1111-{rest}")
    with pytest.raises(UsageError, match="not the code of a class"):
        ada.join(board, "1234")
    assert client.member(ada.home) is None
    assert board.shown()["learners"] == []


def test_guessing_ends_soon(own_board, pupil):
    """After ten wrong codes from one place, that place waits; who has joined is heard all the same."""
    ada, eve = pupil("Ada"), pupil("Eve")
    ada.join(own_board)
    wrong = f"{own_board.code[:9]}-{'0000' if own_board.code[10:] != '0000' else '1111'}"
    for _ in range(10):
        with pytest.raises(Blocked, match="does not know"):
            eve.join(own_board, wrong)
    with pytest.raises(Blocked, match="asked too often"):
        eve.join(own_board)
    ada.checked(FIRST, Status.PASSED)
    ada.tell()
    assert own_board.row("Ada")["passed"] == 1


def test_a_board_that_is_killed_and_started_again_loses_nothing(own_board, pupil, monkeypatch):
    """What was told is there; what could not be told waits, says so, and is told later. The code stays."""
    ada, code, page, token = pupil("Ada"), own_board.code, own_board.page, own_board.token
    ada.join(own_board)
    ada.checked(FIRST, Status.PASSED)
    ada.tell()
    own_board.kill()
    ada.checked(SECOND, Status.FAILED, LOST)
    with pytest.raises(Blocked, match="does not answer"):
        ada.tell()
    found = client.standing(ada.home)
    assert (found["waiting"], "does not answer" in found["problem"]) == (1, True)
    own_board.start()
    assert (own_board.code, own_board.page, own_board.token) == (code, page, token)
    assert own_board.row("Ada")["passed"] == 1
    assert send.send(ada.home, sleep=lambda _seconds: None)
    assert own_board.row("Ada")["state"] == "stuck"
    found = client.standing(ada.home)
    assert (found["name"], found["waiting"], found["problem"]) == ("Ada", 0, "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_ends_quietly(own_board, number):
    """Ctrl-C, `kill`, a terminal that is closed: no traceback, and status 0."""
    assert own_board.stop(number) == 0
    assert "Traceback" not in own_board.log.read_text()
    assert not (own_board.home / "log").exists()


@pytest.mark.parametrize("damage", ["gone", "damaged"])
def test_a_board_that_lost_its_data_hears_all_of_it_again(own_board, pupil, damage):
    """Learners' labs keep it: they join again by themselves."""
    ada = pupil("Ada")
    ada.join(own_board)
    ada.checked(FIRST, Status.PASSED)
    ada.tell()
    own_board.kill()
    for path in (own_board.home / "board").glob("board.sqlite*"):
        path.unlink()
    if damage == "damaged":
        (own_board.home / "board" / "board.sqlite").write_bytes(
            b"not a database, but longer than a header of one " * 50
        )
    own_board.start()
    assert own_board.shown()["learners"] == []
    ada.tell()
    assert own_board.row("Ada")["passed"] == 1
    assert damage == "gone" or list((own_board.home / "board").glob("board.sqlite.damaged-*"))


def test_an_outbox_that_was_damaged_or_lost_is_made_anew_from_progress(board, pupil):
    """Half a file after a full disk: progress itself is what counts."""
    ada = pupil("Ada")
    ada.join(board)
    ada.checked(FIRST, Status.PASSED)
    (outbox.folder(ada.home) / "outbox.json").write_text('{"steps": {"uname"')
    ada.checked(SECOND, Status.FAILED, LOST)
    ada.tell()
    assert (board.row("Ada")["passed"], board.row("Ada")["state"]) == (1, "stuck")


def test_what_was_done_before_joining_is_told_too(board, pupil):
    """Somebody who comes late, or was here last week."""
    ada = pupil("Ada")
    for name in list(course.steps())[:60]:
        ada.checked(name, Status.PASSED)
    ada.join(board)
    ada.tell()
    assert board.row("Ada")["passed"] == 60


def test_who_joins_again_stays_the_same_learner(board, pupil):
    """Another name, another address of the board: one row. A namesake gets a number."""
    ada, other = pupil("Ada"), pupil("ada")
    first = ada.join(board)
    assert other.join(board).name == "ada (2)"
    ada.name = "Ada L."
    second = ada.join(board)
    assert (second.id, second.key, second.name) == (first.id, first.key, "Ada L.")
    assert {row["name"] for row in board.shown()["learners"]} == {"Ada L.", "ada (2)"}
    moved = client.move(ada.home, board.address.replace("127.0.0.1", "localhost"))
    assert moved.address.startswith("localhost:")
    ada.tell()


def test_another_board_at_the_same_address_hears_nothing(own_board, pupil):
    """Its certificate is another one, so not even the learner's number is said."""
    ada = pupil("Ada")
    ada.join(own_board)
    ada.checked(FIRST, Status.PASSED)
    own_board.stop()
    own_board.home = own_board.home.with_name("stranger")
    own_board.start()
    with pytest.raises(Blocked, match="not the board with that code"):
        ada.tell()
    with pytest.raises(Blocked, match="not the board with that code"):
        client.move(ada.home, own_board.address)
    assert own_board.shown()["learners"] == []


def test_leaving_takes_all_away_on_both_sides(own_board, pupil):
    """Also where the board does not answer: then it is said."""
    ada, bob = pupil("Ada"), pupil("Bob")
    ada.join(own_board)
    bob.join(own_board)
    ada.checked(FIRST, Status.PASSED)
    ada.tell()
    assert client.leave(ada.home) == ""
    assert [row["name"] for row in own_board.shown()["learners"]] == ["Bob"]
    assert not outbox.folder(ada.home).exists()
    assert progress.passed(ada.home, FIRST)
    own_board.stop()
    assert "does not answer" in client.leave(bob.home)
    assert not outbox.folder(bob.home).exists()


def test_who_was_removed_by_mistake_comes_back(board, pupil):
    """The board forgets; a learner who is still in the room is there again with the next message."""
    ada = pupil("Ada")
    ada.join(board)
    ada.checked(FIRST, Status.PASSED)
    ada.tell()
    assert board.ask("remove", {"learner": board.row("Ada")["id"]})[0] == 200
    assert board.shown()["learners"] == []
    ada.tell()
    assert board.row("Ada")["passed"] == 1


def test_many_senders_at_once_are_one_learner(own_board, pupil):
    """A board that lost its data, and a notebook, a terminal and a sender that notice it together: one row."""
    ada = pupil("Ada")
    ada.join(own_board)
    ada.checked(FIRST, Status.PASSED)
    own_board.kill()
    for path in (own_board.home / "board").glob("board.sqlite*"):
        path.unlink()
    own_board.start()
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda _number: ada.tell(), range(5)))
    assert [(row["name"], row["passed"]) for row in own_board.shown()["learners"]] == [("Ada", 1)]


def test_who_leaves_is_not_brought_back_by_a_sender(board, pupil):
    """One that was at work when the learner left finds no class any more."""
    ada = pupil("Ada")
    ada.join(board)
    ada.checked(FIRST, Status.PASSED)
    with ThreadPoolExecutor(2) as pool:
        with client._alone(ada.home):
            sender = pool.submit(send.send, ada.home, lambda _seconds: None)
            leaving = pool.submit(client.leave, ada.home)
            time.sleep(0.3)
        leaving.result(20)
        sender.result(20)
    assert client.member(ada.home) is None
    assert board.shown()["learners"] == []


def test_joining_another_class_leaves_the_first(board, own_board, pupil):
    """Nobody is on two boards."""
    ada = pupil("Ada")
    ada.join(board)
    ada.checked(FIRST, Status.PASSED)
    ada.join(own_board)
    ada.tell()
    assert board.shown()["learners"] == []
    assert own_board.row("Ada")["passed"] == 1


def test_a_solution_that_the_teacher_shows_comes_to_all(board, pupil):
    """By its name only; it counts as help where the step had not passed, and goes when the teacher stops."""
    ada, bob = pupil("Ada"), pupil("Bob")
    for one in (ada, bob):
        one.join(board)
    bob.checked(FIRST, Status.PASSED)
    seen = watch.mark([outbox.news(ada.home)])
    assert board.ask("show", {"step": FIRST, "wanted": True})[0] == 200
    for one in (ada, bob):
        one.tell()
        assert client.news(one.home).solutions == (FIRST,)
    assert watch.mark([outbox.news(ada.home)]) != seen
    assert progress.read(ada.home)[FIRST].solved
    assert not progress.read(bob.home)[FIRST].solved
    assert board.ask("show", {"step": FIRST, "wanted": False})[0] == 200
    ada.tell()
    assert client.news(ada.home).solutions == ()


def test_a_reset_is_offered_and_over_when_it_was_done(board, pupil):
    """To one learner; nothing is undone by it."""
    ada, bob = pupil("Ada"), pupil("Bob")
    for one in (ada, bob):
        one.join(board)
        one.checked(FIRST, Status.FAILED, LOST)
        one.tell()
    who = board.row("Ada")["id"]
    assert board.ask("offer", {"learner": who, "step": FIRST, "wanted": True})[0] == 200
    for one in (ada, bob):
        one.tell()
    assert (client.news(ada.home).resets, client.news(bob.home).resets) == ((FIRST,), ())
    assert progress.read(ada.home)[FIRST].last == "failed"
    progress.forget(ada.home, [FIRST])
    ada.tell()
    assert client.news(ada.home).resets == ()
    assert (board.row("Ada")["offered"], board.row("Ada")["state"]) == (False, "at work")


def test_thirty_at_once_are_summed_up(board, pupil):
    """Eleven are stuck at one step, eight of them with the same sentence."""
    other = inside_the_index.NOT_A_MANIFEST
    pupils = [pupil(f"Learner {number:02}") for number in range(30)]

    def plays(one):
        number = pupils.index(one)
        one.join(board)
        one.checked(FIRST, Status.PASSED)
        if number < 11:
            one.checked(SECOND, Status.FAILED, LOST if number < 8 else other)
        one.tell()

    with ThreadPoolExecutor(30) as pool:
        list(pool.map(plays, pupils))
    (step,) = [one for one in board.shown()["steps"] if one["step"] == SECOND]
    assert (step["stuck"], step["working"], step["number"]) == (11, 19, NUMBER[SECOND])
    assert [(one["message"], one["count"]) for one in step["why"]] == [(LOST, 8), (other, 3)]
    (first,) = [one for one in board.shown()["steps"] if one["step"] == FIRST]
    assert first["passed"] == 30
    status, text = board.ask("export/csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert (status, len(rows), sum(row["state"] == "stuck" for row in rows)) == (200, 30, 11)
    whole = json.loads(board.ask("export/json")[1])
    assert sorted(row["name"] for row in whole["learners"]) == sorted(one.name for one in pupils)
    assert not [word for word in ("key", "secret", "127.0.0.1") if word in json.dumps(whole["learners"])]


def test_a_check_starts_a_sender_that_tells(board, pupil, monkeypatch):
    """In the background: the check itself does not wait for a board that hangs, and its sender takes all along."""
    monkeypatch.delenv("LAB_SENDER")
    ada = pupil("Ada")
    ada.join(board)
    board.process.send_signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        ada.checked(FIRST, Status.PASSED)
        ada.checked(SECOND, Status.FAILED, LOST)
        assert time.monotonic() - began < 10, "a sender asks for longer"
    finally:
        board.process.send_signal(signal.SIGCONT)
    until = time.monotonic() + 20
    while board.row("Ada")["state"] != "stuck" and time.monotonic() < until:
        time.sleep(0.1)
    assert (board.row("Ada")["state"], board.row("Ada")["passed"]) == ("stuck", 1)


def test_an_open_notebook_asks_by_itself(board, pupil):
    """What waits is told, and what the teacher shows comes, without a check; where no class was joined, nothing is asked."""
    ada, alone = pupil("Ada"), pupil("Alone")
    ada.join(board)
    ada.checked(FIRST, Status.PASSED)
    board.ask("show", {"step": SECOND, "wanted": True})
    polls = [Poll(one.home, every=0.1) for one in (ada, alone)]
    until = time.monotonic() + 15
    while client.news(ada.home).solutions != (SECOND,) and time.monotonic() < until:
        time.sleep(0.05)
    for poll in polls:
        poll.stop()
    assert (board.row("Ada")["passed"], client.news(ada.home).solutions) == (1, (SECOND,))
    assert not outbox.folder(alone.home).exists()


def test_a_check_does_not_wait_for_an_outbox_that_is_held(board, pupil):
    """A sender that hangs with the lock in its hand: the check goes on after a second, and the next one tells it."""
    ada = pupil("Ada")
    ada.join(board)
    with outbox.opened(ada.home):
        began = time.monotonic()
        ada.checked(FIRST, Status.PASSED)
        assert time.monotonic() - began < 3
    assert progress.passed(ada.home, FIRST)
    ada.tell()
    assert board.row("Ada")["passed"] == 1


def test_a_full_disk_spoils_no_check(board, pupil, monkeypatch):
    """What cannot be noted is found in the progress later."""
    ada = pupil("Ada")
    ada.join(board)

    def full(*_given):
        raise Blocked("The disk is full.")

    monkeypatch.setattr(outbox, "write_json", full)
    ada.checked(FIRST, Status.PASSED)
    assert progress.passed(ada.home, FIRST)
    monkeypatch.undo()
    ada.tell()
    assert board.row("Ada")["passed"] == 1
