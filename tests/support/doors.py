"""The doors of docs/start.md: the commands of a page by the heading that they stand under, and what it is to learn by one."""

import os
import re
import signal
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
_PART = re.compile(r"^(#{1,4}) (.+)$", re.MULTILINE)
_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/lab/tree/(\S*)\?token=\S+")
_ENDS = (0, 130, -signal.SIGINT)  # the last one is how `make` ends
_LIMIT = 300.0


def commands(page, heading):
    """Each line of the shell blocks under that heading, up to the next one, as a reader copies it."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    titles = list(_PART.finditer(text))
    (at,) = [number for number, title in enumerate(titles) if title[2] == heading]
    end = titles[at + 1].start() if at + 1 < len(titles) else len(text)
    return [line for block in _BLOCK.findall(text[titles[at].end() : end]) for line in block.splitlines()]


def learn(line, folder, env):
    """Type that line, wait until JupyterLab shows a notebook, press Ctrl-C; the notebook's name."""
    with tempfile.TemporaryFile("w+") as said:
        words = ["bash", "-c", line]
        streams = {"stdin": subprocess.DEVNULL, "stdout": said, "stderr": said}
        with subprocess.Popen(words, cwd=folder, env=env, start_new_session=True, **streams) as process:
            try:
                found = _address(process, said)
                with urllib.request.urlopen(found[0], timeout=30) as page:  # noqa: S310
                    assert b"<title>JupyterLab</title>" in page.read()
                return found[1]
            finally:
                os.killpg(process.pid, signal.SIGINT)
                assert process.wait(60) in _ENDS


def _address(process, said):
    until = time.monotonic() + _LIMIT
    while process.poll() is None and time.monotonic() < until:
        if found := _ADDRESS.search(_text(said)):
            return found
        time.sleep(0.2)
    raise AssertionError(_text(said))


def _text(said):
    return os.pread(said.fileno(), 1 << 20, 0).decode(errors="replace")
