"""The café of lesson 13: two releases, one of them bad on one platform, and what a third one has to be."""

from __future__ import annotations

from dataclasses import dataclass

from lab.course import _depot
from lab.course._given import Given
from lab.course._multi_platform import PAIR
from lab.model.digests import brief
from lab.model.facts import Fact, Index
from lab.model.platforms import Platform
from lab.model.steps import Problem
from lab.model.world import World
from lab.probes import needs
from lab.probes.published import looked_up

REPORT = Given("files/release/report.txt", lambda world: _depot.cafe(world).letter)
STILL_BAD = "The tag {ref} still gives the bad image to users of {platform}."
GOOD_ONE_LOST = "The tag {ref} takes the new image away from users of {platform}, and it is fine there."
BUILT_ANEW = "The tag {ref} holds an image for {platform} that neither release has."


@dataclass(frozen=True, kw_only=True)
class Recall(Fact):
    """Which platform the newer release is bad on, and the digests that both releases were published with."""

    bad: Platform
    published: tuple[str, ...]


def recall(world: World) -> Recall:
    scene = _depot.cafe(world)
    return Recall(bad=Platform.parse(scene.bad), published=tuple(one.digest for one in scene.tags.values()))


def open_cafe(world: World) -> None:
    """Both releases, where they are missing, and the report. Blocked where it cannot be."""
    needs.own_registry(world)
    tags = _depot.cafe(world).tags
    missing = {tag: one for tag, one in tags.items() if looked_up(f"{_depot.CAFE}:{tag}")(world).index is None}
    _depot.push(world, _depot.CAFE, missing, ())
    REPORT.lay(world)


def wrongly_joined(mended: Index, old: Index, new: Index, bad: Platform) -> Problem | None:
    """An image that is not the one that its users are to get."""
    for platform in sorted(PAIR):
        wanted, other = (old, new) if platform == bad else (new, old)
        has, wants, unwanted = (index.manifest(platform) for index in (mended, wanted, other))
        if has and wants and has.digest != wants.digest:
            template = STILL_BAD if platform == bad else GOOD_ONE_LOST
            template = template if unwanted and has.digest == unwanted.digest else BUILT_ANEW
            found = {"found": brief(has.digest), "wanted": brief(wants.digest)}
            return Problem(template, ref=mended.reference, platform=platform, **found)
    return None
