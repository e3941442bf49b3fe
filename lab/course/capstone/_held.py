"""What the registry has of a version of the lighthouse: for each image its index, its rows, the programs in them."""

from __future__ import annotations

from dataclasses import dataclass

from lab.course.capstone import _stock
from lab.course.capstone._faults import IMAGES, THREE, repository
from lab.course.capstone._laid import laid
from lab.model.facts import Binaries, Fact, Images
from lab.model.platforms import Platform
from lab.model.steps import Probe
from lab.model.world import World
from lab.probes import registry

TRUE, FALSE, ABSENT = "true", "false", "absent"
# What each image holds that is a program.
PROGRAMS = {"lamp": (_stock.LAMP,), "horn": (_stock.SIREN, _stock.KEEPER), "log": (_stock.KEEPER,)}


@dataclass(frozen=True, kw_only=True)
class Held:
    """One image of a version: what its tag stands for, and its programs."""

    name: str
    images: Images
    programs: tuple[Binaries, ...]

    @property
    def reference(self) -> str:
        """Its full name."""
        return self.images.index.reference

    def verdict(self, platform: Platform) -> str:
        """Is it there, and are all its programs for that platform?"""
        if platform not in self.images.index.platforms:
            return ABSENT
        found = (one.of(platform) for one in self.programs)
        good = all(one and one.platform and one.platform.architecture == platform.architecture for one in found)
        return TRUE if good else FALSE

    def witness(self, platform: Platform) -> str:
        """The digest of its image for that platform; "" where there is none."""
        row = self.images.index.manifest(platform)
        return row.digest if row else ""


@dataclass(frozen=True, kw_only=True)
class Fleet(Fact):
    """All three images of a version."""

    images: tuple[Held, ...]

    def count(self, verdict: str) -> int:
        """How many images have that verdict, over all platforms that are wanted."""
        return sum(one.verdict(platform) == verdict for one in self.images for platform in THREE)


def fleet(version: str) -> Probe[Fleet]:
    """A probe of a version. NotThere where one of its tags is missing."""

    def probe(world: World) -> Fleet:
        laid(world)
        found = tuple(_held(world, image, version) for image in IMAGES)
        return Fleet(images=found, evidence=tuple(e for one in found for p in one.programs for e in p.evidence))

    return probe


def _held(world: World, image: str, version: str) -> Held:
    tag = repository(f"{image}:{version}")
    programs = tuple(registry.binaries(tag, f"/{path}")(world) for path in PROGRAMS[image])
    return Held(name=image, images=registry.images(tag)(world), programs=programs)
