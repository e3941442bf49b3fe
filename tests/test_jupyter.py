"""`lab learn`'s server: it ends with whoever started it, and touches no folder of the learner's own."""

import json
import signal
import socket
import subprocess
import sys
import time
import types
from pathlib import Path

import nbformat
import pytest
from nbformat.sign import NotebookNotary

from lab import course, paths
from lab.course import workspace
from lab.errors import Blocked
from lab.notebook import server as jupyter

SCRIPT = """
import subprocess, sys
from pathlib import Path
from lab.notebook import server as jupyter
def start(*_arguments):
    process = subprocess.Popen(["sleep", "600"], start_new_session=True)
    print(process.pid, flush=True)
    return process
jupyter._start, jupyter._wait = start, lambda *_arguments: None
sys.exit(jupyter.serve(Path(sys.argv[1])))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_server_ends_with_its_starter(tmp_path, number):
    """Ctrl-C, `kill`, and a terminal that is closed leave nothing running."""
    with subprocess.Popen([sys.executable, "-c", SCRIPT, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        server = int(process.stdout.readline())
        assert "JupyterLab is at" in "".join(process.stdout.readline() for _ in range(2))
        process.send_signal(number)
        assert process.wait(20) == 0
    assert not Path(f"/proc/{server}").exists()


def test_jupyters_own_folders_are_the_labs(tmp_path):
    """Settings, history, kernels and signatures of the learner stay as they are."""
    folders = jupyter._own_folders(tmp_path)
    assert set(folders) == {"JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"}
    assert all(Path(folder).is_relative_to(tmp_path) for folder in folders.values())
    settings = json.loads((tmp_path / "config" / "jupyter_server_config.json").read_text())
    assert settings["LanguageServerManager"] == {"autodetect": False}  # it would run npm, which makes ~/.npm


def test_lessons_are_trusted_and_changed_ones_are_not(tmp_path):
    """Links in a panel are followed at once; what somebody else wrote into a notebook is not trusted for it."""
    workspace.start(tmp_path / "w")
    first, second, *_ = course.lessons()
    other = nbformat.read(tmp_path / "w" / second.notebook.name, as_version=4)
    other.cells.append(nbformat.v4.new_code_cell("1 + 1"))
    nbformat.write(other, tmp_path / "w" / second.notebook.name)
    jupyter.trust(tmp_path / "w", tmp_path / "data")
    notary = NotebookNotary(data_dir=str(tmp_path / "data"))
    try:
        trusted = [
            notary.check_signature(nbformat.read(tmp_path / "w" / one.notebook.name, as_version=4))
            for one in (first, second)
        ]
    finally:
        notary.store.close()
    assert trusted == [True, False]


def test_a_port_in_use_is_passed_over():
    """Two learners on one machine."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", jupyter._free_port()))
        assert jupyter._free_port() != taken.getsockname()[1]


def test_a_server_that_ends_at_once_is_blocked_with_its_log(tmp_path):
    """Not a wait of a minute, and not a traceback."""
    started = time.monotonic()
    with subprocess.Popen([sys.executable, "-c", "raise SystemExit(5)"]) as process:
        process.wait(20)
        with pytest.raises(Blocked, match="exit status 5"):
            jupyter._wait(process, "http://127.0.0.1:1/", tmp_path / "log")
    assert time.monotonic() - started < 15


def test_a_port_that_was_taken_in_between_is_left(monkeypatch, tmp_path):
    """Two servers that start at once find the same port free; the slower one goes on to the next."""
    log = paths.home() / "log" / "jupyter.log"
    log.parent.mkdir(parents=True)
    started, ports = [], iter((8890, 8891))

    def wait(_process, address, _log):
        if ":8890/" in address:
            log.write_text("could not be started because port 8890 is not available.")
            raise Blocked("JupyterLab ended at once.")

    monkeypatch.setattr(jupyter, "_free_port", lambda _listen: next(ports))
    monkeypatch.setattr(jupyter, "_start", lambda _folder, address, *_more: started.append(address[1]) or "a process")
    monkeypatch.setattr(jupyter, "_wait", wait)
    monkeypatch.setattr(jupyter, "_stop", lambda _process: None)
    assert jupyter._answering(tmp_path, ("127.0.0.1", None), "token") == ("a process", 8891)
    assert started == [8890, 8891]


@pytest.mark.parametrize(
    ("listen", "host"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("192.0.2.7", "192.0.2.7")],  # noqa: S104 - nothing is bound
)
def test_it_listens_where_it_was_told(monkeypatch, tmp_path, capsys, listen, host):
    """On all addresses in a container, for example; what is printed is an address that this machine itself reaches."""
    asked, process = [], types.SimpleNamespace(wait=lambda: 0)
    monkeypatch.setattr(jupyter, "_free_port", lambda _listen: 8888)
    monkeypatch.setattr(jupyter, "_start", lambda _folder, address, *_more: asked.append(address) or process)
    monkeypatch.setattr(jupyter, "_wait", lambda _process, url, _log: asked.append(url.split("/")[2]))
    monkeypatch.setattr(jupyter, "trust", lambda *_words: None)
    monkeypatch.setattr(jupyter.signal, "signal", lambda *_words: None)
    monkeypatch.setattr(jupyter, "_stop", lambda _process: None)
    assert jupyter.serve(tmp_path, listen=listen) == 0
    assert asked == [(listen, 8888), f"{host}:8888"]
    assert f"http://{host}:8888/" in capsys.readouterr().out


def test_a_server_that_ends_for_another_reason_is_blocked(monkeypatch, tmp_path):
    """Another port would be no help; nor is one taken that somebody chose."""
    log = paths.home() / "log" / "jupyter.log"
    log.parent.mkdir(parents=True)
    log.write_text("no such module")

    def wait(*_words):
        raise Blocked("JupyterLab ended at once.")

    monkeypatch.setattr(jupyter, "_start", lambda *_words: "a process")
    monkeypatch.setattr(jupyter, "_wait", wait)
    monkeypatch.setattr(jupyter, "_stop", lambda _process: None)
    with pytest.raises(Blocked):
        jupyter._answering(tmp_path, ("127.0.0.1", None), "token")
