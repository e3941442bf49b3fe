"""Why does my arm64 build take an hour?"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from lab import events
from lab.course import _target_arch
from lab.course._compiling import CONSTANT, Compared, earlier, foreign, label, rows, run_for, runs
from lab.course._emulation import SLOWER
from lab.course._given import Given
from lab.course._mismatch import other
from lab.course._multi_platform import PAIR
from lab.course._target_arch import FILE, STAGES
from lab.course._text import counted, unanswered
from lab.course.leftovers import File, Tag
from lab.course.multi_platform import BUILD_FAILED
from lab.draw.bars import bars
from lab.events import BuildEvents
from lab.model.facts import Binaries, Binary, Fact, Machine
from lab.model.picture import Picture
from lab.model.platforms import Platform, listed
from lab.model.steps import Prediction, Problem, Proof, Truth, Verdict, step
from lab.model.world import World
from lab.probes import host, needs, registry
from lab.probes.host import Answers

ANSWERS = "files/cross-compile/answers.txt"
SLOW, FAST, ARGS, CHIMES = "slow.json", "fast.json", "args.json", "chime.json"
ARM64 = Platform.parse("linux/arm64")
V6, V7 = Platform.parse("linux/arm/v6"), Platform.parse("linux/arm/v7")
PI = frozenset({V6, V7})
THREE = PAIR | {V6}
WITH_RISCV = PAIR | {Platform.parse("linux/riscv64")}
_GO = "/usr/local/go/bin/go"
_GAUGE, _PROBE = "/usr/bin/gauge", "/usr/bin/probe"

NOT_THIS_BUILD = "The events are not those of a build that compiles for {platform}."
FROM_THE_CACHE = "The step that compiles for {platform} did no work: it came from the cache."
NOTHING_FOREIGN = "In this build, the compiler for {platform} is no foreign program, so no emulator was needed."
EMULATED_TOOK = "The same line took {native} s for {here}, natively, and {emulated} s for {other}, under an emulator."
TIMES_AS_LONG = "The compiler took {emulated} s under an emulator and {native} s without: {times} times as long."

OTHER_TARGET = "The build that left these events was not one for linux/arm64."
NOT_SHOWN = "The events do not show what TARGETARCH is in the stage {stage}."
WRONG_UNDECLARED = (
    "In the stage {stage}, no ARG line names TARGETARCH. The one before the first FROM does not count there."
)
WRONG_DECLARED = "In the stage {stage}, an ARG line names TARGETARCH and gives it no value."
WRONG_DEFAULT = "In the stage {stage}, the ARG line gives TARGETARCH a value of its own: it shadows BuildKit's."
WRONG_FROM = (
    "The FROM line of the stage {stage} uses TARGETARCH, and FROM lines know it without an ARG line of a stage."
)
WRONG_CHILD = "The stage {stage} is built upon another one, and has the ARG lines of that one, too."
ARGS_KNOWN = "For linux/arm64, TARGETARCH was {values}."
KNOW_IT = "The stages {names} had arm64. In the others, TARGETARCH was not declared, or had a value of its own."

ONE_FOR_ALL = "One step compiles for all platforms: nothing in it depends on what the image is for."
STILL_EMULATED = "This build has a RUN step of a foreign platform: where it is not in the cache, an emulator runs it."
CONSTANT_PLATFORM = "The Dockerfile names one fixed platform for its compiler: on other machines that is a foreign one."
LOST_ONE = "The tag {ref} has no image for {platform}."
NO_PROGRAM = "The image for {platform} under {ref} has no program that a container could start."
NOT_WHAT_IT_SAYS = "The image for {platform} under {ref} holds a program for another machine."
CROSSED = "{ref} has true programs for {platforms}; no foreign program ran. Compiling for {other} took {seconds} s."

TOO_NEW = "The program for {platform} under {ref} needs a newer Arm: a Pi Zero answers it with `Illegal instruction`."
TOO_OLD = "The program for {platform} under {ref} is for an older Arm: it runs, but does not use what the newer has."
NO_LEVEL = "The program for {platform} under {ref} was compiled with a GOARM that Go does not know, and so ignores."
LEVELS_TRUE = "In {ref}, the program for linux/arm/v6 was compiled for ARMv6, and the one for linux/arm/v7 for ARMv7."

RIGHT_BUT_EMULATED = "The images are right, but a foreign program ran in the build: an emulator was needed."
TOO_BIG = "The image for {platform} under {ref} brings the whole compiler along."
CHIMES_FOR_ALL = "{ref} has true programs for {platforms}, none with a compiler; {count} compiled, none was emulated."

TOOL_MISSING = "The image for {platform} under {ref} has no {path}."
TOOL_SILENT = "The image for {platform} under {ref} has {path}, but nobody may run that file."
TOOLS_TRUE = "{ref} has gauge and probe for {platforms}, each of them the program for that machine."


def _slow_answered(machine: Machine, found: BuildEvents) -> Truth:
    """How many times as long the emulated compiler took."""
    native, foreign_run = (run_for(found, one) for one in (machine.linux, other(machine)))
    took, slow = (one.seconds if one else 0.0 for one in (native, foreign_run))
    times = slow / max(took, 0.001)
    place = sum(times >= limit for limit in (2, 5, 20))
    return Truth(SLOWER[place], TIMES_AS_LONG, native=f"{took:.1f}", emulated=f"{slow:.1f}", times=f"{times:.1f}")


def _slow_bars(_machine: Machine, found: BuildEvents) -> Picture:
    return bars("The same compiler and the same program", rows(found))


@step(
    host.machine(),
    events.file(SLOW),
    gap=f"""
        docker buildx build --no-cache --platform ____ \\
          --progress=rawjson --output type=cacheonly files/cross-compile/clock 2> {SLOW}
    """,
    solution=f"""
        docker buildx build --no-cache --platform $HERE,$OTHER \\
          --progress=rawjson --output type=cacheonly files/cross-compile/clock 2> {SLOW}
    """,
    hints=[
        "It is one build for two platforms: this machine's own, and the other one.",
        "`$HERE` and `$OTHER` stand for them.",
    ],
    needs=[needs.engine, needs.golang, needs.buildkit, needs.several_at_once, needs.reach, needs.emulator],
    makes=[File(SLOW), File("files/cross-compile/clock/Dockerfile")],
    picture=_slow_bars,
    predict=Prediction(
        question="The same compiler, for $HERE and for $OTHER. How much longer does the emulated one take?",
        options=SLOWER,
        truth=_slow_answered,
    ),
)
def feel_it(machine: Machine, found: BuildEvents) -> Verdict:
    """Build files/cross-compile/clock as it is, for $HERE and $OTHER at once; keep the events in slow.json."""
    here, there = machine.linux, other(machine)
    if found.failed:
        return Problem(BUILD_FAILED, found=found.failed[0].error, wanted="a build without an error")
    took = []
    for platform in (here, there):
        compiled = run_for(found, platform)
        if compiled is None:
            return Problem(NOT_THIS_BUILD, found=_steps(found), wanted=f"go build for {platform}", platform=platform)
        if compiled.cached:
            return Problem(FROM_THE_CACHE, found="CACHED", wanted="a step that ran", platform=platform)
        took.append(f"{compiled.seconds:.1f}")
    if not any(one.target == there for one in foreign(found)):
        return Problem(NOTHING_FOREIGN, found=_steps(found), wanted=f"a RUN step on {there}", platform=there)
    return Proof(EMULATED_TOOK, native=took[0], emulated=took[1], here=here, other=there)


def _steps(found: BuildEvents) -> str:
    return "; ".join(f"{one.target or 'no platform'}: {one.text}" for one in found.vertices if one.kind == "run") or (
        "no RUN step"
    )


@dataclass(frozen=True, kw_only=True)
class Puzzle(Fact):
    """Which stage of the puzzle's Dockerfile is at which place."""

    stages: tuple[tuple[str, str], ...]


def _puzzle(world: World) -> Puzzle:
    return Puzzle(stages=tuple(_target_arch.places(world).items()))


_WRONG = {
    "undeclared": WRONG_UNDECLARED,
    "declared": WRONG_DECLARED,
    "default": WRONG_DEFAULT,
    "from": WRONG_FROM,
    "child": WRONG_CHILD,
}
_NOTHING = {"", "empty", "none", "nothing", "''", '""', "<>"}


def _seen(found: BuildEvents, stage: str) -> str | None:
    """What a stage printed of TARGETARCH; None where its step printed nothing."""
    steps = sorted(runs(found, f"{stage}: <"), key=lambda one: one.target != ARM64)
    lines = [line for one in steps for line in one.log]
    printed = (re.search(rf"{stage}: <(.*)>", line) for line in lines)
    return next((one[1] for one in printed if one), None)


def _knows(_answers: Answers, found: BuildEvents, _puzzle: Puzzle) -> Truth:
    """How many stages had the value of the platform that was built for."""
    names = [stage for stage in STAGES if _seen(found, stage) == ARM64.architecture]
    return Truth(len(names), KNOW_IT, names=", ".join(names))


@step(
    host.answers(ANSWERS),
    events.file(ARGS),
    _puzzle,
    solution=f"""
        cd files/cross-compile/args
        docker buildx build --no-cache --platform linux/arm64 \\
          --progress=rawjson --output type=cacheonly . 2> ../../../{ARGS}
        cd ../../..
        for stage in {" ".join(STAGES)}; do
          value=$(lab timeline --json {ARGS} | grep -o "\\"$stage: <[a-z0-9]*>" | cut -d '<' -f 2 | tr -d '>')
          echo "$stage ${{value:-empty}}"
        done > {ANSWERS}
        cat {ANSWERS}
    """,
    hints=[
        "Read the Dockerfile from the top: which ARG lines does each stage see?",
        "An ARG line before the first FROM is for the FROM lines only.",
        "Keep the build's events as before. Each stage prints its value; `lab timeline --json` has what was printed.",
        "What comes from the cache prints nothing.",
    ],
    needs=[needs.engine, needs.buildkit],
    exercise=True,
    prepare=Given(FILE, _target_arch.dockerfile).lay,
    makes=[Given(FILE, _target_arch.dockerfile), File(ANSWERS), File(ARGS)],
    predict=Prediction(
        question="Five stages are built for linux/arm64. In how many of them is TARGETARCH arm64?",
        options=("1", "2", "3", "4", "5"),
        truth=_knows,
    ),
)
def whose_arg(answers: Answers, found: BuildEvents, puzzle: Puzzle) -> Verdict:
    """Say in answers.txt what TARGETARCH is in each stage of args/Dockerfile; keep a build's events in args.json."""
    if found.failed:
        return Problem(BUILD_FAILED, found=found.failed[0].error, wanted="a build without an error")
    seen = {stage: _seen(found, stage) for stage in STAGES}
    for stage, value in seen.items():
        if value is None:
            return Problem(NOT_SHOWN, found="no output of that step", wanted="what it printed", stage=stage)
    declared = seen[dict(puzzle.stages)["declared"]]
    if declared != ARM64.architecture:
        return Problem(OTHER_TARGET, found=declared, wanted=ARM64)
    if problem := unanswered(answers, STAGES):
        return problem
    for place, stage in puzzle.stages:
        given = answers[stage].strip("<>").lower()
        if ("" if given in _NOTHING else given) != seen[stage]:
            return Problem(_WRONG[place], found=answers[stage], wanted="what the build printed", stage=stage)
    return Proof(ARGS_KNOWN, values=", ".join(f"{value or 'empty'} in {stage}" for stage, value in seen.items()))


def _program(platform: Platform, program: Binary | None, ref: str) -> Problem | None:
    """A problem where an image has no program, or one for another architecture; its variant is not looked at."""
    if program is None or program.kind != "elf":
        found = program.kind if program else "no program"
        return Problem(NO_PROGRAM, found=found, wanted=f"a program for {platform}", platform=platform, ref=ref)
    if program.platform is None or program.platform.architecture != platform.architecture:
        return Problem(NOT_WHAT_IT_SAYS, found=program.platform or "?", wanted=platform, platform=platform, ref=ref)
    return None


def _programs(found: Binaries, wanted: Iterable[Platform]) -> Problem | None:
    """A problem where one of the platforms is missing, or its program is another machine's."""
    there = dict(found.programs)
    for platform in sorted(wanted):
        if platform not in there:
            told = {"found": listed(there), "wanted": listed(wanted)}
            return Problem(LOST_ONE, **told, platform=platform, ref=found.reference)
        if problem := _program(platform, there[platform], found.reference):
            return problem
    return None


def _compiled(found: BuildEvents, wanted: Iterable[Platform], emulated: str) -> Problem | None:
    """A problem where the build failed, or does not compile for one of the platforms, or with a foreign program."""
    if found.failed:
        return Problem(BUILD_FAILED, found=found.failed[0].error, wanted="a build without an error")
    for platform in sorted(wanted):
        if run_for(found, platform) is None:
            done = runs(found)
            alike = len(done) == 1 and done[0].target  # BuildKit does only once what is the same for all
            message, told = (ONE_FOR_ALL if alike else NOT_THIS_BUILD), f"go build for {platform}"
            return Problem(message, found=_steps(found), wanted=told, platform=platform)
    if ran := foreign(found):
        return Problem(emulated, found=ran[0].name, wanted="no RUN step of a foreign platform")
    return None


def _fast_bars(machine: Machine, found: BuildEvents, _programs: Binaries, before: Compared) -> Picture:
    crossed = [row for row in rows(found) if row[0] == label("cross-compiled", other(machine))]
    return bars("The same program, compiled in three ways", [*before.rows, *crossed] or [("from the cache", 0.0)])


@step(
    host.machine(),
    events.file(FAST),
    registry.binaries("clock"),
    earlier(SLOW),
    gap=f"""
        cd files/cross-compile/clock
        cat > Dockerfile <<'END'
        FROM --platform=____ golang:1.26 AS build
        WORKDIR /src
        COPY . .
        ARG TARGETOS ____
        RUN GOOS=$TARGETOS GOARCH=____ go build -o /clock .

        FROM scratch
        COPY --from=build /clock /clock
        CMD ["/clock"]
        END
        docker buildx build --no-cache --platform linux/amd64,linux/arm64 --progress=rawjson \\
          -t $REGISTRY/clock --push . 2> ../../../{FAST}
    """,
    solution=f"""
        cd files/cross-compile/clock
        cat > Dockerfile <<'END'
        FROM --platform=$BUILDPLATFORM golang:1.26 AS build
        WORKDIR /src
        COPY . .
        ARG TARGETOS TARGETARCH
        RUN GOOS=$TARGETOS GOARCH=$TARGETARCH go build -o /clock .

        FROM scratch
        COPY --from=build /clock /clock
        CMD ["/clock"]
        END
        docker buildx build --no-cache --platform linux/amd64,linux/arm64 --progress=rawjson \\
          -t $REGISTRY/clock --push . 2> ../../../{FAST}
    """,
    hints=[
        "The compiler should run on the platform of the machine that builds, whatever it compiles for.",
        "What it compiles for is in a variable that a stage only has if it asks for it.",
        "Go reads `GOOS` and `GOARCH`. BuildKit's names for both are those of Go.",
    ],
    needs=[needs.engine, needs.golang, needs.buildkit, needs.several_at_once, needs.reach],
    makes=[Tag("clock"), File("files/cross-compile/clock/Dockerfile"), File(FAST)],
    picture=_fast_bars,
)
def move_compiler(machine: Machine, found: BuildEvents, programs: Binaries, _before: Compared) -> Verdict:
    """Let the native compiler make clock for linux/amd64 and linux/arm64; push clock, keep the events in fast.json."""
    if problem := _compiled(found, PAIR, STILL_EMULATED) or _programs(programs, PAIR):
        return problem
    if fixed := [one for one in found.warnings if one.rule == CONSTANT]:
        return Problem(CONSTANT_PLATFORM, found=fixed[0].text, wanted="the platform of the machine that builds")
    there = other(machine)
    crossed = run_for(found, there)
    seconds = f"{crossed.seconds:.1f}" if crossed else "0"
    return Proof(CROSSED, ref=programs.reference, platforms=listed(PAIR), other=there, seconds=seconds)


def _too_new(platform: Platform, program: Binary | None, ref: str) -> Problem | None:
    """A problem where a program for 32-bit Arm needs a newer variant than its platform has, or does not say which."""
    found = program.platform if program else None
    known = {"wanted": platform, "platform": platform, "ref": ref}
    if found is None or not found.variant:
        return Problem(NO_LEVEL, found="no variant that Go knows", **known)
    return Problem(TOO_NEW, found=found, **known) if found.variant > platform.variant else None


@step(
    registry.binaries("clock-pi"),
    gap="""
        cd files/cross-compile/clock
        cat > pi.Dockerfile <<'END'
        FROM --platform=$BUILDPLATFORM golang:1.26 AS build
        WORKDIR /src
        COPY . .
        ARG TARGETOS TARGETARCH ____
        RUN GOOS=$TARGETOS GOARCH=$TARGETARCH GOARM=____ go build -o /clock .

        FROM scratch
        COPY --from=build /clock /clock
        CMD ["/clock"]
        END
        docker buildx build --platform linux/arm/v6,linux/arm/v7 -f pi.Dockerfile -t $REGISTRY/clock-pi --push .
    """,
    solution="""
        cd files/cross-compile/clock
        cat > pi.Dockerfile <<'END'
        FROM --platform=$BUILDPLATFORM golang:1.26 AS build
        WORKDIR /src
        COPY . .
        ARG TARGETOS TARGETARCH TARGETVARIANT
        RUN GOOS=$TARGETOS GOARCH=$TARGETARCH GOARM=${TARGETVARIANT#v} go build -o /clock .

        FROM scratch
        COPY --from=build /clock /clock
        CMD ["/clock"]
        END
        docker buildx build --platform linux/arm/v6,linux/arm/v7 -f pi.Dockerfile -t $REGISTRY/clock-pi --push .
    """,
    hints=[
        "BuildKit has a third variable for what comes after the architecture: here it is `v6` or `v7`.",
        "`GOARM` is a number without a letter.",
        "A shell can take the beginning of a value off: `${NAME#prefix}`.",
    ],
    needs=[needs.engine, needs.golang, needs.buildkit, needs.several_at_once, needs.reach],
    makes=[Tag("clock-pi"), File("files/cross-compile/clock/pi.Dockerfile")],
)
def variant(programs: Binaries) -> Verdict:
    """Compile clock for two kinds of Raspberry Pi, linux/arm/v6 and linux/arm/v7, and push it as $REGISTRY/clock-pi."""
    if problem := _programs(programs, PI):
        return problem
    ref = programs.reference
    for platform in sorted(PI):
        program = programs.of(platform)
        if problem := _too_new(platform, program, ref):
            return problem
        if program and program.platform != platform:
            return Problem(TOO_OLD, found=program.platform, wanted=platform, platform=platform, ref=ref)
    return Proof(LEVELS_TRUE, ref=ref)


@step(
    events.file(CHIMES),
    registry.binaries("chime"),
    registry.binaries("chime", _GO),
    solution=f"""
        cd files/cross-compile/chime
        cat > Dockerfile <<'END'
        FROM --platform=$BUILDPLATFORM golang:1.26 AS build
        WORKDIR /src
        COPY . .
        ARG TARGETOS TARGETARCH TARGETVARIANT
        ENV GOOS=$TARGETOS GOARCH=$TARGETARCH
        RUN GOARM=${{TARGETVARIANT#v}} go build -o /chime .

        FROM scratch
        COPY --from=build /chime /chime
        CMD ["/chime"]
        END
        docker buildx build --platform linux/amd64,linux/arm64,linux/arm/v6 --progress=rawjson \\
          -t $REGISTRY/chime --push . 2> ../../../{CHIMES}
    """,
    hints=[
        "Two stages: one compiles, the other is what you ship.",
        "The first one runs on the builder's platform. The second one is for the target, and runs nothing.",
        "One of the three platforms has a variant.",
    ],
    exercise=True,
    needs=[needs.engine, needs.golang, needs.buildkit, needs.several_at_once, needs.reach],
    makes=[Tag("chime"), File("files/cross-compile/chime/Dockerfile"), File(CHIMES)],
)
def from_nothing(found: BuildEvents, programs: Binaries, compilers: Binaries) -> Verdict:
    """Write the Dockerfile of files/cross-compile/chime; push chime for amd64, arm64, arm/v6; events in chime.json."""
    ref = programs.reference
    problem = _programs(programs, THREE) or _too_new(V6, programs.of(V6), ref)
    if problem := problem or _compiled(found, THREE, RIGHT_BUT_EMULATED):
        return problem
    for platform, compiler in compilers.programs:
        if compiler is not None:
            return Problem(TOO_BIG, found=compiler.path, wanted="the program alone", platform=platform, ref=ref)
    return Proof(CHIMES_FOR_ALL, ref=ref, platforms=listed(THREE), count=counted(len(runs(found)), "step"))


@step(
    registry.binaries("toolbox", _GAUGE),
    registry.binaries("toolbox", _PROBE),
    solution="""
        cd files/cross-compile/tools
        cat > Dockerfile <<'END'
        FROM --platform=$BUILDPLATFORM busybox:1.38 AS download
        WORKDIR /dist
        COPY dist .
        ARG TARGETARCH
        RUN case $TARGETARCH in \\
              amd64) gauge=x86_64 probe=x64 ;; \\
              arm64) gauge=aarch64 probe=arm64 ;; \\
              riscv64) gauge=riscv64 probe=riscv64 ;; \\
              *) echo "no tools for $TARGETARCH" >&2; exit 1 ;; \\
            esac; \\
            cp gauge-$gauge /gauge && cp probe-$probe /probe && chmod 755 /gauge /probe

        FROM busybox:1.38
        COPY --from=download /gauge /probe /usr/bin/
        CMD ["gauge"]
        END
        docker buildx build --platform linux/amd64,linux/arm64,linux/riscv64 -t $REGISTRY/toolbox --push .
    """,
    hints=[
        "`lab audit $REGISTRY/toolbox` says which programs are wrong in which image.",
        "The stage that downloads runs on the builder's platform: what does `uname -m` answer there?",
        "Which variable says what the image is for, and what do the makers of each tool call that?",
        "Each name has to be mapped, once for each tool. A `case` can do it, and can stop where it knows no name.",
    ],
    repair=True,
    needs=[needs.engine, needs.buildkit, needs.several_at_once, needs.reach],
    makes=[Tag("toolbox"), File("files/cross-compile/tools/Dockerfile")],
)
def tool_names(gauges: Binaries, probes: Binaries) -> Verdict:
    """Mend files/cross-compile/tools; push toolbox for amd64, arm64 and riscv64, with the right tools in each image."""
    ref = gauges.reference
    missing = sorted(WITH_RISCV - {platform for platform, _ in gauges.programs})
    if missing:
        told = {"found": listed(platform for platform, _ in gauges.programs), "wanted": listed(WITH_RISCV)}
        return Problem(LOST_ONE, **told, platform=missing[0], ref=ref)
    for found, path in ((gauges, _GAUGE), (probes, _PROBE)):
        for platform in sorted(WITH_RISCV):
            tool, known = found.of(platform), {"platform": platform, "ref": ref}
            if tool is None:
                return Problem(TOOL_MISSING, found="no such file", wanted=path, path=path, **known)
            if problem := _program(platform, tool, ref):
                return problem
            if not tool.runnable:
                return Problem(TOOL_SILENT, found="no x bit", wanted="a file that can be run", path=path, **known)
    return Proof(TOOLS_TRUE, ref=ref, platforms=listed(WITH_RISCV))
