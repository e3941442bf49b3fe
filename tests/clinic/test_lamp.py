"""K03 and K04: one symptom, three causes."""

import dataclasses

import pytest

from lab.course.clinic import _rebuilt, _rows, lamp
from lab.course.clinic._rebuilt import Rebuilt
from lab.model.facts import Binaries

BOTH = ("linux/amd64", "linux/arm64")
TRUE = {"amd64": "amd64", "arm64": "arm64"}


def made(tagged, programs=TRUE, **changes):
    """What the check's own build found."""
    found: tuple[Binaries, ...] = (tagged.holds("lamp", lamp.PROGRAM, **programs),)
    return Rebuilt(folder="files/clinic/lamp", binaries=found, **changes)


@pytest.mark.parametrize("case", [lamp.lamp, lamp.kettle], ids=lambda one: one.name)
@pytest.mark.parametrize(
    ("platforms", "program", "shell", "again", "message"),
    [
        (BOTH, TRUE, TRUE, {}, None),
        (BOTH[:1], {"amd64": "amd64"}, {"amd64": "amd64"}, {}, _rows.LOST_ONE),
        (BOTH, {"amd64": "arm64", "arm64": "arm64"}, TRUE, {}, _rows.NOT_WHAT_IT_SAYS),
        (BOTH, TRUE, {"amd64": "amd64", "arm64": "amd64"}, {}, _rows.NOT_WHAT_IT_SAYS),
        (BOTH, TRUE, TRUE, {"programs": {"amd64": "amd64", "arm64": "amd64"}}, _rebuilt.STILL_IN_FILE),
        (BOTH, TRUE, TRUE, {"programs": {"amd64": "amd64", "arm64": None}}, _rebuilt.STILL_IN_FILE),
        (BOTH, TRUE, TRUE, {"emulated": ("linux/arm64: RUN true",)}, _rebuilt.RIGHT_BUT_EMULATED),
        (BOTH, TRUE, TRUE, {"failed": "ERROR: no such file"}, _rebuilt.BUILD_FAILS),
    ],
)
def test_tag_and_dockerfile_are_both_mended(tagged, says, case, platforms, program, shell, again, message):
    """The programs of each row, the file itself, and no emulation."""
    images = tagged.images(case.name, *platforms, starts=lamp.STARTS)
    programs = tagged.holds(case.name, lamp.PROGRAM, **program), tagged.holds(case.name, lamp.SHELL, **shell)
    assert says(case.step, images, *programs, made(tagged, **again)) == message


def test_the_pass_says_what_was_proven(tagged):
    """With digests."""
    images = tagged.images("lamp", *BOTH, starts=lamp.STARTS)
    proof = lamp.lamp.step.check(images, tagged.holds("lamp", **TRUE), tagged.holds("lamp", **TRUE), made(tagged))
    assert proof.template == lamp.MENDED


def with_seed(world, number):
    env = {"HERE": "linux/amd64", "OTHER": "linux/arm64"}
    return dataclasses.replace(world, seed=number, env=env)


def test_the_two_cases_never_share_a_cause_and_each_is_met(world):
    """Whoever knows one has to search again."""
    seeds = [with_seed(world, number) for number in range(40)]
    pairs = [(lamp.cause_of(one, "lamp"), lamp.cause_of(one, "kettle")) for one in seeds]
    assert all(one != other for one, other in pairs)
    assert {one for one, _ in pairs} == {other for _, other in pairs} == set(lamp.CAUSES)
    assert all(lamp.lamp.fact(one.seed) == lamp._DECIDED[lamp.cause_of(one, "lamp")] for one in seeds)


@pytest.mark.parametrize("cause", lamp.CAUSES)
def test_the_file_differs_from_the_right_one_by_its_cause(world, cause):
    """And what builds it as their machine does differs from it where the machine matters."""
    world = with_seed(world, 1)
    text = lamp.dockerfile(world, cause)
    assert text != lamp._RIGHT
    theirs = lamp.on_their_machine(world, text)
    assert (theirs != text) == (cause != "argument")
    assert "hello-arm64" in theirs or "FROM --platform=linux/arm64" in theirs or "TARGETARCH=arm64" in theirs
