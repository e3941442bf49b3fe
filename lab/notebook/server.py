"""Start JupyterLab on a learner's folder: on loopback by default, with a token, asking no other host for anything."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from lab import course, paths
from lab.errors import Blocked
from lab.storage import own_folder, write_json, write_text

_SETTINGS = {
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
    # a cell that is run before the kernel has started waits for it, instead of asking which kernel is meant
    "@jupyterlab/notebook-extension/tracker.jupyterlab-settings": {"autoStartDefaultKernel": True},
}
# JupyterLab's terminal is the learner's shell; where that cannot be (no sandbox, an old bash), an ordinary one
_TERMINAL = ["bash", "-c", "lab shell; case $? in 2|3|70) exec bash --noprofile;; esac"]
# nothing is installed into this JupyterLab: it neither shows a manager for that, nor asks a Node.js at each page how to
_PAGE = {
    "buildAvailable": False,
    "buildCheck": False,
    "disabledExtensions": {"@jupyterlab/extensionmanager-extension": True},
}
_LIMIT = 60.0
_TRIES = 5
_HERE = "127.0.0.1"
_TAKEN = "is not available"  # how Jupyter says that another program has its port


def serve(folder: Path, first: str = "", *, port: int | None = None, listen: str = _HERE) -> int:
    """Run the server until Ctrl-C; print its address as soon as it answers. The exit status is the server's.

    `first` is the notebook to open; where it is not there, the first lesson is. `listen` is an IPv4 address of this
    machine; `0.0.0.0` is all of them, as a container needs it.
    """
    token = secrets.token_urlsafe(24)
    trust(folder, paths.home() / "jupyter" / "data")
    # a closed terminal, or somebody's `kill`, ends the server as Ctrl-C does; it would outlive us otherwise
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    process = None
    try:
        process, chosen = _answering(folder, (listen, port), token)
        where = f"{_reached(listen)}:{chosen}"
        print(
            f"\n  JupyterLab is at:\n\n    http://{where}/lab/tree/{_first(folder, first)}?token={token}"
            "\n\n  Ctrl-C ends it. The sandbox stays up until `lab down`.",
            flush=True,
        )
        return process.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        if process:
            _stop(process)


def _reached(listen: str) -> str:
    """The address under which this machine itself reaches what listens there."""
    return _HERE if listen == "0.0.0.0" else listen  # noqa: S104 - it is compared, and comes from the command line


def _answering(folder: Path, wanted: tuple[str, int | None], token: str) -> tuple[subprocess.Popen[bytes], int]:
    """A server that answers, and its port: another one where somebody took the free one just now. Raises Blocked."""
    listen, port = wanted
    log = paths.home() / "log" / "jupyter.log"
    left = _TRIES
    while True:
        left -= 1
        chosen = port or _free_port(listen)
        process = _start(folder, (listen, chosen), token, log)
        try:
            _wait(process, f"http://{_reached(listen)}:{chosen}/api/status?token={token}", log)
        except BaseException as error:
            _stop(process)
            taken = isinstance(error, Blocked) and _TAKEN in log.read_text(encoding="utf-8", errors="replace")
            if port or not left or not taken:
                raise
        else:
            return process, chosen


def _start(folder: Path, address: tuple[str, int], token: str, log: Path) -> subprocess.Popen[bytes]:
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser"),
        *(f"--ServerApp.ip={address[0]}", f"--ServerApp.port={address[1]}", "--ServerApp.port_retries=0"),
        *options(folder),
    ]
    own_folder(log.parent)
    with log.open("wb") as file:
        log.chmod(0o600)
        return subprocess.Popen(
            command,
            cwd=folder,
            # the token goes through the environment: a command line can be read by everybody on the machine
            env={**environment(folder), "JUPYTER_TOKEN": token},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )


def options(folder: Path) -> list[str]:
    """How JupyterLab is started on the lessons in `folder`, wherever it listens; makes its settings where they lack."""
    own = paths.home() / "jupyter"
    settings = own / "settings"
    for name, values in _SETTINGS.items():
        if not (settings / name).exists():
            write_json(settings / name, values)
    return [
        *(f"--ServerApp.root_dir={folder}", "--LabApp.news_url="),
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
        f"--LabApp.user_settings_dir={settings}",
        f"--LabApp.workspaces_dir={own / 'workspaces'}",
        "--ServerApp.contents_manager_class=lab.notebook.files.LessonFiles",
        *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
    ]


def environment(folder: Path) -> dict[str, str]:
    """The environment of such a server: Jupyter's own folders are the lab's, and a terminal in it knows `lab` too."""
    return {
        **os.environ,
        **_own_folders(paths.home() / "jupyter"),
        "PATH": os.pathsep.join([os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)]),
        "LAB_WORKSPACE": str(folder),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


def _own_folders(own: Path) -> dict[str, str]:
    """Jupyter's and IPython's folders, so that the learner's own settings, history and kernels stay as they are.

    A kernel knows `%%step` from its start on: after a restart no cell has to be run first.
    """
    startup = own / "ipython" / "profile_default" / "startup" / "00-step.py"
    write_text(startup, "from lab.notebook import magic\n\nmagic.register(get_ipython())\n")
    server = {
        "ServerApp": {"terminado_settings": {"shell_command": _TERMINAL}},
        # looking for language servers runs npm, which writes into the learner's home
        "LanguageServerManager": {"autodetect": False},
    }
    write_json(own / "config" / "jupyter_server_config.json", server)
    write_json(own / "config" / "labconfig" / "page_config.json", _PAGE)
    names = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime"}
    return {name: str(own / folder) for name, folder in {**names, "IPYTHONDIR": "ipython"}.items()}


def trust(folder: Path, data: Path) -> None:
    """Sign the lessons that are as the lab ships them, so that JupyterLab follows the links in their panels."""
    from nbformat import read
    from nbformat.sign import NotebookNotary

    own_folder(data)
    notary = NotebookNotary(data_dir=str(data))
    try:
        for lesson in course.lessons():
            copy = folder / lesson.notebook.name
            if copy.is_file() and copy.read_bytes() == lesson.notebook.read_bytes():
                notary.sign(read(copy, as_version=4))
    finally:
        notary.store.close()


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.monotonic() + _LIMIT
    while time.monotonic() < until:
        if process.poll() is not None:
            raise Blocked(f"JupyterLab ended at once (exit status {process.returncode}).", f"Its log: {log}")
        with contextlib.suppress(urllib.error.URLError, OSError), urllib.request.urlopen(url, timeout=5):  # noqa: S310
            return
        time.sleep(0.1)
    raise Blocked(f"JupyterLab did not answer within {_LIMIT:.0f} s.", f"Its log: {log}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
            return


def _first(folder: Path, wanted: str) -> str:
    names = [*filter(None, [wanted]), *(lesson.notebook.name for lesson in course.lessons())]
    return next((name for name in names if (folder / name).exists()), "")


def _free_port(listen: str = _HERE) -> int:
    for port in range(8888, 8988):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind((listen, port))
            return port
    raise Blocked("No port between 8888 and 8987 is free.", "Stop a server that you do not need.")
