"""K23: rows for two versions of Windows."""

import dataclasses

import pytest

from lab.course.clinic import pane as cases
from lab.model.facts import Manifest

OLD, NEW = "10.0.17763", "10.0.20348"


def index(fact, *rows, linux=True):
    """A list of rows for Windows, (part, version), and one for Linux."""
    known = fact.index(
        *(["linux/amd64"] if linux else []), *["windows/amd64"] * len(rows), name="localhost:5000/pane:1"
    )
    images = list(known.images)
    for place, (part, version) in enumerate(rows, start=int(linux)):
        images[place] = dataclasses.replace(images[place], digest=f"sha256:{part}", os_version=version)
    return dataclasses.replace(known, manifests=tuple(images))


def part(fact, name):
    """The image of a version."""
    return dataclasses.replace(
        fact.index("windows/amd64", name=f"localhost:5000/pane:ltsc{name}"), digest=f"sha256:{name}", is_index=False
    )


@pytest.mark.parametrize(
    ("rows", "linux", "message"),
    [
        ((("2019", OLD), ("2022", NEW)), True, None),
        ((("2022", f"{NEW}.2582"), ("2019", f"{OLD}.6054")), True, None),
        ((("2019", ""), ("2022", "")), True, cases.NO_VERSION),
        ((("2019", OLD), ("2022", "")), True, cases.NO_VERSION),
        ((("2019", NEW), ("2022", OLD)), True, cases.OTHER_VERSION),
        ((("2019", OLD), ("2022", "10.0.2034")), True, cases.OTHER_VERSION),
        ((("2019", OLD), ("2022", f"{NEW}0")), True, cases.OTHER_VERSION),
        ((("2022", NEW),), True, cases.IMAGE_GONE),
        ((), True, cases.IMAGE_GONE),
        ((("2019", OLD), ("2022", NEW)), False, cases.LINUX_GONE),
    ],
)
def test_each_row_names_the_version_of_its_image(fact, says, rows, linux, message):
    """With a revision or without; the image for Linux stays."""
    assert says(cases.pane.step, index(fact, *rows, linux=linux), part(fact, "2019"), part(fact, "2022")) == message


def test_the_pass_names_versions(fact):
    """With digests."""
    proof = cases.pane.step.check(index(fact, ("2019", OLD), ("2022", NEW)), part(fact, "2019"), part(fact, "2022"))
    assert proof.template == cases.MENDED
    assert OLD in proof.values["versions"]


def test_a_row_may_name_a_version_of_windows():
    """As registries have it; what is no text is taken as it prints."""
    row = {"digest": "sha256:1", "platform": {"os": "windows", "architecture": "amd64", "os.version": f"{OLD}.1"}}
    assert Manifest.from_json(row).os_version == f"{OLD}.1"
    assert Manifest.from_json({**row, "platform": {"os": "windows", "architecture": "amd64"}}).os_version == ""
    assert Manifest.from_json({"digest": "sha256:1"}).os_version == ""
