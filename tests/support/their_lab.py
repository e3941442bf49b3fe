"""The lab on somebody's own engine, for the tests that run there: fixtures, and a step that is done."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import theirs
from support.theirs import Engine

from lab import course, paths, sandbox
from lab.model.results import Status
from lab.probes.here import learners_folder, this_world

CONSENT = bool(os.environ.get("CI") or os.environ.get("LAB_TEST_EMULATORS") == "yes")
BOTH = pytest.mark.parametrize(
    "engine", [("classic", "address"), ("containerd", "context")], indirect=True, ids="-".join
)
CLASSIC = pytest.mark.parametrize("engine", [("classic", "address")], indirect=True, ids="-".join)
CONTAINERD = pytest.mark.parametrize("engine", [("containerd", "context")], indirect=True, ids="-".join)


@pytest.fixture(scope="module")
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """An engine of either image store, reached by `DOCKER_HOST` or by a context."""
    place = Path(tempfile.mkdtemp(prefix="lab-theirs-"))
    try:
        with theirs.running(place, *request.param) as found:
            yield found
    finally:
        shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def home(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A lab of the learner's on that engine; whatever happens, what is theirs is afterwards as it was before."""
    before = engine.picture()
    for name in {*os.environ} - {*engine.env}:
        monkeypatch.delenv(name)
    for name, value in engine.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LAB_CACHE", engine.env.get("LAB_CACHE", str(paths.cache())))
    monkeypatch.setenv("LAB_LEARNER", str(tmp_path / "learner"))
    monkeypatch.setenv("LAB_WORKSPACE", str(tmp_path / "lessons"))
    yield paths.home()
    sandbox.down()
    after = engine.picture()
    assert after == before, {name: (before[name], after[name]) for name in before if before[name] != after[name]}
    assert not paths.sandbox().exists()


def up(engine: Engine) -> sandbox.Sandbox:
    """The lab on the engine, its builders told of the registry that plays Docker Hub."""
    box = sandbox.up(emulators=False)
    assert (box.engine.kind, box.registry.partition(":")[0]) == ("learner", "localhost")
    settings = box.home / "buildx" / "buildkitd.default.toml"
    settings.write_text(settings.read_text() + engine.hub)
    return box


def does(step: str, script: str | None = None) -> tuple[Status, str]:
    """Do a step by its solution or another script, as `lab run` does it: status and all that was printed."""
    from lab.course import workspace
    from lab.learning import runner
    from lab.terminal import shell

    workspace.start(learners_folder())
    found, here = course.step(step), this_world()
    if found.prepare:
        found.prepare(here)
    said = shell.run(step, script or found.solution, here, lambda _text: None).output
    result = runner.check(found, here)
    return result.status, f"{result.text} {result.remedy}\n{said}"
