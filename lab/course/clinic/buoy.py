"""K14: the machine runs a program of another platform, and a container on it does not."""

from __future__ import annotations

from dataclasses import dataclass

from lab.course.clinic import _scenes
from lab.course.clinic._bench import Bench
from lab.course.clinic._case import Symptom, case
from lab.course.leftovers import Tag
from lab.model.facts import Evidence, Fact, Images
from lab.model.platforms import Platform, listed
from lab.model.steps import Problem, Proof, Verdict, step
from lab.model.world import World
from lab.probes import engine, needs, registry
from lab.sandbox.emulators import kernel, unopened

BUOY, TRIAL = "buoy", "buoy:trial"
PLATFORM = Platform.parse(f"linux/{unopened.PROCESSOR}")

IMAGE_CHANGED = "{ref} is not for {platform} any more: the machine is what is broken, and not the image."
NOTHING_RUNS_IT = "No handler runs programs of {platform} any more: the machine itself does not run them either."
IMAGE_CARRIES_IT = (
    "The team's image starts, and another one for {platform} still does not: the image brings along what the machine "
    "does not hand to containers."
)
SAME_FAULT = "A container for {platform} still cannot start its program. The kernel looks for {interpreter} in there."
STILL_FAILS = "A container for {platform} still cannot start its program, though each handler has the flag F."
MENDED = "Programs of {platform} run in containers, whatever image they are of: {handlers}."

_DOCKERFILE = """\
FROM scratch
COPY hello-riscv64 /hello
ENTRYPOINT ["/hello"]
"""
_TRY = """\
#!/bin/sh
# How the team tries a machine: the same program, on the machine itself and in a container.
cd "$(dirname "$0")" || exit 1
echo "on the machine:"
./hello-riscv64
echo "in a container:"
docker run --rm --quiet --pull always --platform linux/riscv64 "$REGISTRY/buoy"
"""
_BENCH = Bench(
    BUOY,
    texts=lambda _world: {"Dockerfile": _DOCKERFILE, "try.sh": _TRY},
    programs=(("hello-riscv64", "riscv64"),),
)


@dataclass(frozen=True)
class PackagesHandler:
    """The handler that the scene registered."""

    def remove(self, world: World) -> str:
        """Take it away; what was there before is as it was."""
        del world
        return unopened.remove()


@dataclass(frozen=True, kw_only=True)
class Handled(Fact):
    """Who runs the platform's programs: (name, interpreter, flags) of each handler; and what started in containers.

    `started` is an image with nothing but a program in it, `teams` the team's own.
    """

    handlers: tuple[tuple[str, str, str], ...]
    started: bool
    teams: bool
    said: str = ""


def handled(world: World) -> Handled:
    """Ask the kernel for its handlers, and start a program of that platform in two containers."""
    images = [f"{world.registry}/{tag}" for tag in (TRIAL, BUOY)]
    known = ("--rm", "--quiet", "--pull", "always", "--platform", str(PLATFORM))
    (trial, _, said, one), (teams, _, _, other) = (engine.docker(world, "run", *known, image) for image in images)
    found = kernel.serving(unopened.PROCESSOR)
    listing = "\n".join(f"{each.name}: {each.interpreter}, flags {each.flags}" for each in found)
    return Handled(
        handlers=tuple((each.name, each.interpreter, each.flags) for each in found),
        started=not trial,
        teams=not teams,
        said=said.strip().rpartition("\n")[2],
        evidence=(Evidence(str(kernel.FOLDER), listing or "no handler"), one, other),
    )


def scene(world: World) -> None:
    """An image for riscv64, and a handler that serves no container. Blocked where it cannot be, or nobody agreed."""
    needs.consent(world)
    unopened.check_agreed()
    unopened.check_possible()
    _BENCH.lay(world)
    for tag in (BUOY, TRIAL):
        _scenes.build(world, tag, [PLATFORM], _BENCH.place(world))
    unopened.put()


@case(
    number=14,
    hurts="The machine runs programs for riscv64. A container with the same program does not start.",
    minutes=8,
    entry="emulator-not-in-containers",
    lessons=("emulation",),
    symptom=Symptom(
        story="“We installed the emulators from the system's packages, and they work: look, the first line. So it must "
        "be the image. Something is missing in there, it says.” The packages are played: you agreed to emulators, so "
        "the lab has registered one for riscv64 with this machine's kernel, until `lab reset buoy` or `lab down`.",
        script="sh files/clinic/buoy/try.sh",
        sign=r"on the machine:\s+hello from riscv64\s+in a container:\s(?s:.)*no such file or directory",
    ),
    causes="The handler's flags have no F: the kernel opens the emulator only when a program is started, and looks for "
    "it where that program is, in the container.",
    points=(
        "You looked at the handler's flags, and not only whether there is one.",
        "The file that is missing is the emulator, not the program: the program is there.",
        "With F the kernel opens the emulator when it is registered, and needs it nowhere else.",
    ),
)
@step(
    registry.images(BUOY),
    handled,
    solution="lab up --no-emulators\nlab up --emulators",
    hints=[
        "The program is in the image: `docker create` and `docker cp` get it out. Which other file could be missing?",
        "Who runs a program of another platform? `lab emulators` shows each handler, and what its letters mean.",
        "Of two handlers for one processor, the kernel asks the last one. None can be changed, only taken away.",
    ],
    needs=[needs.engine, needs.consent, needs.emulators_agreed],
    prepare=scene,
    makes=[PackagesHandler(), Tag(BUOY), Tag(TRIAL), _BENCH],
)
def buoy(images: Images, found: Handled) -> Verdict:
    """Mend this machine, so that containers of every image for linux/riscv64 start; leave $REGISTRY/buoy as it is."""
    known = {"platform": PLATFORM, "ref": images.index.reference}
    if PLATFORM not in images.index.platforms:
        return Problem(IMAGE_CHANGED, found=listed(images.index.platforms), wanted=PLATFORM, **known)
    if not found.handlers:
        return Problem(NOTHING_RUNS_IT, found="no handler", wanted="a handler with the flag F", **known)
    if found.started:
        names = ", ".join(f"{name}, flags {flags}" for name, _, flags in found.handlers)
        return Proof(MENDED, platform=PLATFORM, handlers=names)
    if found.teams:
        return Problem(IMAGE_CARRIES_IT, found=found.said, wanted="a program that starts in any image", **known)
    for name, interpreter, flags in found.handlers:
        if "F" not in flags:
            wanted, has = "a handler with the flag F", f"{name}, flags {flags or 'none'}"
            return Problem(SAME_FAULT, found=has, wanted=wanted, interpreter=interpreter, **known)
    return Problem(STILL_FAILS, found=found.said, wanted="a program that starts", **known)
