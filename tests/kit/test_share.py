"""A kit is shared in a room: to those who have the code, from the machine that the code is for, whole."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from support import kits, sharing

from lab import cli
from lab.board import code
from lab.errors import Blocked, UsageError
from lab.kit import get, plan
from lab.kit.boot import fetch
from lab.sandbox.report import quiet


@pytest.fixture(scope="module")
def share(tmp_path_factory):
    """A small kit that is shared."""
    place = tmp_path_factory.mktemp("share")
    one = sharing.Share(kits.small(place), place)
    yield one
    one.stop()


def test_who_has_address_and_code_gets_the_very_file(share, tmp_path, capsys, monkeypatch):
    """It can be run at once, nothing else is left; a second time nothing is fetched again."""
    monkeypatch.chdir(tmp_path)
    assert cli.run(["kit", "get", share.address, share.code.lower()]) == 0
    assert "kit.run is here, and whole. To set up the lab from it: sh kit.run" in capsys.readouterr().out
    got = tmp_path / "kit.run"
    assert got.read_bytes() == share.kit.read_bytes()
    assert os.access(got, os.X_OK)
    assert kits.everything(tmp_path) == ["kit.run"]
    assert cli.run(["kit", "get", share.address, share.code, "-o", str(got)]) == 0


def test_what_broke_goes_on(share, tmp_path, monkeypatch):
    """The way breaks each megabyte: no byte comes twice but those of the greeting."""
    monkeypatch.setattr(fetch, "_PAUSE", 0.01)
    with sharing.breaking(share.port, 1_000_000) as (port, brought):
        got = get.get(f"127.0.0.1:{port}", share.code, tmp_path / "kit.run", quiet)
        assert got.read_bytes() == share.kit.read_bytes()
    size = share.kit.stat().st_size
    assert len(brought) > 3
    assert sum(brought) < size + len(brought) * 20_000


def test_what_was_given_up_goes_on_when_it_is_shared_again(tmp_path, monkeypatch):
    """The teacher's machine sleeps in between. The code stays the same; what came is kept."""
    one = sharing.Share(kits.small(tmp_path), tmp_path)
    before, into = one.code, tmp_path / "got.run"
    monkeypatch.setattr(fetch, "_PAUSE", 0.01)
    monkeypatch.setattr(fetch, "_TRIES", 1)
    with sharing.breaking(one.port, 900_000) as (port, _brought):
        source = fetch.Source("127.0.0.1", port, code.read(one.code)[1], lambda _found: True)
        about = fetch._about(source)
        part = tmp_path / f".got.run.{about.sha256[:12]}.part"
        with part.open("wb") as out:
            assert fetch._some(source, about, out.write, 0, lambda *_: None) != ""
    assert 500_000 < part.stat().st_size < about.size
    assert one.stop() == 0
    with pytest.raises(Blocked, match="Nothing answers at"):
        get.get(one.address, before, into, quiet)
    one.start()
    told = []
    source = fetch.Source("127.0.0.1", one.port, code.read(before)[1], lambda _found: True)
    assert fetch.fetch(source, into, lambda done, _total: told.append(done)).read_bytes() == one.kit.read_bytes()
    assert told[0] > 500_000
    assert (one.code, one.stop()) == (before, 0)


def test_a_machine_with_python_only_pastes_one_line(share, tmp_path):
    """No lab, no pip, no curl; the line says what to type next."""
    tools, place = tmp_path / "tools", tmp_path / "empty"
    for folder in (tools, place):
        folder.mkdir()
    (tools / "python3").symlink_to(sys.executable)
    env = {"PATH": str(tools), "HOME": str(place)}
    done = subprocess.run(
        ["/bin/sh", "-c", share.line], cwd=place, env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, "It is here, and whole. Now type: sh kit.run\n"), done.stderr
    assert (place / "kit.run").read_bytes() == share.kit.read_bytes()
    assert kits.everything(place) == ["kit.run"]
    other = share.line.replace('p="', 'p="0')
    done = subprocess.run(["/bin/sh", "-c", other], cwd=place, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "lab: another machine answers there\n")


def test_another_machine_learns_nothing(share, tmp_path):
    """It has another certificate: not even the secret part of the code is said to it."""
    (tmp_path / "other").mkdir()
    other = sharing.Share(share.kit, tmp_path / "other")
    with pytest.raises(Blocked, match="another machine than the code is for"):
        get.get(other.address, share.code, tmp_path / "kit.run", quiet)
    assert other.stop() == 0
    assert not (tmp_path / "kit.run").exists()
    assert "100 %" not in other.said()


def test_a_wrong_code_is_refused_and_many_have_to_wait(tmp_path):
    """Also for whoever knows the certificate: four letters are not to be tried one after the other."""
    one = sharing.Share(kits.small(tmp_path), tmp_path)
    wrong = f"{one.code[:9]}-{'0000' if one.code[10:] != '0000' else '1111'}"
    for _ in range(10):
        with pytest.raises(Blocked, match="That is not the code of this kit"):
            get.get(one.address, wrong, tmp_path / "got.run", quiet)
    with pytest.raises(Blocked, match="Too many wrong codes"):
        get.get(one.address, one.code, tmp_path / "got.run", quiet)
    assert one.stop() == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["get", "127.0.0.1:1", "4F7K"], "is not the code of a kit"),
        (["get", "http://x", "4F7K-9Q2M-X3TD"], "is not an address. As in: lab kit get"),
        (["get", "127.0.0.1"], "takes an address and a code"),
        (["get", "127.0.0.1:1", "4F7K-9Q2M-X3TD"], "Nothing answers at 127.0.0.1:1"),
        (["serve", "/nowhere/kit.run"], "cannot be read"),
        (["make", "--platform", "linux/mips"], "'linux/mips' is not a platform"),
        (["make", "--python", "3.10"], "'3.10' is not a Python"),
        (["make", "--for", "debian:1"], "'debian:1' is not a release"),
        (["make", "x"], "takes no file"),
    ],
)
def test_what_cannot_be_done_is_one_line(capsys, words, says):
    """What is, and what to type."""
    assert cli.run(["kit", *words]) in (2, 3)
    err = capsys.readouterr().err
    assert says in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "said",
    [
        {"name": "../x.run", "size": 5, "sha256": "0" * 64}, {"name": "x.run", "size": -1, "sha256": "0" * 64},
        {"name": "x.run", "size": 5, "sha256": "../../x"}, {"name": ".bashrc", "size": 5, "sha256": "0" * 64},
        {"name": "x.run"}, [], "x", None,
    ],
)  # fmt: skip
def test_a_hostile_answer_names_no_file(monkeypatch, said):
    """Whoever shares a kit cannot choose where it goes."""

    class Answer:
        status = 200

        def read(self, _most):
            return json.dumps(said).encode()

    class Line:
        def close(self):
            return None

    monkeypatch.setattr(fetch, "_line", lambda _source: Line())
    monkeypatch.setattr(fetch, "_asked", lambda *_given: Answer())
    with pytest.raises(fetch.Failed, match="shares no kit"):
        fetch._about(fetch.Source("h", 1, "s", lambda _found: True))


def test_what_came_and_is_not_the_kit_is_removed(share, tmp_path, monkeypatch):
    """Somebody has put other bytes into what was kept."""
    monkeypatch.chdir(tmp_path)
    source = fetch.Source("127.0.0.1", share.port, code.read(share.code)[1], lambda _found: True)
    about = fetch._about(source)
    (tmp_path / f".kit.run.{about.sha256[:12]}.part").write_bytes(b"x" * 1000)
    with pytest.raises(fetch.Failed, match="it was removed"):
        fetch.fetch(source, None, lambda *_: None)
    assert kits.everything(tmp_path) == []


def test_the_releases_of_another_distribution_are_said_to_be_out_of_reach():
    """Their packages are not where this machine's apt looks."""
    if not shutil.which("apt-get"):
        pytest.skip("a machine of another kind")
    here = plan.plan(None, None, None).releases
    other = "debian:12" if here[0].startswith("ubuntu") else "ubuntu:24.04"
    with pytest.raises(Blocked, match=f"not where {other} has"):
        plan.plan(None, other, None)
    with pytest.raises(UsageError):
        plan.plan(None, ",", None)
