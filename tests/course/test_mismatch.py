"""Lesson 3: why does it not run over there?"""

import pytest

from lab.course import mismatch as lesson
from lab.course._text import ANSWER_MISSING

# as printed by engine 28.5.2
WARNING = (
    "WARNING: The requested image's platform (linux/arm64) does not match the detected host platform "
    "(linux/amd64/v4) and no specific platform was requested\n"
)
REFUSED = "exec /bin/uname: exec format error\n"


@pytest.mark.parametrize(
    ("platforms", "message"),
    [
        (["linux/arm64"], None),
        (["linux/amd64"], lesson.NOT_THE_OTHER),
        (["linux/amd64", "linux/arm64"], lesson.NOT_THE_OTHER),
        (["linux/arm/v7"], lesson.NOT_THE_OTHER),
    ],
)
def test_the_image_is_for_the_other_platform(fact, says, platforms, message):
    """On a PC that is arm64, and arm64 alone."""
    assert says(lesson.foreign_image, fact.pc, fact.index(*platforms)) == message


def test_on_a_mac_the_other_platform_is_amd64(fact, says):
    """The lesson reads the same on both kinds of machine."""
    assert says(lesson.foreign_image, fact.mac, fact.index("linux/amd64")) is None
    assert says(lesson.foreign_image, fact.mac, fact.index("linux/arm64")) == lesson.NOT_THE_OTHER


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (WARNING + REFUSED, None),
        (WARNING + "aarch64\n", None),
        (REFUSED, lesson.NO_WARNING),
        ("x86_64\n", lesson.NO_WARNING),
        (WARNING, lesson.NOTHING_RAN),
        (WARNING + "x86_64\n", lesson.NOTHING_RAN),
    ],
)
def test_the_warning_and_what_follows(fact, says, output, message):
    """With an emulator the program answers, without one the kernel refuses: both are the truth."""
    assert says(lesson.see_warning, fact.pc, fact.printed(output)) == message


@pytest.mark.parametrize(
    ("platform", "output", "message"),
    [
        ("linux/s390x", WARNING + REFUSED, None),
        ("linux/s390x", WARNING + "s390x\n", None),
        ("linux/s390x", REFUSED, lesson.NO_WARNING),
        ("linux/s390x", WARNING, lesson.NO_FORMAT_ERROR),
        ("linux/amd64", WARNING + REFUSED, lesson.NOT_THE_MAINFRAME),
    ],
)
def test_the_mainframe_is_refused(fact, says, platform, output, message):
    """The refusal itself, or, on an engine with that emulator too, its answer."""
    assert says(lesson.see_exec_format_error, fact.index(platform), fact.printed(output)) == message


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (REFUSED + "exit status: 1\n", None),
        ("aarch64\nexit status: 0\n", None),
        (WARNING + REFUSED, lesson.WARNED_ALL_THE_SAME),
        ("docker: no matching manifest\n", lesson.NO_OUTCOME),
    ],
)
def test_platform_silences_the_warning_only(fact, says, output, message):
    """The outcome does not change, the warning goes."""
    assert says(lesson.say_platform, fact.pc, fact.printed(output)) == message


def test_on_a_mac_it_is_amd64_that_answers(fact, says):
    """As a Linux machine of that platform names itself."""
    assert says(lesson.say_platform, fact.mac, fact.printed("x86_64\nexit status: 0\n")) is None
    assert says(lesson.say_platform, fact.mac, fact.printed("amd64\n")) == lesson.NO_OUTCOME
    assert says(lesson.say_platform, fact.pc, fact.printed("x86_64\n")) == lesson.NO_OUTCOME


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("red arm64\ngreen s390x\nblue amd64\nruns blue", None),
        ("runs: Blue\nred: linux/aarch64\ngreen: linux/s390x\nblue: x86_64", None),
        ("red arm64\ngreen s390x\nblue amd64", ANSWER_MISSING),
        ("red x86\ngreen s390x\nblue amd64\nruns blue", lesson.ANSWER_UNREADABLE),
        ("red amd64\ngreen s390x\nblue arm64\nruns blue", lesson.ANSWER_WRONG),
        ("red arm64\ngreen s390x\nblue amd64\nruns red", lesson.RUNS_WRONG),
        ("red arm64\ngreen s390x\nblue amd64\nruns all", lesson.RUNS_UNKNOWN),
    ],
)
def test_which_of_the_three(fact, says, text, message):
    """Three platforms and the one that is mine."""
    tags = [fact.index(platform) for platform in ("linux/arm64", "linux/s390x", "linux/amd64")]
    assert says(lesson.which_runs, fact.pc, fact.answers(text), *tags) == message
