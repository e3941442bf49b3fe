"""K18: the bake file names two platforms, the build is green, and the tag has one."""

from __future__ import annotations

import json
from dataclasses import dataclass

from lab.course.clinic import _rows, _scenes
from lab.course.clinic._bench import DOCKERFILE, Bench
from lab.course.clinic._case import Symptom, case, picked
from lab.course.leftovers import Tag
from lab.model.digests import brief
from lab.model.facts import Binaries, Evidence, Fact, Images
from lab.model.platforms import Platform, given, listed
from lab.model.steps import Problem, Proof, Verdict, step
from lab.model.world import World
from lab.probes import engine, needs, registry

CHOIR = "choir"
STARTS = ("/hello",)

FILE_UNREADABLE = "buildx cannot read the bake file."
STILL_IN_FILE = "What bake would build by the file alone still lacks a platform."
MENDED = "The file alone says {platforms}, and {ref} is one index, {digest}, with {rows}."

_KEY, _INHERITED, _EMPTY = "key", "inherited", "variable"
_DECIDED = {
    _KEY: "`docker buildx bake --print` shows no platforms: the file says `platform`, which is no key of bake, and "
    "bake leaves out what it does not know.",
    _INHERITED: "`docker buildx bake --print` shows one platform: of the targets that are inherited, the last one "
    "wins, and it has a list of its own.",
    _EMPTY: "`docker buildx bake --print` shows one platform: the variable has a value of its own, and the list is "
    "made of it.",
}
CAUSES = tuple(_DECIDED)
_HEAD = """\
variable "REGISTRY" { default = "localhost:5000" }

target "common" {
  context = "."
  %s
}
"""
_BOTH = '["linux/amd64", "linux/arm64"]'
_TARGET = """
target "default" {
  inherits = [%s]
  tags = ["${REGISTRY}/choir"]
}
"""


def bake_file(world: World, cause: str) -> str:
    """The team's file, with that cause in it: it builds for this machine alone."""
    one = f'["{_scenes.here(world)}"]'
    if cause == _KEY:
        return _HEAD % f"platform = {_BOTH}" + _TARGET % '"common"'
    if cause == _INHERITED:
        quick = f'\ntarget "quick" {{\n  platforms = {one}\n  no-cache-filter = []\n}}\n'
        return _HEAD % f"platforms = {_BOTH}" + quick + _TARGET % '"common", "quick"'
    variable = f'variable "PLATFORMS" {{ default = "{_scenes.here(world)}" }}  # both: linux/amd64,linux/arm64\n'
    return variable + _HEAD % 'platforms = split(",", PLATFORMS)' + _TARGET % '"common"'


def cause_of(world: World) -> str:
    """What is behind this learner's case."""
    return picked(world, CHOIR, CAUSES)


_BENCH = Bench(
    CHOIR,
    texts=lambda world: {"Dockerfile": DOCKERFILE, "docker-bake.hcl": bake_file(world, cause_of(world))},
    programs=(("hello-amd64", "amd64"), ("hello-arm64", "arm64")),
)


@dataclass(frozen=True, kw_only=True)
class Plan(Fact):
    """The platforms that bake would build the default target for, by the file alone; why it cannot be read, if so."""

    platforms: frozenset[Platform]
    failed: str = ""


def plan(world: World) -> Plan:
    """What `docker buildx bake --print` says of the learner's file, with nothing added on the command line."""
    place = _BENCH.place(world)
    known = ("buildx", "bake", "--print", "-f", str(place / "docker-bake.hcl"))
    status, out, err, evidence = engine.docker(world, *known, limit=60)
    if status:
        return Plan(platforms=frozenset(), failed=(err.strip().splitlines() or ["no reason given"])[-1])
    try:
        targets = json.loads(out)["target"].values()
        named = [given(name) for one in targets for name in one.get("platforms", ())]
    except (ValueError, KeyError, AttributeError, TypeError):
        return Plan(platforms=frozenset(), failed="it is not of the known form")
    found = frozenset(one for one in named if one)
    return Plan(platforms=found, evidence=(Evidence("docker buildx bake --print", evidence.answer),))


def scene(world: World) -> None:
    """What the team's file builds is in the registry. Blocked where it cannot be."""
    _BENCH.lay(world)
    _scenes.build(world, CHOIR, [_scenes.here(world)], _BENCH.place(world))


@case(
    number=18,
    hurts="The bake file names two platforms and the build is green. The tag has one.",
    minutes=8,
    entry="bake-platform-key",
    lessons=("multi-platform",),
    symptom=Symptom(
        story="“Both platforms are in the file, I can point at them. Bake says nothing, no error, no warning.”",
        script="cd files/clinic/choir\n"
        "docker buildx bake --progress=quiet --push && echo green\n"
        "docker pull --quiet --platform $OTHER $REGISTRY/choir",
        sign=r"(?i)no match|does not match|no child|not found",
    ),
    causes=_DECIDED,
    points=(
        "You had bake print what it makes of the file, before anything was built.",
        "What bake does not know, it leaves out without a word.",
        "A list in a target replaces the list that was inherited.",
    ),
)
@step(
    plan,
    registry.images(CHOIR),
    registry.binaries(CHOIR),
    solution=r"""
        cd files/clinic/choir
        sed -i -e 's/^  platform = /  platforms = /' -e 's/, "quick"//' \
          -e 's/default = "linux[^"]*"/default = "linux\/amd64,linux\/arm64"/' docker-bake.hcl
        docker buildx bake --push
    """,
    hints=[
        "Bake can print what it makes of a file, and build nothing.",
        "Compare the printed list of platforms with the file. Where does it get lost?",
        "A word that bake does not know, a target that is inherited after another, a variable: one of them it is.",
    ],
    needs=[needs.engine, needs.several_at_once, needs.reach],
    prepare=scene,
    makes=[Tag(CHOIR), _BENCH],
)
def choir(found: Plan, images: Images, binaries: Binaries) -> Verdict:
    """Mend files/clinic/choir/docker-bake.hcl, so that `docker buildx bake --push` pushes both platforms, and do it."""
    wanted = listed(_rows.PAIR)
    if found.failed:
        return Problem(FILE_UNREADABLE, found=found.failed, wanted="a file that bake reads")
    if not found.platforms >= _rows.PAIR:
        return Problem(STILL_IN_FILE, found=listed(found.platforms) or "no platforms", wanted=wanted)
    index = images.index
    problem = _rows.absent(index, _rows.PAIR) or _rows.other_image(images, STARTS) or _rows.foreign(binaries)
    known = {"platforms": listed(found.platforms), "ref": index.reference, "digest": brief(index.digest)}
    return problem or Proof(MENDED, rows=_rows.rows(index), **known)
