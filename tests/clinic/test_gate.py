"""K13: a consumer that takes no list."""

import dataclasses

import pytest

from lab.course.clinic import gate as cases
from lab.model.facts import Images

BOTH = ("linux/amd64", "linux/arm64")


def plain(tagged, platform="linux/amd64", starts=("/hello",), *, index=False):
    """What `fn:lambda` stands for."""
    found = tagged.images("fn", platform, starts=starts)
    rows = found.index.images
    return Images(
        index=found.index if index else dataclasses.replace(found.index, is_index=False, manifests=rows),
        images=found.images,
    )


def latest(tagged, *platforms, attested=True):
    """What everybody else pulls."""
    found = tagged.images("fn", *platforms)
    manifests = found.index.manifests if attested else found.index.images
    return Images(index=dataclasses.replace(found.index, manifests=manifests), images=found.images)


@pytest.mark.parametrize(
    ("one", "holds", "others", "message"),
    [
        ({}, "amd64", {}, None),
        ({"index": True}, "amd64", {}, cases.STILL_A_LIST),
        ({"platform": "linux/arm64"}, "amd64", {}, cases.WRONG_PLATFORM),
        ({}, "arm64", {}, cases.OTHER_FILES),
        ({}, None, {}, cases.OTHER_FILES),
        ({"starts": ("/gate.sh",)}, "amd64", {}, cases.OTHER_FILES),
        ({}, "amd64", {"attested": False}, cases.LOST_NOTES),
        ({}, "amd64", {"platforms": BOTH[:1]}, cases.LOST_ROWS),
    ],
)
def test_one_consumer_gets_its_image_and_nobody_else_loses_anything(tagged, says, one, holds, others, message):
    """A plain manifest of the same program; the index keeps rows and attestations."""
    platforms = others.pop("platforms", BOTH)
    facts = (plain(tagged, **one), latest(tagged, *platforms, **others))
    assert says(cases.gate.step, *facts, tagged.holds("fn", amd64=holds), tagged.holds("fn", amd64="amd64")) == message


def test_layers_of_another_builder_are_of_the_same_files(tagged):
    """A builder keeps the dates of what it has cached."""
    one = plain(tagged)
    dated = dataclasses.replace(one, images=(dataclasses.replace(one.images[0], layers=("sha256:bb",)),))
    program = tagged.holds("fn", amd64="amd64")
    assert cases.gate.step.check(dated, latest(tagged, *BOTH), program, program).template == cases.MENDED
