"""A sandbox that says it is up, for tests of views: its engine and registry do not answer, and nothing is started."""

from pathlib import Path

from lab import workspace
from lab.sandbox import state
from lab.sandbox.model import EngineRef


def sandbox_up(folder: Path) -> None:
    """Leave a state file as `up` does, and the lessons in `folder`."""
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
