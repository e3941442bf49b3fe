"""A learner's server under a hub: it becomes JupyterHub's program, with lessons, settings and, where it can be, a sandbox."""

import os
from pathlib import Path

import pytest

from lab import course, sandbox
from lab.errors import Blocked
from lab.notebook import hosted


class Became(Exception):
    """This process would be another program now."""


@pytest.fixture
def started(monkeypatch, tmp_path):
    """Run it; the program's words, its environment and its folder."""
    monkeypatch.setenv("HOME", str(tmp_path / "learner"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "learner").mkdir()
    program = tmp_path / "bin/jupyterhub-singleuser"
    program.parent.mkdir()
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setattr("sys.executable", "/nowhere/python3")
    monkeypatch.setattr("sys.argv", ["hosted", "--debug"])

    def become(path, words, env):
        raise Became(path, words, env, Path.cwd())

    monkeypatch.setattr(os, "execve", become)

    def run(up):
        monkeypatch.setattr(sandbox, "up", up)
        with pytest.raises(Became) as became:
            hosted.main()
        return became.value.args

    return run


def test_it_becomes_jupyterhubs_program_with_the_lessons(started):
    """The lessons are there, a kernel knows `%%step`, and what the hub added to the command is handed on."""
    called = []
    path, words, env, folder = started(lambda: called.append(1))
    assert called == [1]
    assert words[0] == path
    assert Path(path).name == "jupyterhub-singleuser"
    assert words[-1] == "--debug"
    assert f"--ServerApp.root_dir={folder}" in words
    assert {lesson.notebook.name for lesson in course.lessons()} <= {one.name for one in folder.iterdir()}
    assert env["LAB_WORKSPACE"] == str(folder)
    startup = Path(env["IPYTHONDIR"]) / "profile_default/startup/00-step.py"
    assert "magic.register" in startup.read_text(encoding="utf-8")


def test_without_an_engine_the_server_starts_all_the_same(started, capsys):
    """One line in the pod's log; the panel says the same to the learner."""

    def up():
        raise Blocked("No engine answers.", "Look at the container `engine`.")

    started(up)
    assert capsys.readouterr().err.splitlines() == ["No engine answers. Look at the container `engine`."]


def test_without_jupyterhub_it_says_what_is_missing(monkeypatch, capsys):
    """One line, and the status of what is blocked."""
    monkeypatch.setattr("sys.executable", "/nowhere/python3")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SystemExit) as ended:
        hosted.main()
    assert ended.value.code == 3
    assert capsys.readouterr().err.count("\n") == 1
