"""Lesson 9."""

from lab.course import cross_compile as lesson
from lab.course._text import ANSWER_MISSING
from lab.course.multi_platform import BUILD_FAILED
from ways import Ways

A = lesson.ANSWERS
BUILD = "docker buildx build --quiet --push"
EVENTS = "docker buildx build --progress=rawjson"
NOWHERE = f"{EVENTS} --output type=cacheonly"
CLOCK, CHIME, TOOLS = (f"files/cross-compile/{name}" for name in ("clock", "chime", "tools"))
BOTH = "--platform linux/amd64,linux/arm64"
FOUND = lesson.whose_arg.solution
# The places of the puzzle have other names for each learner.
DEFAULT = "$(grep -B 1 '^ARG TARGETARCH=amd64' files/cross-compile/args/Dockerfile | head -n 1 | awk '{print $NF}')"
UNDECLARED = "$(grep -A 3 '^RUN echo arm64' files/cross-compile/args/Dockerfile | grep ^FROM | awk '{print $NF}')"


def compiles(platform, line, more=""):
    """A Dockerfile of two stages, whose first one compiles on a platform with this line."""
    return f"""cat > Dockerfile <<'END'
FROM --platform={platform} golang:1.26 AS build
WORKDIR /src
COPY . .
{more}
RUN {line}
FROM scratch
COPY --from=build /made /made
CMD ["/made"]
END
"""


ASKED = "ARG TARGETOS TARGETARCH TARGETVARIANT"
RIGHT = compiles("$BUILDPLATFORM", "GOARCH=$TARGETARCH GOARM=${TARGETVARIANT#v} go build -o /made .", ASKED)
PUSH_CHIME = f"{EVENTS} -t $REGISTRY/chime --push"
PI = f"{BUILD} --platform linux/arm/v6,linux/arm/v7 -t $REGISTRY/clock-pi -f"
CHIME_FOR = "--platform linux/amd64,linux/arm64,linux/arm/v6"
TOOLBOX = f"{BUILD} --platform linux/amd64,linux/arm64,linux/riscv64 -t $REGISTRY/toolbox {TOOLS}"
# A stage for each platform, and FROM takes the one that is wanted: nothing is mapped by a program.
MENDED = f"""cat > {TOOLS}/Dockerfile <<'END'
FROM busybox:1.38 AS amd64
COPY dist/gauge-x86_64 /usr/bin/gauge
COPY dist/probe-x64 /usr/bin/probe
FROM busybox:1.38 AS arm64
COPY dist/gauge-aarch64 /usr/bin/gauge
COPY dist/probe-arm64 /usr/bin/probe
FROM busybox:1.38 AS riscv64
COPY dist/gauge-riscv64 /usr/bin/gauge
COPY dist/probe-riscv64 /usr/bin/probe
FROM $TARGETARCH
CMD ["gauge"]
END
sed -i 's/^COPY/COPY --chmod=755/' {TOOLS}/Dockerfile;"""

WAYS = {
    "feel_it": Ways(
        costly=True,
        # The same by another road: each platform on its own flag, all that was printed in the file.
        other=f"cd {CLOCK} && {NOWHERE} --no-cache-filter build --platform $OTHER --platform $HERE . > ../../../slow.json 2>&1",
        wrong=[
            (f"{NOWHERE} --no-cache --platform $HERE {CLOCK} 2> slow.json", lesson.NOT_THIS_BUILD),
            (f"{NOWHERE} {BOTH} files/multi-platform 2> slow.json", lesson.NOT_THIS_BUILD),
            (f"cd {CLOCK}; {RIGHT} {NOWHERE} --no-cache {BOTH} . 2> ../../../slow.json", lesson.NOTHING_FOREIGN),
            (f"printf 'FROM golang:1.26\\nRUN false\\n' | {NOWHERE} {BOTH} -f - {CLOCK} 2> slow.json", BUILD_FAILED),
        ],
    ),
    "whose_arg": Ways(
        other=f"""
            {NOWHERE} --no-cache --platform=linux/arm64 files/cross-compile/args > args.json 2>&1
            for n in black blue green red white; do printf '%s:\\tARM64\\n' $n; done > {A}
            sed -i -E "s/^{UNDECLARED}:.*/{UNDECLARED} = nothing/; s/^{DEFAULT}:.*/{DEFAULT}: amd64/" {A}
        """,
        wrong=[
            (f"{FOUND}; sed -i /^blue/d {A}", ANSWER_MISSING),
            (f'{FOUND}; sed -i "s/^{DEFAULT} .*/{DEFAULT} arm64/" {A}', lesson.WRONG_DEFAULT),
            (f'{FOUND}; sed -i "s/^{UNDECLARED} .*/{UNDECLARED} arm64/" {A}', lesson.WRONG_UNDECLARED),
            (
                f"{NOWHERE} --no-cache --platform linux/amd64 files/cross-compile/args 2> args.json; echo black arm64 > {A}",
                lesson.OTHER_TARGET,
            ),
        ],
        seeds=(1, 2, 3),
    ),
    "move_compiler": Ways(
        other=f"cd {CLOCK}; {compiles('${BUILDPLATFORM}', 'env GOARCH=$TARGETARCH go build -o /made .', ASKED)}"
        f"{EVENTS} --platform linux/arm64 --platform linux/amd64 -t $REGISTRY/clock --output type=registry . "
        "> ../../../fast.json 2>&1",
        wrong=[
            (
                f"cd {CLOCK}; {compiles('$BUILDPLATFORM', 'go build -o /made .', ASKED)}"
                f"{EVENTS} {BOTH} -t $REGISTRY/clock --push . 2> ../../../fast.json",
                lesson.NOT_WHAT_IT_SAYS,
            ),
            (
                f"cd {CLOCK}; {compiles('$BUILDPLATFORM', 'GOARCH=$TARGETARCH go build -o /made .')}"
                f"{EVENTS} {BOTH} -t $REGISTRY/clock --push . 2> ../../../fast.json",
                lesson.ONE_FOR_ALL,
            ),
            (
                f"cd {CLOCK}; {compiles('HERE', 'GOARCH=$TARGETARCH go build -o /made .', ASKED)}"
                f'sed -i "s|platform=HERE|platform=$HERE|" Dockerfile; '
                f"{EVENTS} {BOTH} -t $REGISTRY/clock --push . 2> ../../../fast.json",
                lesson.CONSTANT_PLATFORM,
            ),
        ],
    ),
    "variant": Ways(
        other=f"cd {CLOCK}; {RIGHT} {BUILD} --platform linux/arm64,linux/arm/v7,linux/arm/v6 -t $REGISTRY/clock-pi .",
        wrong=[
            (
                f"cd {CLOCK}; {compiles('$BUILDPLATFORM', 'GOARCH=$TARGETARCH go build -o /made .', ASKED)}"
                f"{PI} Dockerfile .",
                lesson.TOO_NEW,
            ),
            (
                f"cd {CLOCK}; {compiles('$BUILDPLATFORM', 'GOARCH=arm GOARM=6 go build -o /made .')}{PI} Dockerfile .",
                lesson.TOO_OLD,
            ),
            (
                f"cd {CLOCK}; {RIGHT} {BUILD} --platform linux/arm/v7 -t $REGISTRY/clock-pi .",
                lesson.LOST_ONE,
            ),
        ],
    ),
    "from_nothing": Ways(
        other=f"cd {CHIME}; {RIGHT} {PUSH_CHIME} {CHIME_FOR},linux/arm/v7 . > ../../../chime.json 2>&1",
        wrong=[
            (f"cd {CHIME}; {RIGHT} {PUSH_CHIME} {BOTH} . 2> ../../../chime.json", lesson.LOST_ONE),
            (
                f"cd {CHIME}; {RIGHT} sed -i 's/GOARM=[^ ]*//' Dockerfile; "
                f"{PUSH_CHIME} {CHIME_FOR} . 2> ../../../chime.json",
                lesson.TOO_NEW,
            ),
            (
                f"cd {CHIME}; {RIGHT} {BUILD} {CHIME_FOR} -t $REGISTRY/chime .; "
                f"{NOWHERE} {BOTH} ../../multi-platform 2> ../../../chime.json",
                lesson.NOT_THIS_BUILD,
            ),
        ],
    ),
    "tool_names": Ways(
        other=f"{MENDED} {TOOLBOX}",
        wrong=[
            (TOOLBOX, lesson.NOT_WHAT_IT_SAYS),
            (f"{BUILD} {BOTH} -t $REGISTRY/toolbox {TOOLS}", lesson.LOST_ONE),
            (f"{MENDED} sed -i '/probe/d' {TOOLS}/Dockerfile; {TOOLBOX}", lesson.TOOL_MISSING),
            (f"{MENDED} sed -i 's/--chmod=755//' {TOOLS}/Dockerfile; {TOOLBOX}", lesson.TOOL_SILENT),
        ],
        symptom=(f"{TOOLBOX}; lab audit $REGISTRY/toolbox", "exec format error"),
    ),
}
