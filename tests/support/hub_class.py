"""A hub that runs, and learners who come in through its front door as a browser would: forms, cookies, a websocket."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import requests
import websocket

from lab.hub import places
from lab.probes.here import environment_of

LAB = [sys.executable, "-c", "from lab.cli import main; main()"]
_HIDDEN = re.compile(r'name="_xsrf" value="([^"]*)"')
_PAGE = re.compile(r"(https?://\S+?):(\d+)/")
_CODE = re.compile(r"\b(?:[0-9A-Z]{4}-){2}[0-9A-Z]{4}\b")
_PATIENCE = 900.0


class Hub:
    """A running `lab hub`: where it is, and its code."""

    def __init__(self, home: Path, cache: Path, *words: str) -> None:
        self.home = home
        kept = {name: value for name, value in os.environ.items() if name not in ("LAB_LEARNER", "LAB_WORKSPACE")}
        self.env = {**kept, "LAB_HOME": str(home), "LAB_CACHE": str(cache)}
        self.output = home.with_suffix(".out")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = str(probe.getsockname()[1])
        with self.output.open("wb") as file:
            self.process = subprocess.Popen(
                [*LAB, "hub", "--listen", "127.0.0.1", "--port", port, *words],
                env=self.env, stdin=subprocess.DEVNULL, stdout=file, stderr=file,
            )  # fmt: skip
        said = self._said()
        where, code = _PAGE.search(said), _CODE.search(said)
        assert where, said
        assert code, said
        self.root, self.code = f"{where[1]}:{where[2]}", code[0]

    def _said(self) -> str:
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            said = self.output.read_text()
            if "Ctrl-C" in said:
                return said
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise AssertionError(f"`lab hub` did not come up:\n{self.output.read_text()}\n{self.log()}")

    def log(self) -> str:
        """JupyterHub's own."""
        file = self.home / "hub" / "hub.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def rooms(self) -> dict[int, dict[int, str]]:
        """The rooms that have processes: by number, the processes' numbers and commands."""
        with environment_of({"LAB_HOME": str(self.home)}):
            ours = re.compile(rf"/{places.groups()}/(\d+)/")
        found: dict[int, dict[int, str]] = {}
        for entry in Path("/proc").iterdir():
            try:
                number = ours.search((entry / "cgroup").read_text()) if entry.name.isdigit() else None
                if number:
                    command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    found.setdefault(int(number[1]), {})[int(entry.name)] = command
            except OSError:
                continue  # it has just ended
        return found

    def lab(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A verb beside it."""
        return subprocess.run([*LAB, *words], env=self.env, capture_output=True, text=True, timeout=120, check=False)

    def close(self) -> int:
        """As Ctrl-C does; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)


class Visitor:
    """Somebody with a browser of their own."""

    def __init__(self, hub: Hub, name: str, password: str = "a long password") -> None:  # noqa: S107
        self.hub, self.name, self.password = hub, name, password
        self.web = requests.Session()
        self.kernel = ""

    def signs_in(self, code: str | None = None) -> requests.Response:
        """Fill the form in and send it; what comes back, after all that it leads on to."""
        page = self.web.get(f"{self.hub.root}/hub/login", timeout=60)
        form = {"_xsrf": _HIDDEN.search(page.text)[1], "username": self.name, "password": self.password}
        if code is not None:
            form["code"] = code
        return self.web.post(f"{self.hub.root}/hub/login?next=", data=form, timeout=_PATIENCE)

    def enters(self) -> float:
        """Sign in and wait until JupyterLab is there; the seconds that it took."""
        began = time.monotonic()
        answer = self.signs_in(self.hub.code)
        assert answer.status_code == 200, answer.text
        until = began + _PATIENCE
        while time.monotonic() < until:
            answer = self.web.get(f"{self.home}/lab", timeout=60)
            if answer.status_code == 200 and answer.url.startswith(f"{self.home}/lab"):
                return time.monotonic() - began
            assert answer.status_code < 500 or answer.status_code == 503, answer.text[:2000]
            time.sleep(0.3)
        raise AssertionError(f"{self.name}'s room was not made:\n{self.hub.log()[-4000:]}")

    @property
    def home(self) -> str:
        """Where their server is."""
        return f"{self.hub.root}/user/{requests.utils.quote(self.name)}"

    def asks(self, method: str, path: str, **more: Any) -> requests.Response:
        """Their own server's interface, as its page asks it."""
        tokens = [cookie.value for cookie in self.web.cookies if cookie.name == "_xsrf" and "/user/" in cookie.path]
        headers = {"X-XSRFToken": tokens[0]} if tokens else {}
        return self.web.request(method, f"{self.home}/api/{path}", headers=headers, timeout=60, **more)

    def runs(self, code: str, *, patience: float = 120.0) -> str:
        """Run a cell in a kernel of theirs; all that it prints, and its error where it fails."""
        if not self.kernel:
            answer = self.asks("POST", "kernels", json={"name": "python3"})
            assert answer.status_code == 201, answer.text
            self.kernel = answer.json()["id"]
        address = f"{self.home}/api/kernels/{self.kernel}/channels".replace("http", "ws", 1)
        cookies = "; ".join(f"{one.name}={one.value}" for one in self._cookies(address))
        line = websocket.create_connection(address, cookie=cookies, timeout=patience, origin=self.hub.root)
        line.settimeout(5)
        try:
            return self._result(line, code, time.monotonic() + patience)
        finally:
            line.close()

    def _cookies(self, address: str) -> list[Any]:
        path = "/" + address.split("/", 3)[3]
        return [cookie for cookie in self.web.cookies if path.startswith(cookie.path)]

    def _result(self, line: websocket.WebSocket, code: str, until: float) -> str:
        own = uuid.uuid4().hex
        header = {"msg_id": own, "msg_type": "execute_request", "username": "", "session": own, "version": "5.3"}
        content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False}
        words = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        line.send(json.dumps(words))
        said = ""
        while True:
            try:
                message = json.loads(line.recv())
            except websocket.WebSocketTimeoutException:
                message = {"parent_header": {}}
            if time.monotonic() > until:
                raise TimeoutError(f"The cell does not end; it has printed: {said}")
            if message["parent_header"].get("msg_id") != own:
                continue
            kind, content = message["header"]["msg_type"], message["content"]
            if kind == "stream":
                said += content["text"]
            elif kind in ("display_data", "execute_result", "update_display_data"):
                said += content["data"].get("text/plain", "") + "\n"
            elif kind == "error":
                said += "\n".join(content["traceback"])
            elif kind == "status" and content["execution_state"] == "idle":
                return said

    def shell(self, script: str) -> str:
        """Run a shell's script in a cell, with the sandbox's environment; all that it prints, whether it fails or not."""
        words = "import subprocess, lab.sandbox as s; print(subprocess.run(['bash', '-c', {!r}], env=s.environment(s.load())"
        end = ", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout)"
        return self.runs(words.format(script) + end)
