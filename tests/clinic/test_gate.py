"""K13: a consumer that takes no list."""

import dataclasses

import pytest

from lab.course.clinic import gate as cases
from lab.model.facts import Images

BOTH = ("linux/amd64", "linux/arm64")


def plain(tagged, platform="linux/amd64", layers=("sha256:aa",), *, index=False):
    """What `fn:lambda` stands for."""
    found = tagged.images("fn", platform)
    images = tuple(dataclasses.replace(one, diff_ids=layers) for one in found.images)
    rows = found.index.images
    return Images(
        index=found.index if index else dataclasses.replace(found.index, is_index=False, manifests=rows), images=images
    )


def latest(tagged, *platforms, attested=True):
    """What everybody else pulls."""
    found = tagged.images("fn", *platforms)
    images = tuple(dataclasses.replace(one, diff_ids=("sha256:aa",)) for one in found.images)
    manifests = found.index.manifests if attested else found.index.images
    return Images(index=dataclasses.replace(found.index, manifests=manifests), images=images)


@pytest.mark.parametrize(
    ("one", "others", "message"),
    [
        ({}, {}, None),
        ({"index": True}, {}, cases.STILL_A_LIST),
        ({"platform": "linux/arm64"}, {}, cases.WRONG_PLATFORM),
        ({"layers": ("sha256:bb",)}, {}, cases.OTHER_LAYERS),
        ({"layers": ()}, {}, cases.OTHER_LAYERS),
        ({}, {"attested": False}, cases.LOST_NOTES),
        ({}, {"platforms": BOTH[:1]}, cases.LOST_ROWS),
    ],
)
def test_one_consumer_gets_its_image_and_nobody_else_loses_anything(tagged, says, one, others, message):
    """A plain manifest of the same files; the index keeps rows and attestations."""
    platforms = others.pop("platforms", BOTH)
    assert says(cases.gate.step, plain(tagged, **one), latest(tagged, *platforms, **others)) == message


def test_the_pass_names_both(tagged):
    """The plain image, and the list."""
    assert cases.gate.step.check(plain(tagged), latest(tagged, *BOTH)).template == cases.MENDED
