"""One real engine for all engine tests: the lab's own private one, in a sandbox of the tests' own."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from support.steps import asks
from support.their_lab import engine, home

from lab import course, sandbox
from lab.course import workspace
from lab.course.leftovers import BuilderNamed
from lab.errors import Blocked
from lab.learning import reset, runner
from lab.model.results import Status
from lab.probes.here import environment_of, this_world
from lab.sandbox import buildkit, golang
from lab.sandbox.emulators import kernel
from lab.terminal import shell

__all__ = ["engine", "home"]


def pytest_itemcollected(item):
    """Everything in this folder needs the engine."""
    item.add_marker(pytest.mark.engine)


@pytest.hookimpl(trylast=True)  # pytest has put together what has the same *number* among a test's engines
def pytest_collection_modifyitems(items):
    """The tests of a file that have the same engine of a learner's follow one another: each of them takes 12 s to start."""
    for name in _THEIRS:
        places = [number for number, item in enumerate(items) if item.path.name == name]
        in_a_row = sorted((items[number] for number in places), key=_engine_of)
        for number, item in zip(places, in_a_row, strict=True):
            items[number] = item


def _engine_of(item):
    return str(getattr(getattr(item, "callspec", None), "params", {}).get("engine", ""))


_THEIRS = ("test_own_engine.py", "test_clinic_elsewhere.py")


@pytest.fixture(scope="session")
def box():
    """A sandbox that is up for the whole session and is gone after it."""
    place = Path(tempfile.mkdtemp(prefix="lab-engine-"))
    values = {name: str(place / name.lower()) for name in ("LAB_HOME", "LAB_LEARNER", "LAB_WORKSPACE")}
    with environment_of(values):
        try:
            up = sandbox.up(private=True, emulators=False)
        except Blocked as error:
            pytest.fail(f"No engine for the tests: {error}")
        try:
            made = buildkit.wait(900)  # with an empty cache it is being built just now
            assert made.state in ("ready", "hub"), f"{made.error} {made.log}"
            made = golang.wait(900)
            assert made.state == "ready", f"{made.error} {made.log}"
            workspace.start(Path(values["LAB_WORKSPACE"]))
            yield up
        finally:
            sandbox.down()
            shutil.rmtree(place)


@pytest.fixture
def emulators(box):
    """Emulators in the kernel, for a test that needs them: a test before may have taken them away.

    They are the whole machine's, so somebody must agree.
    """
    if not (os.environ.get("CI") or os.environ.get("LAB_TEST_EMULATORS") == "yes"):
        pytest.skip("Emulators touch the whole machine's kernel: set LAB_TEST_EMULATORS=yes to agree.")
    sandbox.up(private=True, emulators=True)


@pytest.fixture
def bare_kernel(box):
    """No emulators of these tests' sandbox, for a test that registers some for another lab: the kernel has one of each."""
    for emulator in kernel.removals():
        emulator.remove()


def makes_builder(name):
    """Does that step leave a builder behind?"""
    return any(isinstance(one, BuilderNamed) for one in course.step(name).makes)


class Learner:
    """Somebody who does steps as the notebook would, in the sandbox's own folder."""

    def __init__(self, world):
        self.world = world
        self.output = ""

    def untouched(self, *names):
        """Bring these steps back to where nobody had tried them."""
        list(reset.undo([course.step(name) for name in names], self.world))

    def comes_to(self, name):
        """The earlier steps are done, this one is not, whatever other tests have left."""
        step = course.step(name)
        self.untouched(name)
        if not (step.makes or asks(step, "transcript")):  # it changes what an earlier one made
            self.untouched(*step.after)
        if asks(step, "builders") and not step.after:  # those of the lessons after it are not there yet
            self.untouched(*filter(makes_builder, course.steps()))
        self.has_done(*step.after)

    def does(self, name, script):
        """Run a script as that step's cell and check the step."""
        step = course.step(name)
        if blocked := runner.prepare(step, self.world):
            return blocked
        self.output = shell.run(name, script, self.world, lambda _text: None).output
        return self.looks_at(name)

    def looks_at(self, name):
        """Check a step."""
        return runner.check(course.step(name), self.world)

    def has_done(self, *names):
        """Do earlier steps by their solutions, where they do not pass."""
        for name in names:
            self.has_done(*course.step(name).after)
            if self.looks_at(name).status is not Status.PASSED:
                self.untouched(name)  # another test may have left half of it
                result = self.does(name, course.step(name).solution)
                assert result.status is Status.PASSED, f"{name}: {result.text}\n{self.output}"


@pytest.fixture
def learner(box):
    """A learner in the session's sandbox."""
    return Learner(this_world())
