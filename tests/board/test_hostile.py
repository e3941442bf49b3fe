"""Strangers and mischief: the board shows, keeps and changes nothing that it should not, and goes on."""

import http.client
import json
import socket
import ssl
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab import course
from lab.board import code, line, names, sums, told
from lab.board.limits import Limit
from lab.board.store import MOST_LEARNERS, MOST_STEPS, Full, Store
from lab.errors import BadInput, Blocked, UsageError
from lab.model.results import Status

FIRST = next(iter(course.steps()))
HTML = "<img src=x onerror=alert(1)>"


def ask(board, path, body=b"{}", headers=None, method="POST"):
    """Status and answer of a request to the learners' door, from somebody who does not look at certificates."""
    host, _, port = board.address.partition(":")
    context = ssl._create_unverified_context()  # noqa: S323
    with closing(http.client.HTTPSConnection(host, int(port), timeout=10, context=context)) as talk:
        talk.request(method, path, body, headers or {})
        answer = talk.getresponse()
        return answer.status, answer.read(100_000).decode()


def step(**changes):
    """One step as a learner's lab tells it."""
    whole = {
        "step": FIRST, "status": "failed", "message": "", "passed": False, "tries": 1, "hints": 0, "solved": False,
        "since_ago": 1, "changed_ago": 1,
    }  # fmt: skip
    return {**whole, **changes}


def taken(board, body, headers):
    """Is a message taken? A board that hangs up has not."""
    try:
        return ask(board, "/v1/say", body, headers)[0] == 200
    except (OSError, http.client.HTTPException):
        return False


@pytest.fixture
def ada(board, pupil):
    """Somebody who has joined, and how they say who they are."""
    one = pupil("Ada")
    known = one.join(board)
    return {"Authorization": f"Lab {known.id}:{known.key}"}


def test_the_network_sees_no_board(board, ada):
    """No page, no data, no button: only learners' own messages."""
    for path in ("/", "/data", "/export/csv", "/show", "/board.js", "/v1/", "/v1/data", "/../board.json"):
        for method in ("GET", "POST"):
            status, text = ask(board, path, method=method, headers=ada | {"X": board.token})
            assert status in (404, 405), path
            assert "Ada" not in text
    for path in ("/v1/say", "/v1/leave", "/v1/name"):
        for headers in (
            {},
            {"Authorization": "Lab x:y"},
            {"Authorization": "Lab :"},
            {"Authorization": f"token {board.token}"},
        ):
            assert ask(board, path, headers=headers)[0] == 401
    assert [row["name"] for row in board.shown()["learners"]] == ["Ada"]


def test_the_teachers_page_wants_its_token_and_its_own_name(board):
    """A stranger's page in the same browser, a name that leads here (DNS rebinding), another user of the machine."""
    for path, words in (
        ("data", None),
        ("export/json", None),
        ("show", {"step": FIRST, "wanted": True}),
        ("remove", {}),
    ):
        assert board.ask(path, words, token="")[0] == 403
        assert board.ask(path, words, token=board.token[:-1])[0] == 403
        assert board.ask(path, words, host="evil.example:80")[0] == 403
    status, page = board.ask("", token="")
    assert (status, board.token in page, board.code in page) == (200, False, False)
    assert [one["step"] for one in board.shown()["steps"] if one["shown"]] == []


def test_what_the_page_is_asked_for_must_be_a_step(board):
    """Not a word that thirty panels would show."""
    for words in ({"step": HTML, "wanted": True}, {"step": None}, {}, {"step": "nothing", "wanted": True}):
        assert board.ask("show", words)[0] == 400
        assert board.ask("offer", {**words, "learner": "x"})[0] == 400


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"null", b'{"steps": ', b"\xff\xfe", b"[" * 50_000, json.dumps({"steps": HTML}).encode(),
        json.dumps({"steps": [step()] * 51}).encode(), json.dumps({"steps": [7]}).encode(),
        json.dumps({"steps": [step(step=HTML)]}).encode(), json.dumps({"steps": [step(step="x" * 61)]}).encode(),
        json.dumps({"steps": [step(status=HTML)]}).encode(), json.dumps({"steps": [step(message="x" * 1001)]}).encode(),
        json.dumps({"steps": [step(message=None)]}).encode(), json.dumps({"steps": [step(status=["failed"])]}).encode(),
    ],
    ids=range(15),
)  # fmt: skip
def test_a_message_of_another_form_is_refused_whole(body, tmp_path):
    """One clear line; nothing of it is kept."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return
    with pytest.raises(BadInput):
        told.read(data, 0.0)


def test_the_board_survives_what_is_sent_to_it(board, ada):
    """Damaged, deep, too long, no TLS at all: refused, and the next learner is heard."""
    for body in (b"", b"[]", b'{"steps": ', b"\xff", b"[" * 60_000, b'{"steps": [{"step": "x", "tries": 1e999}]}'):
        assert ask(board, "/v1/say", body, ada)[0] == 400, body[:20]
    assert not taken(board, b"x" * 200_000, ada)
    host, _, port = board.address.partition(":")
    for words in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01" + b"\0" * 100, b"A" * 70_000):
        with socket.create_connection((host, int(port)), timeout=5) as talk:
            talk.sendall(words)
    assert taken(board, json.dumps({"steps": [step()]}).encode(), ada)
    assert board.row("Ada")["state"] == "stuck"
    assert "Traceback" not in board.log.read_text()
    assert not list((board.home / "log").glob("bug-*"))


def test_what_a_learner_makes_up_is_not_shown(board, ada):
    """Sentences that are not the course's, steps that it does not have, numbers beyond all measure."""
    odd = step(message=HTML, tries=10**30, hints=-4, since_ago=1e300, changed_ago=-5)
    status, text = ask(board, "/v1/say", json.dumps({"steps": [odd, step(step="made_up")]}).encode(), ada)
    assert (status, json.loads(text)) == (200, {"solutions": [], "resets": []})
    row = board.row("Ada")
    assert (row["message"], row["why"], row["hints"], row["tries"]) == ("", sums._UNKNOWN, 0, 9999)
    assert row["since"] > 0
    whole = json.dumps(board.shown())
    assert "made_up" not in whole
    assert HTML not in whole


def test_a_learner_speaks_for_nobody_else(board, ada, pupil):
    """Another one's number with one's own key is not known."""
    eve = pupil("Eve").join(board)
    number = board.row("Ada")["id"]
    headers = {"Authorization": f"Lab {number}:{eve.key}"}
    assert ask(board, "/v1/leave", headers=headers)[0] == 401
    assert {row["name"] for row in board.shown()["learners"]} == {"Ada", "Eve"}


def test_who_asks_too_often_waits(board, ada, pupil):
    """One learner's lab that has gone wild stops nobody else."""
    found = {ask(board, "/v1/say", b'{"steps": []}', ada)[0] for _ in range(70)}
    assert found == {200, 429}
    bob = pupil("Bob")
    bob.join(board)
    bob.tell()


@pytest.mark.parametrize(
    "name",
    [HTML, "Ada</td>", 'A"da', "A&lt;b", "", "   ", "x" * 41, "\u202eadA", "A\x1b[2J", "A\0", "a\u0300\u0301\u0302\u0303\u0304", "--", "=1+1", "A\u200bB"],
)  # fmt: skip
def test_names_that_are_none(name):
    """HTML, terminal commands, invisible signs, piles of accents, formulas."""
    with pytest.raises(UsageError):
        names.cleaned(name)


@pytest.mark.parametrize(
    "name",
    ["Ada", "  Ada   Lovelace ", "José", "Jose\u0301", "李雷", "O'Brien", "Anne-Marie", "प्रिया", "R2 (left)", "Ж.-Б."],
)
def test_names_as_people_have_them(name):
    """In one form, with single spaces."""
    assert names.cleaned(names.cleaned(name)) == names.cleaned(name)
    assert names.cleaned("Jose\u0301") == "José"


@given(st.text(max_size=60))
def test_no_name_can_carry_html(name):
    """Whatever somebody types, it is refused or harmless."""
    try:
        found = names.cleaned(name)
    except UsageError:
        return
    assert not set(found) & set('<>&"`=;/\\')
    assert found.isprintable()


def test_a_name_is_refused_at_the_door_too(board):
    """A client of somebody's own does not ask our rule."""
    body = json.dumps({"secret": board.code.replace("-", "")[8:], "name": HTML}).encode()
    status, text = ask(board, "/v1/join", body)
    assert (status, HTML in text) == (400, False)
    for odd in (None, 7, ["Ada"], {"a": 1}):
        assert ask(board, "/v1/join", json.dumps({"secret": odd, "name": odd}).encode())[0] in (400, 403)
    assert board.shown()["learners"] == []


def test_the_store_is_bounded(tmp_path):
    """So many learners, so many steps of each, and no more."""
    store = Store(tmp_path)
    number, _, _ = store.join("Ada", 1.0)
    many = [told.read({"steps": [step(step=f"s{n}")]}, 9.0)[0] for n in range(MOST_STEPS + 5)]
    store.take(number, many, 2.0)
    assert len(store.told()[number]) == MOST_STEPS
    store._base.executemany(
        "insert into learner values (?, '', ?, 0, 0)", [(f"n{n}", f"n{n}") for n in range(MOST_LEARNERS - 1)]
    )
    with pytest.raises(Full):
        store.join("Bob", 1.0)
    store.close()
    assert (tmp_path / "board.sqlite").stat().st_mode & 0o077 == 0


def test_a_cell_of_the_table_is_no_formula(tmp_path):
    """A spreadsheet would run what begins with a sign."""
    assert [sums._cell(text) for text in ("=1+1", "+1", "-1", "@x", "Ada", "", 3)] == [
        "'=1+1", "'+1", "'-1", "'@x", "Ada", "", 3,
    ]  # fmt: skip


def test_a_bucket_fills_again():
    """Three at once, then one each second; each name has its own; thousands of names are not kept."""
    now = [0.0]
    limit = Limit(3, 60, lambda: now[0])
    assert [limit.take("a") for _ in range(4)] == [True, True, True, False]
    assert (limit.open("a"), limit.open("b")) == (False, True)
    now[0] = 1.0
    assert [limit.take("a") for _ in range(2)] == [True, False]
    for number in range(5000):
        limit.take(str(number))
    assert len(limit._left) <= 2001


def test_a_code_is_read_as_people_type_it():
    """Small letters, spaces, letters that look like digits; anything else is refused."""
    assert code.read("4f7k-9q2m-x3td") == code.read(" 4F7K 9Q2M X3TD ") == ("4F7K9Q2M", "X3TD")
    assert code.read("oil0-oil0-oil0") == ("01100110", "0110")
    for text in ("", "4F7K", "4F7K-9Q2M-X3TU", "4F7K-9Q2M-X3TD-1", HTML):
        with pytest.raises(UsageError):
            code.read(text)


def test_another_certificate_has_another_fingerprint():
    """One bit is enough; the same one has the same."""
    assert code.fingerprint(b"certificate") == code.fingerprint(b"certificate") != code.fingerprint(b"certificatf")
    assert len(code.fingerprint(b"")) == 8


@pytest.mark.parametrize(
    "address", ["", "http://10.0.0.1", "10.0.0.1:x", "10.0.0.1:99999", "a@b", "10.0.0.1/x", HTML, "[::1"]
)
def test_what_is_no_address_is_said(address):
    """Before anything is sent."""
    with pytest.raises(UsageError):
        line.place(address)


def test_a_line_that_broke_is_not_opened_again(board):
    """Whoever answers then has not shown a certificate."""
    where = line.place(board.address)
    with closing(line.connected(where)) as talk:
        assert line.certificate(talk)
        talk.close()
        with pytest.raises(Blocked, match="does not answer"):
            line.ask(talk, where, "say", {})


def test_addresses_as_teachers_say_them():
    """With the usual port where none is named."""
    assert [line.place(one) for one in ("10.0.0.1", "10.0.0.1:81", "[fe80::1]", "room.local")] == [
        "10.0.0.1:8990", "10.0.0.1:81", "[fe80::1]:8990", "room.local:8990",
    ]  # fmt: skip


def test_statuses_are_those_of_results():
    """The board knows each of them."""
    for status in Status:
        assert told.read({"steps": [step(status=status.label)]}, 0.0)[0].status == status.label
