"""K03 and K04: builds are green, and on one kind of machine a program is that of the other kind."""

from __future__ import annotations

from lab.course.clinic import _rows, _scenes
from lab.course.clinic._bench import Bench
from lab.course.clinic._case import Symptom, case, picked
from lab.course.clinic._rebuilt import Rebuilt, fault, rebuilt
from lab.course.leftovers import Tag
from lab.model.digests import brief
from lab.model.facts import Binaries, Images
from lab.model.steps import Problem, Proof, Verdict, step
from lab.model.world import World
from lab.probes import needs, registry

LAMP, KETTLE = "lamp", "kettle"
PROGRAM, SHELL = "/usr/bin/hello", "/bin/busybox"
STARTS = ("hello",)
_TURNS = {LAMP: 0, KETTLE: 1}
_PURPOSE = "crossed"

MENDED = "{ref} is one index, {digest}, with {rows}; each program is for its platform, and no RUN was emulated."

_ARGUMENT, _STAGE, _NAME = "argument", "stage", "machine"
_BUILD = """\
FROM --platform=$BUILDPLATFORM busybox:1.38 AS build
{argument}COPY tools /tools
RUN mkdir /out && cp /tools/hello-{name} /out/hello
"""
_LAST = """
FROM {platform}busybox:1.38
COPY --from=build /out/hello /usr/bin/hello
CMD ["hello"]
"""
_MACHINE = "$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')"
# For each cause: the argument's line, how the program is chosen, the platform of the last stage.
_DECIDED = {
    _ARGUMENT: "`ARG TARGETARCH` has a default: one that stands in the stage hides what BuildKit would have put there, "
    "so that each row gets the same program.",
    _STAGE: "The last stage is `FROM --platform=$BUILDPLATFORM`: its base is for the machine that builds, in each row.",
    _NAME: "`uname -m` in a stage that runs on the builder's platform names the builder's machine, whatever the row.",
}
CAUSES = tuple(_DECIDED)
_RIGHT = _BUILD.format(argument="ARG TARGETARCH\n", name="$TARGETARCH") + _LAST.format(platform="")


def cause_of(world: World, name: str) -> str:
    """What is behind this learner's case; the two cases never share a cause."""
    return picked(world, _PURPOSE, CAUSES, _TURNS[name])


def dockerfile(world: World, cause: str) -> str:
    """The team's Dockerfile, with that cause in it."""
    default = f"={_scenes.other(world).architecture}" if cause == _ARGUMENT else ""
    argument = "" if cause == _NAME else f"ARG TARGETARCH{default}\n"
    first = _BUILD.format(argument=argument, name=_MACHINE if cause == _NAME else "$TARGETARCH")
    return first + _LAST.format(platform="--platform=$BUILDPLATFORM " if cause == _STAGE else "")


def on_their_machine(world: World, text: str) -> str:
    """What builds here what their machine, of the other kind, has built of the same file."""
    theirs = _scenes.other(world)
    first, last = text.split("\n\n")
    last = last.replace("$BUILDPLATFORM", str(theirs))
    return "\n\n".join((first.replace(_MACHINE, theirs.architecture), last))


def _bench(name: str) -> Bench:
    return Bench(
        name,
        texts=lambda world: {"Dockerfile": dockerfile(world, cause_of(world, name))},
        programs=(("tools/hello-amd64", "amd64"), ("tools/hello-arm64", "arm64")),
    )


_BENCHES = {name: _bench(name) for name in _TURNS}


def _broken(world: World, name: str) -> None:
    _BENCHES[name].lay(world)
    text = on_their_machine(world, dockerfile(world, cause_of(world, name)))
    _scenes.build(world, name, sorted(_rows.PAIR), _BENCHES[name].place(world), text=text)


def broken_lamp(world: World) -> None:
    """The lamp's team builds and pushes. Blocked where it cannot be."""
    _broken(world, LAMP)


def broken_kettle(world: World) -> None:
    """The kettle's team does. Blocked where it cannot be."""
    _broken(world, KETTLE)


def _symptom(name: str) -> Symptom:
    return Symptom(
        story="“The build is green for both platforms, and on our machines all is well. Here is how yours starts it.”",
        script=f"docker run --rm --quiet --pull always --platform $HERE $REGISTRY/{name}\n"
        f"docker run --rm --platform $HERE $REGISTRY/{name} uname -m",
        sign="exec format error|@OTHER@",
    )


_POINTS = (
    "You looked at the programs in the image, and not only at its label.",
    "You found the line of the Dockerfile that chooses the platform.",
    "You asked which machine builds, and for which one it builds.",
)
_HINTS = (
    "Two programs are in the image: the shell of its base, and `hello`. Which of them is for another machine?",
    "Find the line of the Dockerfile that chose that program: an argument, a platform, or the name of a machine.",
    "`$BUILDPLATFORM` is where the build runs; `$TARGETARCH` is what it is for, where nothing hides it.",
)


def _solution(name: str) -> str:
    return f"""\
cd files/clinic/{name}
cat > Dockerfile <<'END'
{_RIGHT}END
docker buildx build --platform linux/amd64,linux/arm64 -t $REGISTRY/{name} --push .
"""


def _verdict(images: Images, programs: tuple[Binaries, Binaries], made: Rebuilt) -> Verdict:
    index = images.index
    problem: Problem | None = (
        _rows.absent(index, _rows.PAIR, had=_rows.PAIR)
        or _rows.other_image(images, STARTS)
        or _rows.foreign(*programs)
        or fault(made, index.reference)
    )
    return problem or Proof(MENDED, ref=index.reference, digest=brief(index.digest), rows=_rows.rows(index))


@case(
    number=3,
    hurts="The build is green for both platforms, and on your kind of machine something in the image does not start.",
    minutes=10,
    entry="binary-is-not-what-the-label-says",
    lessons=("emulation", "inside-the-index"),
    symptom=_symptom(LAMP),
    causes=_DECIDED,
    points=_POINTS,
    purpose=_PURPOSE,
    turn=_TURNS[LAMP],
)
@step(
    registry.images(LAMP),
    registry.binaries(LAMP, PROGRAM),
    registry.binaries(LAMP, SHELL),
    rebuilt(_BENCHES[LAMP].folder, PROGRAM, SHELL),
    solution=_solution(LAMP),
    hints=_HINTS,
    needs=[needs.engine, needs.several_at_once, needs.reach],
    prepare=broken_lamp,
    makes=[Tag(LAMP), _BENCHES[LAMP]],
)
def lamp(images: Images, program: Binaries, shell: Binaries, made: Rebuilt) -> Verdict:
    """Mend files/clinic/lamp and push $REGISTRY/lamp: each program is for its platform, and nothing is emulated."""
    return _verdict(images, (program, shell), made)


@case(
    number=4,
    hurts="Another team's build is green as well, and on your kind of machine something in the image does not start.",
    minutes=10,
    entry="binary-is-not-what-the-label-says",
    lessons=("emulation", "inside-the-index"),
    symptom=_symptom(KETTLE),
    causes=_DECIDED,
    points=_POINTS,
    purpose=_PURPOSE,
    turn=_TURNS[KETTLE],
)
@step(
    registry.images(KETTLE),
    registry.binaries(KETTLE, PROGRAM),
    registry.binaries(KETTLE, SHELL),
    rebuilt(_BENCHES[KETTLE].folder, PROGRAM, SHELL),
    solution=_solution(KETTLE),
    hints=_HINTS,
    needs=[needs.engine, needs.several_at_once, needs.reach],
    prepare=broken_kettle,
    makes=[Tag(KETTLE), _BENCHES[KETTLE]],
)
def kettle(images: Images, program: Binaries, shell: Binaries, made: Rebuilt) -> Verdict:
    """Mend files/clinic/kettle and push $REGISTRY/kettle: each program is for its platform, and nothing is emulated."""
    return _verdict(images, (program, shell), made)
