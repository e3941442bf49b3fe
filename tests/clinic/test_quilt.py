"""K24: a list of one format."""

import dataclasses

import pytest

from lab.course.clinic import _rows
from lab.course.clinic import quilt as cases
from lab.images.build.images import INDEX, MANIFEST

BOTH = ("linux/amd64", "linux/arm64")
TRUE = {"amd64": "amd64", "arm64": "arm64"}
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"


def listed(tagged, platforms, types, kind=INDEX, *, is_index=True):
    """A list of that type, its rows of these types in turn."""
    images = tagged.images("quilt", *platforms)
    rows = tuple(
        dataclasses.replace(row, media_type=types[place % len(types)])
        for place, row in enumerate(images.index.manifests)
        if not row.is_attestation
    )
    index = dataclasses.replace(images.index, media_type=kind, manifests=rows, is_index=is_index)
    return dataclasses.replace(images, index=index)


@pytest.mark.parametrize(
    ("platforms", "types", "kind", "programs", "message"),
    [
        (BOTH, (MANIFEST,), INDEX, TRUE, None),
        (BOTH, (DOCKER,), DOCKER_LIST, TRUE, None),
        (BOTH, (DOCKER, MANIFEST), INDEX, TRUE, cases.STILL_MIXED),
        (BOTH, (MANIFEST, DOCKER), DOCKER_LIST, TRUE, cases.STILL_MIXED),
        (BOTH, (DOCKER,), INDEX, TRUE, cases.OTHER_LIST),
        (BOTH, (MANIFEST,), DOCKER_LIST, TRUE, cases.OTHER_LIST),
        (BOTH[:1], (MANIFEST,), INDEX, {"amd64": "amd64"}, _rows.LOST_ONE),
        (BOTH, (MANIFEST,), INDEX, {"amd64": "arm64", "arm64": "arm64"}, _rows.NOT_WHAT_IT_SAYS),
    ],
)
def test_a_list_and_its_rows_are_of_one_format(tagged, says, platforms, types, kind, programs, message):
    """Docker's or OCI's, with both platforms."""
    found = (listed(tagged, platforms, types, kind), tagged.holds("quilt", **programs))
    assert says(cases.quilt.step, *found) == message


def test_what_is_no_list_does_not_pass(tagged, says):
    """Whatever it says of its platforms."""
    found = listed(tagged, BOTH, (MANIFEST,), MANIFEST, is_index=False)
    assert says(cases.quilt.step, found, tagged.holds("quilt", **TRUE)) == cases.NO_LIST


@pytest.mark.parametrize(("types", "kind", "name"), [(MANIFEST, INDEX, "OCI"), (DOCKER, DOCKER_LIST, "Docker")])
def test_the_pass_names_the_format(tagged, types, kind, name):
    """And the rows."""
    proof = cases.quilt.step.check(listed(tagged, BOTH, (types,), kind), tagged.holds("quilt", **TRUE))
    assert proof.template == cases.MENDED
    assert proof.values["format"] == name
