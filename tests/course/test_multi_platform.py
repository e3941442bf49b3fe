"""Lesson 7: one tag for everyone?"""

from dataclasses import replace

import pytest

from lab.course import multi_platform as lesson
from lab.course._text import COMMAND_FAILED
from lab.events import BuildEvents, Vertex
from lab.facts import Binaries, Image, Images
from lab.platforms import Platform

PAIR = ("linux/amd64", "linux/arm64")


@pytest.mark.parametrize(
    ("platforms", "message"),
    [
        (PAIR, None),
        (PAIR[:1], lesson.REPLACED),
        (PAIR[1:], lesson.REPLACED),
        (("linux/amd64", "linux/arm/v7"), lesson.REPLACED),
        ((*PAIR, "linux/riscv64"), lesson.TOO_MANY),
    ],
)
def test_both_platforms_and_no_others(fact, says, platforms, message):
    """One list with just these two; attestations do not count."""
    assert says(lesson.multi_push, fact.index(*platforms, attested=2)) == message


def test_the_replaced_platform_is_explained(fact):
    """Two pushes after one another: the message says what a push does."""
    problem = lesson.multi_push.check(fact.index("linux/amd64", name="localhost:5000/buildx-test"))
    assert "replaces" in str(problem)
    assert problem.values["found"] == "linux/amd64"


def events(*platforms, error=""):
    steps = tuple(
        Vertex(
            digest=f"sha256:{number:064x}",
            name=f"[{name} 1/1] FROM x",
            target=Platform.parse(name),
            error=error and (error, "canceled")[number],
        )
        for number, name in enumerate(platforms)
    )
    return BuildEvents(path="build.json", vertices=steps, seconds=1.0)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (events(*PAIR), None),
        (events("linux/arm64"), lesson.ONE_LANE),
        (events(), lesson.ONE_LANE),
        (events(*PAIR, error="failed to solve: not found"), lesson.BUILD_FAILED),
    ],
)
def test_the_events_of_a_build_for_both(says, found, message):
    """One lane for each platform, and no error."""
    assert says(lesson.read_events, found) == message


def images(fact, *platforms):
    index = fact.index(*platforms)
    each = tuple(
        Image(reference="x", digest=row.digest, platform=row.platform, layers=(f"sha256:{'b' * 64}",))
        for row in index.manifests
    )
    return Images(index=index, images=each)


def test_every_digest_of_the_list_was_seen(fact, says):
    """Short digests are fine; one of two is not."""
    found = images(fact, *PAIR)
    first, second = (row.digest for row in found.index.manifests)
    assert says(lesson.registry_rows, found, fact.printed(f"{first}\n{second[:19]}\n")) is None
    short = f"{first[7:19]} {second[7:19]}"
    assert says(lesson.registry_rows, found, fact.printed(short)) is None
    assert says(lesson.registry_rows, found, fact.printed(short[:-1])) == lesson.LIST_NOT_SEEN
    assert says(lesson.registry_rows, found, fact.printed(first)) == lesson.LIST_NOT_SEEN
    assert says(lesson.registry_rows, found, fact.printed(f"{first} {second}", 1)) == COMMAND_FAILED


@pytest.mark.parametrize(
    ("inside", "output", "status", "message"),
    [
        (PAIR, "linux/amd64 linux/arm64", 0, None),
        (("linux/amd64", "linux/amd64"), "linux/amd64 linux/arm64", 0, lesson.NOT_WHAT_IT_SAYS),
        (("linux/amd64", None), "linux/amd64 linux/arm64", 0, lesson.NOT_WHAT_IT_SAYS),
        (PAIR, "linux/amd64", 0, lesson.NOT_READ),
        (PAIR, "linux/amd64 linux/arm64", 1, COMMAND_FAILED),
    ],
)
def test_each_program_is_for_the_platform_of_its_row(fact, says, inside, output, status, message):
    """The header decides; a label that lies fails, and so does an image without a program."""
    programs = tuple(
        (Platform.parse(row), fact.program(real) if real else None) for row, real in zip(PAIR, inside, strict=True)
    )
    binaries = Binaries(reference="x", programs=programs)
    assert says(lesson.true_programs, binaries, fact.printed(output, status)) == message


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("called:\nx86_64\ncalled:\naarch64\n", None),
        ("x86_64\n", lesson.ONE_ANSWER_ONLY),
        ("x86_64\nexec /bin/sh: exec format error\n", lesson.FORMAT_ERROR_SEEN),
    ],
)
def test_both_images_answered(fact, says, output, message):
    """Both machines' names, or it did not run everywhere."""
    assert says(lesson.run_each, fact.printed(output)) == message


@pytest.mark.parametrize(
    ("platforms", "message"),
    [
        ((*PAIR, "linux/arm/v7"), None),
        (("linux/arm/v7",), lesson.LOST_ONE),
        (("linux/amd64", "linux/arm/v7"), lesson.LOST_ONE),
        (PAIR, lesson.NOT_ADDED),
        ((*PAIR, "linux/arm/v6"), lesson.NOT_ADDED),
        ((*PAIR, "linux/arm/v7", "linux/386"), lesson.TOO_MANY),
    ],
)
def test_the_third_joins_the_first_two(fact, says, platforms, message):
    """All three, no fewer and no more."""
    assert says(lesson.add_third, fact.index(*platforms)) == message


def test_the_pictures_come_from_the_facts(fact):
    """Timeline and table show the platforms that are there, and only those."""
    assert "linux/arm64" in lesson.read_events.picture(events(*PAIR)).text
    assert "linux/arm64" not in lesson.read_events.picture(events("linux/amd64")).text
    table = lesson.registry_rows.picture(images(fact, *PAIR), fact.printed("")).text
    assert "MULTI-PLATFORM" in table
    alone = images(fact, "linux/amd64")
    assert "MULTI-PLATFORM" not in lesson.registry_rows.picture(replace(alone), fact.printed("")).text
