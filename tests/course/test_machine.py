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
    assert says(lesson.engine_platform, fact.engine, fact.printed(output, status, "docker info")) == message


@pytest.mark.parametrize("call", ["uname -sm", "docker buildx version", "docker run busybox info", "curl localhost"])
def test_who_was_not_asked_cannot_have_answered(fact, says, call):
    """On a Linux machine `uname -sm` prints the same words, and asks no engine."""
    printed = fact.printed("Linux x86_64\n", 0, call)
    assert says(lesson.engine_platform, fact.engine, printed) == lesson.ENGINE_NOT_ASKED


@pytest.mark.parametrize(
    "call", ["docker version", "docker system info", "curl --unix-socket /run/docker.sock http:/info"]
)
def test_the_engine_is_asked_in_more_than_one_way(fact, says, call):
    """By `docker version`, by `docker info`, at its socket."""
    assert says(lesson.engine_platform, fact.engine, fact.printed("linux/amd64\n", 0, call)) is None


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
    printed = fact.printed(output, 0, "od -An -tx1 files/machine/sample")
    assert says(lesson.own_header, fact.program("linux/amd64"), printed) == message


DUMPS = {
    "od -An -tx1 -N20 files/machine/sample": f"{HEADER}\n 02 00 3e 00\n",
    "xxd -l 20 machine/sample": "00000000: 7f45 4c46 0201 0100\n00000010: 0200 3e00                   ..>.\n",
    "hexdump -n 20 sample": "0000000 457f 464c 0102 0001\n0000010 0002 003e\n",
    "readelf -h ../machine/sample": "  Machine:      Advanced Micro Devices X86-64\n",
    "lab file files/machine/sample": "files/machine/sample: ELF program for x86-64: linux/amd64, static\n",
}


@pytest.mark.parametrize("call", DUMPS)
def test_any_program_that_reads_the_header_is_right(fact, says, call):
    """By the byte, by the word, or in words."""
    assert says(lesson.own_header, fact.program("linux/amd64"), fact.printed(DUMPS[call], 0, call)) is None


def test_a_header_may_come_through_a_pipe(fact, says):
    """A program that names no file reads what the command gives it."""
    printed = fact.printed(f"{HEADER} 02 00 3e 00", 0, "od -A n -t x1", command="head -c 20 files/machine/sample | od")
    assert says(lesson.own_header, fact.program("linux/amd64"), printed) is None


@pytest.mark.parametrize(
    ("call", "command"),
    [
        ("uname -m", "uname -m"),
        ("lab file /bin/ls", "lab file /bin/ls; ls files/machine/sample"),
        ("lab file files/machine/samples", ""),
        ("xxd -l 20", "xxd -l 20 </bin/ls"),
    ],
)
def test_another_files_header_is_another_files(fact, says, call, command):
    """Most programs of a PC are for x86-64; the step is about one of them."""
    printed = fact.printed("x86-64\n", 0, call, command=command)
    assert says(lesson.own_header, fact.program("linux/amd64"), printed) == lesson.HEADER_NOT_READ


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("abacus linux/arm64\nlantern linux/riscv64\ncompass linux/arm/v7", None),
        ("Abacus: aarch64\nlantern=riscv64\ncompass armhf", None),
        ("abacus\tlinux/arm64\nlantern \t riscv64\n\tcompass\tlinux/arm/v7\t", None),
        ("abacus arm64\nlantern riscv64\ncompass linux/arm", lesson.ANSWER_WITHOUT_VARIANT),
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


def test_a_pass_says_what_was_proven(fact):
    """With the names and platforms that were found."""
    pc, programs = fact.printed("x86_64", 0, "uname -m"), [fact.program(platform) for platform in PROGRAMS]
    answers = fact.answers("abacus arm64\nlantern riscv64\ncompass armhf")
    dump = fact.printed("x86-64", 0, "file files/machine/sample")
    proofs = [
        (lesson.uname.check(fact.pc, pc), lesson.THIS_MACHINE, "linux/amd64"),
        (
            lesson.engine_platform.check(fact.engine, fact.printed("linux/amd64", 0, "docker info")),
            lesson.THE_ENGINE,
            "28.5.2",
        ),
        (lesson.own_header.check(fact.program("linux/amd64"), dump), lesson.THE_HEADER, "linux/amd64"),
        (lesson.name_programs.check(answers, *programs), lesson.THREE_PROGRAMS, "compass for linux/arm/v7"),
    ]
    assert all(proof.template == template and named in str(proof) for proof, template, named in proofs)
