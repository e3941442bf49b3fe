"""K09: an old copy, or an old tag."""

import dataclasses

import pytest

from lab.course.clinic import parrot as cases
from lab.course.clinic.parrot import Kept

HERE = ("linux/amd64",)
INDEX, OTHER = f"sha256:{'f' * 64}", f"sha256:{'e' * 64}"
ROW = f"sha256:{'1' * 64}"


@pytest.mark.parametrize(
    ("own", "starts", "rows", "message"),
    [
        (Kept(starts=cases.NEW, digests=(INDEX,)), cases.NEW, ROW, None),
        (Kept(starts=cases.NEW, digests=(OTHER, ROW)), cases.NEW, ROW, None),
        (Kept(starts=(), digests=()), cases.NEW, ROW, cases.GONE),
        (Kept(starts=cases.OLD, digests=(INDEX,)), cases.NEW, ROW, cases.STILL_OLD),
        (Kept(starts=cases.NEW, digests=(INDEX,)), cases.OLD, ROW, cases.NOT_RELEASED),
        (Kept(starts=cases.NEW, digests=(INDEX,)), cases.NEW, OTHER, cases.REBUILT),
        (Kept(starts=cases.NEW, digests=()), cases.NEW, ROW, cases.COPY_DIFFERS),
        (Kept(starts=cases.NEW, digests=(OTHER,)), cases.NEW, ROW, cases.COPY_DIFFERS),
    ],
)
def test_the_released_image_is_here_and_there(tagged, says, own, starts, rows, message):
    """The engine's copy, the tag that is run, and the tag that was released."""
    images = tagged.images("parrot", *HERE, starts=starts)
    released = tagged.index(*HERE, name="localhost:5000/parrot:1.1")
    first = dataclasses.replace(released.manifests[0], digest=rows)
    released = dataclasses.replace(released, manifests=(first, *released.manifests[1:]))
    assert says(cases.parrot.step, own, images, released) == message


def test_the_pass_names_the_digest(tagged):
    """That of the release."""
    images = tagged.images("parrot", *HERE, starts=cases.NEW)
    own = Kept(starts=cases.NEW, digests=(INDEX,))
    assert cases.parrot.step.check(own, images, images.index).template == cases.MENDED
