"""K18: a bake file of which a list gets lost."""

import dataclasses

import pytest

from lab.course.clinic import _rows
from lab.course.clinic import choir as cases
from lab.course.clinic.choir import Plan
from lab.model.platforms import Platform

BOTH = ("linux/amd64", "linux/arm64")
TRUE = {"amd64": "amd64", "arm64": "arm64"}
PAIR = frozenset(map(Platform.parse, BOTH))


@pytest.mark.parametrize(
    ("plan", "platforms", "programs", "message"),
    [
        (Plan(platforms=PAIR), BOTH, TRUE, None),
        (Plan(platforms=frozenset()), BOTH, TRUE, cases.STILL_IN_FILE),
        (Plan(platforms=frozenset({Platform.parse("linux/amd64")})), BOTH, TRUE, cases.STILL_IN_FILE),
        (Plan(platforms=frozenset(), failed="ERROR: line 3"), BOTH, TRUE, cases.FILE_UNREADABLE),
        (Plan(platforms=PAIR), BOTH[:1], {"amd64": "amd64"}, _rows.PLATFORM_ABSENT),
        (Plan(platforms=PAIR), BOTH, {"amd64": "amd64", "arm64": "amd64"}, _rows.NOT_WHAT_IT_SAYS),
    ],
)
def test_the_file_says_it_and_the_tag_has_it(tagged, says, plan, platforms, programs, message):
    """The file alone, without options; then the tag."""
    images = tagged.images("choir", *platforms)
    assert says(cases.choir.step, plan, images, tagged.holds("choir", **programs)) == message


def test_the_pass_says_what_was_proven(tagged):
    """With digests."""
    found = (Plan(platforms=PAIR), tagged.images("choir", *BOTH), tagged.holds("choir", **TRUE))
    assert cases.choir.step.check(*found).template == cases.MENDED


def test_each_cause_is_met_and_its_file_differs(world):
    """Three files; each names both platforms somewhere."""
    env = {"HERE": "linux/amd64", "OTHER": "linux/arm64"}
    worlds = [dataclasses.replace(world, seed=number, env=env) for number in range(40)]
    assert {cases.cause_of(one) for one in worlds} == set(cases.CAUSES)
    files = {cause: cases.bake_file(worlds[0], cause) for cause in cases.CAUSES}
    assert len(set(files.values())) == len(cases.CAUSES)
    assert all("linux/arm64" in text for text in files.values())
