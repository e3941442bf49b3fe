"""What several cases ask of a tag: are the platforms there, are the programs theirs, is it the team's image?"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from lab.model.digests import brief
from lab.model.facts import Binaries, Images, Index
from lab.model.platforms import Platform, listed
from lab.model.steps import Problem

AMD, ARM, V7 = (Platform.parse(f"linux/{name}") for name in ("amd64", "arm64", "arm/v7"))
PAIR = frozenset({AMD, ARM})

PLATFORM_ABSENT = "{ref} has no image for {platform}."
LOST_ONE = "{ref} has images for {here} now, but what it had for {platform} is gone."
NOT_WHAT_IT_SAYS = "The image for {platform} under {ref} holds a program of another machine: {path}."
NO_PROGRAM = "The image for {platform} under {ref} starts nothing that can be read."
OTHER_IMAGE = "The image for {platform} under {ref} starts something else than the team's image does."


def absent(index: Index, wanted: Collection[Platform], had: Collection[Platform] = ()) -> Problem | None:
    """A problem where a platform is missing; `had` are those that were there while the tag was broken."""
    missing = set(wanted) - index.platforms
    if not missing:
        return None
    found, all_of_them, platform = listed(index.platforms), listed(wanted), listed(missing)
    if missing <= set(had):
        here = listed(set(wanted) - missing) or "nothing"
        return Problem(LOST_ONE, found=found, wanted=all_of_them, ref=index.reference, here=here, platform=platform)
    return Problem(PLATFORM_ABSENT, found=found, wanted=all_of_them, ref=index.reference, platform=platform)


def foreign(*found: Binaries, of: Collection[Platform] = PAIR) -> Problem | None:
    """A problem where a row's program is for another machine than the row says, or where there is none."""
    for binaries in found:
        for platform, program in binaries.programs:
            if platform not in of:
                continue
            if program is None or program.platform is None:
                what = program.kind if program else "no such file"
                return Problem(
                    NO_PROGRAM,
                    found=what,
                    wanted=f"a program for {platform}",
                    ref=binaries.reference,
                    platform=platform,
                )
            if program.platform.architecture != platform.architecture:
                return Problem(
                    NOT_WHAT_IT_SAYS,
                    found=program.platform,
                    wanted=platform,
                    ref=binaries.reference,
                    platform=platform,
                    path=program.path,
                )
    return None


def other_image(images: Images, starts: Iterable[str]) -> Problem | None:
    """A problem where an image starts something else than the case's does."""
    command = tuple(starts)
    for row, image in images.pairs:
        if (*image.entrypoint, *image.cmd) != command:
            found, wanted = (" ".join(one) or "nothing" for one in ((*image.entrypoint, *image.cmd), command))
            platform = row.platform or image.platform
            return Problem(OTHER_IMAGE, found=found, wanted=wanted, platform=platform, ref=images.index.reference)
    return None


def not_a_copy(copy: Index, source: Index, *, lost: str, other_images: str, other_list: str) -> Problem | None:
    """A problem where a tag is not the index that it was to be, digest for digest: one for each way to miss it."""
    ref = copy.reference
    if not copy.platforms >= PAIR:
        return Problem(lost, found=listed(copy.platforms), wanted=listed(PAIR), ref=ref)
    if copy.digest == source.digest:
        return None
    same = {row.digest for row in copy.images} == {row.digest for row in source.images}
    return Problem(other_list if same else other_images, found=brief(copy.digest), wanted=brief(source.digest), ref=ref)


def rows(index: Index) -> str:
    """`linux/amd64 (sha256:1a2b…), linux/arm64 (sha256:3c4d…)`."""
    return ", ".join(f"{row.platform} ({brief(row.digest)})" for row in index.images)
