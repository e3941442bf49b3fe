"""Lesson 1: what am I sitting at?"""

import os

import pytest

from lab.course import machine as lesson
from lab.course._pushed import NOT_PUSHED, OTHER_NAME, Unpushed
from lab.course._text import ANSWER_MISSING, COMMAND_FAILED
from lab.course.workspace import sources
from lab.errors import Blocked
from lab.model.platforms import Platform
from lab.probes import binary, host, rehearsal
from lab.probes.rehearsal import Printed

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
    assert says(lesson.own_header, fact.program("linux/amd64"), printed, fact.pc) == message


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
    assert says(lesson.own_header, fact.program("linux/amd64"), fact.printed(DUMPS[call], 0, call), fact.pc) is None


def test_a_header_may_come_through_a_pipe(fact, says):
    """A program that names no file reads what the command gives it."""
    printed = fact.printed(f"{HEADER} 02 00 3e 00", 0, "od -A n -t x1", command="head -c 20 files/machine/sample | od")
    assert says(lesson.own_header, fact.program("linux/amd64"), printed, fact.pc) is None


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
    assert says(lesson.own_header, fact.program("linux/amd64"), printed, fact.pc) == lesson.HEADER_NOT_READ


@pytest.mark.parametrize(
    ("platform", "dump"),
    [
        ("linux/arm64", "02 00 b7 00"),
        ("linux/arm64", "0002 00b7"),
        ("linux/riscv64", "0200 f300"),
        ("linux/riscv64", "linux/riscv64"),
    ],
)
def test_each_learners_sample_is_read_by_its_own_bytes(fact, says, platform, dump):
    """By the byte or by the word; another machine's bytes are not its own."""
    printed = fact.printed(f"{HEADER}\n {dump}\n", 0, "od -An -tx1 files/machine/sample")
    assert says(lesson.own_header, fact.program(platform), printed, fact.pc) is None
    assert says(lesson.own_header, fact.program("linux/amd64"), printed, fact.pc) == lesson.TOO_FEW_BYTES


TEXT = "abacus linux/arm64 b7 00\nlantern linux/riscv64 f3 00\ncompass linux/arm/v7 28 00"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TEXT, None),
        ("Abacus: aarch64 b700\nlantern=riscv64 0x00f3\ncompass 28 00 armhf", None),
        ("abacus\tlinux/arm64\t b7 00\nlantern \t riscv64 (f3 00)\n\tcompass\tlinux/arm/v7, 28 00\t", None),
        (TEXT.replace("/v7", ""), lesson.ANSWER_WITHOUT_VARIANT),
        (TEXT.replace("linux/riscv64 f3 00", ""), ANSWER_MISSING),
        (TEXT.replace("linux/riscv64", "x86"), lesson.ANSWER_UNREADABLE),
        (TEXT.replace("v7", "v6"), lesson.ANSWER_WRONG),
        (TEXT.replace("arm64", "amd64"), lesson.ANSWER_WRONG),
        (TEXT.replace(" f3 00", ""), lesson.WITNESS_MISSING),
        (TEXT.replace(" f3 00", " f3"), lesson.WITNESS_MISSING),
        (TEXT.replace("f3 00", "28 00"), lesson.WITNESS_WRONG),
        (TEXT.replace("f3 00", "3e 00").replace("arm64", "amd64"), lesson.WITNESS_WRONG),
    ],
)
def test_the_three_programs(fact, says, text, message):
    """Any name of the right platform is right; the variant of 32-bit Arm counts, and so do the bytes."""
    facts = [fact.program(platform) for platform in PROGRAMS]
    assert says(lesson.name_programs, fact.answers(text), *facts) == message


def test_no_row_is_told_before_the_bytes_are_right(fact):
    """Whoever guesses learns only that some bytes are not those of the files."""
    facts = [fact.program(platform) for platform in PROGRAMS]
    problem = lesson.name_programs.check(fact.answers(TEXT.replace("b7 00", "3e 00").replace("arm64", "amd64")), *facts)
    assert problem.template == lesson.WITNESS_WRONG
    assert not any(name in str(problem) or name in problem.values["wanted"] for name in lesson.PROGRAMS)


def test_a_wrong_answer_is_shown_without_the_right_one(fact):
    """Found against wanted, and nothing given away."""
    facts = [fact.program(platform) for platform in PROGRAMS]
    problem = lesson.name_programs.check(fact.answers(TEXT.replace("arm64", "amd64")), *facts)
    assert problem.values["found"] == "linux/amd64"
    assert "arm64" not in f"{problem} {problem.values}"


@pytest.mark.parametrize(
    ("platforms", "message"),
    [
        (["linux/amd64", "linux/arm64"], None),
        (["linux/amd64", "linux/arm64", "linux/arm/v7"], None),
        (["linux/amd64"], lesson.NOT_FOR_BOTH),
    ],
)
def test_the_end_first_is_one_tag_for_both(fact, says, platforms, message):
    """More than both is both, too."""
    assert says(lesson.glimpse, fact.index(*platforms, attested=1)) == message


def test_an_image_that_is_not_there_is_told(says):
    """Built and not pushed, or under another name."""
    ref = "localhost:5000/hello"
    assert says(lesson.glimpse, Unpushed(reference=ref, built=(ref,))) == NOT_PUSHED
    assert says(lesson.glimpse, Unpushed(reference=ref, built=("hullo",))) == OTHER_NAME


def test_the_truth_of_each_prediction_is_found_in_the_facts(fact):
    """The engine's name, and whether the sample is for the machine that it lies on."""
    name = lesson.engine_platform.predict.truth(fact.engine, fact.printed(""))
    assert (name.answer, name.template) == ("amd64", lesson.DOCKERS_NAME)
    foreign = lesson.own_header.predict.truth(fact.program("linux/arm64"), fact.printed(""), fact.pc)
    assert (foreign.answer, foreign.template) == ("Another architecture", lesson.HEADER_IS_FOREIGN)
    ours = lesson.own_header.predict.truth(fact.program("linux/arm64"), fact.printed(""), fact.mac)
    assert (ours.answer, ours.template) == ("This machine's architecture", lesson.HEADER_IS_OURS)


OTHER = Platform.parse("linux/riscv64")


@pytest.mark.parametrize(
    ("here", "there", "status", "message"),
    [
        ("linux/amd64", "linux/riscv64", (0, 0), None),
        ("linux/x86_64", "linux/riscv64", (0, 0), lesson.WHICH_NOT_HERE),
        ("amd64", "riscv64", (0, 0), lesson.WHICH_NOT_HERE),
        ("", "", (0, 0), lesson.WHICH_NOT_HERE),
        ("linux/amd64", "linux/amd64", (0, 0), lesson.WHICH_NOT_THERE),
        ("no such command", "", (127, 127), lesson.WHICH_FAILED),
        ("linux/amd64", "cannot connect", (0, 1), lesson.WHICH_FAILED),
    ],
)
def test_the_mended_script_says_what_the_engine_says(fact, says, here, there, status, message):
    """Here and with another engine; the kernel's name for it is not Docker's."""
    script = Printed(path=lesson.WHICH, here=here, there=there, other=OTHER, status=status[0], other_status=status[1])
    assert says(lesson.mend_which, fact.engine, script) == message


@pytest.mark.parametrize(("says", "status", "template"), [("", 1, lesson.GIVES_UP), ("linux/amd64", 0, lesson.GUESSES)])
def test_a_good_script_does_not_guess(fact, says, status, template):
    """Where no engine answers, a word with exit status 0 would be believed."""
    script = Printed(path=lesson.WHICH, here="linux/amd64", there="x", other=OTHER, alone=says, alone_status=status)
    found = lesson.mend_which.good(fact.engine, script)
    assert found.template == template
    assert says in str(found)


def test_a_script_is_rehearsed_with_no_engine_too(world_with):
    """It is asked nothing but what it prints then, and how it ends."""
    path = {"PATH": os.environ["PATH"]}
    world = world_with(env=path)
    script = world.workspace / lesson.WHICH
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text('echo "at $DOCKER_HOST"; exit 3')
    found = rehearsal.printed(lesson.WHICH)(world)
    assert (found.alone, found.alone_status) == ("at tcp://127.0.0.1:1", 3)
    assert [one.asked.partition(" (")[2] for one in found.evidence][1:] == [
        "with an engine for linux/riscv64)",
        "where no engine answers)",
    ]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_each_learner_has_three_programs_and_a_foreign_sample(world_with, seed):
    """All three are there under some name; answers that stand there keep them where they are."""
    world = world_with(seed=seed)
    lesson.name_programs.prepare(world)
    lesson.own_header.prepare(world)
    assert {binary.file(f"files/machine/{name}")(world).platform for name in lesson.PROGRAMS} == set(
        map(Platform.parse, PROGRAMS)
    )
    assert binary.file(lesson.SAMPLE)(world).platform != host.this_machine().linux
    before = [(world.workspace / f"files/machine/{name}").read_bytes() for name in lesson.PROGRAMS]
    (world.workspace / lesson.ANSWERS).write_text("abacus linux/arm64")
    lesson.name_programs.prepare(world_with(seed=seed + 1))
    assert before == [(world.workspace / f"files/machine/{name}").read_bytes() for name in lesson.PROGRAMS]


def test_a_program_that_was_spoilt_is_laid_anew_and_a_reset_brings_the_lessons_own(world):
    """Nobody's work goes into it. Where it cannot be written, the step is blocked and nothing breaks."""
    place = world.workspace / lesson.SAMPLE
    lesson.own_header.prepare(world)
    laid = place.read_bytes()
    place.write_text("not a program")
    lesson.own_header.prepare(world)
    assert (place.read_bytes(), place.stat().st_mode & 0o777) == (laid, 0o755)
    (given,) = lesson.own_header.makes
    assert given.remove(world) == ""
    assert place.read_bytes() == sources()[lesson.SAMPLE].read_bytes()
    place.unlink()
    place.mkdir()
    with pytest.raises(Blocked, match="cannot be written"):
        lesson.own_header.prepare(world)


def test_seeds_give_the_names_to_other_programs(world_with):
    """What a neighbour has written down is no answer here."""
    orders = set()
    for seed in (1, 2, 3):
        lesson.name_programs.prepare(world_with(seed=seed))
        orders.add(tuple(binary.file(f"files/machine/{n}")(world_with()).platform for n in lesson.PROGRAMS))
    assert len(orders) > 1


def test_a_pass_says_what_was_proven(fact):
    """With the names and platforms that were found."""
    pc, programs = fact.printed("x86_64", 0, "uname -m"), [fact.program(platform) for platform in PROGRAMS]
    answers = fact.answers(TEXT)
    dump = fact.printed("x86-64", 0, "file files/machine/sample")
    both = lesson.glimpse.check(fact.index("linux/amd64", "linux/arm64"))
    which = Printed(path=lesson.WHICH, here="linux/amd64", there="linux/riscv64", other=OTHER)
    proofs = [
        (both, lesson.ONE_TAG_FOR_BOTH, "linux/amd64, linux/arm64"),
        (lesson.mend_which.check(fact.engine, which), lesson.WHICH_ASKS, "an engine for linux/riscv64"),
        (lesson.uname.check(fact.pc, pc), lesson.THIS_MACHINE, "linux/amd64"),
        (
            lesson.engine_platform.check(fact.engine, fact.printed("linux/amd64", 0, "docker info")),
            lesson.THE_ENGINE,
            "28.5.2",
        ),
        (lesson.own_header.check(fact.program("linux/amd64"), dump, fact.pc), lesson.THE_HEADER, "linux/amd64"),
        (lesson.name_programs.check(answers, *programs), lesson.THREE_PROGRAMS, "compass for linux/arm/v7"),
    ]
    assert all(proof.template == template and named in str(proof) for proof, template, named in proofs)
