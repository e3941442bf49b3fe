"""What the registry has of the lighthouse before anybody touches it: version 1, two bases, and what was left over.

All of it is made without an engine; the same learner gets the same digests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lab import course
from lab.course import _depot
from lab.course.capstone import _faults
from lab.course.capstone._faults import AMD, ARM, IMAGES, OLD, V6, here, planted, repository
from lab.course.clinic._bench import greeter
from lab.images import build
from lab.model.platforms import Platform
from lab.model.world import World
from lab.probes import reach
from lab.sandbox.images import SEARCH_PATH

KEEPER, SIREN, LAMP = "usr/bin/keeper", "usr/bin/siren", "lamp"
NOTE = "HORN_KEY=B-flat"
LEFT_OVER = "log"  # the repository with versions that no tag leads to
VERSIONS = "versions.txt"
_V6_PROGRAM = "files/capstone/siren-armv6l"


@dataclass(frozen=True)
class Stock:
    """By repository: what its tags stand for; and what is left over of failed jobs in one of them."""

    tags: Mapping[str, Mapping[str, build.Manifest]]
    left_over: Mapping[str, build.Manifest]
    untagged: Mapping[str, build.Manifest]

    @property
    def listed(self) -> str:
        """What has no tag there, as a hosted registry shows it."""
        return "".join(f"{name} {manifest.digest}\n" for name, manifest in self.untagged.items())


def program(platform: Platform) -> bytes:
    """A tiny program for a platform."""
    if platform == V6:
        return (course.lessons_dir() / _V6_PROGRAM).read_bytes()
    return greeter(platform.architecture)


def base(version: int) -> build.Manifest:
    """The team's base: version 1 for two platforms, version 2 for three."""
    platforms = OLD if version == 1 else (AMD, ARM, V6)
    return build.index([base_image(version, platform) for platform in platforms])


def base_image(version: int, platform: Platform) -> build.Manifest:
    """The base for one platform."""
    config = {"Env": [SEARCH_PATH], "Cmd": ["keeper"], "Labels": {"version": str(version)}}
    return build.image([_layer(KEEPER, platform)], platform=str(platform), config=config)


def _layer(path: str, platform: Platform) -> build.Blob:
    return build.layer({path: build.File(program(platform), 0o755)})


def _parts(world: World, image: str, platform: Platform) -> tuple[list[build.Blob], Mapping[str, object]]:
    """Layers and configuration of an image of version 1, for one platform, with the learner's faults in it."""
    faults, built_on = planted(world), here(world)
    if image == "lamp":
        crossed = built_on if _faults.ARGUMENT in faults else platform
        return [_layer(LAMP, crossed)], {"Entrypoint": ["/lamp"]}
    lies = _faults.STAGE if image == "horn" else _faults.PINNED
    layers = [_layer(KEEPER, built_on if lies in faults else platform)]
    if image == "log":
        return [*layers, build.layer({"tides.txt": (b"high 06:12\nlow 12:31\n", 0o644)})], {
            "Env": [SEARCH_PATH],
            "Cmd": ["keeper"],
        }
    siren = built_on if _faults.TOOLS in faults else platform
    return [*layers, _layer(SIREN, siren)], {"Env": [SEARCH_PATH, NOTE], "Cmd": ["siren"]}


def version_one(world: World, image: str) -> build.Manifest:
    """Version 1 of an image: an index with two images, each with an attestation."""
    made = []
    for platform in OLD:
        layers, config = _parts(world, image, platform)
        made.append(build.image(layers, platform=str(platform), config=config))
    return build.index([*made, *(_depot.attested(one, _depot.attestation(one, image)) for one in made)])


def stock(world: World) -> Stock:
    """All of it."""
    tags: dict[str, dict[str, build.Manifest]] = {image: {"1": version_one(world, image)} for image in IMAGES}
    tags["base"] = {str(version): base(version) for version in (1, 2)}
    failed = {
        name: build.image([build.layer({"tides.txt": (name.encode(), 0o644)})], platform=str(AMD))
        for name in ("half", "torn")
    }
    alive = {f"one{number}": row for number, row in enumerate(tags[LEFT_OVER]["1"].manifests, 1)}
    return Stock(tags=tags, left_over=failed, untagged={**alive, **failed})


def push(world: World) -> None:
    """Push what is missing of it. Blocked where that cannot be."""
    own = stock(world)
    for image, tags in own.tags.items():
        others = list(own.left_over.values()) if image == LEFT_OVER else []
        _depot.push(world, repository(image), tags, others)


def empty(world: World) -> list[str]:
    """Take everything away that the registry has of the lighthouse; the repositories that had something."""
    own = stock(world)
    gone = [image for image in own.tags if _depot.empty(world, repository(image))]
    reach.delete(world, repository(LEFT_OVER), [one.digest for one in own.untagged.values()])
    return gone
