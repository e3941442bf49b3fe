"""K02: two jobs, one tag."""

import pytest

from lab.course.clinic import tide as cases
from lab.course.clinic.tide import Rehearsal, Rehearsals
from lab.probes.published import Published

REF = "localhost:5000/tide:latest"
BOTH = ("linux/amd64", "linux/arm64")
AMD, ARM = "amd64, arm64", "arm64, amd64"


def runs(first=BOTH, second=BOTH, again=BOTH):
    """What the tag held after each rehearsal; a text is how a script failed."""
    made = [
        Rehearsal(
            order=order, rows=None if isinstance(rows, str) else rows, failed=rows if isinstance(rows, str) else ""
        )
        for order, rows in ((AMD, first), (ARM, second), (ARM, again))
    ]
    return Rehearsals(runs=tuple(made[:2]), again=made[2])


@pytest.mark.parametrize(
    ("platforms", "found", "message"),
    [
        (BOTH, runs(), None),
        (BOTH, runs(again=(*BOTH, "linux/arm64")), cases.ROW_TWICE),
        (BOTH, runs(BOTH, BOTH[:1], BOTH[:1]), cases.ONLY_IN_ORDER),
        (BOTH, runs(BOTH[1:], BOTH[:1], BOTH[:1]), cases.ROW_LOST),
        (BOTH, runs(None, None, None), cases.NOTHING_PUSHED),
        (BOTH, runs("ERROR: no such file", BOTH), cases.SCRIPT_FAILS),
        (BOTH[:1], runs(), cases.NOT_RUN),
        ((), runs(), cases.NOT_RUN),
    ],
)
def test_both_orders_and_a_second_run(fact, says, platforms, found, message):
    """Rehearsed by the check; the learner's own tag is looked at last."""
    index = fact.index(*platforms, name=REF) if platforms else None
    assert says(cases.tide.step, Published(reference=REF, index=index), found) == message


def test_the_pass_says_what_was_proven(fact):
    """With digests."""
    assert (
        cases.tide.step.check(Published(reference=REF, index=fact.index(*BOTH, name=REF)), runs()).template
        == cases.MENDED
    )
