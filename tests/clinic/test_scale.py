"""K06: a base without the third platform."""

import pytest

from lab.course.clinic import _rows
from lab.course.clinic import scale as cases

THREE = ("linux/amd64", "linux/arm64", "linux/arm/v7")
TRUE = {"amd64": "amd64", "arm64": "arm64", "arm_v7": "arm/v7"}


@pytest.mark.parametrize(
    ("platforms", "programs", "starts", "message"),
    [
        (THREE, TRUE, cases.STARTS, None),
        (THREE[:2], {"amd64": "amd64", "arm64": "arm64"}, cases.STARTS, _rows.PLATFORM_ABSENT),
        (THREE[2:], {"arm_v7": "arm/v7"}, cases.STARTS, _rows.LOST_ONE),
        (THREE[1:], {"arm64": "arm64", "arm_v7": "arm/v7"}, cases.STARTS, _rows.LOST_ONE),
        (THREE, TRUE | {"arm_v7": "amd64"}, cases.STARTS, _rows.NOT_WHAT_IT_SAYS),
        (THREE, TRUE, ("cat",), _rows.OTHER_IMAGE),
    ],
)
def test_three_rows_each_with_its_own_base(tagged, says, platforms, programs, starts, message):
    """The two that were there, and the third."""
    images = tagged.images("scale", *platforms, starts=starts)
    assert says(cases.scale.step, images, tagged.holds("scale", "/bin/busybox", **programs)) == message


def test_the_pass_names_the_rows(tagged):
    """All three."""
    proof = cases.scale.step.check(tagged.images("scale", *THREE, starts=cases.STARTS), tagged.holds("scale", **TRUE))
    assert proof.template == cases.MENDED
    assert "linux/arm/v7" in str(proof)
