"""The capstone on a real engine: untouched proves nothing, mended proves all, one fault left in fails its own proof."""

import dataclasses
import os

import pytest
from support import lighthouse

from lab.course import capstone
from lab.course.capstone import _faults, images
from lab.course.capstone._laid import REPOSITORY
from lab.learning import reset
from lab.model.results import Status
from lab.terminal import shell

# One number in the quick matrix, two in the slow one.
SEEDS = (1, 2) if os.environ.get("LAB_SLOW") else (1,)
slow = pytest.mark.skipif(not os.environ.get("LAB_SLOW"), reason="the slow matrix: LAB_SLOW=1")
# What a fault fails that is left in. Without a base for the Pi there is no candidate for it, and nothing to go on with.
FAILS = {
    "argument": "three_rows", "stage": "three_rows", "pinned": "three_rows", "goarm": "three_rows",
    "tools": "three_rows", "base": "three_rows", "key": "unemulated", "race": "races", "promote": "released",
    "cleaner": "cleaner",
}  # fmt: skip
DECOYS = {
    "attestations": ("export BUILDX_NO_DEFAULT_ATTESTATIONS=1\n", None, "NOTES_GONE"),
    "key": ("", ("horn/Dockerfile", b"ENV HORN_KEY=B-flat\n", b""), "KEY_GONE"),
    "pins": ("", ("log/Dockerfile", b"@sha256", b" AS last\nLABEL was=sha256"), "NOT_PINNED"),
}


@pytest.fixture
def begun(request, learner):
    """A learner who has begun and done nothing; all is taken away afterwards."""
    seed = getattr(request, "param", SEEDS[0])
    environment = {**learner.world.env, "LAB_SEED": str(seed)}
    learner.world = dataclasses.replace(learner.world, seed=seed, env=environment)
    list(reset.undo(list(capstone.steps().values()), learner.world))
    capstone.scene(learner.world)
    yield learner
    list(reset.undo(list(capstone.steps().values()), learner.world))
    assert not (learner.world.workspace / REPOSITORY).exists()


def tries(learner, name, script):
    """Run a script as that proof's cell, and check nothing yet: some checks play CI for a while."""
    learner.output += shell.run(name, script, learner.world, lambda _text: None).output


def does(learner, left=(), more="", *, clean=True):
    """All that the letter asks for, with these faults left in."""
    lighthouse.survey(learner.world)
    lighthouse.write(learner.world, lighthouse.mended(learner.world, left))
    tries(learner, "three_rows", lighthouse.BUILD.format(more=more))
    tries(learner, "released", lighthouse.TRY)
    if clean:
        tries(learner, "cleaner", lighthouse.CLEAN)


def stands(learner, names=None):
    """How each proof stands."""
    return {name: learner.looks_at(name) for name in names or capstone.steps()}


@pytest.mark.parametrize("begun", SEEDS, indirect=True)
def test_untouched_proves_nothing_and_mended_proves_all(begun):
    """Each of the nine."""
    untouched = stands(begun)
    assert not [one.step for one in untouched.values() if one.status is Status.PASSED]
    assert {one.status for one in untouched.values()} <= {Status.FAILED, Status.NOT_ATTEMPTED}
    lighthouse.survey(begun.world)
    for name, step in capstone.steps().items():
        tries(begun, name, step.solution)
    for name, result in stands(begun).items():
        assert result.status is Status.PASSED, f"{name}: {result.text} {result.values}\n{begun.output}"


@slow
@pytest.mark.parametrize("fault", _faults.FAULTS)
def test_one_fault_left_in_fails_its_own_proof(fault, begun):
    """And no other one; what cannot be tried without it has not been."""
    more = {"key": f'--set "*.platform={",".join(map(str, sorted(_faults.THREE)))}"',
            "base": '--set "log.platform=linux/amd64,linux/arm64"'}.get(fault, "")  # fmt: skip
    does(begun, (fault,), more, clean=fault != "cleaner")
    found = stands(begun)
    failed = {name for name, result in found.items() if result.status is Status.FAILED}
    assert failed == {FAILS[fault]}, {name: result.text for name, result in found.items()}
    tried = {name for name, result in found.items() if result.status is not Status.NOT_ATTEMPTED}
    assert fault == "base" or tried == set(found)


@slow
@pytest.mark.parametrize("decoy", DECOYS)
def test_a_mended_decoy_is_told(decoy, begun):
    """What was no fault has to stay."""
    before, change, message = DECOYS[decoy]
    lighthouse.write(begun.world, lighthouse.mended(begun.world))
    if change:
        name, old, new = change
        path = begun.world.workspace / REPOSITORY / name
        path.write_bytes(path.read_bytes().replace(old, new))
    result = begun.does("three_rows", before + lighthouse.BUILD.format(more=""))
    assert result.message == getattr(images, message), f"{result.text}\n{begun.output}"


@slow
@pytest.mark.parametrize(
    ("script", "name", "message"),
    [
        ("docker buildx imagetools create -t $REGISTRY/lighthouse/lamp:1 $REGISTRY/lighthouse/lamp:2-rc",
         "version_kept", "MOVED"),
        ("sh capstone/lighthouse/clean.sh lighthouse/log capstone/versions.txt", "version_kept", "BROKEN"),
        ("docker buildx imagetools create -t $REGISTRY/lighthouse/lamp:2-rc --platform linux/amd64,linux/arm64 "
         "$REGISTRY/lighthouse/lamp:2-rc", "three_rows", "PLATFORM_ABSENT"),
    ],
)  # fmt: skip
def test_wrong_ends_are_told(script, name, message, begun):
    """Version 1 moved, version 1 broken by the strangers' cleaner, a platform dropped."""
    lighthouse.write(begun.world, lighthouse.mended(begun.world, ("cleaner",)))
    tries(begun, "three_rows", lighthouse.BUILD.format(more=""))
    result = begun.does(name, script)
    wanted = getattr(images, message, None) or getattr(images._rows, message)
    assert result.message == wanted, f"{result.text}\n{begun.output}"


def test_one_proof_reset_leaves_the_repository(begun):
    """Only a reset of all nine takes it away; that of one is about its own progress."""
    begun.looks_at("fits")
    list(reset.undo([capstone.steps()["fits"]], begun.world))
    assert (begun.world.workspace / REPOSITORY / "README.md").is_file()
