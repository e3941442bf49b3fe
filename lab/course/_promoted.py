"""What becomes of an index in lesson 13: a release, an annotated one, a smaller one."""

from __future__ import annotations

from lab.course._attested import lost
from lab.course._text import counted
from lab.model.digests import brief
from lab.model.facts import Images, Index
from lab.model.platforms import listed
from lab.model.steps import Problem, Proof, Truth, Verdict
from lab.probes.published import Published

ROWS_LOST = "The tag {ref} lacks platforms that the tested candidate has."
COPY_DIFFERS = "The tag {ref} holds an image for {platform} that is not the tested one."
OTHER_INDEX = "The tag {ref} has the tested images, but its index is another one."
NOTES_LOST = "{count} of the released images did not come along to {ref}."
NOTES_KEPT = "What {ref} has, and nothing else, is attested as before."
NOTHING_ATTESTED = "The release itself has no attestations, so none was lost."
ALL_DIGESTS = "also those of the images"
INDEX_ONLY = "only that of the index"
NO_DIGEST = "none"
BEHIND = "All four tags lead to the same {count}, one for each platform."
DIGESTS = "The index was {digest} and is {other}; of its {count}, {same} have the same digest as before."


def images_behind(candidate: Images, *names: Published) -> Truth:
    """How many images the four tags lead to together."""
    found = [one.index for one in names if one.index]
    digests = {row.digest for index in (candidate.index, *found) for row in index.images}
    return Truth(len(digests), BEHIND, count=counted(len(digests), "image"))


def not_the_candidate(tested: Index, released: Index) -> Problem | None:
    """How a release is not what was tested; None where it is."""
    known = {"ref": released.reference}
    if not released.platforms >= tested.platforms:
        return Problem(ROWS_LOST, found=listed(released.platforms), wanted=listed(tested.platforms), **known)
    if other := other_image(released, tested):
        return Problem(COPY_DIFFERS, **other, **known)
    if released.digest != tested.digest:
        return Problem(OTHER_INDEX, found=brief(released.digest), wanted=brief(tested.digest), **known)
    return None


def other_image(index: Index, source: Index) -> dict[str, object] | None:
    """The first image of an index that is not that of the source: platform, found and wanted."""
    for row in index.images:
        wanted = row.platform and source.manifest(row.platform)
        if not wanted or wanted.digest != row.digest:
            return {
                "platform": row.platform,
                "found": brief(row.digest),
                "wanted": brief(wanted.digest) if wanted else "no such image",
            }
    return None


def changed(noted: Index, released: Index) -> Truth:
    """Which digests are others after a note was added."""
    before = {row.digest for row in released.images}
    same = sum(row.digest in before for row in noted.images)
    answer = NO_DIGEST if noted.digest == released.digest else INDEX_ONLY if same == len(before) else ALL_DIGESTS
    known = {"digest": brief(released.digest), "other": brief(noted.digest), "same": same}
    return Truth(answer, DIGESTS, count=counted(len(noted.images), "image"), **known)


def notes_kept(cloud: Index, released: Index) -> Verdict:
    """Whether the attestations of the images came along."""
    if not any(row.is_attestation for row in released.manifests):
        return Proof(NOTHING_ATTESTED)
    if missing := lost(cloud, released):
        count = counted(len(missing), "attestation")
        return Problem(NOTES_LOST, found=count, wanted="none", count=count, ref=cloud.reference)
    return Proof(NOTES_KEPT, ref=cloud.reference)
