"""What is a multi-platform image?"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from lab.course._did import asked_the_registry, calls_of, computed_a_digest, named_containers, names, platforms_of
from lab.course._inside_the_index import (
    HALVES,
    HOW_MANY_JOINED,
    PARTS,
    SOLD,
    TESTED,
    WHICH_DIGEST,
    WHICH_ONE_RUNS,
    WHICH_SUM,
    Scene,
    bad_release,
    changed_since,
    parts,
    scene_of,
)
from lab.course._multi_platform import PAIR, named_rows
from lab.course._pushed import Unpushed, pushed
from lab.course._text import counted, failed, first_line, uname
from lab.course.leftovers import Tag
from lab.draw.tree import tree
from lab.model.digests import brief
from lab.model.facts import Containers, Engine, Images, Index, Transcript
from lab.model.picture import Picture
from lab.model.platforms import Platform, listed
from lab.model.steps import Problem, Proof, Verdict, step
from lab.probes import engine, host, needs, registry

TAG = "inside"
BARE = "inside:bare"
RELEASE = "inside:v1"
STITCHED = "stitch:all"

PLATFORMS_MISSING = "The tag {ref} is not an index of just these two platforms."
REGISTRY_NOT_ASKED = "No command that ran asked the registry for {ref}."
NOT_THE_INDEX = "What was printed is not the index, byte for byte: nothing in it has {digest} as its SHA-256 sum."
INDEX_PRINTED = (
    "What was printed is the index of {ref}, byte for byte: {digest} is its SHA-256 sum. It lists {count} manifests."
)
NO_DIGEST = "What was printed does not show the digest of {ref}."
NOT_COMPUTED = "The digest was printed, but no program that ran computes it from the bytes."
SUM_IS_DIGEST = "The SHA-256 sum of the index's bytes, {digest}, is its digest."
NOT_A_MANIFEST = "What was printed is not the manifest of an image of {ref}, byte for byte."
AN_ATTESTATION = "What was printed is the manifest of an attestation, not that of an image."
MANIFEST_PRINTED = "Entry {number} of the index, {digest}, leads to the manifest of the image for {platform}."
STILL_ATTESTED = "The index of {ref} still lists attestations."
NO_ATTESTATIONS = "{ref} is an index of {count} images and nothing else: {rows}."
PLATFORM_NAMED = "The command named a platform, so it was not the engine that chose."
NOT_RUN = "The engine ran no container of {ref} without an error."
NOT_MINE = "What ran was not the image for this machine."
WARNED = "Docker warned, so it was not this machine's image that ran."
ENGINE_CHOSE = "The engine is for {platform} and chose {digest}, the image for {row}. It answered {name}."
PLATFORMS_LOST = "The tag {ref} lacks a platform that the tested index has."
NEW_INDEX = "The tag {ref} is a new index: the images in it are the tested ones, but its own digest is another."
NOT_THE_TESTED = "The tag {ref} holds an image for {platform} that is not the tested one."
RELEASED = "{ref} has the digest of the tested index, {digest}: the same bytes under one more name."
REBUILT = "The tag {ref} holds an image for {platform} that is not the one of {part}."
PART_MISSING = "The tag {ref} does not have both platforms."
MENDED = "{ref} is the tested index again, {digest}, with the images for {platforms}. The one for {lost} is back."
ATTESTATION_LOST = "The attestation of the image for {platform} is not in {ref}: only the image itself was taken along."
ATTESTATION_KEPT = "The attestation of the image for {platform} came along, so anyone can still ask how it was made."
NOTHING_ATTESTED = "Neither of the two tags has an attestation, so none was lost."


JOINED = "{ref} is a new index, {digest}, of the two images that were there: {rows}."


def _tree(images: Images, _printed: Transcript) -> Picture:
    return tree(images.index, images.images)


def _documents(text: str) -> Iterator[str]:
    """The digests of all JSON documents that were printed, each with and without the line's end after it."""
    start = text.find("{")
    while start >= 0:
        try:
            _, end = json.JSONDecoder().raw_decode(text, start)
        except (ValueError, RecursionError):
            end = start + 1
        for document in {text[start:end], text[start : end + 1]}:
            yield "sha256:" + hashlib.sha256(document.encode()).hexdigest()
        start = text.find("{", end)


@step(
    registry.images(TAG),
    host.transcript("see_index"),
    gap="""
        docker buildx build --quiet -t $REGISTRY/inside --platform ____ ____ files/inside
        docker buildx imagetools inspect --raw $REGISTRY/inside
    """,
    solution="""
        docker buildx build --quiet -t $REGISTRY/inside --platform linux/amd64,linux/arm64 --push files/inside
        docker buildx imagetools inspect --raw $REGISTRY/inside
    """,
    hints=[
        "`imagetools inspect` shows an index in a readable form. One option makes it print the bytes as they are.",
    ],
    needs=[needs.engine, needs.buildkit, needs.reach],
    makes=[Tag(TAG)],
    picture=_tree,
)
def see_index(images: Images, printed: Transcript) -> Verdict:
    """Push files/inside for linux/amd64 and linux/arm64 as $REGISTRY/inside, and print its index byte for byte."""
    index = images.index
    ref, digest = index.reference, brief(index.digest)
    if index.platforms != PAIR:
        return Problem(PLATFORMS_MISSING, found=listed(index.platforms), wanted=listed(PAIR), ref=ref)
    if not asked_the_registry(printed, ref):
        return Problem(REGISTRY_NOT_ASKED, found=first_line(printed), wanted="the index of this tag", ref=ref)
    if index.digest not in _documents(printed.output):
        return Problem(NOT_THE_INDEX, found=first_line(printed), wanted="the bytes of the index", digest=digest)
    return Proof(INDEX_PRINTED, ref=ref, digest=digest, count=len(index.manifests))


@step(
    registry.index(TAG),
    host.transcript("digest_of_bytes"),
    predict=WHICH_SUM,
    gap="docker buildx imagetools inspect --raw $REGISTRY/inside | ____",
    solution="docker buildx imagetools inspect --raw $REGISTRY/inside | sha256sum",
    hints=["Nobody assigns a digest. It is computed from the bytes, and you have a program that can do that."],
    after=[see_index],
)
def digest_of_bytes(index: Index, printed: Transcript) -> Verdict:
    """Compute the digest of $REGISTRY/inside yourself, from the bytes of its index."""
    if index.digest.removeprefix("sha256:") not in printed.output:
        wanted = "the 64 digits that the registry has, too"
        return Problem(NO_DIGEST, found=first_line(printed), wanted=wanted, ref=index.reference)
    if not (computed_a_digest(printed) and asked_the_registry(printed, index.reference)):
        return Problem(NOT_COMPUTED, found=first_line(printed), wanted="a sum that was computed from the index")
    return failed(printed) or Proof(SUM_IS_DIGEST, digest=brief(index.digest))


@step(
    registry.images(TAG),
    host.transcript("one_manifest"),
    gap="""
        digest=$(docker buildx imagetools inspect $REGISTRY/inside --format '{{(index .Manifest.Manifests ____).____}}')
        docker buildx imagetools inspect ____ $REGISTRY/inside@$digest
    """,
    solution="""
        digest=$(docker buildx imagetools inspect $REGISTRY/inside --format '{{(index .Manifest.Manifests 0).Digest}}')
        docker buildx imagetools inspect --raw $REGISTRY/inside@$digest
    """,
    hints=[
        "Each entry of the index has a digest, and `NAME@DIGEST` is a name like any other.",
        "An index lists its entries from 0 on; the first ones are images.",
    ],
    after=[see_index],
)
def one_manifest(images: Images, printed: Transcript) -> Verdict:
    """Follow one entry of the index to the manifest of an image, and print that byte for byte."""
    index, seen = images.index, set(_documents(printed.output))
    ref = index.reference
    if not asked_the_registry(printed, ref):
        return Problem(REGISTRY_NOT_ASKED, found=first_line(printed), wanted="a manifest by its digest", ref=ref)
    for number, row in enumerate(index.images):
        if row.digest in seen:
            known = {"platform": row.platform, "digest": brief(row.digest)}
            return failed(printed) or Proof(MANIFEST_PRINTED, number=number, **known)
    if any(row.digest in seen for row in index.manifests):
        return Problem(AN_ATTESTATION, found="unknown/unknown", wanted=f"one of {listed(index.platforms)}")
    return Problem(NOT_A_MANIFEST, found=first_line(printed), wanted="the bytes of a manifest", ref=ref)


@step(
    pushed(registry.index(BARE), BARE, "without_attestations"),
    gap="""
        docker buildx build --quiet -t $REGISTRY/inside:bare ____ \\
          --platform linux/amd64,linux/arm64 --push files/inside
        docker buildx imagetools inspect $REGISTRY/inside:bare
    """,
    solution="""
        docker buildx build --quiet -t $REGISTRY/inside:bare --provenance=false \\
          --platform linux/amd64,linux/arm64 --push files/inside
        docker buildx imagetools inspect $REGISTRY/inside:bare
    """,
    hints=["BuildKit attests where an image comes from, its provenance, unless it is told not to."],
    needs=[needs.engine, needs.buildkit, needs.reach],
    makes=[Tag(BARE)],
)
def without_attestations(index: Index | Unpushed) -> Verdict:
    """Push the same two platforms once more, as $REGISTRY/inside:bare, without attestations."""
    if isinstance(index, Unpushed):
        return index.problem
    if index.platforms != PAIR:
        return Problem(PLATFORMS_MISSING, found=listed(index.platforms), wanted=listed(PAIR), ref=index.reference)
    extra = len(index.manifests) - len(index.images)
    if extra:
        return Problem(STILL_ATTESTED, found=counted(extra, "attestation"), wanted="none", ref=index.reference)
    return Proof(NO_ATTESTATIONS, ref=index.reference, count=len(index.images), rows=named_rows(index))


@step(
    registry.index(TAG),
    engine.info(),
    engine.containers("which_one"),
    host.transcript("which_one"),
    predict=WHICH_ONE_RUNS,
    gap="docker run --rm --pull ____ --quiet ____",
    solution="docker run --rm --pull always --quiet $REGISTRY/inside",
    hints=["Name no platform, and see which image answers."],
    needs=[needs.engine],
    after=[see_index],
)
def which_one(index: Index, server: Engine, containers: Containers, printed: Transcript) -> Verdict:
    """Run $REGISTRY/inside without naming a platform: which of the two does the engine take?"""
    ref, name = index.reference, uname(server.platform)
    if "does not match the detected host platform" in printed.output:
        return Problem(WARNED, found="the warning", wanted="no warning")
    if not any(one.exit_status == 0 for one in containers.of(ref)):
        return Problem(NOT_RUN, found=named_containers(containers), wanted=f"a container of {ref}", ref=ref)
    if any(names(call, ref) and list(platforms_of(call)) for call in calls_of(printed, "docker", "run")):
        return Problem(PLATFORM_NAMED, found="a platform on the command line", wanted="none")
    row = index.manifest(server.platform)
    if row is None or name not in printed.output.split():
        return Problem(NOT_MINE, found=first_line(printed), wanted=f"the answer {name}")
    return Proof(ENGINE_CHOSE, platform=server.platform, row=row.platform, digest=brief(row.digest), name=name)


def _other_images(tested: Index, released: Index) -> Problem | None:
    """An image of the tested index that a release lacks, or has another one for; None where all are there."""
    if not released.platforms >= tested.platforms:
        found, wanted = listed(released.platforms), listed(tested.platforms)
        return Problem(PLATFORMS_LOST, found=found, wanted=wanted, ref=released.reference)
    for row in tested.images:
        has = row.platform and released.manifest(row.platform)
        if has and has.digest != row.digest:
            known = {"ref": released.reference, "platform": row.platform}
            return Problem(NOT_THE_TESTED, found=brief(has.digest), wanted=brief(row.digest), **known)
    return None


@step(
    registry.index(TAG),
    registry.index(RELEASE),
    predict=WHICH_DIGEST,
    gap="docker buildx imagetools create -t ____ ____",
    solution="docker buildx imagetools create -t $REGISTRY/inside:v1 $REGISTRY/inside",
    hints=["A release needs no build: the index that was tested gets one more name."],
    needs=[needs.engine],
    after=[see_index],
    makes=[Tag(RELEASE)],
)
def release(tested: Index, released: Index) -> Verdict:
    """Give the tested index one more name, $REGISTRY/inside:v1, without building anything."""
    if problem := _other_images(tested, released):
        return problem
    if tested.digest != released.digest:
        return Problem(NEW_INDEX, found=brief(released.digest), wanted=brief(tested.digest), ref=released.reference)
    return Proof(RELEASED, ref=released.reference, digest=brief(released.digest))


def attestations_kept(whole: Index, *given: Index) -> Verdict:
    """Whether each attestation of the sources is in the new index."""
    known = {row.digest for row in whole.manifests}
    platform: object = None
    for part in given:
        about = {row.digest: row.platform for row in part.images}
        for row in part.manifests:
            if row.is_attestation:
                platform = about.get(row.about, "unknown")
                if row.digest not in known:
                    missing = {"found": "no such entry", "wanted": brief(row.digest)}
                    return Problem(ATTESTATION_LOST, ref=whole.reference, platform=platform, **missing)
    return Proof(ATTESTATION_KEPT, platform=platform) if platform else Proof(NOTHING_ATTESTED)


@step(
    registry.index(STITCHED),
    *(registry.index(tag) for tag, _ in PARTS),
    solution="docker buildx imagetools create -t $REGISTRY/stitch:all $REGISTRY/stitch:amd64 $REGISTRY/stitch:arm64",
    hints=[
        "Nothing has to be built: both images are in the registry.",
        "The command that gave a second name takes more than one source.",
        "The digests in the new index must be those of the two tags.",
    ],
    exercise=True,
    predict=HOW_MANY_JOINED,
    good=attestations_kept,
    needs=[needs.engine],
    prepare=parts,
    makes=[Tag(STITCHED), *(Tag(tag) for tag, _ in PARTS)],
)
def stitch(whole: Index, *given: Index) -> Verdict:
    """Make one tag, $REGISTRY/stitch:all, of the two single-platform tags stitch:amd64 and stitch:arm64."""
    if whole.platforms != PAIR:
        return Problem(PART_MISSING, found=listed(whole.platforms), wanted=listed(PAIR), ref=whole.reference)
    for part, (tag, name) in zip(given, PARTS, strict=True):
        platform = Platform.parse(name)
        has, wants = whole.manifest(platform), part.manifest(platform)
        if has and wants and has.digest != wants.digest:
            found, wanted = brief(has.digest), brief(wants.digest)
            return Problem(REBUILT, found=found, wanted=wanted, ref=whole.reference, platform=platform, part=tag)
    return Proof(JOINED, ref=whole.reference, digest=brief(whole.digest), rows=named_rows(whole))


@step(
    registry.index(SOLD),
    registry.index(TESTED),
    scene_of,
    *(registry.index(tag) for tag, _ in HALVES),
    solution="docker buildx imagetools create -t $REGISTRY/kiosk:v2 $REGISTRY/kiosk:tested",
    hints=[
        "Compare what the registry has under the two tags: their digests, and their platforms.",
        "A new build usually makes other bytes, so it is not what was tested.",
        "A release is one more name of the tested index.",
    ],
    repair=True,
    needs=[needs.engine],
    prepare=bad_release,
    makes=[Tag(SOLD), Tag(TESTED), *(Tag(tag) for tag, _ in HALVES)],
)
def mend_release(released: Index, tested: Index, scene: Scene, *halves: Index) -> Verdict:
    """Mend the release: $REGISTRY/kiosk:v2 has to be exactly the index that was tested, $REGISTRY/kiosk:tested."""
    if problem := changed_since(tested, halves) or _other_images(tested, released):
        return problem
    if tested.digest != released.digest:
        return Problem(NEW_INDEX, found=brief(released.digest), wanted=brief(tested.digest), ref=released.reference)
    known = {"digest": brief(released.digest), "platforms": listed(released.platforms), "lost": scene.lost}
    return Proof(MENDED, ref=released.reference, **known)
