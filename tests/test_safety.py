"""What the threat model on docs/reference/safety.md promises of files, servers, secrets and names.

Each promise of the page names its test, here or elsewhere; the last test looks that they are there.
"""

import http.client
import os
import re
import stat
from pathlib import Path

import pytest
from support.stand_ins import sandbox_up

from lab import cli, course, paths, sandbox, storage
from lab.course import workspace
from lab.errors import Blocked, LabError
from lab.learning import progress
from lab.log import keep_traceback
from lab.model.facts import Transcript
from lab.model.results import Result, Status
from lab.model.world import World
from lab.notebook import server as jupyter
from lab.probes import here as here_
from lab.sandbox import registry, state
from lab.sandbox.model import EngineRef, Sandbox
from lab.terminal import shell

ROOT = Path(__file__).parent.parent


# --- files are their owner's ------------------------------------------------------------------------------------------


def open_to_others(folder):
    """Everything below (and the folder itself) that somebody else may read, write or enter."""
    found = [folder, *folder.rglob("*")]
    return [str(path) for path in found if not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) & 0o077]


def can_be_read(path, top):
    """Whether somebody else gets at it: a folder that is shut keeps what is in it."""
    above = [one for one in path.parents if one.is_relative_to(top)]
    return path.stat().st_mode & 0o044 and all(one.stat().st_mode & 0o011 for one in above)


@pytest.fixture
def careless():
    """Somebody with a umask that hides nothing."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_what_the_lab_keeps_is_for_its_owner_alone(careless, world, monkeypatch, tmp_path):
    """Progress, tries, state, logs, Jupyter's own files: 0600 in folders of 0700, whatever the umask is."""
    monkeypatch.setenv("LAB_LEARNER", str(paths.home()))
    sandbox_up(tmp_path / "lessons")
    step = course.step("uname")
    result = Result(step=step.name, lesson=step.lesson, status=Status.PASSED, goal=step.goal, when="2026")
    progress.record(paths.home(), step, result)
    progress.show_hint(paths.home(), step)
    World(world.env, "", tmp_path, paths.home()).keep(
        Transcript(step="uname", command="docker login -p secret", output="", exit_status=0, seconds=0, started="")
    )
    with state.lock():
        state.remember(port=5000)
    try:
        int("x")
    except ValueError:
        keep_traceback("test")
    jupyter._own_folders(paths.home() / "jupyter")
    storage.write_text(paths.home() / "deep" / "er" / "file", "x")
    assert len(list(paths.home().rglob("*"))) > 8
    assert open_to_others(paths.home()) == []


def test_the_look_at_modes_can_fail(tmp_path):
    """A file that others may read is seen."""
    tmp_path.chmod(0o700)
    assert open_to_others(tmp_path) == []
    (tmp_path / "open").touch(mode=0o644)
    (tmp_path / "open").chmod(0o644)
    assert open_to_others(tmp_path) == [str(tmp_path / "open")]


# --- who can reach what -------------------------------------------------------------------------------------------------


def test_the_registry_listens_where_the_lab_says_and_nowhere_else():
    """Loopback; with the private engine the lab's own bridge too: never every address."""
    assert registry.addresses(None) == ["127.0.0.1"]
    assert registry.addresses("10.213.7.1") == ["127.0.0.1", "10.213.7.1"]
    for address in registry.addresses("10.213.7.1"):
        assert f"addr: '{address}:5000'" in registry.configuration(address, 5000)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """JupyterLab as `lab learn` starts it."""
    folder = tmp_path_factory.mktemp("jupyter")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("LAB_HOME", "LAB_LEARNER", "LAB_CACHE"):
            patch.setenv(name, str(folder / name))
        (folder / "lessons").mkdir()
        token, log = "t" * 40, folder / "LAB_HOME" / "log" / "jupyter.log"
        port = jupyter._free_port()
        process = jupyter._start(folder / "lessons", ("127.0.0.1", port), token, log)
        try:
            jupyter._wait(process, f"http://127.0.0.1:{port}/api/status?token={token}", log)
            yield process, port, token, folder
        finally:
            jupyter._stop(process)


def asked(port, path, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_jupyterlab_wants_its_token(server):
    """Without it nothing is answered that matters; with it, all is; a page of another host's name is refused."""
    _, port, token, _ = server
    for path in ("/api/contents", "/api/kernels", "/api/terminals", "/lab"):
        assert asked(port, path) in (302, 403), path
        assert asked(port, path, Authorization="token wrong") in (302, 403), path
    assert asked(port, "/api/contents", Authorization=f"token {token}") == 200
    assert asked(port, "/api/contents", Authorization=f"token {token}", Host="elsewhere.example") == 403


def test_jupyterlab_listens_on_loopback_alone(server):
    """No other address of this machine has the port, of IPv6 neither."""
    _, port, _, _ = server
    hexadecimal = f":{port:04X}"
    lines = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()]
    listening = [line[1] for line in lines if line[3] == "0A" and line[1].endswith(hexadecimal)]
    assert listening == [f"0100007F{hexadecimal}"]


def test_the_token_is_on_no_command_line_and_in_no_open_file(server):
    """Everybody on a machine can read command lines; the log is the owner's and does not have it either."""
    process, _, token, folder = server
    assert token.encode() not in Path(f"/proc/{process.pid}/cmdline").read_bytes()
    log = folder / "LAB_HOME" / "log" / "jupyter.log"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    holding = [path for path in folder.rglob("*") if path.is_file() and token.encode() in path.read_bytes()]
    assert [path for path in holding if can_be_read(path, folder)] == []
    assert log not in holding


def test_each_start_has_a_token_of_its_own(monkeypatch, tmp_path, capsys):
    """Long, and never the same again."""
    seen = []
    monkeypatch.setattr(jupyter, "trust", lambda *_: None)

    def start(_folder, _address, token, _log):
        seen.append(token)
        raise Blocked("enough")

    monkeypatch.setattr(jupyter, "_start", start)
    for _ in range(3):
        with pytest.raises(Blocked):
            jupyter.serve(tmp_path)
    assert len(set(seen)) == 3
    assert min(map(len, seen)) >= 32


# --- nothing secret where it could be read ------------------------------------------------------------------------------

NAMES = ("JUPYTER_TOKEN", "JUPYTERHUB_API_TOKEN", "JPY_API_TOKEN")


@pytest.mark.parametrize("kind", ["private", "learner"])
def test_a_cell_cannot_print_the_servers_token(monkeypatch, tmp_path, kind):
    """`env` in a cell, so also in a published notebook, has no key to the server that runs it."""
    for name in NAMES:
        monkeypatch.setenv(name, "s3cret")
    box = Sandbox(tmp_path, EngineRef(kind, "unix:///x", tmp_path / "docker"), "localhost:1", None)
    (tmp_path / "work").mkdir()
    here = World(here_._environment(sandbox.environment(box)), "localhost:1", tmp_path / "work", tmp_path)
    kept = shell.run("uname", "env", here, lambda _text: None)
    assert "REGISTRY=localhost:1" in kept.output
    assert "s3cret" not in kept.output


# --- names and references -----------------------------------------------------------------------------------------------

NASTY = ["../../etc/passwd", "a;touch x", "$(touch x)", "`touch x`", "--help-me", "x\0y", "x\ny", "", " ", "é" * 300]


@pytest.mark.parametrize("name", NASTY)
def test_a_name_is_one_of_the_courses_or_refused(name, tmp_path, monkeypatch):
    """No file is made from a name, and no command either."""
    sandbox_up(tmp_path / "lessons")
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(LabError):
        course.step(name)
    with pytest.raises(LabError):
        course.find([name])
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("words", [["show"], ["audit"], ["check"], ["hint"], ["solution"], ["reset", "-y"], ["file"]])
@pytest.mark.parametrize("name", ["../../etc/passwd", "a;touch x", "$(touch x)", "x y", "é" * 300, "localhost:1/$(id)"])
def test_a_nasty_name_is_one_line(words, name, tmp_path, monkeypatch, capfd):
    """Whatever stands where a name is due: a line, a status of ours, and nothing made."""
    sandbox_up(tmp_path / "lessons")
    monkeypatch.chdir(tmp_path / "lessons")
    assert cli.run([*words, name]) in (1, 2, 3, 4)
    said = capfd.readouterr()
    assert "Traceback" not in said.err + said.out
    assert not (tmp_path / "lessons" / "x").exists()


def test_a_files_name_in_an_index_leads_nowhere(tmp_path):
    """What is written into a workspace are the course's own files, below it."""
    folder = tmp_path / "work"
    workspace.start(folder)
    assert all((folder / name).resolve().is_relative_to(folder.resolve()) for name in workspace.sources())


def test_the_page_names_tests_that_exist():
    """The threat model stands on tests; each one that it names is there."""
    text = (ROOT / "docs" / "reference" / "safety.md").read_text(encoding="utf-8")
    named = re.findall(r"`(test_[a-z_]+\.py)::(test_[a-z0-9_]+)`", text)
    assert len(named) > 10
    for file, name in named:
        (path,) = [one for one in (ROOT / "tests").rglob(file) if f"def {name}(" in one.read_text(encoding="utf-8")]
        assert path
