"""K10: a base that only the engine has."""

import dataclasses

import pytest

from lab.course.clinic import _rows
from lab.course.clinic import attic as cases
from lab.course.clinic.attic import Stack
from lab.model.facts import Images

BOTH = ("linux/amd64", "linux/arm64")
BASE = ("sha256:aa", "sha256:bb")


def with_layers(images, layers):
    return Images(index=images.index, images=tuple(dataclasses.replace(one, layers=layers) for one in images.images))


def stack(tagged, image=BOTH, base=BOTH, layers=(*BASE, "sha256:cc"), starts=cases.STARTS):
    """The image, and its base, as the registry has them."""
    own = with_layers(tagged.images("attic", *image, starts=starts), layers) if image else None
    below = with_layers(tagged.images("attic-base", *base), BASE) if base else None
    return Stack(image=own, base=below, ref="localhost:5000/attic:latest", base_ref="localhost:5000/attic-base:1")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, None),
        ({"image": ()}, cases.NOTHING_PUSHED),
        ({"image": BOTH[:1]}, _rows.PLATFORM_ABSENT),
        ({"base": ()}, cases.BASE_UNSEEN),
        ({"base": BOTH[:1]}, cases.BASE_LACKS),
        ({"layers": ("sha256:aa", "sha256:zz", "sha256:cc")}, cases.OTHER_BASE),
        ({"layers": ()}, cases.OTHER_BASE),
        ({"layers": BASE}, cases.OTHER_BASE),
        ({"starts": ("sh",)}, _rows.OTHER_IMAGE),
    ],
)
def test_the_image_stands_on_the_base_that_all_can_find(tagged, says, changes, message):
    """Layer by layer, for each platform."""
    assert says(cases.attic.step, stack(tagged, **changes)) == message


def test_the_pass_names_the_base(tagged):
    """And the rows."""
    assert cases.attic.step.check(stack(tagged)).template == cases.MENDED
