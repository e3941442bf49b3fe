"""What am I sitting at?"""

from __future__ import annotations

from lab.course._did import asked_the_engine, asked_the_machine, read_the_header
from lab.course._text import failed, first_line, unanswered, without_variant
from lab.facts import Binary, Engine, Machine, Transcript
from lab.made import File
from lab.platforms import architectures_in, given
from lab.probes import binary, engine, host
from lab.probes.host import Answers
from lab.steps import Problem, Proof, Verdict, step

ANSWERS = "files/machine/answers.txt"
PROGRAMS = ("abacus", "lantern", "compass")
SAMPLE = "files/machine/sample"
_MACHINE_FIELD = 20  # bytes of an ELF header up to and with the field that names the machine
_BEGINS = ("7f454c46", "457f464c")  # the first four bytes, as hex dumps print them: by the byte, by the word
_NAMES_X86_64 = ("02003e00", "0002003e")  # bytes 17 to 20 of the sample, in the same two ways

MACHINE_NOT_ASKED = "None of the commands that ran asks this machine what it is."
THIS_MACHINE = "The kernel of this machine calls it {name}: its platform is {platform}."
NOT_MY_MACHINE = "What was printed names no architecture, or not this machine's."
ENGINE_NOT_ASKED = "None of the commands that ran asks the engine for its platform."
NOT_THE_ENGINE = "What was printed is not the platform that the engine runs containers for."
THE_ENGINE = "The engine, version {version}, runs containers for {platform}."
HEADER_NOT_READ = "None of the commands that ran reads {path}."
TOO_FEW_BYTES = "The bytes that were printed end before the field that names the machine."
NOT_THE_HEADER = "What was printed does not show which machine the program is for."
THE_HEADER = "The header of {path} says that this program is for {platform}."
ANSWER_UNREADABLE = "The answer for {name} is not a platform as Docker writes it."
ANSWER_WITHOUT_VARIANT = "The answer for {name} names 32-bit Arm, but not which variant of it."
ANSWER_WRONG = "The file {name} says something else."
THREE_PROGRAMS = "abacus is for {abacus}, lantern for {lantern} and compass for {compass}: their own bytes say so."


@step(
    host.machine(),
    host.transcript("uname"),
    solution="uname -m",
    hints=[
        "The kernel knows what kind of machine it runs on, and one small program asks it.",
        "That program is called uname; its manual lists what each option prints.",
    ],
)
def uname(machine: Machine, printed: Transcript) -> Verdict:
    """Ask your machine what kind of machine it is."""
    if problem := failed(printed):
        return problem
    if not asked_the_machine(printed):
        return Problem(MACHINE_NOT_ASKED, found=first_line(printed), wanted="a program that asks the kernel")
    if machine.platform.architecture not in architectures_in(printed.output):
        wanted = "a machine name, such as x86_64, aarch64 or arm64"
        return Problem(NOT_MY_MACHINE, found=first_line(printed), wanted=wanted)
    return Proof(THIS_MACHINE, name=machine.name, platform=machine.platform)


@step(
    engine.info(),
    host.transcript("engine_platform"),
    solution="docker version --format '{{.Server.Os}}/{{.Server.Arch}}'",
    hints=[
        "Two programs take part: the docker command (the client) and the engine (the server).",
        "The subcommand `version` prints what both of them are.",
    ],
)
def engine_platform(server: Engine, printed: Transcript) -> Verdict:
    """Ask the Docker engine which platform it runs containers for."""
    if problem := failed(printed):
        return problem
    if not asked_the_engine(printed):
        return Problem(ENGINE_NOT_ASKED, found=first_line(printed), wanted="what the engine says of itself")
    named = server.platform.architecture in architectures_in(printed.output)
    if not named or server.platform.os not in printed.output.lower():
        wanted = "the operating system and architecture of the server"
        return Problem(NOT_THE_ENGINE, found=first_line(printed), wanted=wanted)
    return Proof(THE_ENGINE, version=server.version, platform=server.platform)


@step(
    binary.file(SAMPLE),
    host.transcript("own_header"),
    solution="od -An -tx1 -N20 files/machine/sample\nlab file files/machine/sample",
    hints=[
        "The answer is in the first 20 bytes of the file.",
        "`od` prints a file's bytes; `lab file` reads them for you.",
    ],
)
def own_header(sample: Binary, printed: Transcript) -> Verdict:
    """Read in a program's own header which machine it was made for."""
    assert sample.platform  # noqa: S101 - a rule test reads the file that the lesson ships
    if not read_the_header(printed, SAMPLE):
        return Problem(HEADER_NOT_READ, found=first_line(printed), wanted=f"the header of {SAMPLE}", path=SAMPLE)
    digits = "".join(printed.output.lower().split())
    if sample.platform.architecture in architectures_in(printed.output) or any(
        field in digits for field in _NAMES_X86_64
    ):
        return Proof(THE_HEADER, path=SAMPLE, platform=sample.platform)
    if any(mark in digits for mark in _BEGINS):
        wanted = f"at least {_MACHINE_FIELD} bytes"
        return Problem(TOO_FEW_BYTES, found=first_line(printed).strip(), wanted=wanted)
    return Problem(NOT_THE_HEADER, found=first_line(printed), wanted=f"the header of {SAMPLE}")


@step(
    host.answers(ANSWERS),
    *(binary.file(f"files/machine/{name}") for name in PROGRAMS),
    solution=f"""
        cat > {ANSWERS} <<END
        abacus linux/arm64
        lantern linux/riscv64
        compass linux/arm/v7
        END
    """,
    hints=[
        "Each of the three has a header like the one that you just read.",
        "32-bit Arm has variants. The header does not name them: a program's Arm attributes do.",
        "`lab file` takes several files at once.",
    ],
    exercise=True,
    makes=[File(ANSWERS)],
)
def name_programs(answers: Answers, *programs: Binary) -> Verdict:
    """Write down the platform of the programs abacus, lantern and compass."""
    if problem := unanswered(answers, PROGRAMS):
        return problem
    for name, program in zip(PROGRAMS, programs, strict=True):
        answer = given(answers[name])
        if answer is None:
            return Problem(ANSWER_UNREADABLE, found=answers[name], wanted="OS/ARCH or OS/ARCH/VARIANT", name=name)
        if answer != program.platform:
            return Problem(ANSWER_WRONG, found=answer, wanted=f"the platform that the file {name} names", name=name)
        if without_variant(answers[name]):
            return Problem(ANSWER_WITHOUT_VARIANT, found=answers[name], wanted="OS/ARCH/VARIANT", name=name)
    return Proof(THREE_PROGRAMS, **{name: one.platform for name, one in zip(PROGRAMS, programs, strict=True)})
