"""The lessons on an older engine and buildx, with the classic image store: what a learner brings need not be the newest."""

import shutil
import tempfile
from pathlib import Path

import pytest
from support import rounds
from support.nightly import nightly
from support.steps import emulates

from lab import course, sandbox
from lab.course import clinic, workspace
from lab.errors import Blocked
from lab.learning import tour
from lab.model.results import Status
from lab.probes import engine
from lab.probes.here import environment_of, this_world

pytestmark = [
    pytest.mark.slow,
    nightly,
]
STEPS = list(course.steps())
# What this buildx cannot do, it says; nobody is called wrong for it.
TOO_OLD = {"who_built": "older than 0.20"} | dict.fromkeys(("narrow", "plain_consumer", "withdraw"), "too old")

# The same for the cases.
CANNOT_BE_THERE = dict.fromkeys(("cellar", "parcel"), "blocked: This buildx is older than 0.20")


@pytest.fixture(scope="module")
def box():
    """Debian 13's engine in the place of the session's."""
    place = Path(tempfile.mkdtemp(prefix="lab-older-"))
    values = {name: str(place / name.lower()) for name in ("LAB_HOME", "LAB_LEARNER", "LAB_WORKSPACE")}
    with environment_of(values):
        try:
            up = sandbox.up(private=True, emulators=False, suite="trixie", store="classic")
        except Blocked as error:
            pytest.fail(f"No older engine for the tests: {error}")
        try:
            workspace.start(Path(values["LAB_WORKSPACE"]))
            yield up
        finally:
            sandbox.down()
            shutil.rmtree(place)


@pytest.fixture(autouse=True)
def emulators_where_needed(request):
    """A step that says it needs an emulator gets one; the others run without."""
    name = request.node.callspec.params.get("name", "") if hasattr(request.node, "callspec") else ""
    if name and emulates(course.step(name)):
        request.getfixturevalue("emulators")


def test_the_engine_is_the_older_one_with_the_classic_store(box):
    """Else the rest of this file would prove nothing."""
    found = engine.versions(this_world())
    assert found["store"] == "classic"
    assert int(found["engine"].split(".")[0]) < 27
    assert tuple(map(int, found["buildx"].lstrip("v").split("+")[0].split(".")[:2])) < (0, 15)


@pytest.mark.parametrize("name", STEPS)
def test_the_solution_passes_on_an_older_engine_too(name, learner):
    """Each step, by the way that the lesson shows."""
    learner.comes_to(name)
    result = learner.does(name, course.step(name).solution)
    wanted = Status.BLOCKED if name in TOO_OLD else Status.PASSED
    assert result.status is wanted, f"{result.text} {result.values}\n{learner.output}"
    assert TOO_OLD.get(name, "") in result.text


@pytest.mark.parametrize("name", STEPS)
def test_an_untouched_cell_passes_nothing_there_either(name, learner):
    """Nor does it say that something is wrong with the lab."""
    learner.comes_to(name)
    result = learner.does(name, "# Your commands go here.")
    too_old = {Status.BLOCKED} if name in TOO_OLD else set()
    assert result.status in {Status.NOT_ATTEMPTED, Status.FAILED} | too_old, result.text


@pytest.mark.parametrize("name", [one.name for one in clinic.cases()])
def test_a_case_is_mended_on_an_older_engine_too(name, learner):
    """It hurts, untouched does not pass, its solution mends it: with lesson 6's builder, as this store needs it."""
    learner.has_done("create_builder", "bootstrap_builder")
    said = rounds.treated(clinic.named(name), learner.world)
    assert said.startswith(CANNOT_BE_THERE.get(name, rounds.MENDED)), said


def test_the_capstone_is_proven_on_an_older_engine_too(learner):
    """Nothing untouched, and all nine by what the letter asks for."""
    learner.has_done("create_builder", "bootstrap_builder")
    untouched, mended = rounds.keeper(learner.world, seed=1)
    assert set(untouched.values()) <= {Status.FAILED, Status.NOT_ATTEMPTED}
    assert not rounds.unproven(mended.values())


def test_the_classic_store_says_what_it_cannot(box, learner):
    """Several platforms on the default builder: refused by the engine itself, explained by the lab, passed by nothing."""
    from lab import explainer

    result = learner.does("build_test", "docker build --platform $HERE,$OTHER -t $REGISTRY/several --push files/inside")
    assert "Multi-platform build is not supported for the docker driver" in learner.output
    assert result.status is not Status.BUG
    facts = explainer.EngineFacts(version="26.1.5", store="classic")
    found = explainer.explain(learner.output, engine=facts)
    assert found.known
    assert "driver" in found.as_text()


def test_a_tour_of_what_needs_no_emulator(box, tmp_path):
    """Notebooks and all: the first lessons run headless there, none of them wrong, none our bug."""
    lessons = [lesson for lesson in course.lessons() if lesson.stem in {"machine", "one-platform", "builders"}]
    shown = []
    runs = tour.tour(
        lessons, tmp_path / "out", shown.append, emulators=False, stamp=lambda: engine.versions(this_world())
    )
    assert set(tour.statuses(runs)) == {Status.PASSED}, [one.text for one in shown]
    assert "classic" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
