"""K22: a mirror that is no whole copy."""

import dataclasses

import pytest

from lab.course.clinic import pond as cases
from lab.course.clinic.pond import Pin
from lab.errors import Blocked, NotThere
from lab.probes.published import Published

BOTH = ("linux/amd64", "linux/arm64")
REF = "localhost:5000/pond-mirror:1"


def mirror(fact, *platforms, digest="", rows=False):
    """What the mirror has; with a digest of its own, or with other images."""
    index = fact.index(*platforms, name=REF)
    manifests = tuple(dataclasses.replace(row, digest=f"sha256:{'9' * 63}{n}") for n, row in enumerate(index.manifests))
    known = {"digest": digest or index.digest, "manifests": manifests if rows else index.manifests}
    return Published(reference=REF, index=dataclasses.replace(index, **known))


@pytest.mark.parametrize(
    ("platforms", "changed", "source", "pinned", "message"),
    [
        (BOTH, {}, "", "", None),
        (BOTH[:1], {"digest": "sha256:8"}, "", "", cases.ROWS_LOST),
        (BOTH, {"digest": "sha256:8"}, "", "", cases.LIST_DIFFERS),
        (BOTH, {"digest": "sha256:8", "rows": True}, "", "", cases.COPY_DIFFERS),
        (BOTH, {}, "sha256:7", "", cases.SOURCE_MOVED),
        (BOTH, {}, "", "sha256:7", cases.PIN_MOVED),
        ((), {}, "", "", cases.NOTHING_THERE),
    ],
)
def test_a_mirror_has_the_digest_that_is_pinned(fact, says, platforms, changed, source, pinned, message):
    """The list itself, and nothing is moved to fit it."""
    original = fact.index(*BOTH, name="localhost:5000/pond:1")
    copy = mirror(fact, *platforms, **changed) if platforms else Published(reference=REF)
    pin = Pin(written=source or original.digest, now=pinned or original.digest)
    assert says(cases.pond.step, original, copy, pin) == message


def test_the_pass_names_digest_and_rows(fact):
    """And says that the pin holds."""
    original = fact.index(*BOTH)
    proof = cases.pond.step.check(original, mirror(fact, *BOTH), Pin(written=original.digest, now=original.digest))
    assert proof.template == cases.MENDED


def test_each_cause_is_met(world):
    """By some learner."""
    assert {cases.cause_of(dataclasses.replace(world, seed=number)) for number in range(40)} == set(cases.CAUSES)


def test_what_the_scene_noted_is_kept_apart_from_the_learners_file(world):
    """The first digest stays, until a reset; without the file there is nothing to compare."""
    with pytest.raises(NotThere):
        cases.pin(world)
    place = world.workspace / "files" / "clinic" / "pond"
    place.mkdir(parents=True)
    (place / "pinned.txt").write_text("sha256:2\n")
    assert cases.pin(world).written == ""
    cases._DIGEST.write(world, "sha256:1")
    cases._DIGEST.write(world, "sha256:3")
    assert (cases.pin(world).written, cases.pin(world).now) == ("sha256:1", "sha256:2")
    assert cases._DIGEST.remove(world) == cases._DIGEST.read(world) == ""


def test_a_note_that_cannot_be_kept_blocks_the_scene(world):
    """One clear line."""
    world.home.mkdir(parents=True, exist_ok=True)
    (world.home / "clinic").write_text("a file")
    with pytest.raises(Blocked, match="cannot be written"):
        cases._DIGEST.write(world, "sha256:1")
