"""K05: a base that is pinned to a row."""

import dataclasses

import pytest

from lab.course.clinic import _rows
from lab.course.clinic import bakery as cases
from lab.course.clinic.bakery import Base

BOTH = ("linux/amd64", "linux/arm64")
TRUE = {"amd64": "amd64", "arm64": "arm64"}
PINNED = f"localhost:5000/library/busybox:1.38@sha256:{'f' * 64}"


@pytest.mark.parametrize(
    ("name", "there", "platforms", "programs", "message"),
    [
        (PINNED, "index", BOTH, TRUE, None),
        (PINNED, "row", BOTH, TRUE, cases.PINNED_ONE),
        (PINNED, "", BOTH, TRUE, cases.NO_SUCH_BASE),
        ("busybox:1.38", "index", BOTH, TRUE, cases.NOT_PINNED),
        ("", "", BOTH, TRUE, cases.NO_BASE),
        (PINNED, "index", BOTH[:1], {"amd64": "amd64"}, _rows.LOST_ONE),
        (PINNED, "index", BOTH, {"amd64": "amd64", "arm64": "amd64"}, _rows.NOT_WHAT_IT_SAYS),
    ],
)
def test_the_base_stays_pinned_and_the_rows_are_true(tagged, says, name, there, platforms, programs, message):
    """The list is pinned; each row has the shell of its platform."""
    index = tagged.index(*(BOTH if there == "index" else BOTH[:1]), name=name) if there else None
    if index and there == "row":
        index = dataclasses.replace(index, is_index=False)
    images = tagged.images("bakery", *platforms, starts=cases.STARTS)
    shells = tagged.holds("bakery", "/bin/busybox", **programs)
    assert says(cases.bakery.step, Base(name=name, index=index), images, shells) == message


def test_the_pass_names_both_digests(tagged):
    """Of the base, and of the tag."""
    base = Base(name=PINNED, index=tagged.index(*BOTH, name=PINNED))
    images = tagged.images("bakery", *BOTH, starts=cases.STARTS)
    assert cases.bakery.step.check(base, images, tagged.holds("bakery", **TRUE)).template == cases.MENDED
