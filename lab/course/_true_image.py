"""The scenes of lesson 10: images that are not what their labels say, and the Dockerfiles that they come from."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab import course
from lab.course import _scene
from lab.course._given import GivenFile
from lab.course._seeded import chosen
from lab.errors import BadInput, Blocked, NotThere
from lab.images import build
from lab.images.reference import parse
from lab.model.facts import Fact, Index
from lab.model.platforms import Platform
from lab.model.world import World
from lab.probes import engine, host, registry
from lab.sandbox.images import SEARCH_PATH

FOLDER = "files/true-image"
AMD, ARM = (Platform.parse(name) for name in ("linux/amd64", "linux/arm64"))
PAIR = frozenset((AMD, ARM))
LIAR, SOLO, BASE, BAKERY = "liar:1", "solo:1", "base:1", "bakery:1"
HALVES = tuple((f"liar:{platform.architecture}", platform) for platform in (AMD, ARM))
RULE = "InvalidBaseImagePlatform"
_ARG = "ARG TARGETARCH={default}"
_DIRECTIVE = re.compile(r"#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(.+?)\s*\Z")
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")
_TRUE = frozenset(("1", "t", "T", "TRUE", "true", "True"))


def program(name: str) -> build.File:
    """A program of the lesson's files, as a file of an image that everybody may run."""
    return build.File((course.lessons_dir() / FOLDER / name).read_bytes(), 0o755)


# --- a default that shadows ---------------------------------------------------------------------------------------


def _liar_text(world: World) -> str:
    shipped = (course.lessons_dir() / FOLDER / "liar/Dockerfile").read_text(encoding="utf-8")
    default = chosen(world, "shadow", sorted(PAIR)).architecture
    return shipped.replace(_ARG.format(default="amd64"), _ARG.format(default=default))


LIAR_FILE = GivenFile(f"{FOLDER}/liar/Dockerfile", _liar_text)


def liar(world: World) -> None:
    """Lay out the Dockerfile, and push what it builds for both platforms as one tag. Blocked where it cannot be."""
    LIAR_FILE.lay(world)
    if _scene.missing(world, LIAR):
        for tag, platform in HALVES:
            _built(world, tag, platform, folder="liar", text=_liar_text(world))
        _scene.name(world, LIAR, *(tag for tag, _ in HALVES))


def _built(  # noqa: PLR0913 - each is named where it is given
    world: World, tag: str, platform: Platform, *, folder: str, text: str, options: Sequence[str] = ()
) -> None:
    """Push what a Dockerfile builds as it was given: the learner's own copy may be mended by now."""
    with tempfile.TemporaryDirectory(prefix="lab-") as place:
        file = Path(place, "Dockerfile")
        file.write_text(text, encoding="utf-8")
        _scene.push(world, tag, platform, f"true-image/{folder}", file=str(file), options=options)


# --- a base for one platform only -----------------------------------------------------------------------------------


def _lay(world: World, file: GivenFile, base: str) -> None:
    """Lay a Dockerfile out, or put the registry's address in it right: that may have changed since."""
    file.lay(world)
    place, address = world.workspace / file.name, rf"(?<=\s)\S+(?=/{base.partition(':')[0]}[:@])"
    try:
        text = place.read_text(encoding="utf-8", errors="surrogateescape")
        now = re.sub(address, world.registry, text)
        if now != text:
            place.write_text(now, encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise Blocked(f"{file.name} cannot be written: {error.strerror}.") from error


def _solo_text(world: World) -> str:
    return f'FROM {world.registry}/{SOLO}\nCOPY note.txt /note.txt\nCMD ["cat", "/note.txt"]\n'


SOLO_FILE = GivenFile(f"{FOLDER}/solo/Dockerfile", _solo_text)


def solo(world: World) -> None:
    """A base image that is no index, and a Dockerfile that is built on it. Blocked where it cannot be."""
    _lay(world, SOLO_FILE, SOLO)
    _built(world, SOLO, AMD, folder="solo", text="FROM busybox:1.38\n", options=("--provenance=false",))


def has_the_check(world: World) -> None:
    """The builder's BuildKit has the check of the base's platform."""
    with tempfile.TemporaryDirectory(prefix="lab-") as place:
        Path(place, "Dockerfile").write_text(f"FROM {world.registry}/{SOLO}\n", encoding="utf-8")
        strict = ("--build-arg", "BUILDKIT_DOCKERFILE_CHECK=error=true", "--output", "type=cacheonly")
        status, *_ = engine.docker(world, "buildx", "build", "--platform", str(ARM), *strict, place, limit=60)
    if not status:
        raise Blocked(
            f"The BuildKit of the current builder does not know the build check {RULE}.",
            "A newer builder has it: `docker buildx create` makes one (lesson 6).",
        )


def check_options(dockerfile: str) -> dict[str, str]:
    """What the lines `# check=…` at a Dockerfile's head ask for: `error` and `skip`, as they are written."""
    options: dict[str, str] = {}
    for line in dockerfile.splitlines():
        found = _DIRECTIVE.match(line)
        if not found:
            break
        if found[1].lower() == "check":
            options |= {
                name.strip(): value.strip() for name, _, value in (p.partition("=") for p in found[2].split(";"))
            }
    return options


def fails_on_checks(options: dict[str, str]) -> bool:
    """Is what the build checks find an error?"""
    return options.get("error", "") in _TRUE


def silenced(options: dict[str, str]) -> bool:
    """Is the check of the base's platform left out?"""
    return bool({"all", RULE} & {name.strip() for name in options.get("skip", "").split(",")})


# --- a base that is pinned to one image -------------------------------------------------------------------------------


def base() -> build.Manifest:
    """The team's base image, for both platforms."""
    return build.index([_base(platform) for platform in sorted(PAIR)])


def _base(platform: Platform) -> build.Manifest:
    lamp = program(f"liar/lamp-{platform.architecture}")
    config = {"Env": [SEARCH_PATH], "Cmd": ["lamp"]}
    return build.image([build.layer({"usr/bin/lamp": lamp})], platform=str(platform), config=config)


def pinned(world: World) -> Platform:
    """Whose image the Dockerfile of the bakery was pinned to."""
    return chosen(world, "pinned_child", sorted(PAIR))


def _bakery_text(world: World) -> str:
    return f"FROM {world.registry}/{BASE}@{_base(pinned(world)).digest}\nCOPY bread.txt /bread.txt\n"


BAKERY_FILE = GivenFile(f"{FOLDER}/bakery/Dockerfile", _bakery_text)


def bakery(world: World) -> None:
    """The base, the Dockerfile, and version 1 of the bakery for the other platform. Blocked where it cannot be."""
    _lay(world, BAKERY_FILE, BASE)
    _scene.put(world, BASE, base())
    (other,) = PAIR - {pinned(world)}
    _built(world, BAKERY, other, folder="bakery", text=_bakery_text(world))


def base_of(dockerfile: str) -> str:
    """The image that the last stage begins with, as it is written: through stages, and through ARGs with a default."""
    known: dict[str, str] = {}
    stages: dict[str, str] = {}
    last = ""
    for line in dockerfile.replace("\\\n", " ").splitlines():
        words = [word for word in line.split() if not word.startswith("--")]
        if words[:1] and words[0].upper() == "ARG" and not last:
            known |= {name: value.strip("\"'") for name, _, value in (word.partition("=") for word in words[1:])}
        elif len(words) > 1 and words[0].upper() == "FROM":
            named = _filled(words[1], known)
            last = stages.get(named.lower(), named)
            if len(words) > 3 and words[2].upper() == "AS":
                stages[words[3].lower()] = last
    return last


def _filled(name: str, known: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda found: known.get(found[1], found[0]), name)


@dataclass(frozen=True, kw_only=True)
class Pin(Fact):
    """The base image that a Dockerfile names, and what the registry has under that name (None: nothing)."""

    name: str
    digest: str = ""
    own: bool = True
    index: Index | None = None


def pin(world: World) -> Pin:
    """What the Dockerfile of the bakery is based on. NotThere where there is no such file."""
    file = host.text(BAKERY_FILE.name)(world)
    name = base_of(file.content)
    team = parse(BASE, within=world.registry)
    try:
        named = parse(name)
    except BadInput:
        return Pin(name=name, own=False, evidence=file.evidence)
    if (named.host, named.repository) != (team.host, team.repository):
        return Pin(name=name, own=False, evidence=file.evidence)
    try:
        index = registry.index(name)(world)
    except NotThere:
        index = None
    return Pin(name=name, digest=named.digest, index=index, evidence=file.evidence)
