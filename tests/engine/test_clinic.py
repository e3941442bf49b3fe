"""Every case on a real engine: the scene hurts as it is told, wrong repairs say why, two right ones pass."""

import dataclasses
import importlib
import os
import pkgutil
import re
from pathlib import Path

import nbformat
import pytest
from support.nightly import SLOW, by_day
from support.stand_ins import Terminal
from support.steps import emulates

from lab.course import clinic
from lab.course.clinic._rebuilt import RIGHT_BUT_EMULATED
from lab.learning import tour, ward
from lab.model.results import Status
from lab.probes import engine
from lab.verbs import asking

NAMES = [one.name for one in clinic.cases()]
MODULES = [one.name for one in pkgutil.iter_modules(importlib.import_module("ways.clinic").__path__)]
WAYS = {name: ways for one in MODULES for name, ways in importlib.import_module(f"ways.clinic.{one}").WAYS.items()}
SEEDED = [(name, seed) for name in NAMES for seed in WAYS[name].tried or (None,)]
# By day each fourth case is mended, and some of the others come to a wrong end, or are mended in another way. All have
# literal facts.
DEAR = frozenset({"tide", "kettle", "parcel", "cellar", "attic", "broom"})  # they make builders, or run whole pipelines
MENDED = by_day(SEEDED, 4)
REST = SEEDED if SLOW else [one for one in SEEDED if one not in MENDED and one[0] not in DEAR]
WRONG = [(name, seed, *wrong) for name, seed in by_day(REST, 4) for wrong in WAYS[name].wrong[: None if SLOW else 1]]
OTHER = REST if SLOW else REST[2::6]


@pytest.fixture
def seed(request, learner, monkeypatch):
    """The learner's own number; the commands of a try see it too."""
    if request.param is not None:
        monkeypatch.setenv("LAB_SEED", str(request.param))
        environment = {**learner.world.env, "LAB_SEED": str(request.param)}
        learner.world = dataclasses.replace(learner.world, seed=request.param, env=environment)
    return request.param


@pytest.fixture(autouse=True)
def emulators_where_needed(request):
    """What is to be emulated needs an emulator, and so does a case that is about one."""
    known = getattr(getattr(request.node, "callspec", None), "params", {})
    case = clinic.named(known.get("name", ""))
    if known.get("message") == RIGHT_BUT_EMULATED or (case and emulates(case.step)):
        request.getfixturevalue("emulators")


def test_every_case_has_its_ways():
    """No case without another right repair and two wrong ones; no ways without a case."""
    assert set(WAYS) == set(NAMES)
    assert all(len(ways.wrong) >= 2 and ways.other for ways in WAYS.values())


def hurts(name, learner):
    """Does it show as it is told?"""
    shown = ward.show(clinic.named(name), learner.world)
    return shown.hurts, shown.output


def record(name, seed, output, world):
    """With LAB_RECORD=yes, keep what the failing command printed: the site shows it."""
    if os.environ.get("LAB_RECORD") == "yes" and seed == (WAYS[name].seeds or (None,))[0]:
        folder = (
            Path(__file__).parent.parent
            / "data"
            / f"engine-{engine.info()(world).version.partition('+')[0]}"
            / "clinic"
        )
        folder.mkdir(parents=True, exist_ok=True)
        text = output.replace(world.registry, "localhost:5000").replace(str(world.workspace), "~/multiplatform-lab")
        (folder / f"{name}.txt").write_text(f"{text}\n", encoding="utf-8")


@pytest.mark.parametrize(("name", "seed"), MENDED, indirect=["seed"])
def test_a_case_hurts_until_it_is_mended(name, seed, learner):
    """It shows as the ward says, untouched does not pass, the solution passes, and it does not hurt any more."""
    learner.untouched(name)
    hurt, output = hurts(name, learner)
    assert hurt, output
    record(name, seed, output, learner.world)
    untouched = learner.looks_at(name)
    assert untouched.status in (Status.FAILED, Status.NOT_ATTEMPTED), untouched.text
    result = learner.does(name, clinic.named(name).step.solution)
    assert result.status is Status.PASSED, f"{result.text} {result.values}\n{learner.output}"
    hurt, output = hurts(name, learner)
    assert not hurt, output


@pytest.mark.parametrize(("name", "seed", "script", "message"), WRONG, indirect=["seed"])
def test_a_wrong_repair_says_what_is_wrong(name, seed, script, message, learner):
    """Each fails, with its own message and nobody else's."""
    learner.untouched(name)
    fails(name, script, message, learner)


def fails(name, script, message, learner):
    """With that message, whole."""
    result = learner.does(name, script)
    assert (result.status, result.message) == (Status.FAILED, message), f"{result.text}\n{learner.output}"
    assert not re.search(r"[{}]", result.text.replace("{{", "")), result.text


def test_a_case_is_done_in_its_notebook(learner, tmp_path):
    """The cells as they are shipped: the symptom as it prints, the step, and what decided it, before and after."""
    case = clinic.named("house")
    learner.untouched(case.name)
    source = learner.world.workspace / case.notebook
    notebook = nbformat.read(source, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(f"%%step {case.name}\n{case.step.solution}"))
    notebook.cells.append(nbformat.v4.new_code_cell(f"%case {case.name}"))
    notebook.cells.append(nbformat.v4.new_code_cell(f"%reflect {case.name}"))
    printed = []
    tour.execute(notebook, source.parent, tmp_path, lambda cell: printed.append(_shown(cell)))
    said = dict(zip(("load", "symptom", "untouched", "early", "mended", "well", "reflect"), printed, strict=True))
    assert "no matching manifest" in said["symptom"]
    assert "our bug" not in " ".join(printed)
    assert "not attempted" in said["untouched"]
    assert "asked when the case has passed" in said["early"]
    assert "passed" in said["mended"]
    assert "does not hurt any more" in said["well"]
    assert clinic.QUESTION in said["reflect"]


def _shown(cell):
    """What a cell printed and showed, as text."""
    parts = [one.get("text") or one.get("data", {}).get("text/plain", "") for one in cell.get("outputs", ())]
    return "".join(map(str, parts))


def test_a_case_is_done_in_a_terminal(learner, tmp_path):
    """Typed in `lab shell`: it hurts, is not done, is mended, passes, and asks what decided it."""
    case = clinic.named("house")
    learner.untouched(case.name)
    terminal = Terminal(tmp_path)
    try:
        assert "no matching manifest" in terminal.types(f"lab clinic start {case.name}")
        assert "passed" not in terminal.types(f"lab check {case.name}")
        terminal.types(case.step.solution)
        seen = terminal.types(f"lab check {case.name}")
        assert f"✔ passed  {case.name}" in seen, terminal.screen
        assert clinic.QUESTION.split(":")[0] in seen
        terminal.types(f"lab reflect {case.name}", re.escape(asking.ASK.strip()) + " ?$")
        assert "had one row" in terminal.types("it had one row")
        assert "does not hurt any more" in terminal.types(f"lab clinic start {case.name}")
    finally:
        terminal.close()


@pytest.mark.parametrize(("name", "seed"), OTHER, indirect=["seed"])
def test_another_right_repair_passes(name, seed, learner):
    """The world is looked at, not the words of the command."""
    learner.untouched(name)
    result = learner.does(name, WAYS[name].other)
    assert result.status is Status.PASSED, f"{result.text} {result.values}\n{learner.output}"
    learner.untouched(name)
    assert not (learner.world.workspace / "files" / "clinic" / name).exists()
