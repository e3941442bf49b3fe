"""K19: the platform is right, and the container does not start."""

from __future__ import annotations

from dataclasses import dataclass

from lab.course.clinic import _rows, _scenes
from lab.course.clinic._bench import Bench
from lab.course.clinic._case import Symptom, case, picked
from lab.course.leftovers import Tag
from lab.model.digests import brief
from lab.model.facts import Binaries, Evidence, Fact, Images
from lab.model.steps import Problem, Proof, Verdict, step
from lab.model.world import World
from lab.probes import engine, needs, registry

DOOR = "door"
SAYS = "the door is open"

SAME_FAULT = "The image for this machine still does not start."
OTHER_WORDS = "The image starts, but it says something else than the team's script."
MENDED = "{ref} is one index, {digest}, with {rows}, and on this machine it starts."

_SHEBANG, _BIT, _RETURN, _BASH = "shebang", "bit", "carriage return", "bash"
_DECIDED = {
    _SHEBANG: "The first bytes of the script are no `#!`: the kernel does not know what to start it with, and says "
    "`exec format error`, as it does for a foreign program.",
    _BIT: "The script has no x bit in the image: `permission denied`.",
    _RETURN: "The script's first line ends with a carriage return: the kernel looks for a program whose name ends with "
    "one, and the file that is not found is that program.",
    _BASH: "The script asks for `/bin/bash`, and the base has none: the file that is not found is the interpreter.",
}
CAUSES = tuple(_DECIDED)
_SCRIPTS = {
    _SHEBANG: "echo the door is open\n",
    _BIT: "#!/bin/sh\necho the door is open\n",
    _RETURN: "#!/bin/sh\r\necho the door is open\r\n",
    _BASH: "#!/bin/bash\necho the door is open\n",
}
_DOCKERFILE = """\
FROM busybox:1.38
COPY --chmod={mode} open.sh /open.sh
ENTRYPOINT ["/open.sh"]
"""


def cause_of(world: World) -> str:
    """What is behind this learner's case."""
    return picked(world, DOOR, CAUSES)


def texts(world: World) -> dict[str, str]:
    """The team's files, with that cause in them."""
    cause = cause_of(world)
    return {"Dockerfile": _DOCKERFILE.format(mode="644" if cause == _BIT else "755"), "open.sh": _SCRIPTS[cause]}


_BENCH = Bench(DOOR, texts=texts)


@dataclass(frozen=True, kw_only=True)
class Start(Fact):
    """What a container of the image printed on this machine, and how it ended."""

    status: int
    output: str


def start(world: World) -> Start:
    """Run the tag that is in the registry, as a server would."""
    image = f"{world.registry}/{DOOR}"
    options = ("--rm", "--quiet", "--pull", "always", "--platform", str(_scenes.here(world)))
    status, out, err, evidence = engine.docker(world, "run", *options, image, limit=60)
    said = (out if not status else err or out).strip()
    return Start(status=status, output=said, evidence=(Evidence(evidence.asked, said),))


def scene(world: World) -> None:
    """The team builds for both platforms, and pushes. Blocked where it cannot be."""
    _BENCH.lay(world)
    _scenes.build(world, DOOR, sorted(_rows.PAIR), _BENCH.place(world))


@case(
    number=19,
    hurts="The tag has a row for your machine, and its container does not start.",
    minutes=8,
    entry="script-without-shebang",
    lessons=("mismatch", "emulation"),
    symptom=Symptom(
        story="“It must be the platform again. Somebody should register the emulators.”",
        script="docker run --rm --quiet --pull always --platform $HERE $REGISTRY/door",
        sign="(?i)exec format error|permission denied|no such file",
    ),
    causes=_DECIDED,
    points=(
        "You looked at the first bytes and the mode of what is started.",
        "The platform of the row is right, so it cannot be the cause.",
        "`exec format error` is what a kernel says of anything that it cannot start.",
    ),
)
@step(
    registry.images(DOOR),
    registry.binaries(DOOR, "/bin/busybox"),
    start,
    solution=r"""
        cd files/clinic/door
        printf '#!/bin/sh\necho the door is open\n' > open.sh
        sed -i 's/--chmod=644/--chmod=755/' Dockerfile
        docker buildx build --platform linux/amd64,linux/arm64 -t $REGISTRY/door --push .
    """,
    hints=[
        "Is the row for your machine? Is the shell in it? Then it is not the platform.",
        "What is started is a script. Read its first bytes one by one, with `od -c`.",
        "A kernel needs three things of a script: the x bit, `#!`, and an interpreter of just that name.",
    ],
    needs=[needs.engine, needs.several_at_once, needs.reach],
    prepare=scene,
    makes=[Tag(DOOR), _BENCH],
)
def door(images: Images, shell: Binaries, started: Start) -> Verdict:
    """Mend files/clinic/door and push $REGISTRY/door for amd64 and arm64, so that its container starts."""
    index = images.index
    if problem := _rows.absent(index, _rows.PAIR, had=_rows.PAIR):
        return problem
    if started.status:
        found = started.output.splitlines()[-1] if started.output else f"exit status {started.status}"
        return Problem(SAME_FAULT, found=found, wanted=SAYS)
    if SAYS not in started.output:
        return Problem(OTHER_WORDS, found=started.output[:200] or "nothing", wanted=SAYS)
    if problem := _rows.foreign(shell):
        return problem
    return Proof(MENDED, ref=index.reference, digest=brief(index.digest), rows=_rows.rows(index))
