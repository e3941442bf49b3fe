"""The clinic and the capstone on a learner's own engine, with either image store: nightly, since it takes half an hour."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import rounds
from support.nightly import nightly
from support.their_lab import BOTH, CONSENT, does, up
from support.theirs import Engine

from lab import sandbox
from lab.course import capstone, clinic, workspace
from lab.model.results import Status
from lab.probes.here import learners_folder, this_world

pytestmark = nightly

KERNEL = clinic.named("buoy")  # it registers an emulator with the kernel, where somebody agreed
BLOCKED = {"cellar": "blocked: This case needs the lab's own engine"}  # no certificate on localhost


@BOTH
def test_the_clinic_is_mended_there(engine: Engine, home: Path) -> None:
    """Each case hurts, is mended by its solution, and hurts no more, after lesson 6; what cannot be there says why."""
    begun(engine)
    outcomes = {one.name: rounds.treated(one, this_world()) for one in clinic.cases() if one != KERNEL}
    engine.run("docker image prune --force")  # what lost its name to a newer build; the page says that it stays
    wrong = {name: said for name, said in outcomes.items() if not said.startswith(BLOCKED.get(name, rounds.MENDED))}
    assert not wrong, rounds.told(wrong)


@BOTH
def test_the_case_about_the_kernel_asks_and_is_mended_there(bare_kernel: None, engine: Engine, home: Path) -> None:
    """Blocked where nobody agreed; then as the others."""
    begun(engine)
    assert rounds.treated(KERNEL, this_world()).startswith("blocked: This registers an emulator")
    if not CONSENT:
        pytest.skip("Emulators touch the whole machine's kernel: set LAB_TEST_EMULATORS=yes to agree.")
    sandbox.up(emulators=True)
    assert rounds.treated(KERNEL, this_world()) == rounds.MENDED


@BOTH
def test_the_capstone_is_proven_there(engine: Engine, home: Path) -> None:
    """Nothing is proven untouched; what the letter asks for proves all nine."""
    begun(engine)
    untouched, mended = rounds.keeper(this_world(), seed=1)
    assert set(untouched.values()) <= {Status.FAILED, Status.NOT_ATTEMPTED}
    assert len(mended) == len(capstone.steps()) == 9
    assert not rounds.unproven(mended.values())


def begun(engine: Engine) -> None:
    """The lab on that engine, and lesson 6's builder: the classic store builds for several platforms with it alone."""
    up(engine)
    workspace.start(learners_folder())
    for step in ("create_builder", "bootstrap_builder"):
        status, said = does(step)
        assert status is Status.PASSED, said
