"""Lesson 4: how can it run here at all?"""

from dataclasses import replace
from pathlib import Path

import pytest

from lab.course import _emulation
from lab.course import emulation as lesson
from lab.course._mismatch import NO_CONTAINER
from lab.course._text import ANSWER_MISSING, COMMAND_FAILED
from lab.model.facts import Binaries, Call, Image, Images
from lab.model.platforms import Platform
from lab.probes.host import Text, Timings
from lab.probes.needs import Emulation

LOGS = Path(__file__).parents[2] / "lessons" / "logs"
# as bash prints it, recorded on a machine with 2 cores
MEASURED = "native:\n\nreal\t0m0.577s\nuser\t0m0.032s\nsys\t0m0.013s\nemulated:\n\nreal\t0m3.718s\nuser\t0m0.034s\n"
WARNING = f"WARNING: The requested image's platform (linux/arm64) {lesson.WARNING} (linux/amd64/v4)\n"

BUSYBOX = "busybox:1.38"
RUN = "RUN /bin/sh -c uname -m > /built-on # buildkit"  # as BuildKit writes it into the image's configuration


@pytest.mark.parametrize(
    ("runs", "status", "call", "message"),
    [
        (True, 0, "lab emulators", lesson.EMULATOR_THERE),
        (True, 0, "lab up --emulators", lesson.EMULATOR_THERE),
        (True, 0, "docker run --privileged --rm tonistiigi/binfmt --install arm64", lesson.EMULATOR_THERE),
        (True, 0, "lab status", lesson.HANDLERS_NOT_SEEN),
        (True, 0, "uname -m", lesson.HANDLERS_NOT_SEEN),
        (False, 0, "lab emulators", lesson.NO_EMULATOR),
        (False, 3, "lab up --emulators", lesson.NO_EMULATOR),
        (True, 1, "lab up --emulators", COMMAND_FAILED),
    ],
)
def test_a_program_of_the_other_platform_must_run(fact, verdict, runs, status, call, message):
    """What counts is that it runs, not that a handler is listed; and that somebody looked."""
    emulation = Emulation(platform="linux/arm64", runs=runs)
    assert verdict(lesson.let_emulators_in, emulation, fact.printed("", status, call)) == message


@pytest.mark.parametrize(
    ("output", "ran", "message"),
    [
        ("aarch64\n", [BUSYBOX], lesson.ANSWERED),
        ("Linux 3f 6.1 #1 SMP aarch64 GNU/Linux\n", [BUSYBOX], lesson.ANSWERED),
        ("x86_64\n", [BUSYBOX], lesson.NOT_THE_OTHER),
        ("", [], lesson.NOT_THE_OTHER),
        ("aarch64\n", [], NO_CONTAINER),
        ("aarch64\n", ["debian:13"], NO_CONTAINER),
        ("exec /bin/uname: exec format error\n", [BUSYBOX], lesson.REFUSED),
    ],
)
def test_the_other_machine_answers(fact, verdict, output, ran, message):
    """aarch64 on a PC, out of a container; its own name or a refusal is something else."""
    assert verdict(lesson.run_emulated, fact.pc, fact.printed(output), fact.ran(*ran)) == message


@pytest.mark.parametrize(
    ("platforms", "history", "message"),
    [
        (["linux/arm64"], ("COPY / /", RUN, 'CMD ["sh"]'), lesson.BUILT_EMULATED),
        (["linux/amd64"], (RUN,), lesson.NOT_BUILT_FOR_OTHER),
        (["linux/amd64", "linux/arm64"], (RUN,), lesson.NOT_BUILT_FOR_OTHER),
        (["linux/arm64"], ("COPY note.txt /note.txt # buildkit", 'CMD ["uname" "-m"]'), lesson.NO_RUN_LINE),
        (["linux/arm64"], (), lesson.NO_RUN_LINE),
    ],
)
def test_the_build_is_for_the_other_platform_alone_and_ran_something(fact, verdict, platforms, history, message):
    """A list of two would not warn in the next step; without the RUN line nothing was emulated."""
    index = fact.index(*platforms)
    rows = [Image(reference="x", digest=row.digest, platform=row.platform, history=history) for row in index.images]
    assert verdict(lesson.build_emulated, fact.pc, Images(index=index, images=tuple(rows))) == message


@pytest.mark.parametrize(
    ("output", "ran", "message"),
    [
        (f"{WARNING}built on aarch64, running on aarch64\n", ["any:latest"], lesson.WARNED_AND_RAN),
        ("built on aarch64, running on aarch64\n", ["any:latest"], lesson.NO_WARNING),
        (WARNING, ["any:latest"], lesson.WARNED_BUT_SILENT),
        (f"{WARNING}exec /bin/sh: exec format error\n", ["any:latest"], lesson.WARNED_BUT_SILENT),
        (f"{WARNING}aarch64\n", ["mismatch:other"], NO_CONTAINER),
    ],
)
def test_the_warning_stays_beside_the_answer(fact, verdict, output, ran, message):
    """Both must be seen, of that image: that is what the step is about."""
    seen = fact.index("linux/arm64"), fact.printed(output), fact.ran(*ran)
    assert verdict(lesson.warning_stays, fact.pc, *seen) == message


def test_what_bash_measured_is_read():
    """Seconds by the name that stands before; a comma for the point is fine."""
    assert Timings.from_text(MEASURED).named == (("native", 0.577), ("emulated", 3.718))
    assert Timings.from_text("real 1m2,5s\nreal 0m1s").named == (("command 1", 62.5), ("command 2", 1.0))
    assert Timings.from_text("unreal 0m1s\nreal time\n").named == ()


NATIVE = "docker run --rm --platform linux/amd64 busybox:1.38 sh -c loop"
EMULATED = "docker run --rm --platform=linux/arm64 busybox:1.38 sh -c loop"
ONE = MEASURED.partition("emulated")[0]


@pytest.mark.parametrize(
    ("output", "calls", "message"),
    [
        (MEASURED, [NATIVE, EMULATED], lesson.TIMES),
        (MEASURED, [EMULATED, NATIVE], lesson.TIMES),
        (MEASURED, [NATIVE.replace("--platform linux/amd64 ", ""), EMULATED, "docker version"], lesson.TIMES),
        (WARNING + MEASURED, [NATIVE, EMULATED.replace("--platform=linux/arm64 ", "")], lesson.TIMES),
        (ONE, [NATIVE], lesson.ONE_MEASUREMENT),
        ("", [NATIVE, EMULATED], lesson.ONE_MEASUREMENT),
        (f"{MEASURED}exec /bin/sh: exec format error\n", [NATIVE, EMULATED], lesson.ONE_FAILED),
        (MEASURED, [], lesson.RUNS_AND_TIMES),
        (MEASURED, [NATIVE, "docker run --rm debian:13 true"], lesson.RUNS_AND_TIMES),
        (MEASURED, [NATIVE, NATIVE, EMULATED], lesson.RUNS_AND_TIMES),
        (MEASURED, [NATIVE, NATIVE], lesson.NOT_NATIVE_AND_EMULATED),
        (MEASURED, [NATIVE, EMULATED.replace("arm64", "riscv64")], lesson.NOT_NATIVE_AND_EMULATED),
        (MEASURED, [NATIVE, EMULATED.replace("loop", "true")], lesson.NOT_THE_SAME),
    ],
)
def test_two_measurements_of_containers_that_worked(fact, verdict, output, calls, message):
    """A time of something that failed, or of something else, would compare nothing."""
    printed = fact.printed(output, 0, *calls)
    assert verdict(lesson.cost, fact.pc, Timings.from_text(output), printed) == message


def test_a_container_that_failed_without_a_word_is_no_measurement(fact, says):
    """Its exit status tells."""
    failed = replace(fact.printed(MEASURED), calls=(Call(program="docker", words=("run", BUSYBOX), exit_status=1),))
    assert says(lesson.cost, fact.pc, Timings.from_text(MEASURED), failed) == lesson.ONE_FAILED


@pytest.mark.parametrize("order", [(NATIVE, EMULATED), (EMULATED, NATIVE)])
def test_the_picture_compares_with_the_native_run_whichever_came_first(fact, order):
    """The bars have the platforms' names, and the native one is the first."""
    picture = lesson.cost.picture(fact.pc, Timings.from_text(MEASURED), fact.printed(MEASURED, 0, *order))
    first, second = picture.text.splitlines()[1:3]
    assert first.split()[:2] == ["native,", "linux/amd64"]
    assert second.split()[:2] == ["emulated,", "linux/arm64"]
    assert ("3.72 s" in first) is (order[0] is EMULATED)


def test_the_picture_of_what_cannot_be_told_apart_is_drawn_all_the_same(fact):
    """The bars show these numbers and no others, under the names that were printed."""
    picture = lesson.cost.picture(fact.pc, Timings.from_text(MEASURED), fact.printed(MEASURED))
    assert "native" in picture.text
    assert "3.72 s" in picture.text


NAMES = [("emulated", 2), ("two-stages", 2), ("copied", 0), ("crossed", 0), ("native-stage", 0), ("no-run", 0)]
PC = Platform.parse("linux/amd64")


def log(name):
    return (LOGS / f"{name}.log").read_text()


def test_every_recorded_log_is_known():
    """What is in the folder is what the exercise chooses from."""
    assert {path.stem for path in LOGS.iterdir()} == {name for name, _ in NAMES}


@pytest.mark.parametrize(("name", "least"), NAMES)
def test_the_recorded_logs_are_what_the_exercise_says(name, least):
    """COPY alone needs no emulator, RUN for another platform does, a cross-compiling stage does not."""
    found = lesson.foreign_lines(log(name), PC)
    assert len(found) >= least
    assert bool(found) is bool(least)
    assert "exec format error" not in log(name)


def test_on_the_other_kind_of_machine_the_same_log_means_the_opposite():
    """On an arm64 machine it is the amd64 RUN that is emulated."""
    text = "#0 x\n\n#8 [linux/amd64 2/3] RUN uname -m\n#8 DONE 0.1s\n#81 x\n"
    assert lesson.foreign_lines(text, Platform.parse("linux/arm64")) == [3, 4]
    assert lesson.foreign_lines(text, PC) == []
    assert lesson.foreign_lines("#8 [linux/arm64 2/3] COPY a b\n#9 [2/3] RUN true\n", PC) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("shop no\nmill yes line 33\nferry no", lesson.LOGS_READ),
        ("mill: YES,\tline 33\nferry=No\nshop: no", lesson.LOGS_READ),
        ("shop no\nmill yes line 33", ANSWER_MISSING),
        ("shop no\nmill 1\nferry no", lesson.ANSWER_UNCLEAR),
        ("shop no\nmill yes\nferry no", lesson.LINE_MISSING),
        ("shop yes\nmill yes\nferry yes", lesson.LINE_MISSING),
        ("shop no\nmill yes line 29\nferry no", lesson.LINE_WRONG),
        ("shop no\nmill yes line 31\nferry no", lesson.LINE_WRONG),
        ("shop no\nmill yes line 999\nferry no", lesson.LINE_WRONG),
        ("shop no\nmill yes line 33\nferry yes line 28", lesson.LINE_WRONG),
        ("shop no\nmill no\nferry no", lesson.MORE_EMULATED),
    ],
)
def test_the_three_logs(fact, verdict, text, message):
    """Each answer is held against its own log, and a yes against the line that it names."""
    found = [Text(path=name, content=log(name)) for name in ("copied", "emulated", "crossed")]
    assert verdict(lesson.spot_emulation, fact.answers(text), *found) == message


def test_two_of_three_may_be_emulated(fact, verdict):
    """One witness is not enough then."""
    found = [Text(path=name, content=log(name)) for name in ("emulated", "emulated", "copied")]
    said = fact.answers("shop yes line 33\nmill no\nferry no")
    assert verdict(lesson.spot_emulation, said, *found) == lesson.MORE_EMULATED
    assert (
        verdict(lesson.spot_emulation, fact.answers("shop yes 32\nmill yes 32\nferry no"), *found) == lesson.LOGS_READ
    )


RING = "/usr/bin/ring"
CHMOD = "RUN |1 TARGETARCH=s390x /bin/sh -c chmod 755 /usr/bin/ring # buildkit"


def bell(fact, *platforms, ring="linux/s390x", shell="linux/s390x", history=(), **about):
    """The facts of a tag: its images, their program `ring`, their shell."""
    index = fact.index(*platforms)
    rows = [Image(reference="x", digest=row.digest, platform=row.platform, history=history) for row in index.images]
    rings = replace(fact.program(ring, RING), **about) if ring else None
    shells = fact.program(shell, "/bin/busybox") if shell else None
    programs = [
        Binaries(reference="bell", programs=tuple((row.platform, one) for row in index.images))
        for one in (rings, shells)
    ]
    return fact.pc, Images(index=index, images=tuple(rows)), *programs


@pytest.mark.parametrize(
    ("platforms", "about", "message"),
    [
        (["linux/s390x"], {}, lesson.BELL_MENDED),
        (["linux/amd64", "linux/s390x"], {"shell": None}, lesson.BELL_MENDED),
        (["linux/amd64"], {}, lesson.NOT_FOR_THE_MAINFRAME),
        (["linux/s390x"], {"shell": "linux/amd64", "history": (CHMOD,)}, lesson.LABEL_LIES),
        (["linux/s390x"], {"ring": "linux/amd64"}, lesson.LABEL_LIES),
        (["linux/s390x"], {"ring": None}, lesson.NO_BELL),
        (["linux/s390x"], {"platform": None, "kind": "text"}, lesson.NO_BELL),
        (["linux/s390x"], {"runnable": False}, lesson.BELL_SILENT),
        (["linux/s390x"], {"history": (CHMOD,)}, lesson.RUN_WAS_EMULATED),
    ],
)
def test_the_bell_rings_on_a_mainframe(fact, verdict, platforms, about, message):
    """Its programs are for what the label says, and no RUN line made it."""
    assert verdict(lesson.mend_bell, *bell(fact, *platforms, **about)) == message


@pytest.mark.parametrize(
    ("platforms", "message"),
    [(["linux/s390x"], lesson.BELL_FOR_ONE), (["linux/amd64", "linux/s390x"], lesson.BELL_FOR_ALL)],
)
def test_one_dockerfile_for_both_is_better(fact, platforms, message):
    """It is never demanded."""
    assert lesson.mend_bell.good(*bell(fact, *platforms)).template == message


def predicted(step, *facts):
    """The right answer, one of those that were offered, and its reason."""
    truth = step.predict.truth(*facts)
    assert truth.answer in step.predict.options
    return truth.answer, truth.template


@pytest.mark.parametrize(
    ("output", "answer"),
    [
        ("aarch64\n", ("aarch64", _emulation.MACHINE_ANSWERED)),
        ("x86_64\n", ("x86_64", _emulation.MACHINE_ANSWERED)),
        ("exec /bin/uname: exec format error\n", (_emulation.REFUSED_IT, _emulation.MACHINE_REFUSED)),
    ],
)
def test_what_the_other_machine_answers_is_read(fact, output, answer):
    """Not taken from what should be."""
    assert predicted(lesson.run_emulated, fact.pc, fact.printed(output), fact.ran(BUSYBOX)) == answer


@pytest.mark.parametrize(
    ("output", "answer"),
    [(WARNING, (_emulation.STAYS, _emulation.WARNS_STILL)), ("", (_emulation.GONE, _emulation.WARNS_NO_MORE))],
)
def test_whether_the_warning_stayed_is_read(fact, output, answer):
    """An emulator changes nothing about it."""
    seen = fact.index("linux/arm64"), fact.printed(output), fact.ran("any:latest")
    assert predicted(lesson.warning_stays, fact.pc, *seen) == answer


@pytest.mark.parametrize(("seconds", "place"), [("1.9", 0), ("2.0", 1), ("4.9", 1), ("5.0", 2), ("19", 2), ("20", 3)])
@pytest.mark.parametrize("native_first", [True, False])
def test_how_many_times_as_long(fact, seconds, place, native_first):
    """By what was measured, whichever came first."""
    times, calls = [("native:", "1.0"), ("emulated:", seconds)], [NATIVE, EMULATED]
    order = slice(None, None, 1 if native_first else -1)
    output = "".join(f"{name}\n\nreal\t0m{took}s\n" for name, took in times[order])
    seen = Timings.from_text(output), fact.printed(output, 0, *calls[order])
    assert predicted(lesson.cost, fact.pc, *seen) == (_emulation.SLOWER[place], _emulation.TIMES_AS_LONG)
