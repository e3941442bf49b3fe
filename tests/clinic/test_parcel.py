"""K07: a builder with a network of its own."""

import dataclasses

import pytest

from lab.course.clinic import parcel as cases
from lab.course.clinic._builders import Set
from lab.errors import Blocked
from lab.model.facts import Exported
from lab.probes.published import Published

REF = "localhost:5000/parcel:latest"
BOTH = ("linux/amd64", "linux/arm64")
INDEX = f"sha256:{'f' * 64}"


def made(network="host", driver="docker-container"):
    return Set(name=cases.BUILDER, driver=driver, network=network)


def done(*digests):
    return Exported(builder=cases.BUILDER, digests=digests, worked=len(digests), refused=1)


@pytest.mark.parametrize(
    ("builder", "record", "platforms", "message"),
    [
        (made(), done(INDEX), BOTH, None),
        (made(driver=""), done(), (), cases.NO_BUILDER),
        (made("bridge"), done(), (), cases.STILL_DEAF),
        (made(""), done(), (), cases.STILL_DEAF),
        (made(), done(), (), cases.NOTHING_PUSHED),
        (made(), done(INDEX), BOTH[:1], cases.ONE_ROW),
        (made(), done("sha256:other"), BOTH, cases.OTHER_BUILDER),
        (made("bridge"), done(), BOTH, cases.OTHER_BUILDER),
        (made("bridge"), done(INDEX), BOTH, cases.STILL_DEAF),
    ],
)
def test_that_builder_pushed_it(fact, says, builder, record, platforms, message):
    """By its own record, in the host's network, with both rows."""
    index = fact.index(*platforms, name=REF) if platforms else None
    assert says(cases.parcel.step, builder, record, Published(reference=REF, index=index)) == message


def test_the_pass_names_the_builder(fact):
    """And the rows."""
    found = (made(), done(INDEX), Published(reference=REF, index=fact.index(*BOTH, name=REF)))
    assert cases.parcel.step.check(*found).template == cases.MENDED


def test_a_registry_elsewhere_blocks_it(world):
    """An account at Docker Hub is on no port of this machine."""
    cases.on_this_machine(world)
    with pytest.raises(Blocked, match="elsewhere"):
        cases.on_this_machine(dataclasses.replace(world, registry="docker.io/ana"))
