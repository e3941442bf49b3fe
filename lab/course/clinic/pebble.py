"""K15: an image for the smallest Raspberry Pi dies on it."""

from __future__ import annotations

from lab.audit import rules
from lab.course.clinic import _rows, _scenes
from lab.course.clinic._bench import Bench
from lab.course.clinic._case import Symptom, case, picked
from lab.course.leftovers import Tag
from lab.model.digests import brief
from lab.model.facts import Binaries, Images
from lab.model.platforms import Platform
from lab.model.steps import Problem, Proof, Verdict, step
from lab.model.world import World
from lab.probes import needs, registry

PEBBLE, PROGRAM = "pebble", "/pebble"
STARTS = (PROGRAM,)
V6 = Platform.parse("linux/arm/v6")
BOTH = frozenset({V6, _rows.ARM})

STILL_TOO_NEW = "The program for {platform} under {ref} is compiled for a newer Arm than a Pi Zero has."
NO_LEVEL = "The program for {platform} under {ref} was compiled with a GOARM that Go does not know, and so ignores."
MENDED = "{ref} is one index, {digest}, with {rows}; the program for {platform} needs no newer Arm than that."

_CONSTANT, _UNDECLARED, _SHADOWED = "constant", "undeclared", "shadowed"
_DECIDED = {
    _CONSTANT: "The program in the row for linux/arm/v6 was compiled for ARMv7, and says so: the Dockerfile sets GOARM "
    "to 7, whatever the build is for.",
    _UNDECLARED: "The program in the row for linux/arm/v6 was compiled for ARMv7, and says so: no ARG line of "
    "the stage names TARGETVARIANT, so GOARM is empty, and Go takes 7.",
    _SHADOWED: "The program in the row for linux/arm/v6 was compiled for ARMv7, and says so: the ARG line gives "
    "TARGETVARIANT a value of its own, which hides BuildKit's.",
}
CAUSES = tuple(_DECIDED)
_DOCKERFILE = """\
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY go.mod main.go ./
ARG {args}
RUN GOOS=$TARGETOS GOARCH=$TARGETARCH GOARM={level} go build -o /pebble .

FROM scratch
COPY --from=build /pebble /pebble
ENTRYPOINT ["/pebble"]
"""
_LEVELS = {
    _CONSTANT: {"args": "TARGETOS TARGETARCH", "level": "7"},
    _UNDECLARED: {"args": "TARGETOS TARGETARCH", "level": "${TARGETVARIANT#v}"},
    _SHADOWED: {"args": "TARGETOS TARGETARCH TARGETVARIANT=v7", "level": "${TARGETVARIANT#v}"},
}
_MAIN = """\
// Pebble says hello from a very small machine.
package main

import "os"

func main() {
	os.Stdout.WriteString("hello from a pebble\\n")
}
"""
_ZERO = """\
#!/bin/sh
# Stands for a Raspberry Pi Zero, an ARMv6, and is simulated. Like its engine, it asks the registry for an image of its
# platform; like its processor, it stops at a program for a newer Arm. `lab audit` reads the program for it.
said=$(lab audit --need linux/arm/v6 "$REGISTRY/pebble" 2>&1)
case $said in
  *"illegal instruction"*) echo "Illegal instruction (core dumped)"; exit 132 ;;
  *"is needed, and there is no image"*) echo "no matching manifest for linux/arm/v6 in the manifest list"; exit 125 ;;
  *"pebble"*) echo "hello from a pebble" ;;
  *) echo "$said" ;;
esac
"""


def dockerfile(cause: str) -> str:
    """The team's file, with that cause in it."""
    return _DOCKERFILE.format(**_LEVELS[cause])


def cause_of(world: World) -> str:
    """What is behind this learner's case."""
    return picked(world, PEBBLE, CAUSES)


_BENCH = Bench(
    PEBBLE,
    texts=lambda world: {
        "Dockerfile": dockerfile(cause_of(world)),
        "go.mod": "module pebble\n\ngo 1.26\n",
        "main.go": _MAIN,
        "zero.sh": _ZERO,
    },
)


def scene(world: World) -> None:
    """The team has built and pushed for a Pi Zero and for newer ones. Blocked where it cannot be."""
    _BENCH.lay(world)
    _scenes.build(world, PEBBLE, sorted(BOTH), _BENCH.place(world))


@case(
    number=15,
    hurts="The image is for the smallest Raspberry Pi, too, and says so. On that one, the program dies at once.",
    minutes=10,
    entry="illegal-instruction-on-this-cpu",
    lessons=("cross-compile", "true-image"),
    symptom=Symptom(
        story="“Two Pis, one tag. The new one is happy. The Pi Zero pulls the image for linux/arm/v6, as it should, "
        "and then this. Is it broken? The Pi Zero is simulated here, by zero.sh.”",
        script="docker buildx imagetools inspect $REGISTRY/pebble | grep -o 'linux/.*'\nsh files/clinic/pebble/zero.sh",
        sign="linux/arm/v6(?:.|\\n)*Illegal instruction",
    ),
    causes=_DECIDED,
    points=(
        "You asked the program, and not only the list, which Arm it is for.",
        "A row's platform is a label; what was compiled is decided elsewhere.",
        "A value that a stage was not given is empty, and a compiler has a default of its own.",
    ),
)
@step(
    registry.images(PEBBLE),
    registry.binaries(PEBBLE, PROGRAM),
    solution=r"""
        cd files/clinic/pebble
        sed -i 's/^ARG .*/ARG TARGETOS TARGETARCH TARGETVARIANT/' Dockerfile
        sed -i 's/GOARM=[^ ]*/GOARM=${TARGETVARIANT#v}/' Dockerfile
        docker buildx build --platform linux/arm64,linux/arm/v6 -t $REGISTRY/pebble --push .
        sh zero.sh
    """,
    hints=[
        "The list says linux/arm/v6. Does the program in that image say the same of itself? `lab audit` reads it.",
        "What tells Go which Arm to compile for, and which value does it have in this build?",
        "In which stage is that value wanted, and do its ARG lines bring it there as BuildKit has it?",
    ],
    needs=[needs.engine, needs.golang, needs.several_at_once, needs.reach],
    prepare=scene,
    makes=[Tag(PEBBLE), _BENCH],
)
def pebble(images: Images, programs: Binaries) -> Verdict:
    """Mend files/clinic/pebble and push $REGISTRY/pebble for arm64 and arm/v6, so that it runs on a Pi Zero, too."""
    index = images.index
    problem = _rows.absent(index, BOTH, had=BOTH) or _rows.other_image(images, STARTS)
    problem = problem or _rows.foreign(programs, of=BOTH)
    if problem := problem or _level(programs):
        return problem
    return Proof(MENDED, ref=index.reference, digest=brief(index.digest), rows=_rows.rows(index), platform=V6)


def _level(programs: Binaries) -> Problem | None:
    """A problem where the program for ARMv6 needs a newer one, or does not say which it needs."""
    program, known = programs.of(V6), {"platform": V6, "ref": programs.reference}
    if program is None or program.platform is None or not program.platform.variant:
        return Problem(NO_LEVEL, found="no variant that Go knows", wanted=V6, **known)
    return Problem(STILL_TOO_NEW, found=program.platform, wanted=V6, **known) if rules.too_new(program, V6) else None
