"""Lesson 4: how can it run here at all?"""

from pathlib import Path

import pytest

from lab.course import emulation as lesson
from lab.course._text import ANSWER_MISSING, COMMAND_FAILED
from lab.platforms import Platform
from lab.probes.host import Text, Timings
from lab.probes.needs import Emulation

LOGS = Path(__file__).parents[2] / "lessons" / "files" / "emulation"
# as bash prints it, recorded on a machine with 2 cores
MEASURED = "native:\n\nreal\t0m0.577s\nuser\t0m0.032s\nsys\t0m0.013s\nemulated:\n\nreal\t0m3.718s\nuser\t0m0.034s\n"
WARNING = f"WARNING: The requested image's platform (linux/arm64) {lesson.WARNING} (linux/amd64/v4)\n"


@pytest.mark.parametrize(
    ("runs", "status", "message"),
    [(True, 0, None), (False, 0, lesson.NO_EMULATOR), (False, 3, lesson.NO_EMULATOR), (True, 1, COMMAND_FAILED)],
)
def test_a_program_of_the_other_platform_must_run(fact, says, runs, status, message):
    """What counts is that it runs, not that a handler is listed."""
    emulation = Emulation(platform="linux/arm64", runs=runs)
    assert says(lesson.let_emulators_in, emulation, fact.printed("", status)) == message


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("aarch64\n", None),
        ("Linux 3f 6.1 #1 SMP aarch64 GNU/Linux\n", None),
        ("x86_64\n", lesson.NOT_THE_OTHER),
        ("", lesson.NOT_THE_OTHER),
        ("exec /bin/uname: exec format error\n", lesson.REFUSED),
    ],
)
def test_the_other_machine_answers(fact, says, output, message):
    """aarch64 on a PC; its own name or a refusal is something else."""
    assert says(lesson.run_emulated, fact.pc, fact.printed(output)) == message


@pytest.mark.parametrize(
    ("platforms", "message"),
    [
        (["linux/arm64"], None),
        (["linux/amd64"], lesson.NOT_BUILT_FOR_OTHER),
        (["linux/amd64", "linux/arm64"], lesson.NOT_BUILT_FOR_OTHER),
    ],
)
def test_the_build_is_for_the_other_platform_alone(fact, says, platforms, message):
    """A list of two would not warn in the next step."""
    assert says(lesson.build_emulated, fact.pc, fact.index(*platforms)) == message


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (f"{WARNING}built on aarch64, running on aarch64\n", None),
        ("built on aarch64, running on aarch64\n", lesson.NO_WARNING),
        (WARNING, lesson.WARNED_BUT_SILENT),
        (f"{WARNING}exec /bin/sh: exec format error\n", lesson.WARNED_BUT_SILENT),
    ],
)
def test_the_warning_stays_beside_the_answer(fact, says, output, message):
    """Both must be seen: that is what the step is about."""
    assert says(lesson.warning_stays, fact.pc, fact.printed(output)) == message


def test_what_bash_measured_is_read():
    """Seconds by the name that stands before; a comma for the point is fine."""
    assert Timings.from_text(MEASURED).named == (("native", 0.577), ("emulated", 3.718))
    assert Timings.from_text("real 1m2,5s\nreal 0m1s").named == (("command 1", 62.5), ("command 2", 1.0))
    assert Timings.from_text("unreal 0m1s\nreal time\n").named == ()


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (MEASURED, None),
        (MEASURED.partition("emulated")[0], lesson.ONE_MEASUREMENT),
        ("", lesson.ONE_MEASUREMENT),
        (f"{MEASURED}exec /bin/sh: exec format error\n", lesson.ONE_FAILED),
    ],
)
def test_two_measurements_of_commands_that_worked(says, output, message):
    """A time of something that failed would compare nothing."""
    assert says(lesson.cost, Timings.from_text(output)) == message


def test_the_picture_is_drawn_from_the_measurement():
    """The bars show these numbers and no others."""
    picture = lesson.cost.picture(Timings.from_text(MEASURED))
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
        ("shop no\nmill yes\nferry no", None),
        ("mill: YES\nferry=No\nshop: no", None),
        ("shop no\nmill yes", ANSWER_MISSING),
        ("shop no\nmill 1\nferry no", lesson.ANSWER_UNCLEAR),
        ("shop no\nmill yes\nferry yes", lesson.ANSWER_WRONG),
        ("shop no\nmill no\nferry no", lesson.ANSWER_WRONG),
    ],
)
def test_the_three_logs(fact, says, text, message):
    """Each answer is held against its own log."""
    logs = [Text(path=name, content=(LOGS / f"{name}.log").read_text()) for name in lesson.LOGS]
    assert says(lesson.spot_emulation, fact.answers(text), *logs) == message
