"""Lesson 11, beside its last step: three rounds of a learner's pipeline, and what is wrong after the last one."""

from __future__ import annotations

from collections.abc import Sequence

from lab.course._multi_platform import PAIR
from lab.course._runner import FOLDER
from lab.course._seeded import shuffled
from lab.course._text import counted
from lab.model.digests import brief
from lab.model.platforms import Platform, listed
from lab.model.steps import Problem, Proof, Verdict
from lab.model.world import World
from lab.probes import jobs
from lab.probes.jobs import Pipeline, Rounds

PIPELINE = f"{FOLDER}/orchard/ci.sh"
VERSION = "edge"
THREE = frozenset({*PAIR, Platform.parse("linux/arm/v7")})

NO_TAG = "All jobs and the merge ended well, but there is no tag {ref}."
PLATFORM_LEFT_OUT = "After a round in which all went well, {ref} does not have the three platforms."
HALF_A_RELEASE = "The job for {platform} was lost, and the tag {ref} moved all the same."
SWALLOWED = "The build for {platform} failed, and its job said that all was well."
NOT_MENDED = "The lost job for {platform} was run again, and the pipeline did not come to its end."
STALE = "After the second push, {ref} still has the earlier image for {platform}."
ONLY_ONE_TAG = "No other tag moved, so nobody could pull half of it under any name."
MORE_TAGS = "Other tags moved as well: {tags}. A push by digest needs none."


def _order(world: World) -> Sequence[Platform]:
    return shuffled(world, "whole_pipeline", sorted(THREE))


def played(world: World) -> Rounds:
    return jobs.rounds(Pipeline(PIPELINE, "orchard", VERSION, "harvest.txt", _order))(world)


def one_tag(found: Rounds) -> Verdict:
    """Is the one tag the only one that moved?"""
    others = [tag for tag in found.moved if tag != VERSION]
    if others:
        return Problem(MORE_TAGS, found=counted(len(others), "other tag"), wanted="none", tags=", ".join(others))
    return Proof(ONLY_ONE_TAG)


def unsafe(found: Rounds, wanted: frozenset[Platform] = THREE) -> Problem | None:
    """What is wrong with a pipeline whose jobs work, in the order of its rounds; None where nothing is."""
    known: dict[str, object] = {"ref": found.reference, "platform": found.lost}
    whole, broken = found.whole.tag, found.broken
    if whole is None:
        return Problem(NO_TAG, found="no such tag", wanted=found.reference, **known)
    if whole.platforms != wanted:
        return Problem(PLATFORM_LEFT_OUT, found=listed(whole.platforms), wanted=listed(wanted), **known)
    if broken is None or broken.tag is None or broken.tag.digest != whole.digest:
        now = brief(broken.tag.digest) if broken and broken.tag else "no such tag"
        return Problem(HALF_A_RELEASE, found=now, wanted=brief(whole.digest), **known)
    if any(one.lost and not one.status for one in broken.ended):
        return Problem(SWALLOWED, found="exit status 0", wanted="another exit status", **known)
    return not_mended(found, wanted)


def not_mended(found: Rounds, wanted: frozenset[Platform] = THREE) -> Problem | None:
    """What is wrong after the lost job was run again; None where nothing is."""
    known: dict[str, object] = {"ref": found.reference, "platform": found.lost}
    tag, before = found.mended.tag if found.mended else None, found.whole.tag
    failed = next((one for one in found.mended.ended if one.status), None) if found.mended else None
    if tag is None or failed or tag.platforms != wanted:
        now = f"{failed.name}: {failed.said}" if failed else listed(tag.platforms) if tag else "no such tag"
        return Problem(NOT_MENDED, found=now, wanted=listed(wanted), **known)
    for platform in sorted(wanted):
        row, old = tag.manifest(platform), before.manifest(platform) if before else None
        if row and old and row.digest == old.digest:
            about = {"ref": found.reference, "platform": platform}
            return Problem(STALE, found=brief(old.digest), wanted="the image of this push", **about)
    return None
