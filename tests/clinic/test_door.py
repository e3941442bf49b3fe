"""K19: the platform is right."""

import dataclasses

import pytest

from lab.course.clinic import _rows
from lab.course.clinic import door as cases
from lab.course.clinic.door import Start

BOTH = ("linux/amd64", "linux/arm64")
TRUE = {"amd64": "amd64", "arm64": "arm64"}
OPEN = Start(status=0, output=cases.SAYS)


@pytest.mark.parametrize(
    ("platforms", "shell", "start", "message"),
    [
        (BOTH, TRUE, OPEN, None),
        (BOTH, TRUE, Start(status=126, output="exec /open.sh: permission denied"), cases.SAME_FAULT),
        (BOTH, TRUE, Start(status=255, output=""), cases.SAME_FAULT),
        (BOTH, TRUE, Start(status=0, output="hello"), cases.OTHER_WORDS),
        (BOTH, TRUE, Start(status=0, output=""), cases.OTHER_WORDS),
        (BOTH[:1], {"amd64": "amd64"}, OPEN, _rows.LOST_ONE),
        (BOTH, {"amd64": "amd64", "arm64": "amd64"}, OPEN, _rows.NOT_WHAT_IT_SAYS),
    ],
)
def test_it_starts_and_keeps_its_rows(tagged, says, platforms, shell, start, message):
    """A container of it ran here; the other platform lost nothing."""
    images = tagged.images("door", *platforms)
    assert says(cases.door.step, images, tagged.holds("door", "/bin/busybox", **shell), start) == message


def test_the_pass_says_that_it_starts(tagged):
    """With the rows."""
    found = (tagged.images("door", *BOTH), tagged.holds("door", **TRUE), OPEN)
    assert cases.door.step.check(*found).template == cases.MENDED


def test_each_cause_is_met_and_its_files_differ(world):
    """Four ways not to start, none of them the platform."""
    worlds = [dataclasses.replace(world, seed=number) for number in range(60)]
    assert {cases.cause_of(one) for one in worlds} == set(cases.CAUSES)
    assert len({str(cases.texts(one)) for one in worlds}) == len(cases.CAUSES)
