"""Lesson 4: how can it run here at all?"""

from dataclasses import replace
from pathlib import Path

import pytest

from lab.course import emulation as lesson
from lab.course._text import ANSWER_MISSING, COMMAND_FAILED
from lab.course.mismatch import NO_CONTAINER
from lab.facts import Call, Image, Images
from lab.platforms import Platform
from lab.probes.host import Text, Timings
from lab.probes.needs import Emulation

LOGS = Path(__file__).parents[2] / "lessons" / "files" / "emulation"
# as bash prints it, recorded on a machine with 2 cores
MEASURED = "native:\n\nreal\t0m0.577s\nuser\t0m0.032s\nsys\t0m0.013s\nemulated:\n\nreal\t0m3.718s\nuser\t0m0.034s\n"
WARNING = f"WARNING: The requested image's platform (linux/arm64) {lesson.WARNING} (linux/amd64/v4)\n"

BUSYBOX = "busybox:1.38"
RUN = "RUN /bin/sh -c uname -m > /built-on # buildkit"  # as BuildKit writes it into the image's configuration


@pytest.fixture
def verdict(says):
    """A check's template, whether it is a problem or a proof."""
    return lambda step, *facts: says(step, *facts) or step.check(*facts).template


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


@pytest.mark.parametrize(("log", "needed"), [("shop", False), ("mill", True), ("ferry", False)])
def test_the_recorded_logs_are_what_the_exercise_says(log, needed):
    """COPY alone needs no emulator, RUN for another platform does, a cross-compiling stage does not."""
    assert lesson.emulated((LOGS / f"{log}.log").read_text(), Platform.parse("linux/amd64")) is needed


def test_on_the_other_kind_of_machine_the_same_log_means_the_opposite():
    """On an arm64 machine it is the amd64 RUN that is emulated."""
    line = "#8 [linux/amd64 2/3] RUN uname -m\n"
    assert lesson.emulated(line, Platform.parse("linux/arm64"))
    assert not lesson.emulated(line, Platform.parse("linux/amd64"))
    assert not lesson.emulated("#8 [linux/arm64 2/3] COPY a b\n#9 [2/3] RUN true\n", Platform.parse("linux/amd64"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("shop no\nmill yes\nferry no", lesson.LOGS_READ),
        ("mill: YES\nferry=No\nshop: no", lesson.LOGS_READ),
        ("shop no\nmill yes", ANSWER_MISSING),
        ("shop no\nmill 1\nferry no", lesson.ANSWER_UNCLEAR),
        ("shop no\nmill yes\nferry yes", lesson.ANSWER_WRONG),
        ("shop no\nmill no\nferry no", lesson.ANSWER_WRONG),
    ],
)
def test_the_three_logs(fact, verdict, text, message):
    """Each answer is held against its own log."""
    logs = [Text(path=name, content=(LOGS / f"{name}.log").read_text()) for name in lesson.LOGS]
    assert verdict(lesson.spot_emulation, fact.answers(text), *logs) == message
