"""K15: an image for a Pi Zero."""

import dataclasses

import pytest

from lab.course.clinic import _rows
from lab.course.clinic import pebble as cases
from lab.model.facts import Binaries
from lab.model.platforms import Platform

BOTH = ("linux/arm64", "linux/arm/v6")


def holds(tagged, v6, arm64="arm64"):
    """Both programs; "" is one for an Arm that does not say which."""
    found = tagged.holds("pebble", cases.PROGRAM, arm64=arm64, arm_v6=v6 or "arm/v7")
    if v6:
        return found
    silent = [
        (row, one if row == _rows.ARM else dataclasses.replace(one, platform=Platform("linux", "arm")))
        for row, one in found.programs
    ]
    return Binaries(reference=found.reference, programs=tuple(silent))


@pytest.mark.parametrize(
    ("platforms", "v6", "arm64", "message"),
    [
        (BOTH, "arm/v6", "arm64", None),
        (BOTH, "arm/v5", "arm64", None),
        (BOTH, "arm/v7", "arm64", cases.STILL_TOO_NEW),
        (BOTH, "", "arm64", cases.NO_LEVEL),
        (BOTH, "arm64", "arm64", _rows.NOT_WHAT_IT_SAYS),
        (BOTH, "arm/v6", "arm/v6", _rows.NOT_WHAT_IT_SAYS),
        (BOTH, "text", "arm64", _rows.NO_PROGRAM),
        (("linux/arm64", "linux/arm/v7"), "arm/v6", "arm64", _rows.LOST_ONE),
        (("linux/arm/v6",), "arm/v6", "arm64", _rows.LOST_ONE),
    ],
)
def test_the_row_for_armv6_holds_a_program_for_it(tagged, says, platforms, v6, arm64, message):
    """Or for an older one; the other row stays."""
    images = tagged.images("pebble", *platforms, starts=cases.STARTS)
    assert says(cases.pebble.step, images, holds(tagged, v6, arm64)) == message


def test_another_image_does_not_pass(tagged, says):
    """The right programs, and something else is started."""
    images = tagged.images("pebble", *BOTH, starts=("/bin/true",))
    assert says(cases.pebble.step, images, holds(tagged, "arm/v6")) == _rows.OTHER_IMAGE


def test_the_pass_names_rows_and_platform(tagged):
    """With digests."""
    found = (tagged.images("pebble", *BOTH, starts=cases.STARTS), holds(tagged, "arm/v6"))
    assert cases.pebble.step.check(*found).template == cases.MENDED


def test_each_cause_is_met_and_its_file_differs(world):
    """Three files, which all look as if somebody had thought of it."""
    worlds = [dataclasses.replace(world, seed=number) for number in range(40)]
    assert {cases.cause_of(one) for one in worlds} == set(cases.CAUSES)
    files = {cases.dockerfile(cause) for cause in cases.CAUSES}
    assert len(files) == len(cases.CAUSES)
    assert all("GOARM=" in text for text in files)
