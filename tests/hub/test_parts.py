"""The hub's parts that need no room: names and passwords, settings, limits of both versions, what it refuses."""

import asyncio
import dataclasses
import threading
from pathlib import Path

import pytest
import tornado.web
from filelock import FileLock
from support.loops import played

from lab import __version__, paths
from lab.errors import BadInput, Blocked, UsageError
from lab.hub import kept, learners, limits, places, ready, relay, serve
from lab.hub.authenticator import ClassAuthenticator
from lab.hub.front import FrontDoor
from lab.hub.room.plan import Plan
from lab.sandbox.report import quiet
from lab.storage import write_json
from lab.verbs import hub as verb

CODE = "4F7K-9Q2M-X3TD"
LONG = "long enough"


def enter(door, name, password=LONG, code=""):
    """Come in at a door; the name, or what the page says."""
    try:
        return played(door.authenticate(None, {"username": name, "password": password, "code": code}))
    except tornado.web.HTTPError as error:
        return error.log_message


@pytest.fixture
def door():
    """The hub's door."""
    return ClassAuthenticator(code=CODE)


def test_the_first_time_takes_the_code_and_later_the_password_does(door):
    """The password is the one chosen then; capitals and spaces around a name make no other learner."""
    assert enter(door, "Ada", code="4f7k 9q2m x3td") == "ada"
    assert enter(door, " ADA ") == "ada"
    assert "not the password" in enter(door, "ada", "something else", CODE)
    assert LONG not in (places.folder() / "learners.json").read_text()
    assert (places.folder() / "learners.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("name", "password", "code", "said"),
    [
        ("eve", LONG, "", "type the code"),
        ("eve", LONG, "4F7K-9Q2M-X3TE", "not the code"),
        ("eve", LONG, "no code at all", "not the code"),
        ("eve", "short", CODE, "8 characters"),
        ("<script>", LONG, CODE, "cannot have"),
        ("", LONG, CODE, "1 to 40"),
    ],
)
def test_who_may_not_come_in_is_told_why(door, name, password, code, said):
    """And nobody is written down."""
    assert said in enter(door, name, password, code)
    assert learners.everyone() == {}


def test_a_hub_without_a_code_lets_nobody_new_in():
    """An empty code is no code."""
    assert "not the code" in enter(ClassAuthenticator(code=""), "eve", LONG, CODE)


def test_guessing_takes_patience(door):
    """Five tries at once, then a minute's wait; others do not wait for it."""
    enter(door, "ada", code=CODE)
    said = [enter(door, "ada", f"guess number {number}") for number in range(6)]
    assert "Too many" in said[-1]
    assert "Too many" in enter(door, "ada")
    assert enter(door, "bob", code=CODE) == "bob"


def test_another_password_ends_what_was_open(door):
    """Who was let in with the old one has to come in again; whoever is forgotten, too."""
    user = type("User", (), {"name": "ada"})
    enter(door, "ada", code=CODE)
    assert played(door.refresh_user(user))
    learners.set_password("ada", "")
    assert not played(door.refresh_user(user))
    assert enter(door, "ada", "quite another", CODE) == "ada"
    assert played(door.refresh_user(user))
    learners.drop("ada")
    assert not played(door.refresh_user(user))


def test_a_learner_keeps_their_number():
    """It chooses their disk and their users, so nobody else may have it while they are known."""
    numbers = [learners.known(name).number for name in ("ada", "bob", "ada")]
    assert numbers == [1, 2, 1]
    learners.drop("ada")
    assert learners.known("eve").number == 1
    assert learners.known("bob").number == 2


def test_damaged_files_are_said_and_kept():
    """One sentence that names the file; nothing is overwritten."""
    for name, ask in (("learners.json", learners.everyone), ("hub.json", kept.load)):
        place = places.folder() / name
        place.parent.mkdir(parents=True, exist_ok=True)
        for text in ("{", '{"ada": 3, "port": "x"}', "[1]", '{"code": 5}'):
            place.write_text(text)
            with pytest.raises(BadInput, match=r"damaged"):
                ask()
            assert place.read_text() == text


def test_settings_stay_and_are_changed_one_by_one():
    """The code is made once; what is not given stays as it was."""
    first = kept.settled(port=8123)
    second = kept.settled(memory=1.5)
    assert second == dataclasses.replace(first, memory=1.5)
    assert kept.load() == second
    assert len(second.code) == len(CODE)


def test_a_plan_is_read_as_it_was_told():
    """It goes through a pipe."""
    plan = Plan(1, "a", "d", ["x"], [], {"memory": "m"}, "doors", {"hub.sock": 1}, 3, 4, ["true"], {"A": "b\n"})
    assert plan.to_line().count("\n") == 1
    assert Plan.from_line(plan.to_line()) == plan


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """Control groups as files: what is written can be read."""

    def made(*names, unified):
        root = tmp_path / ("cgroup" if unified else "memory")
        for name in names:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text("cpu memory pids" if "controllers" in name else "")
        mounts = tmp_path / "mounts"
        mounts.write_text(f"x {root} {'cgroup2' if unified else 'cgroup'} rw 0 0\n")
        monkeypatch.setattr(limits, "_MOUNTS", mounts)
        monkeypatch.setattr(limits, "_UNIFIED", tmp_path / "cgroup")
        monkeypatch.setattr(limits.os, "chown", lambda path, user, group: owned.append((Path(path).name, user, group)))
        return root / places.groups()

    owned = []
    made.owned = owned
    return made


SETTINGS = {
    True: {"memory.max": "1000", "memory.swap.max": "0", "pids.max": "50", "cpu.max": "150000 100000"},
    False: {"memory.limit_in_bytes": "1000", "pids.max": "50", "cpu.cfs_quota_us": "150000"},
}


@pytest.mark.parametrize("unified", [True, False])
def test_limits_are_set_outside_of_what_a_room_may_change(tree, unified):
    """Those of both versions; the group that is handed over lies below the one that has the limits."""
    names = [f"{places.groups()}/{place}" for place in ("cgroup.controllers", "7/cgroup.controllers")]
    files = [f"{places.groups()}/7/{name}" for name in SETTINGS[unified]]
    top = tree(*files, *(names if unified else []), unified=unified)
    (top / "7/room").mkdir()
    (top / "7/room/cgroup.procs").write_text("")
    made = limits.make(7, limits.Limits(1000, 50, 1.5), 4711)
    assert made == {"" if unified else "memory": str(top / "7/room")}
    assert {name: (top / "7" / name).read_text() for name in SETTINGS[unified]} == SETTINGS[unified]
    assert set(tree.owned) == {
        ("room", 4711, 4711),
        ("cgroup.procs", 4711, 4711),
        *([("first", 4711, 4711)] if unified else []),
    }


def test_a_relay_hands_on_both_ways_and_ends_with_either_side(tmp_path):
    """Bytes, more than fit at once; a caller whom nobody awaits is let go."""

    async def echo(reader, writer):
        writer.write((await reader.read())[::-1])
        writer.close()

    async def play():
        inner = await asyncio.start_unix_server(echo, tmp_path / "in.sock")
        server, port = await relay.to_socket(tmp_path / "in.sock")
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(bytes(range(256)) * 2000)
        writer.write_eof()
        heard = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        inner.close()
        (tmp_path / "in.sock").unlink(missing_ok=True)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        silent = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        server.close()
        return heard, silent

    heard, silent = played(play())
    assert heard == (bytes(range(256)) * 2000)[::-1]
    assert silent == b""


def test_the_front_door_leads_by_the_longest_route_and_trusts_no_forwarding():
    """Each request alone; what a caller claims of itself is dropped; what is no request gets an answer, too."""
    heard = []

    async def room(reader, writer):
        heard.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nfirst ")
        await writer.drain()
        await asyncio.sleep(0.01)  # an answer that comes bit by bit
        writer.write(b"second")
        writer.close()

    async def silent(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async def ask(port, text):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(text.encode())
        said = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        return said.decode()

    async def play():
        server = await asyncio.start_server(room, "127.0.0.1", 0)
        own = server.sockets[0].getsockname()[1]
        door = FrontDoor(listen="127.0.0.1", port=0)
        await door.start()
        port = door._server.sockets[0].getsockname()[1]
        mute = await asyncio.start_server(silent, "127.0.0.1", 0)
        await door.add_route("/", "http://127.0.0.1:1", {})
        await door.add_route("/user/gone/", f"http://127.0.0.1:{mute.sockets[0].getsockname()[1]}", {})
        await door.add_route("/user/learner%200/", f"http://127.0.0.1:{own}", {})
        end = "\r\nX-Forwarded-For: 1.2.3.4\r\nConnection: keep-alive\r\nHost: here\r\n\r\n"
        paths = ("/user/learner%200/lab?x=/", "/user/learner%200", "/user/learner", "/hub/home", "/user/gone/lab")
        said = [await ask(port, f"GET {path} HTTP/1.1{end}") for path in paths]
        said += [await ask(port, text) for text in ("nonsense\r\n\r\n", "GET / HTTP/2\r\n\r\n", "x" * 70_000)]
        await door.delete_route("/user/learner%200/")
        said.append(await ask(port, f"GET {paths[0]} HTTP/1.1{end}"))
        await door.stop()
        server.close()
        mute.close()
        return said, sorted(await door.get_all_routes())

    said, routes = played(play())
    assert [one.split()[1] for one in said] == ["200", "200", "503", "503", "503", "400", "400", "400", "503"]
    assert said[0].endswith("first second")
    assert routes == ["/", "/user/gone/"]
    assert len(heard) == 2
    assert all("1.2.3.4" not in one and "Connection: close" in one and "Host: here" in one for one in heard)
    assert all("X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\n" in one for one in heard)


def test_of_two_hubs_that_start_at_once_one_fills_the_cache():
    """The other waits, finds all there, and starts no sandbox."""
    paths.cache().mkdir(parents=True)
    waits = threading.Thread(target=ready.fill, args=[quiet], daemon=True)
    with FileLock(paths.cache() / "hub-filling"):
        waits.start()
        waits.join(0.3)
        assert waits.is_alive()
        ready.images().mkdir()
        write_json(paths.cache() / "hub-filled.json", {"version": __version__, "names": []})
    waits.join(10)
    assert not waits.is_alive()
    assert not places.folder().exists()


def test_a_cache_that_cannot_be_filled_is_said():
    """A file where the cache should be."""
    paths.cache().write_text("a file")
    with pytest.raises(Blocked, match=r"cannot be read: Not a directory"):
        ready.fill(quiet)


def test_what_a_machine_lacks_is_said(monkeypatch):
    """One line, with what to do: root, JupyterHub, a certificate that is none, a port that is taken."""
    monkeypatch.setattr(ready.os, "geteuid", lambda: 1000)
    with pytest.raises(Blocked, match="root"):
        ready.check()
    monkeypatch.setattr(ready.os, "geteuid", lambda: 0)
    monkeypatch.setattr(ready, "_kernel", lambda: (5, 15))
    with pytest.raises(Blocked, match=r"5\.19"):
        ready.check()
    monkeypatch.setattr(ready, "_kernel", lambda: (5, 19))
    monkeypatch.setattr(ready.importlib.util, "find_spec", lambda name: None if name == "jupyterhub" else True)
    with pytest.raises(Blocked, match=r"JupyterHub.*setup-hub"):
        ready.check()
    with pytest.raises(UsageError, match="certificate"):
        serve.check_certificate("/dev/null")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["status", "ada"], "takes no name"),
        (["forget", "nobody"], "Nobody of that name"),
        (["password"], "Whose password"),
        (["--memory", "0.1"], "memory 0.1"),
        (["--disk", "-3"], "disk -3"),
        (["--disk", "nan"], "disk nan"),
        (["--port", "70000"], "port 70000"),
    ],
)
def test_a_word_too_many_or_too_few(words, said):
    """Usage, not a traceback."""
    from lab.cli import parser

    with pytest.raises(UsageError, match=said):
        verb.hub(parser().parse_args(["hub", *words]))
