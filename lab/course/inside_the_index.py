"""What is a multi-platform image?"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from lab.course import _scene
from lab.course._did import asked_the_registry, calls_of, computed_a_digest, named_containers, names, platforms_of
from lab.course._pushed import Unpushed, pushed
from lab.course._text import counted, failed, first_line, uname
from lab.course.multi_platform import PAIR, named_rows
from lab.draw import Picture
from lab.draw.tree import tree
from lab.facts import Containers, Engine, Images, Index, Transcript
from lab.made import Tag
from lab.platforms import Platform, listed
from lab.probes import engine, host, needs, registry
from lab.steps import Problem, Proof, Verdict, step
from lab.world import World

TAG = "inside"
BARE = "inside:bare"
RELEASE = "inside:v1"
PARTS = (("stitch:amd64", "linux/amd64"), ("stitch:arm64", "linux/arm64"))
STITCHED = "stitch:all"

PLATFORMS_MISSING = "The tag {ref} is not an index of just these two platforms."
REGISTRY_NOT_ASKED = "No command that ran asked the registry for {ref}."
NOT_THE_INDEX = "What was printed is not the index, byte for byte: nothing in it has the SHA-256 sum {digest}."
INDEX_PRINTED = (
    "What was printed is the index of {ref}, byte for byte: its SHA-256 sum is {digest}. It lists {count} manifests."
)
NO_DIGEST = "What was printed does not show the digest of {ref}."
NOT_COMPUTED = "The digest was printed, but no program that ran computes it from the bytes."
SUM_IS_DIGEST = "The SHA-256 sum of the index's bytes is its digest, {digest}."
NOT_A_MANIFEST = "What was printed is not the manifest of an image of {ref}, byte for byte."
AN_ATTESTATION = "What was printed is the manifest of an attestation, not that of an image."
MANIFEST_PRINTED = "Entry {number} of the index leads to the manifest of the image for {platform}, {digest}."
STILL_ATTESTED = "The index of {ref} still lists attestations."
NO_ATTESTATIONS = "{ref} is an index of {count} images and nothing else: {rows}."
PLATFORM_NAMED = "The command named a platform, so it was not the engine that chose."
NOT_RUN = "The engine ran no container of {ref} without an error."
NOT_MINE = "What ran was not the image for this machine."
WARNED = "Docker warned, so it was not this machine's image that ran."
ENGINE_CHOSE = "The engine is for {platform} and chose the image for {row}, {digest}. It answered {name}."
PLATFORMS_LOST = "The tag {ref} lacks a platform that the tested index has."
NEW_INDEX = "The tag {ref} is a new index: the images in it are the tested ones, but its own digest is another."
NOT_THE_TESTED = "The tag {ref} holds an image for {platform} that is not the tested one."
RELEASED = "{ref} has the digest of the tested index, {digest}: the same bytes under one more name."
REBUILT = "The tag {ref} holds an image for {platform} that is not the one of {part}."
PART_MISSING = "The tag {ref} does not have both platforms."
JOINED = "{ref} is a new index, {digest}, of the two images that were there: {rows}."


def parts(world: World) -> None:
    """Push the exercise's two single-platform tags where they are missing. Blocked where it cannot be."""
    for tag, platform in PARTS:
        _scene.push(world, tag, Platform.parse(platform), "inside")


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
    ref, digest = index.reference, index.digest[:19]
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
    return failed(printed) or Proof(SUM_IS_DIGEST, digest=index.digest[:19])


@step(
    registry.images(TAG),
    host.transcript("one_manifest"),
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
            known = {"platform": row.platform, "digest": row.digest[:19]}
            return failed(printed) or Proof(MANIFEST_PRINTED, number=number, **known)
    if any(row.digest in seen for row in index.manifests):
        return Problem(AN_ATTESTATION, found="unknown/unknown", wanted=f"one of {listed(index.platforms)}")
    return Problem(NOT_A_MANIFEST, found=first_line(printed), wanted="the bytes of a manifest", ref=ref)


@step(
    pushed(registry.index(BARE), BARE, "without_attestations"),
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
    return Proof(ENGINE_CHOSE, platform=server.platform, row=row.platform, digest=row.digest[:19], name=name)


@step(
    registry.index(TAG),
    registry.index(RELEASE),
    solution="docker buildx imagetools create -t $REGISTRY/inside:v1 $REGISTRY/inside",
    hints=["A release needs no build: the index that was tested gets one more name."],
    needs=[needs.engine],
    after=[see_index],
    makes=[Tag(RELEASE)],
)
def release(tested: Index, released: Index) -> Verdict:
    """Give the tested index one more name, $REGISTRY/inside:v1, without building anything."""
    if tested.digest == released.digest:
        return Proof(RELEASED, ref=released.reference, digest=released.digest[:19])
    if not released.platforms >= tested.platforms:
        found, wanted = listed(released.platforms), listed(tested.platforms)
        return Problem(PLATFORMS_LOST, found=found, wanted=wanted, ref=released.reference)
    for row in tested.images:
        has = row.platform and released.manifest(row.platform)
        if has and has.digest != row.digest:
            known = {"ref": released.reference, "platform": row.platform}
            return Problem(NOT_THE_TESTED, found=has.digest[:19], wanted=row.digest[:19], **known)
    return Problem(NEW_INDEX, found=released.digest[:19], wanted=tested.digest[:19], ref=released.reference)


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
            found, wanted = has.digest[:19], wants.digest[:19]
            return Problem(REBUILT, found=found, wanted=wanted, ref=whole.reference, platform=platform, part=tag)
    return Proof(JOINED, ref=whole.reference, digest=whole.digest[:19], rows=named_rows(whole))
