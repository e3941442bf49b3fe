"""What am I sitting at?"""

from __future__ import annotations

import re

from lab.course._did import asked_the_engine, asked_the_machine, read_the_header
from lab.course._given import Given
from lab.course._pushed import Unpushed, pushed
from lab.course._seeded import chosen, shuffled
from lab.course._text import failed, first_line, unanswered, without_variant
from lab.course.leftovers import File, Tag
from lab.course.workspace import sources
from lab.model.digests import brief
from lab.model.facts import Binary, Engine, Index, Machine, Transcript
from lab.model.platforms import Platform, architectures_in, given, listed
from lab.model.steps import Prediction, Problem, Proof, Truth, Verdict, step
from lab.model.world import World
from lab.probes import binary, engine, host, needs, registry, rehearsal
from lab.probes.host import Answers
from lab.probes.rehearsal import Printed

ANSWERS = "files/machine/answers.txt"
PROGRAMS = ("abacus", "lantern", "compass")
SAMPLE = "files/machine/sample"
WHICH = "files/machine/which.sh"
BOTH = frozenset(map(Platform.parse, ("linux/amd64", "linux/arm64")))
_MACHINE_FIELD = 20  # bytes of an ELF header up to and with the field that names the machine
_BEGINS = ("7f454c46", "457f464c")  # the first four bytes, as hex dumps print them: by the byte, by the word
# Bytes 19 and 20 of a program for that architecture.
_FIELD = {"amd64": "3e00", "arm64": "b700", "arm": "2800", "riscv64": "f300"}
# Which of the lesson's files is for which architecture; the sample is one that this machine cannot be.
_SAMPLES = {"amd64": "sample", "arm64": "abacus", "riscv64": "lantern"}

NOT_FOR_BOTH = "The tag {ref} is not for both platforms."
ONE_TAG_FOR_BOTH = "{ref} is one tag (digest {digest}) for two kinds of machine: {platforms}."
MACHINE_NOT_ASKED = "None of the commands that ran asks this machine what it is."
THIS_MACHINE = "The kernel of this machine calls it {name}: its platform is {platform}."
NOT_MY_MACHINE = "What was printed names no architecture, or not this machine's."
ENGINE_NOT_ASKED = "None of the commands that ran asks the engine for its platform."
NOT_THE_ENGINE = "What was printed is not the platform that the engine runs containers for."
THE_ENGINE = "The engine, version {version}, runs containers for {platform}."
DOCKERS_NAME = "The engine uses Docker's own name for the architecture, {architecture}, whatever the kernel calls it."
HEADER_NOT_READ = "None of the commands that ran reads {path}."
TOO_FEW_BYTES = "The bytes that were printed end before the field that names the machine."
NOT_THE_HEADER = "What was printed does not show which machine the program is for."
THE_HEADER = "The header of {path} says that this program is for {platform}."
HEADER_IS_FOREIGN = "It names {platform}, and this machine is {machine}: a file keeps what it was compiled for."
HEADER_IS_OURS = "It names {platform}, as this machine is."
ANSWER_UNREADABLE = "The answer for {name} is not a platform as Docker writes it."
ANSWER_WITHOUT_VARIANT = "The answer for {name} names 32-bit Arm, but not which variant of it."
ANSWER_WRONG = "The file {name} says something else."
WITNESS_MISSING = "The answer for {name} names no bytes of its header."
WITNESS_WRONG = "The bytes in the answers are not all those that stand in the files."
THREE_PROGRAMS = "abacus is for {abacus}, lantern for {lantern} and compass for {compass}: their own bytes say so."
WHICH_FAILED = "{path} ends with an error."
WHICH_NOT_HERE = "{path} does not print this engine's platform as Docker writes it."
WHICH_NOT_THERE = "With an engine on another machine, {path} prints something else than that engine's platform."
WHICH_ASKS = "{path} prints {here} here and {there} with an engine for {there}, so it asks the engine."

GIVES_UP = "Where no engine answers, {path} ends with exit status {status}: whatever calls it knows that it failed."
GUESSES = "Where no engine answers, {path} prints {said} and ends with exit status 0: whatever calls it believes that."


@step(
    pushed(registry.index("hello"), "hello", "glimpse"),
    solution="""
        docker buildx build --platform linux/amd64,linux/arm64 -t $REGISTRY/hello --push files/one-platform
        lab show hello
    """,
    hints=["The command stands in the cell: run it as it is."],
    needs=[needs.engine, needs.several_platforms],
    makes=[Tag("hello")],
)
def glimpse(index: Index | Unpushed) -> Verdict:
    """Build an image for two kinds of machine, push it as $REGISTRY/hello, and look at it."""
    if isinstance(index, Unpushed):
        return index.problem
    if not index.platforms >= BOTH:
        return Problem(NOT_FOR_BOTH, found=listed(index.platforms), wanted=listed(BOTH), ref=index.reference)
    return Proof(ONE_TAG_FOR_BOTH, ref=index.reference, digest=brief(index.digest), platforms=listed(index.platforms))


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


def _dockers_name(server: Engine, _printed: Transcript) -> Truth:
    architecture = server.platform.architecture
    return Truth(architecture, DOCKERS_NAME, architecture=architecture)


@step(
    engine.info(),
    host.transcript("engine_platform"),
    solution="docker version --format '{{.Server.Os}}/{{.Server.Arch}}'",
    gap="docker version --format '{{.____.Os}}/{{.____.Arch}}'",
    hints=[
        "Two programs take part: the docker command (the client) and the engine (the server).",
        "Without `--format` the answer has one heading for each of the two.",
    ],
    predict=Prediction(
        question="Which name will the engine give to its architecture?",
        options=("x86_64", "amd64", "aarch64", "arm64", "arm"),
        truth=_dockers_name,
    ),
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


def _origin(name: str) -> bytes:
    return sources()[f"files/machine/{name}"].read_bytes()


def _foreign(world: World) -> bytes:
    own = host.this_machine().platform.architecture
    return _origin(chosen(world, "own_header", [name for arch, name in _SAMPLES.items() if arch != own]))


_SAMPLE_GIVEN = Given(SAMPLE, _foreign, program=True)


def _whose(sample: Binary, _printed: Transcript, machine: Machine) -> Truth:
    assert sample.platform  # noqa: S101 - a rule test reads the files that the lesson ships
    ours = sample.platform == machine.linux
    answer, template = (_OURS, HEADER_IS_OURS) if ours else (_FOREIGN, HEADER_IS_FOREIGN)
    return Truth(answer, template, platform=sample.platform, machine=machine.linux)


_OURS, _FOREIGN = "This machine's architecture", "Another architecture"


@step(
    binary.file(SAMPLE),
    host.transcript("own_header"),
    host.machine(),
    solution="od -An -tx1 -N20 files/machine/sample\nlab file files/machine/sample",
    hints=[
        "The answer is in the first 20 bytes of the file.",
        "`od` prints a file's bytes; `lab file` reads them for you.",
    ],
    prepare=_SAMPLE_GIVEN.lay,
    makes=[_SAMPLE_GIVEN],
    predict=Prediction(
        question="The file `sample` lies on this machine. What will its header name?",
        options=(_OURS, _FOREIGN, "Nothing: only running a program shows what it is for"),
        truth=_whose,
    ),
)
def own_header(sample: Binary, printed: Transcript, machine: Machine) -> Verdict:
    """Read in a program's own header which machine it was made for."""
    del machine  # the prediction asks for it
    assert sample.platform  # noqa: S101 - a rule test reads the files that the lesson ships
    if not read_the_header(printed, SAMPLE):
        return Problem(HEADER_NOT_READ, found=first_line(printed), wanted=f"the header of {SAMPLE}", path=SAMPLE)
    architecture, digits = sample.platform.architecture, "".join(printed.output.lower().split())
    field = _FIELD[architecture]
    # bytes 17 to 20, as hex dumps print them: by the byte, by the word
    if architecture in architectures_in(printed.output) or any(
        dumped in digits for dumped in (f"0200{field}", f"0002{_swapped(field)}")
    ):
        return Proof(THE_HEADER, path=SAMPLE, platform=sample.platform)
    if any(mark in digits for mark in _BEGINS):
        wanted = f"at least {_MACHINE_FIELD} bytes"
        return Problem(TOO_FEW_BYTES, found=first_line(printed).strip(), wanted=wanted)
    return Problem(NOT_THE_HEADER, found=first_line(printed), wanted=f"the header of {SAMPLE}")


def _swapped(field: str) -> str:
    return field[2:] + field[:2]


def _program(number: int) -> Given:
    """One of three programs under one of three names, in this learner's own order."""

    def text(world: World) -> bytes:
        return _origin(shuffled(world, "name_programs", PROGRAMS)[number])

    return Given(f"files/machine/{PROGRAMS[number]}", text, program=True)


_PROGRAMS_GIVEN = tuple(map(_program, range(len(PROGRAMS))))


def _lay_programs(world: World) -> None:
    """Where answers stand already, the programs stay."""
    file = world.workspace / ANSWERS
    text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
    if not any(answer for _, answer in Answers.from_text(ANSWERS, text).given):
        for program in _PROGRAMS_GIVEN:
            program.lay(world)


@step(
    host.answers(ANSWERS),
    *(binary.file(f"files/machine/{name}") for name in PROGRAMS),
    solution=f"""
        for name in {" ".join(PROGRAMS)}; do
            platform=$(lab file "files/machine/$name" | grep -o 'linux/[a-z0-9/]*')
            bytes=$(od -An -tx1 -j18 -N2 "files/machine/$name")
            echo "$name $platform $bytes"
        done > {ANSWERS}
    """,
    hints=[
        "Each of the three has a header like the one that you just read: `od` shows the two bytes.",
        "32-bit Arm has variants. The header does not name them: a program's Arm attributes do.",
        "`lab file` reads header and attributes, and takes several files at once.",
    ],
    exercise=True,
    prepare=_lay_programs,
    makes=[*_PROGRAMS_GIVEN, File(ANSWERS)],
)
def name_programs(answers: Answers, *programs: Binary) -> Verdict:
    """Write down the platforms of abacus, lantern and compass, each with the bytes of its header that say so."""
    if problem := unanswered(answers, PROGRAMS) or _without_witness(answers, programs):
        return problem
    for name, program in zip(PROGRAMS, programs, strict=True):
        said, _ = _told(answers[name])
        answer = given(said)
        if answer is None:
            return Problem(ANSWER_UNREADABLE, found=said, wanted="OS/ARCH or OS/ARCH/VARIANT", name=name)
        if answer != program.platform:
            return Problem(ANSWER_WRONG, found=answer, wanted=f"the platform that the file {name} names", name=name)
        if without_variant(said):
            return Problem(ANSWER_WITHOUT_VARIANT, found=said, wanted="OS/ARCH/VARIANT", name=name)
    return Proof(THREE_PROGRAMS, **{name: one.platform for name, one in zip(PROGRAMS, programs, strict=True)})


def _without_witness(answers: Answers, programs: tuple[Binary, ...]) -> Problem | None:
    """A problem where an answer has no bytes, or some answer has others than its file; which one is not said."""
    bytes_of = {name: _told(answers[name])[1] for name in PROGRAMS}
    for name, said in bytes_of.items():
        if not said:
            return Problem(WITNESS_MISSING, found=answers[name], wanted="bytes 19 and 20 of the file", name=name)
    fields = [_FIELD[program.platform.architecture] for program in programs if program.platform]
    if any(said not in (field, _swapped(field)) for said, field in zip(bytes_of.values(), fields, strict=True)):
        found = ", ".join(f"{said[:2]} {said[2:]}" for said in bytes_of.values())
        return Problem(WITNESS_WRONG, found=found, wanted="bytes 19 and 20 of each of the three files")
    return None


def _told(answer: str) -> tuple[str, str]:
    """An answer's platform, and its bytes as four hexadecimal digits ("" for none); either may come first."""
    words = [word for word in re.split(r"[\s,;()]+", answer.lower()) if word]
    digits = [word.removeprefix("0x") for word in words if re.fullmatch(r"(0x)?([0-9a-f]{2}|[0-9a-f]{4})", word)]
    bytes_ = "".join(digits)
    others = [word for word in words if word.removeprefix("0x") not in digits]
    return " ".join(others), bytes_ if len(bytes_) == 4 else ""


def _honest(_server: Engine, script: Printed) -> Verdict:
    """Does the mended script say so, where there is nobody to ask?"""
    if script.alone_status:
        return Proof(GIVES_UP, path=script.path, status=script.alone_status)
    said = _first(script.alone)
    return Problem(GUESSES, found="exit status 0", wanted="another exit status", path=script.path, said=said)


@step(
    engine.info(),
    rehearsal.printed(WHICH),
    solution=f"""
        cat > {WHICH} <<'END'
        #!/bin/sh
        # Prints the platform that our containers run on, as Docker writes it.
        docker version --format '{{{{.Server.Os}}}}/{{{{.Server.Arch}}}}'
        END
    """,
    hints=[
        "Read the script: whom does it ask, and whom should it ask?",
        "You asked the right one in this lesson, and it uses Docker's own names.",
    ],
    needs=[needs.engine],
    repair=True,
    makes=[File(WHICH)],
    good=_honest,
)
def mend_which(server: Engine, script: Printed) -> Verdict:
    """Mend files/machine/which.sh: it has to print the platform that the engine runs containers for."""
    for status, said in ((script.status, script.here), (script.other_status, script.there)):
        if status:
            return Problem(
                WHICH_FAILED, found=f"exit status {status}: {_first(said)}", wanted="exit status 0", path=script.path
            )
    if not _writes(script.here, server.platform):
        return Problem(WHICH_NOT_HERE, found=_first(script.here), wanted=server.platform, path=script.path)
    if not _writes(script.there, script.other):
        return Problem(WHICH_NOT_THERE, found=_first(script.there), wanted=script.other, path=script.path)
    return Proof(WHICH_ASKS, path=script.path, here=script.here, there=script.there)


def _writes(said: str, platform: Platform) -> bool:
    """Is that the platform, and one word written as Docker writes it?"""
    return said.split("/")[:2] == [platform.os, platform.architecture] and given(said) == platform


def _first(said: str) -> str:
    return next(iter(said.splitlines()), "nothing")
