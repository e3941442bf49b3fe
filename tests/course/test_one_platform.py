"""Lesson 2: what did my build make?"""

import pytest

from lab.course import one_platform as lesson
from lab.course._text import COMMAND_FAILED

RIGHT = "rows 1\nplatform linux/arm/v7"


@pytest.mark.parametrize(
    ("platforms", "message"),
    [
        (["linux/amd64"], None),
        (["linux/arm64"], lesson.FOREIGN_PLATFORM),
        (["linux/amd64", "linux/arm64"], lesson.SEVERAL_PLATFORMS),
        ([], lesson.NO_PLATFORM),
    ],
)
def test_a_plain_build_is_for_this_machine_alone(fact, says, platforms, message):
    """One row, and it is mine."""
    assert says(lesson.build_test, fact.pc, fact.index(*platforms)) == message


def test_attestations_are_no_platform(fact, says):
    """`unknown/unknown` beside the image is not counted."""
    assert says(lesson.build_test, fact.pc, fact.index("linux/amd64", attested=1)) is None


def test_on_a_mac_the_engine_is_linux(fact, says):
    """A Mac's build is for linux/arm64, not darwin/arm64."""
    assert says(lesson.build_test, fact.mac, fact.index("linux/arm64")) is None
    assert says(lesson.build_test, fact.mac, fact.index("linux/amd64")) == lesson.FOREIGN_PLATFORM


@pytest.mark.parametrize(
    ("output", "status", "message"),
    [
        ("linux/amd64\n", 0, None),
        ('"Architecture": "amd64",\n', 0, None),
        ("linux\n", 0, lesson.CONFIG_NOT_SEEN),
        ("linux/arm64\n", 0, lesson.CONFIG_NOT_SEEN),
        ("linux/amd64\n", 1, COMMAND_FAILED),
    ],
)
def test_the_configuration_names_the_platform(fact, says, output, status, message):
    """The architecture of the image must have been printed."""
    assert says(lesson.image_config, fact.index("linux/amd64"), fact.printed(output, status)) == message


def test_the_registrys_list_is_known_by_its_digests(fact, says):
    """Any command that shows the registry's digests has asked it; a list of local images has not."""
    index = fact.index("linux/amd64")
    step = lesson.registry_list
    assert says(step, index, fact.printed(f"Digest: {index.digest}\n")) is None
    assert says(step, index, fact.printed(f"linux/amd64  {index.manifests[0].digest[7:19]}\n")) is None
    assert says(step, index, fact.printed("build-test latest 1.1MB\n")) == lesson.LIST_NOT_SEEN
    assert says(step, index, fact.printed(index.digest, 1)) == COMMAND_FAILED


@pytest.mark.parametrize(
    ("platforms", "text", "message"),
    [
        (["linux/arm/v7"], RIGHT, None),
        (["linux/arm/v7"], "platform: armhf\nrows = 1", None),
        (["linux/amd64"], RIGHT, lesson.NOT_FOR_THE_PI),
        (["linux/arm/v6"], RIGHT, lesson.NOT_FOR_THE_PI),
        (["linux/amd64", "linux/arm/v7"], RIGHT, lesson.NOT_FOR_THE_PI),
        (["linux/arm/v7"], "rows 1", lesson.PREDICTION_MISSING),
        (["linux/arm/v7"], "rows 2\nplatform linux/arm/v7", lesson.PREDICTED_ROWS),
        (["linux/arm/v7"], "rows 1\nplatform linux/arm64", lesson.PREDICTED_PLATFORM),
    ],
)
def test_prediction_and_build_must_agree(fact, says, platforms, text, message):
    """The tag must be for the Pi, and the prediction must be what came out."""
    assert says(lesson.predict, fact.index(*platforms, attested=1), fact.answers(text)) == message
