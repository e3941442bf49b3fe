"""K08: a builder with settings of its own."""

import dataclasses

import pytest

from lab.course.clinic import cellar as cases
from lab.course.clinic._builders import Set
from lab.errors import Blocked
from lab.model.facts import Exported
from lab.probes.published import Published

REF = "localhost:5000/cellar:latest"
BOTH = ("linux/amd64", "linux/arm64")
INDEX = f"sha256:{'f' * 64}"
MADE = Set(name=cases.BUILDER, driver="docker-container", network="host")


def done(*digests):
    return Exported(builder=cases.BUILDER, digests=digests, worked=len(digests), refused=2)


@pytest.mark.parametrize(
    ("builder", "record", "platforms", "message"),
    [
        (MADE, done(INDEX), BOTH, None),
        (Set(name=cases.BUILDER), done(), (), cases.NO_BUILDER),
        (MADE, done(), (), cases.NOTHING_PUSHED),
        (MADE, done(INDEX), BOTH[:1], cases.ONE_ROW),
        (MADE, done(), BOTH, cases.OTHER_BUILDER),
        (MADE, done("sha256:other"), BOTH, cases.OTHER_BUILDER),
    ],
)
def test_that_builder_fetched_and_pushed(fact, says, builder, record, platforms, message):
    """By its own record."""
    index = fact.index(*platforms, name=REF) if platforms else None
    assert says(cases.cellar.step, builder, record, Published(reference=REF, index=index)) == message


def test_the_pass_names_the_builder(fact):
    """And the rows."""
    found = (MADE, done(INDEX), Published(reference=REF, index=fact.index(*BOTH, name=REF)))
    assert cases.cellar.step.check(*found).template == cases.MENDED


@pytest.mark.parametrize("registry", ["localhost:5000", "127.0.0.1:5000", "docker.io/ana"])
def test_where_no_certificate_is_asked_for_it_is_blocked(world, registry):
    """The fault cannot be there."""
    cases.asks_for_a_certificate(dataclasses.replace(world, registry="10.0.0.1:5005"))
    with pytest.raises(Blocked, match="certificate"):
        cases.asks_for_a_certificate(dataclasses.replace(world, registry=registry))
