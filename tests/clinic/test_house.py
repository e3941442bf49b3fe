"""K01: a server cannot pull the team's image."""

import pytest

from lab.course.clinic import _rows
from lab.course.clinic import house as cases

BOTH = ("linux/amd64", "linux/arm64")
TRUE = {"amd64": "amd64", "arm64": "arm64"}


@pytest.mark.parametrize(
    ("platforms", "programs", "starts", "message"),
    [
        (BOTH, TRUE, ("/hello",), None),
        ((*BOTH, "linux/riscv64"), TRUE, ("/hello",), None),
        (BOTH[1:], {"arm64": "arm64"}, ("/hello",), _rows.PLATFORM_ABSENT),
        (BOTH[:1], {"amd64": "amd64"}, ("/hello",), _rows.LOST_ONE),
        (("linux/riscv64",), {}, ("/hello",), _rows.PLATFORM_ABSENT),
        (BOTH, {"amd64": "amd64", "arm64": "amd64"}, ("/hello",), _rows.NOT_WHAT_IT_SAYS),
        (BOTH, {"amd64": "amd64", "arm64": None}, ("/hello",), _rows.NO_PROGRAM),
        (BOTH, {"amd64": "amd64", "arm64": "text"}, ("/hello",), _rows.NO_PROGRAM),
        (BOTH, TRUE, ("uname",), _rows.OTHER_IMAGE),
        (BOTH, TRUE, (), _rows.OTHER_IMAGE),
    ],
)
def test_both_machines_pull_and_run_it(tagged, says, platforms, programs, starts, message):
    """Both rows, the team's own image, each program for its row; a third platform does no harm."""
    images = tagged.images("house", *platforms, starts=starts)
    assert says(cases.house.step, tagged.pc, images, tagged.holds("house", **programs)) == message


def test_what_was_lost_is_what_the_other_machine_had(tagged):
    """On an arm64 machine the broken tag had amd64 alone."""
    images = tagged.images("house", "linux/arm64")
    problem = cases.house.step.check(tagged.mac, images, tagged.holds("house", arm64="arm64"))
    assert problem.template == _rows.LOST_ONE
    assert "linux/amd64 is gone" in str(problem)


def test_the_pass_names_the_rows(tagged):
    """With the digest of the index and of each row."""
    proof = cases.house.step.check(tagged.pc, tagged.images("house", *BOTH), tagged.holds("house", **TRUE))
    assert proof.template == cases.MENDED
    assert "sha256:111111111111" in str(proof)
