"""K12: a cleaner that deletes what an index lists."""

import dataclasses

import pytest

from lab.course.clinic import _rows
from lab.course.clinic import broom as cases
from lab.course.clinic.broom import Cleaned
from lab.errors import Blocked

BOTH = ("linux/amd64", "linux/arm64")
WELL = Cleaned(tag=True, rows=True, old=False)


@pytest.mark.parametrize(
    ("found", "platforms", "whole", "starts", "message"),
    [
        (WELL, BOTH, True, cases.STARTS, None),
        (Cleaned(failed="curl: not found"), BOTH, True, cases.STARTS, cases.SCRIPT_FAILS),
        (Cleaned(rows=True, old=False), BOTH, True, cases.STARTS, cases.TAG_GONE),
        (Cleaned(tag=True, old=False), BOTH, True, cases.STARTS, cases.ROWS_DELETED),
        (Cleaned(tag=True, rows=True), BOTH, True, cases.STARTS, cases.STILL_THERE),
        (WELL, BOTH, False, cases.STARTS, cases.ROW_GONE),
        (WELL, BOTH[:1], True, cases.STARTS, _rows.LOST_ONE),
        (WELL, BOTH, True, ("sh",), _rows.OTHER_IMAGE),
    ],
)
def test_what_is_used_stays_and_what_is_old_goes(tagged, says, found, platforms, whole, starts, message):
    """The script is run again by the check; the learner's own tag has its images."""
    images = tagged.images("broom", *platforms, starts=starts)
    images = images if whole else dataclasses.replace(images, images=())
    assert says(cases.broom.step, found, images) == message


def test_the_pass_names_the_rows(tagged):
    """And the digest."""
    assert cases.broom.step.check(WELL, tagged.images("broom", *BOTH)).template == cases.MENDED


def test_without_curl_it_is_blocked(world):
    """No mistake of the learner's."""
    with pytest.raises(Blocked, match="curl"):
        cases.has_curl(dataclasses.replace(world, env={"PATH": "/nowhere"}))
