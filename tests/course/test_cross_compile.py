"""Lesson 9: why does my arm64 build take an hour?"""

from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace

import pytest

from lab import course
from lab.course import _target_arch
from lab.course import cross_compile as lesson
from lab.course._compiling import CONSTANT, Compared, earlier, foreign, rows
from lab.course._text import ANSWER_MISSING
from lab.course.multi_platform import BUILD_FAILED
from lab.errors import Blocked
from lab.events import BuildEvents, Vertex, Warned
from lab.model.facts import Binaries, Binary, Builder, Builders
from lab.model.platforms import Platform
from lab.probes import engine, needs

AMD64, ARM64 = (Platform.parse(f"linux/{name}") for name in ("amd64", "arm64"))
V6, V7 = (Platform.parse(f"linux/arm/{name}") for name in ("v6", "v7"))
RISCV64 = Platform.parse("linux/riscv64")
REF = "localhost:5000/clock"


def run(platform, target=None, text="RUN go build -o /clock .", **more):
    """A RUN step of a stage on one platform, for another."""
    known = {"kind": "run", "step": "4/4", "stage": "build", "started": 0.0, "seconds": 2.0, "text": text}
    known |= {"digest": f"{platform}{target}{text}", "name": f"[{platform}] {text}"}
    return Vertex(platform=platform, target=target or platform, **{**known, **more})


def built(*vertices, **more):
    """A build on an amd64 machine."""
    return BuildEvents(path="build.json", vertices=vertices, seconds=9.0, native=AMD64, **more)


NATIVE, EMULATED = run(AMD64), run(ARM64, seconds=30.0)
CROSSED, FOR_V6 = run(AMD64, ARM64, seconds=2.5), run(AMD64, V6)


def holds(*programs, path="/clock", reference=REF):
    """What is in an image for each platform: the platform of its program, or None."""
    found = (
        (label, one and Binary(path=path, kind="elf", platform=one if isinstance(one, Platform) else label))
        for label, one in programs
    )
    return Binaries(reference=reference, programs=tuple(found))


PAIR = holds((AMD64, AMD64), (ARM64, ARM64))


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (built(NATIVE, EMULATED), None),
        (built(EMULATED, NATIVE), None),
        (built(NATIVE), lesson.NOT_THIS_BUILD),
        (built(), lesson.NOT_THIS_BUILD),
        (built(run(AMD64, text="RUN true"), run(ARM64, text="RUN true")), lesson.NOT_THIS_BUILD),
        (built(NATIVE, replace(EMULATED, cached=True)), lesson.FROM_THE_CACHE),
        (built(replace(NATIVE, cached=True), EMULATED), lesson.FROM_THE_CACHE),
        (built(NATIVE, CROSSED), lesson.NOTHING_FOREIGN),
        (built(NATIVE, replace(EMULATED, error="exit code: 1")), BUILD_FAILED),
    ],
)
def test_the_foreign_compiler_has_run(fact, says, found, message):
    """Both platforms, both compiled now, the other one by a foreign program."""
    assert says(lesson.feel_it, fact.pc, found) == message


@pytest.mark.parametrize(("seconds", "answer"), [(3.0, 0), (9.0, 1), (30.0, 2), (90.0, 3)])
def test_the_prediction_is_answered_by_the_two_times(fact, seconds, answer):
    """30 s are 15 times 2 s."""
    truth = lesson.feel_it.predict.truth(fact.pc, built(NATIVE, replace(EMULATED, seconds=seconds)))
    assert truth.answer == lesson.SLOWER[answer]


def test_the_bars_are_native_emulated_and_cross_compiled(fact):
    """The native one comes first: the others are compared with it."""
    assert [label for label, _ in rows(built(EMULATED, NATIVE))] == [
        "native, amd64",
        "emulated, arm64",
    ]
    before = Compared(rows=tuple(rows(built(EMULATED, NATIVE))))
    picture = lesson.move_compiler.picture(fact.pc, built(NATIVE, CROSSED), PAIR, before)
    assert "15.0 times" in picture.text
    assert "cross-compiled, arm64" in picture.text
    assert lesson.feel_it.picture(fact.pc, built(NATIVE, EMULATED)).text.count("\n") == 3
    assert lesson.move_compiler.picture(fact.pc, built(replace(NATIVE, cached=True)), PAIR, Compared()).text


def test_an_earlier_build_that_cannot_be_read_compares_with_nothing(tmp_path):
    """The picture then shows the new one alone."""
    world = SimpleNamespace(workspace=tmp_path)
    assert earlier("slow.json")(world).rows == ()
    (tmp_path / "slow.json").write_text("hello")
    assert earlier("slow.json")(world).rows == ()


def test_a_foreign_step_from_the_cache_is_foreign_too():
    """Somebody's emulator made it, once."""
    assert foreign(built(replace(EMULATED, cached=True))) == (replace(EMULATED, cached=True),)
    assert foreign(built(NATIVE, CROSSED, FOR_V6)) == ()


SEED = SimpleNamespace(seed=1)
STAGES = _target_arch.places(SEED)
SEEN = {"undeclared": "", "declared": "arm64", "default": "amd64", "from": "arm64", "child": "arm64"}
PUZZLE = lesson._puzzle(SEED)


def stages(**other):
    """The events of the puzzle's build, and what else its stages saw."""
    values = {**SEEN, **other}
    each = [
        run(None, None, f'RUN echo "{STAGES[place]}: <…>"', stage=STAGES[place], log=(f"{STAGES[place]}: <{value}>",))
        for place, value in values.items()
        if value is not None
    ]
    return built(*each)


def answers(fact, **other):
    """What somebody wrote down, by place."""
    lines = [f"{STAGES[place]} {value or 'empty'}" for place, value in {**SEEN, **other}.items() if value != "-"]
    return fact.answers("\n".join(lines))


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({}, None),
        ({"undeclared": "NOTHING", "declared": "<arm64>"}, None),
        ({"undeclared": "arm64"}, lesson.WRONG_UNDECLARED),
        ({"declared": ""}, lesson.WRONG_DECLARED),
        ({"default": "arm64"}, lesson.WRONG_DEFAULT),
        ({"from": ""}, lesson.WRONG_FROM),
        ({"child": "amd64"}, lesson.WRONG_CHILD),
        ({"child": "-"}, ANSWER_MISSING),
    ],
)
def test_each_place_has_its_own_reason(fact, says, said, message):
    """An answer is compared with what the build printed."""
    assert says(lesson.whose_arg, answers(fact, **said), stages(), PUZZLE) == message


def test_the_build_must_be_one_that_shows_it(fact, says):
    """For linux/arm64, with work that was done."""
    assert says(lesson.whose_arg, answers(fact), stages(child=None), PUZZLE) == lesson.NOT_SHOWN
    other = stages(declared="amd64", **{"from": "amd64"}, child="amd64")
    assert says(lesson.whose_arg, answers(fact), other, PUZZLE) == lesson.OTHER_TARGET
    broken = built(run(None, error="exit code: 1"))
    assert says(lesson.whose_arg, answers(fact), broken, PUZZLE) == BUILD_FAILED


def test_the_prediction_counts_the_stages_that_know(fact):
    """Three: one asked, one is in FROM, one inherits."""
    assert lesson.whose_arg.predict.truth(answers(fact), stages(), PUZZLE).answer == "3"


def test_the_puzzle_has_other_names_for_each_learner():
    """The same five places; the Dockerfile holds each stage once."""
    found = {tuple(_target_arch.places(SimpleNamespace(seed=seed)).values()) for seed in range(8)}
    assert len(found) > 4
    text = _target_arch.dockerfile(SEED)
    assert all(text.count(f" AS {stage}\n") == 1 for stage in _target_arch.STAGES)


FIXED = (Warned(rule=CONSTANT, text="FROM --platform flag should not use constant value", line=1),)


@pytest.mark.parametrize(
    ("found", "programs", "message"),
    [
        (built(NATIVE, CROSSED), PAIR, None),
        (built(NATIVE, CROSSED), holds((AMD64, AMD64), (ARM64, ARM64), (V7, V7)), None),
        (built(replace(NATIVE, cached=True), replace(CROSSED, cached=True)), PAIR, None),
        (built(NATIVE, EMULATED), PAIR, lesson.STILL_EMULATED),
        (built(NATIVE, replace(EMULATED, cached=True)), PAIR, lesson.STILL_EMULATED),
        (built(run(None)), PAIR, lesson.NOT_THIS_BUILD),
        (built(NATIVE, FOR_V6), PAIR, lesson.NOT_THIS_BUILD),
        (built(NATIVE), PAIR, lesson.ONE_FOR_ALL),
        (built(NATIVE, replace(CROSSED, error="exit code: 1")), PAIR, BUILD_FAILED),
        (built(NATIVE, CROSSED, warnings=FIXED), PAIR, lesson.CONSTANT_PLATFORM),
        (built(NATIVE, CROSSED), holds((AMD64, AMD64)), lesson.LOST_ONE),
        (built(NATIVE, CROSSED), holds((AMD64, AMD64), (ARM64, None)), lesson.NO_PROGRAM),
        (built(NATIVE, CROSSED), holds((AMD64, AMD64), (ARM64, AMD64)), lesson.NOT_WHAT_IT_SAYS),
    ],
)
def test_the_compiler_is_native_and_the_programs_are_true(fact, says, found, programs, message):
    """No foreign step, not even from the cache; no fixed platform; both programs for their machines."""
    assert says(lesson.move_compiler, fact.pc, found, programs, Compared()) == message


def test_a_script_is_no_program(fact, says):
    """What starts has to be what was compiled."""
    script = Binaries(reference=REF, programs=((AMD64, Binary(path="/x", kind="script")), (ARM64, None)))
    assert says(lesson.move_compiler, fact.pc, built(NATIVE, CROSSED), script, Compared()) == lesson.NO_PROGRAM


ANY_ARM = Platform("linux", "arm")


@pytest.mark.parametrize(
    ("programs", "message"),
    [
        (holds((V6, V6), (V7, V7)), None),
        (holds((ARM64, ARM64), (V6, V6), (V7, V7)), None),
        (holds((V6, V7), (V7, V7)), lesson.TOO_NEW),
        (holds((V6, V6), (V7, V6)), lesson.TOO_OLD),
        (holds((V6, ANY_ARM), (V7, ANY_ARM)), lesson.NO_LEVEL),
        (holds((V7, V7)), lesson.LOST_ONE),
        (holds((V6, V6), (V7, ARM64)), lesson.NOT_WHAT_IT_SAYS),
    ],
)
def test_each_pi_has_its_own_program(says, programs, message):
    """By what Go wrote into it."""
    assert says(lesson.variant, programs) == message


ALL = built(NATIVE, CROSSED, FOR_V6)
CHIME = holds((AMD64, AMD64), (ARM64, ARM64), (V6, V6), reference="localhost:5000/chime")
NO_GO = holds((AMD64, None), (ARM64, None), (V6, None))


@pytest.mark.parametrize(
    ("found", "programs", "compilers", "message"),
    [
        (ALL, CHIME, NO_GO, None),
        (built(NATIVE, run(ARM64, V6), EMULATED), CHIME, NO_GO, lesson.RIGHT_BUT_EMULATED),
        (built(NATIVE, CROSSED), CHIME, NO_GO, lesson.NOT_THIS_BUILD),
        (ALL, holds((AMD64, AMD64), (ARM64, ARM64), (V6, V7)), NO_GO, lesson.TOO_NEW),
        (ALL, holds((AMD64, AMD64), (ARM64, ARM64)), NO_GO, lesson.LOST_ONE),
        (ALL, CHIME, holds((AMD64, AMD64), path="/usr/local/go/bin/go"), lesson.TOO_BIG),
    ],
)
def test_from_nothing_to_three_small_images(says, found, programs, compilers, message):
    """True programs, no emulator, no compiler."""
    assert says(lesson.from_nothing, found, programs, compilers) == message


WITH_RISCV = ((AMD64, AMD64), (ARM64, ARM64), (RISCV64, RISCV64))


@pytest.mark.parametrize(
    ("gauges", "probes", "message"),
    [
        (WITH_RISCV, WITH_RISCV, None),
        (WITH_RISCV[:2], WITH_RISCV[:2], lesson.LOST_ONE),
        (((AMD64, AMD64), (ARM64, AMD64), (RISCV64, AMD64)), WITH_RISCV, lesson.NOT_WHAT_IT_SAYS),
        (WITH_RISCV, ((AMD64, AMD64), (ARM64, ARM64), (RISCV64, AMD64)), lesson.NOT_WHAT_IT_SAYS),
        (WITH_RISCV, ((AMD64, AMD64), (ARM64, ARM64), (RISCV64, None)), lesson.TOOL_MISSING),
    ],
)
def test_both_tools_are_true_on_each_platform(says, gauges, probes, message):
    """One that is right does not speak for the other one."""
    assert says(lesson.tool_names, holds(*gauges, path="gauge"), holds(*probes, path="probe")) == message


def test_a_tool_that_nobody_may_run(says):
    """It lies there, for the right machine, without the x bit."""
    found = holds(*WITH_RISCV)
    locked = replace(found, programs=tuple((label, replace(one, runnable=False)) for label, one in found.programs))
    assert says(lesson.tool_names, locked, found) == lesson.TOOL_SILENT


def test_the_dockerfile_that_is_felt_names_no_platform():
    """It is the one that the lesson shows."""
    text = (course.lessons_dir() / "files/cross-compile/clock/Dockerfile").read_text()
    assert "--platform" not in text
    shown = (course.lessons_dir() / "09-cross-compile.ipynb").read_text()
    assert all(line.replace('"', r"\"") in shown for line in text.splitlines())


def test_what_was_proven_is_said_with_its_numbers(fact):
    """Times, platforms and places."""
    felt = lesson.feel_it.check(fact.pc, built(NATIVE, EMULATED))
    moved = lesson.move_compiler.check(fact.pc, built(NATIVE, CROSSED), PAIR, Compared())
    known = lesson.whose_arg.check(answers(fact), stages(), PUZZLE)
    small = lesson.from_nothing.check(ALL, CHIME, NO_GO)
    levels = lesson.variant.check(holds((V6, V6), (V7, V7)))
    tools = lesson.tool_names.check(holds(*WITH_RISCV), holds(*WITH_RISCV))
    assert (felt.template, felt.values["emulated"]) == (lesson.EMULATED_TOOK, "30.0")
    assert (moved.template, moved.values["seconds"]) == (lesson.CROSSED, "2.5")
    assert (known.template, small.template) == (lesson.ARGS_KNOWN, lesson.CHIMES_FOR_ALL)
    assert (levels.template, tools.template) == (lesson.LEVELS_TRUE, lesson.TOOLS_TRUE)
    assert f"amd64 in {STAGES['default']}" in known.values["values"]


def test_a_prediction_has_its_reason(fact):
    """In whole sentences, with the numbers."""
    felt = lesson.feel_it.predict.truth(fact.pc, built(NATIVE, EMULATED))
    known = lesson.whose_arg.predict.truth(answers(fact), stages(), PUZZLE)
    assert (felt.template, felt.values["times"]) == (lesson.TIMES_AS_LONG, "15.0")
    assert (known.template, known.values["names"].count(",")) == (lesson.KNOW_IT, 2)


@pytest.mark.parametrize(
    ("driver", "store", "blocked"),
    [
        ("docker", "classic", True),
        ("docker", "containerd", False),
        ("docker-container", "classic", False),
        ("remote", "classic", False),
    ],
)
def test_a_builder_for_one_platform_at_a_time_blocks(fact, monkeypatch, driver, store, blocked):
    """The classic store cannot, and only where the engine's own builder is the current one."""
    known = Builders(known=(Builder(name="mine", driver=driver, current=True),))
    monkeypatch.setattr(engine, "known_builders", lambda _world: known)
    monkeypatch.setattr(engine, "info", lambda: lambda _world: replace(fact.engine, store=store))
    with pytest.raises(Blocked, match="mine builds for one platform") if blocked else nullcontext():
        needs.several_at_once(None)
