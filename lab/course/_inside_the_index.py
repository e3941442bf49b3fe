"""Lesson 8, beside its steps: its scenes, and what it asks before they are run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lab.course import _scene
from lab.course._multi_platform import PAIR
from lab.course._seeded import chosen, shuffled
from lab.course._text import counted, uname
from lab.model.digests import brief, digits
from lab.model.facts import Containers, Engine, Fact, Index, Transcript
from lab.model.platforms import Platform
from lab.model.steps import Prediction, Problem, Truth
from lab.model.world import World
from lab.probes import registry

PARTS = (("stitch:amd64", "linux/amd64"), ("stitch:arm64", "linux/arm64"))
TESTED = "kiosk:tested"
SOLD = "kiosk:v2"
HALVES = (("kiosk:amd64", "linux/amd64"), ("kiosk:arm64", "linux/arm64"))
TESTED_CHANGED = "The tag {ref} is no longer what was tested: it does not have the same image for {platform}."
SAME_DIGITS = "the same 64 digits"
OTHER_DIGITS = "other digits"
SUM_WAS = "The sum of the bytes is {sum}…, and {digest} is what the registry gives. Only the bytes count."
NOBODY_CHOSE = "The engine is for {platform}, and the image that answered {name} is that for {row}."
SAME_DIGEST = "the same one"
NEW_DIGEST = "a new one"
TWO_NAMES = "{digest} is what {first} stands for, and {other} is what {second} stands for."
ENTRIES = "{ref} lists {images} and {others}: what the two tags have, and nothing else."


def parts(world: World) -> None:
    """Push the exercise's two single-platform tags where they are missing. Blocked where it cannot be.

    One has an attestation, the other has not; which one is which is the learner's own.
    """
    plain = chosen(world, "stitch", PARTS)
    for tag, platform in PARTS:
        options = ("--provenance=false",) if (tag, platform) == plain else ()
        _scene.push(world, tag, Platform.parse(platform), "inside", options=options)


def _sums(index: Index, printed: Transcript) -> Truth:
    """Whether the sum that was computed is the digest that the registry gives."""
    whole = index.digest.removeprefix("sha256:")
    sums = re.findall(r"\b[0-9a-f]{64}\b", printed.output)
    same = whole in sums
    computed = whole if same else next(iter(sums), "none")
    return Truth(SAME_DIGITS if same else OTHER_DIGITS, SUM_WAS, sum=digits(computed), digest=brief(index.digest))


WHICH_SUM = Prediction(
    question="The registry gives the digest of $REGISTRY/inside. What does your own sum of the index's bytes give?",
    options=(SAME_DIGITS, OTHER_DIGITS),
    truth=_sums,
)


def _chosen_row(index: Index, server: Engine, _containers: Containers, printed: Transcript) -> Truth:
    """The entry whose machine's name was answered."""
    words = printed.output.split()
    row = next(one.platform for one in index.images if one.platform and uname(one.platform) in words)
    return Truth(row, NOBODY_CHOSE, platform=server.platform, row=row, name=uname(row))


WHICH_ONE_RUNS = Prediction(
    question="The index has two images and you name no platform. Which one does your engine run?",
    options=("linux/amd64", "linux/arm64", "both", "neither"),
    truth=_chosen_row,
)


def _same_digest(tested: Index, released: Index) -> Truth:
    """Whether one more name has the digest that the first one has."""
    answer = SAME_DIGEST if tested.digest == released.digest else NEW_DIGEST
    digests = {"digest": brief(tested.digest), "other": brief(released.digest)}
    return Truth(answer, TWO_NAMES, first=tested.reference, second=released.reference, **digests)


WHICH_DIGEST = Prediction(
    question="The index gets one more name. Which digest has it under that name?",
    options=(SAME_DIGEST, NEW_DIGEST),
    truth=_same_digest,
)


def _joined_entries(whole: Index, *_given: Index) -> Truth:
    """How long the joined list is."""
    runs, others = len(whole.images), len(whole.manifests) - len(whole.images)
    counts = {"images": counted(runs, "image"), "others": counted(others, "attestation")}
    return Truth(len(whole.manifests), ENTRIES, ref=whole.reference, **counts)


HOW_MANY_JOINED = Prediction(
    question="How many entries will the index of $REGISTRY/stitch:all have?",
    options=("1", "2", "3", "4"),
    truth=_joined_entries,
)


def _lost(world: World) -> Platform:
    lost, _ = shuffled(world, "mend_release", sorted(PAIR))
    return lost


def bad_release(world: World) -> None:
    """A tested index, and a release of it that has only one of its images. Blocked where it cannot be."""
    names = [tag for tag, _ in HALVES]
    for tag, platform in HALVES:
        _scene.push(world, tag, Platform.parse(platform), "inside")
    halves = [registry.index(tag)(world) for tag in names]
    if _scene.missing(world, TESTED) or changed_since(registry.index(TESTED)(world), halves):
        _scene.name(world, TESTED, *names)
    if _scene.missing(world, SOLD):
        kept = next(row for half in halves for row in half.images if row.platform != _lost(world))
        _scene.name(world, SOLD, f"{TESTED}@{kept.digest}")


def changed_since(tested: Index, halves: Sequence[Index]) -> Problem | None:
    """How the tested index is not that of the scene; None where it is."""
    for half in halves:
        for row in half.images:
            has = row.platform and tested.manifest(row.platform)
            if not has or has.digest != row.digest:
                found = brief(has.digest) if has else "no such image"
                known = {"ref": tested.reference, "platform": row.platform}
                return Problem(TESTED_CHANGED, found=found, wanted=brief(row.digest), **known)
    return None


@dataclass(frozen=True, kw_only=True)
class Scene(Fact):
    """Which platform the release of the exercise had lost."""

    lost: Platform


def scene_of(world: World) -> Scene:
    return Scene(lost=_lost(world))
