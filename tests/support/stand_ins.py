"""Stand-ins for tests of views: a sandbox that only says it is up, and a learner at a terminal."""

import os
import pty
import re
import select
import sys
import time
from pathlib import Path

from lab import course, paths
from lab.course import workspace
from lab.learning import progress
from lab.model.results import Result, Status
from lab.sandbox import state
from lab.sandbox.model import EngineRef
from lab.sandbox.report import PlainListener


def first_step_passed() -> None:
    """The course opens with a step that takes an engine; whoever has none is past it."""
    step = course.lessons()[0].steps[0]
    result = Result(step=step.name, lesson=step.lesson, status=Status.PASSED, goal="", when="x")
    progress.record(paths.learner(), step, result)


def sandbox_up(folder: Path) -> None:
    """Leave a state file as `up` does, and the lessons in `folder`. Nothing is started, nothing will answer."""
    engine = EngineRef("private", "unix:///nowhere/docker.sock", Path("/nowhere/docker"))
    state.write(
        state.State(
            ready=True,
            engine=engine,
            registry="localhost:1",
            mirror=None,
            create_opts="",
            port=None,
            address=None,
            suite="",
            store="containerd",
        )
    )
    workspace.start(folder)


class Heard(PlainListener):
    """A report whose notes a test can read."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


class Terminal:
    """`lab shell` as a learner has it: keys in, screen out."""

    def __init__(self, place):
        """`place` is an empty folder: it becomes the home, and has a `lab` as an installed one is."""
        programs = place / "bin"
        programs.mkdir()
        launcher = programs / "lab"
        launcher.write_text(f"#!{sys.executable}\nfrom lab.cli import main\nmain()\n")
        launcher.chmod(0o755)
        path = f"{programs}{os.pathsep}{os.environ['PATH']}"
        env = {**os.environ, "PATH": path, "TERM": "xterm", "NO_COLOR": "1", "HOME": str(place)}
        self.screen = ""
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.execve(sys.executable, [sys.executable, "-c", "from lab.cli import main; main()", "shell"], env)  # noqa: S606
        self.until(r"\$ $|# $")

    def until(self, pattern, seconds=30):
        """What is printed until the screen ends in that."""
        new, end_ = "", time.monotonic() + seconds
        while time.monotonic() < end_:
            if select.select([self.master], [], [], 0.1)[0]:
                try:
                    piece = os.read(self.master, 65536)
                except OSError:
                    break
                if not piece:
                    break
                new += piece.decode(errors="replace")
            elif re.search(pattern, re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", new)):
                break
        self.screen += new
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", new)

    def types(self, line, pattern=r"\$ $|# $"):
        """Type a line, wait for the prompt, and give what was printed."""
        os.write(self.master, line.encode() + b"\r")
        return self.until(pattern, 300)  # an emulated compiler takes a minute or two

    def close(self):
        """Leave, and the shell's exit status."""
        os.write(self.master, b"exit 7\r")
        self.until("never", 5)
        os.close(self.master)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
