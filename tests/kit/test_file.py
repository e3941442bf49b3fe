"""A kit's file: the same from the same, whole or refused in one sentence, also where somebody hostile has made it."""

import json
import os
import shutil
import sys

import pytest
from support import kits

from lab import cli
from lab.errors import BadInput, Blocked
from lab.kit import pack, read


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A small kit for this machine."""
    return kits.small(tmp_path_factory.mktemp("kit"))


@pytest.fixture
def kit(made, tmp_path):
    """A copy of it, which may be spoilt."""
    return shutil.copy(made, tmp_path / "kit.run")


def place(kit, name):
    """Where the bytes of a piece stand in the file."""
    found = read.opened(kit)
    piece = next(one for one in found.pieces if one.path == name)
    return found.begin + piece.start + piece.length // 2


def test_the_same_files_give_the_same_bytes(made, tmp_path):
    """Made again somewhere else, later."""
    again = kits.small(tmp_path)
    assert again.read_bytes() == made.read_bytes()
    assert os.access(again, os.X_OK)


def test_what_it_holds_is_said(made, capsys):
    """For people, and for programs; what is smaller packed is packed."""
    assert cli.run(["kit", "show", str(made)]) == 0
    said = capsys.readouterr().out
    assert f"Platforms   {kits.HERE}\n" in said
    assert f"Python      {kits.PYTHON}\n" in said
    assert cli.run(["kit", "show", str(made), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads(json.dumps(read.contents(made).to_json()))
    assert found["size"] == made.stat().st_size
    assert found["parts"]["images"] < len(kits.LAYER) + len(kits.EMULATOR) // 10


@pytest.mark.parametrize("name", ["cache/debs/engine_1.0_all.deb", "cache/emulators-x/qemu-other"])
@pytest.mark.parametrize("by", [("sh",), ("python3",)], ids=["sh", "python"])
def test_a_changed_byte_is_found_and_nothing_is_left(kit, tmp_path, name, by, capsys):
    """In any piece: one sentence that names it, by whatever it is run."""
    kits.changed(kit, place(kit, name))
    done = kits.run(kit, tmp_path / "home", by=(sys.executable,) if by == ("python3",) else by)
    assert (done.returncode, done.stdout) == (1, "")
    last = done.stderr.strip().splitlines()[-1]
    assert last == f"lab: This kit is cut or damaged: {name!r} in it is not what it was. Copy it again."
    assert kits.everything(tmp_path / "home") == []
    assert cli.run(["kit", "show", str(kit)]) == 1
    assert name in capsys.readouterr().err


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9999])
def test_a_cut_kit_is_one_sentence_and_nothing_is_left(kit, tmp_path, share):
    """Wherever it was cut. Python alone, which looks at a file's end, can say no more than two lines."""
    size = kit.stat().st_size
    os.truncate(kit, max(int(size * share), 700))
    done = kits.run(kit, tmp_path / "home")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"lab: This kit is cut or damaged: it should have {size} bytes. Copy it again.\n"
    alone = kits.run(kit, tmp_path / "home", by=(sys.executable,))
    assert alone.returncode == 1
    assert "this-kit-is-cut-or-damaged.Copy-it-again" in alone.stderr
    assert kits.everything(tmp_path / "home") == []
    with pytest.raises(BadInput, match="cut or damaged"):
        read.contents(kit)


@pytest.mark.parametrize("back", [30, 900, 6000])
def test_damage_in_the_program_itself_is_found_before_it_runs(kit, tmp_path, back):
    """The lines of shell look at the end of the file, which Python is to run."""
    kits.changed(kit, -back)
    done = kits.run(kit, tmp_path / "home")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "lab: This kit is cut or damaged: its end is not what it was. Copy it again.\n"
    assert kits.everything(tmp_path / "home") == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"platforms": ("linux/other",)}, f"This kit is for linux/other, and this machine is {kits.HERE}."),
        ({"pythons": ("3.9",)}, f"This kit is for Python 3.9, and this is Python {kits.PYTHON}."),
        ({"release": "debian:1"}, "This kit has an engine for debian:1, this machine is"),
    ],
    ids=["platform", "python", "release"],
)
def test_a_kit_for_another_machine_is_one_sentence_and_nothing_is_left(tmp_path, changes, says):
    """It is sound, and not for this one."""
    if "release" in changes and shutil.which("docker", path="/usr/bin:/bin"):
        pytest.skip("this machine has a Docker of its own, which serves without the kit's engine")
    done = kits.run(kits.small(tmp_path, **changes), tmp_path / "home")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (3, "", 1)
    assert says in done.stderr
    assert kits.everything(tmp_path / "home") == []


def test_an_old_python_is_told_so(monkeypatch):
    """Before anything is run that it does not understand."""
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    with pytest.raises(SystemExit, match=r"needs Python 3.11 or newer, and this is Python 3.9\.$"):
        exec(pack._MAIN, {})  # noqa: S102


def hostile():
    """Lists of contents that nobody's `lab kit make` has made."""
    first = {"path": "cache/x", "size": 1, "sha256": "0" * 64, "how": "plain", "start": 0, "length": 0,
             "packed": "0" * 64, "platform": "", "runs": False}  # fmt: skip
    rows = {
        "up": {"path": "cache/../../x"}, "root": {"path": "/etc/x"}, "hidden": {"path": "cache/.x"},
        "negative": {"length": -5}, "far": {"start": 10**15}, "huge": {"size": 10**30, "length": 10**30},
        "kind": {"path": 7}, "digest": {"packed": "zz"}, "bool": {"size": True}, "deep": {"path": "a/" * 400 + "b"},
    }  # fmt: skip
    yield from ((name, {"pieces": [{**first, **row}]}) for name, row in rows.items())
    yield "no-pieces", {"pieces": None}
    yield "lacking", {"pieces": [{"path": "x"}]}
    yield "format", {"format": 99}
    yield "platforms", {"platforms": "linux/amd64"}
    yield "packages", {"packages": [1]}


@pytest.mark.parametrize(("_name", "change"), list(hostile()), ids=[name for name, _ in hostile()])
def test_a_hostile_list_is_refused(kit, _name, change):
    """Nothing is written from it: not outside of the cache, and not inside."""
    kits.with_contents(kit, json.dumps({**kits.contents(kit), **change}).encode())
    with pytest.raises(BadInput) as caught:
        read.contents(kit)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", [b"", b"[]", b"null", b"[" * 100_000, b"\xff\xfe", b" " * 33_000_000])
def test_a_list_that_is_none_is_refused(kit, text):
    """Empty, of another kind, endless, or much larger than it looks."""
    kits.with_contents(kit, text)
    with pytest.raises(BadInput, match="cut or damaged"):
        read.opened(kit)


def test_what_is_no_kit_is_one_sentence(tmp_path, capsys):
    """A missing file, a folder, an empty file, a picture."""
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "other").write_bytes(b"\x89PNG" * 100)
    for name in ("missing", "empty", "other", "."):
        assert cli.run(["kit", "show", str(tmp_path / name)]) in (1, 3)
        assert len(capsys.readouterr().err.strip().splitlines()) == 1
    with pytest.raises(Blocked):
        read.contents(tmp_path / "missing")
