"""Lesson 1: what am I sitting at?"""

import pytest

from lab.course import machine as lesson
from lab.course._text import ANSWER_MISSING, COMMAND_FAILED

PROGRAMS = ("linux/arm64", "linux/riscv64", "linux/arm/v7")


@pytest.mark.parametrize("output", ["x86_64\n", "amd64\n", "Linux host 6.1 x86_64 GNU/Linux\n"])
def test_any_name_of_this_machine_passes(fact, says, output):
    """`uname -m`, `arch` and `dpkg --print-architecture` are all right."""
    assert says(lesson.uname, fact.pc, fact.printed(output, 0, "uname -m")) is None


@pytest.mark.parametrize(
    ("output", "status", "message"),
    [
        ("Linux\n", 0, lesson.NOT_MY_MACHINE),
        ("aarch64\n", 0, lesson.NOT_MY_MACHINE),
        ("", 0, lesson.NOT_MY_MACHINE),
        ("x86_64\n", 1, COMMAND_FAILED),
    ],
)
def test_another_machine_or_none_fails(fact, says, output, status, message):
    """The name must be this machine's, and the command must have worked."""
    assert says(lesson.uname, fact.pc, fact.printed(output, status, "uname -m")) == message


def test_the_words_alone_are_no_answer(fact, says):
    """`echo x86_64` asks nobody, and `docker version` asks somebody else."""
    assert says(lesson.uname, fact.pc, fact.printed("x86_64\n")) == lesson.MACHINE_NOT_ASKED
    assert says(lesson.uname, fact.pc, fact.printed("x86_64\n", 0, "docker version")) == lesson.MACHINE_NOT_ASKED


def test_a_mac_says_arm64(fact, says):
    """On a Mac the kernel says arm64, on Linux aarch64: both are the same."""
    assert says(lesson.uname, fact.mac, fact.printed("arm64\n", 0, "uname -m")) is None
    assert says(lesson.uname, fact.mac, fact.printed("aarch64\n", 0, "uname -m")) is None


@pytest.mark.parametrize(
    ("output", "status", "message"),
    [
        ("linux/amd64\n", 0, None),
        ("OSType: linux\nArchitecture: x86_64\n", 0, None),
        ("darwin/amd64\n", 0, lesson.NOT_THE_ENGINE),
        ("linux\n", 0, lesson.NOT_THE_ENGINE),
        ("linux/arm64\n", 0, lesson.NOT_THE_ENGINE),
        ("linux/amd64\n", 125, COMMAND_FAILED),
    ],
)
def test_the_engine_not_the_client(fact, says, output, status, message):
    """The server's platform counts: a Mac's client says darwin."""
    assert says(lesson.engine_platform, fact.engine, fact.printed(output, status)) == message


HEADER = " 7f 45 4c 46 02 01 01 00 00 00 00 00 00 00 00 00"


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (f"{HEADER}\n 02 00 3e 00\n", None),
        ("files/machine/sample: ELF, x86-64, linux/amd64\n", None),
        (f"{HEADER}\n", lesson.TOO_FEW_BYTES),
        ("-rwxr-xr-x 1 root root 440 sample\n", lesson.NOT_THE_HEADER),
        ("", lesson.NOT_THE_HEADER),
    ],
)
def test_the_header_must_be_seen_as_far_as_the_machine(fact, says, output, message):
    """Sixteen bytes are not enough: the machine stands in bytes 19 and 20."""
    assert says(lesson.own_header, fact.program("linux/amd64"), fact.printed(output)) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("abacus linux/arm64\nlantern linux/riscv64\ncompass linux/arm/v7", None),
        ("Abacus: aarch64\nlantern=riscv64\ncompass armhf", None),
        ("abacus linux/arm64\nlantern\ncompass linux/arm/v7", ANSWER_MISSING),
        ("abacus arm64\nlantern x86\ncompass arm", lesson.ANSWER_UNREADABLE),
        ("abacus arm64\nlantern riscv64\ncompass linux/arm/v6", lesson.ANSWER_WRONG),
        ("abacus amd64\nlantern riscv64\ncompass arm", lesson.ANSWER_WRONG),
    ],
)
def test_the_three_programs(fact, says, text, message):
    """Any name of the right platform is right; the variant of 32-bit Arm counts."""
    facts = [fact.program(platform) for platform in PROGRAMS]
    assert says(lesson.name_programs, fact.answers(text), *facts) == message


def test_a_wrong_answer_is_shown_without_the_right_one(fact):
    """Found against wanted, and nothing given away."""
    facts = [fact.program(platform) for platform in PROGRAMS]
    problem = lesson.name_programs.check(fact.answers("abacus amd64\nlantern arm\ncompass arm"), *facts)
    assert problem.values["found"] == "linux/amd64"
    assert "arm64" not in f"{problem} {problem.values}"
