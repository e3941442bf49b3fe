"""K21: a stack of three services, of which one machine runs too many by emulation."""

from __future__ import annotations

from dataclasses import dataclass

from lab.course import _yaml
from lab.course._seeded import shuffled
from lab.course.clinic import _rows, _scenes
from lab.course.clinic._bench import DOCKERFILE, Bench
from lab.course.clinic._case import Symptom, case
from lab.course.leftovers import Tag
from lab.errors import BadInput, NotThere
from lab.model.facts import Fact, Index
from lab.model.platforms import Platform, given, listed
from lab.model.steps import Problem, Proof, Verdict, step
from lab.model.world import World
from lab.probes import needs, registry

TRIO = "trio"
SERVICES = ("cache", "mail", "web")

SERVICE_GONE = "compose.yaml has lost the service {service}."
OTHER_IMAGE = "The service {service} is no longer the team's: its image is another one."
PINNED = "The service {service} is pinned to {pin}, though its image has rows for both machines."
PIN_MISSING = (
    "The service {service} has no platform, and its image has a row for one machine only: the other cannot pull it."
)
PIN_ABSENT = "The service {service} is pinned to {pin}, and its image has no row for that."
ROW_ADDED = "The image of {service} was changed. It is another company's: only the file is yours."
MENDED = (
    "Of three services, {pinned} is pinned, to {pin}, which is all that its image has; the others have rows for both."
)

_UP = """\
#!/bin/sh
# Stands for `docker compose up`, and is simulated: it starts each service once, with the platform that the file says.
cd "$(dirname "$0")" || exit 1
tr -d '"' < compose.yaml | awk '
  function start() { if (name != "") print name, image, platform }
  /^  [a-z]+:/ { start(); name = $1; sub(":", "", name); image = ""; platform = "" }
  $1 == "image:" { image = $2 }
  $1 == "platform:" { platform = $2 }
  END { start() }' |
while read -r name image platform; do
  printf '%s: ' "$name"
  docker run --rm --quiet --pull always ${platform:+--platform $platform} "$image" 2>&1 </dev/null
done
"""


def single(world: World) -> str:
    """The service whose image has one row: another one for each learner."""
    return shuffled(world, TRIO, SERVICES)[0]


def _compose(world: World) -> str:
    other = _scenes.other(world)
    services = (
        f"  {name}:\n    image: {world.registry}/trio-{name}:1\n    platform: {other}  # since the move\n"
        for name in SERVICES
    )
    return "services:\n" + "".join(services)


_BENCH = Bench(
    TRIO,
    texts=lambda world: {"compose.yaml": _compose(world), "up.sh": _UP, "source/Dockerfile": DOCKERFILE},
    programs=(("source/hello-amd64", "amd64"), ("source/hello-arm64", "arm64")),
)


@dataclass(frozen=True, kw_only=True)
class Service(Fact):
    """A service of a compose file: its image, its platform as it is written, and what the registry has of the image."""

    name: str
    image: str
    pin: str = ""
    index: Index | None = None


@dataclass(frozen=True, kw_only=True)
class Stack(Fact):
    """The services of compose.yaml, and which of them has one row when nobody has changed it."""

    services: tuple[Service, ...]
    single: str
    row: Platform
    registry: str


def stack(world: World) -> Stack:
    """Read compose.yaml, and ask the registry for each image."""
    documents, evidence = _yaml.read(world, f"{_BENCH.folder}/compose.yaml")
    found = _yaml.at(next(iter(documents), None), "services")
    if not isinstance(found, dict):
        raise BadInput("compose.yaml has no services.")
    services = tuple(_service(world, str(name), data) for name, data in found.items())
    row = _scenes.other(world)
    return Stack(services=services, single=single(world), row=row, registry=world.registry, evidence=evidence)


def _service(world: World, name: str, data: object) -> Service:
    image, pin = (_yaml.word(_yaml.at(data, key)) for key in ("image", "platform"))
    try:
        index = registry.index(image)(world) if image else None
    except (NotThere, BadInput):
        index = None
    return Service(name=name, image=image, pin=pin, index=index)


def scene(world: World) -> None:
    """Two images for both machines, one for the other kind alone; all three pinned. Blocked where it cannot be."""
    _BENCH.lay(world)
    for name in SERVICES:
        platforms = [_scenes.other(world)] if name == single(world) else sorted(_rows.PAIR)
        _scenes.build(world, f"trio-{name}:1", platforms, _BENCH.place(world) / "source")


@case(
    number=21,
    hurts="A stack of three services is slow on your machine, or does not start at all. A colleague's is quick.",
    minutes=10,
    entry="platform-does-not-match-host",
    lessons=("emulation", "multi-platform"),
    symptom=Symptom(
        story="“One of the images is another company's, and exists for our kind of machine only. So we wrote the "
        "platform into the file. Compose is simulated here, by up.sh.”",
        script="sh files/clinic/trio/up.sh",
        sign="(?:exec format error|@OTHER@)(?:.|\\n)*(?:exec format error|@OTHER@)",
    ),
    causes="Two of the three images have rows for both machines, and are pinned to one all the same. Only the third "
    "needs its pin.",
    points=(
        "You asked the registry for the rows of each image.",
        "A platform in a compose file is an order, not a hint.",
        "A pin is right where there is one row, and only there.",
    ),
)
@step(
    stack,
    solution=r"""
        cd files/clinic/trio
        for service in cache mail web; do
          if docker buildx imagetools inspect $REGISTRY/trio-$service:1 | grep -q "Platform: *$HERE"; then
            sed -i "/trio-$service/{n;d}" compose.yaml
          fi
        done
        sh up.sh
    """,
    hints=[
        "Which of the three says that it is from another kind of machine than yours?",
        "For each service, compare the platform in the file with the rows of its image.",
        "The images are as they are. What has one row needs its pin; what has both needs none.",
    ],
    needs=[needs.engine, needs.several_at_once, needs.reach],
    prepare=scene,
    makes=[*(Tag(f"trio-{name}:1") for name in SERVICES), _BENCH],
)
def trio(found: Stack) -> Verdict:
    """Mend files/clinic/trio/compose.yaml: each service is pinned to a platform where it has to be, and only there."""
    there = {one.name: one for one in found.services}
    for name in SERVICES:
        if name not in there:
            return Problem(
                SERVICE_GONE, found=", ".join(there) or "no service", wanted=", ".join(SERVICES), service=name
            )
        if problem := _wrong(there[name], found):
            return problem
    return Proof(MENDED, pinned=found.single, pin=found.row)


def _wrong(one: Service, found: Stack) -> Problem | None:
    image = f"{found.registry}/trio-{one.name}:1"
    if one.image.partition("@")[0] != image or one.index is None:
        return Problem(OTHER_IMAGE, found=one.image or "no image", wanted=image, service=one.name)
    rows, pin = one.index.platforms, given(one.pin) if one.pin else None
    held = listed(rows)
    if (one.name == found.single) == (rows >= _rows.PAIR):
        wanted = found.row if one.name == found.single else listed(_rows.PAIR)
        return Problem(ROW_ADDED, found=held, wanted=wanted, service=one.name)
    if rows >= _rows.PAIR:
        wanted = "no platform"
        return Problem(PINNED, found=one.pin, wanted=wanted, service=one.name, pin=one.pin) if one.pin else None
    if not one.pin:
        return Problem(PIN_MISSING, found="no platform", wanted=held, service=one.name)
    if pin not in rows:
        return Problem(PIN_ABSENT, found=one.pin, wanted=held, service=one.name, pin=one.pin)
    return None
