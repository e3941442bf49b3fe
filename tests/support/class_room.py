"""A class in a room: a real board in a process of its own, and learners who have a home each."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from lab import course
from lab.board import client
from lab.learning import progress
from lab.model.results import Result, Status

LAB = [sys.executable, "-c", "from lab.cli import main; main()"]


class Board:
    """`lab board` as a teacher starts it, on loopback alone unless `listen` says otherwise ("": at all addresses)."""

    def __init__(self, place: Path, listen: str = "127.0.0.1") -> None:
        self.listen = ["--listen", listen] if listen else []
        self.home, self.log = place / "teacher", place / "board.log"
        with socket.socket() as probe:  # not the usual port: other tests have boards, too
            probe.bind(("127.0.0.1", 0))
            self.port = str(probe.getsockname()[1])
        self.start()

    def start(self) -> None:
        """Start it (again), and read what it prints."""
        env = {**os.environ, "LAB_HOME": str(self.home), "LAB_LEARNER": str(self.home)}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*LAB, "board", *self.listen, "--port", self.port],
                env=env,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        said = self._said()
        self.page, self.token = re.search(r"(http://127\.0\.0\.1:\d+)/#(\S+)", said).groups()
        self.address, self.code = re.search(r"lab join (\S+) (\S+)", said).groups()

    def _said(self) -> str:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            said = self.log.read_text()
            if "Ctrl-C stops it" in said:
                return said
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError(f"`lab board` says no address: {self.log.read_text()}")

    def kill(self) -> None:
        """As when the power goes."""
        self.process.kill()
        self.process.wait(10)

    def stop(self, number: int = signal.SIGINT) -> int:
        """As Ctrl-C does; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(10)

    def ask(self, path: str, words: object = None, *, token: str | None = None, host: str = "") -> tuple[int, str]:
        """What the teacher's page asks: status and answer."""
        headers = {
            "Authorization": f"token {self.token if token is None else token}",
            **({"Host": host} if host else {}),
        }
        data = None if words is None else json.dumps(words).encode()
        request = urllib.request.Request(f"{self.page}/{path}", data, headers)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def empty(self) -> None:
        """Remove all that a test before has left."""
        now = self.shown()
        for row in now["learners"]:
            assert self.ask("remove", {"learner": row["id"]})[0] == 200
        for step in now["steps"]:
            if step["shown"]:
                assert self.ask("show", {"step": step["step"], "wanted": False})[0] == 200

    def shown(self) -> dict:
        """What the page shows."""
        status, text = self.ask("data")
        assert status == 200, text
        return json.loads(text)["board"]

    def row(self, name: str) -> dict:
        """One learner of the page."""
        return next(row for row in self.shown()["learners"] if row["name"] == name)


def result(name: str, status: Status, message: str = "", **values: str) -> Result:
    """A check's result of that step."""
    step = course.step(name)
    return Result(
        step=name, lesson=step.lesson, status=status, goal=step.goal, message=message, values=values, when="2026-01-01"
    )


class Pupil:
    """A learner with a home of their own, who does what the lab's own code does."""

    def __init__(self, home: Path, name: str) -> None:
        self.home, self.name = home, name

    def join(self, board: Board, code: str = "") -> client.Member:
        """As `lab join` does it."""
        return client.join(self.home, board.address, code or board.code, self.name)

    def checked(self, name: str, status: Status, message: str = "", **values: str) -> None:
        """A check has come to this."""
        progress.record(self.home, course.step(name), result(name, status, message, **values))

    def tell(self) -> None:
        """As the sender does."""
        client.exchange(self.home)
