"""K11: a release that lost a platform."""

import dataclasses

import pytest

from lab.course.clinic import ferry as cases

BOTH = ("linux/amd64", "linux/arm64")


def other(index, digest, *, rows=False):
    """The same index with another digest; with other rows, too."""
    manifests = tuple(dataclasses.replace(row, digest=f"sha256:{'9' * 63}{n}") for n, row in enumerate(index.manifests))
    return dataclasses.replace(index, digest=digest, manifests=manifests if rows else index.manifests)


@pytest.mark.parametrize(
    ("tested", "released", "changed", "message"),
    [
        (BOTH, BOTH, None, None),
        (BOTH[:1], BOTH[:1], None, cases.RC_MOVED),
        (BOTH, BOTH[:1], None, cases.ROWS_LOST),
        (BOTH, BOTH, False, cases.LIST_DIFFERS),
        (BOTH, BOTH, True, cases.COPY_DIFFERS),
    ],
)
def test_what_is_released_is_what_was_tested(fact, says, tested, released, changed, message):
    """Digest for digest; and what was tested is still whole."""
    rc = fact.index(*tested, name="localhost:5000/ferry:rc")
    stable = fact.index(*released, name="localhost:5000/ferry:stable")
    if changed is not None:
        stable = other(stable, f"sha256:{'8' * 64}", rows=changed)
    assert says(cases.ferry.step, rc, stable) == message


def test_the_pass_names_the_digest(fact):
    """And the rows."""
    assert cases.ferry.step.check(fact.index(*BOTH), fact.index(*BOTH)).template == cases.MENDED
