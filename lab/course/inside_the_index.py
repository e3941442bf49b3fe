"""What is a multi-platform image?"""

from __future__ import annotations

from lab.course import _scene
from lab.course._text import counted, failed, first_line, uname
from lab.course.multi_platform import PAIR
from lab.draw import Picture
from lab.draw.tree import tree
from lab.facts import Images, Index, Machine, Transcript
from lab.made import Tag
from lab.platforms import Platform, listed
from lab.probes import host, needs, registry
from lab.steps import Problem, step
from lab.world import World

TAG = "inside"
BARE = "inside:bare"
RELEASE = "inside:v1"
PARTS = (("stitch:amd64", "linux/amd64"), ("stitch:arm64", "linux/arm64"))
STITCHED = "stitch:all"

PLATFORMS_MISSING = "The tag {ref} does not have just these two platforms."
NOT_THE_INDEX = "What was printed is not the index itself, byte for byte."
NO_DIGEST = "What was printed does not show the index's digest, counted from its bytes."
NOT_A_MANIFEST = "What was printed is not a manifest of one of the tag's platforms."
STILL_ATTESTED = "The tag {ref} still carries attestations."
NOT_MINE = "What ran was not the image for this machine."
WARNED = "Docker warned, so it was not this machine's image that ran."
COPY_DIFFERS = "The tag {ref} is not the same index as the one that was tested."
REBUILT = "The tag {ref} holds an image for {platform} that is not the one of {part}."
PART_MISSING = "The tag {ref} does not have both platforms."


def parts(world: World) -> None:
    """Push the exercise's two single-platform tags where they are missing. Blocked where it cannot be."""
    for tag, platform in PARTS:
        _scene.push(world, tag, Platform.parse(platform), "inside")


def _tree(images: Images, _printed: Transcript) -> Picture:
    return tree(images.index, images.images)


@step(
    registry.images(TAG),
    host.transcript("see_index"),
    solution="""
        docker buildx build --quiet -t $REGISTRY/inside --platform linux/amd64,linux/arm64 --push files/inside
        docker buildx imagetools inspect --raw $REGISTRY/inside
    """,
    hints=["`imagetools inspect` shows things nicely. One option makes it show them as they are."],
    needs=[needs.engine, needs.buildkit, needs.reach],
    makes=[Tag(TAG)],
    picture=_tree,
)
def see_index(images: Images, printed: Transcript) -> Problem | None:
    """Push files/inside for linux/amd64 and linux/arm64 as $REGISTRY/inside, and print its index as it is."""
    index = images.index
    if index.platforms != PAIR:
        return Problem(PLATFORMS_MISSING, found=listed(index.platforms), wanted=listed(PAIR), ref=index.reference)
    if not all(part in printed.output for part in ('"manifests"', *(m.digest for m in index.manifests))):
        return Problem(NOT_THE_INDEX, found=first_line(printed), wanted="JSON with a list of manifests")
    return None


@step(
    registry.index(TAG),
    host.transcript("digest_of_bytes"),
    solution="docker buildx imagetools inspect --raw $REGISTRY/inside | sha256sum",
    hints=["A digest is no number that somebody gave out. It is counted from the bytes, and you can count it too."],
    after=[see_index],
)
def digest_of_bytes(index: Index, printed: Transcript) -> Problem | None:
    """Count the index's digest yourself, from its bytes."""
    if index.digest.removeprefix("sha256:") not in printed.output:
        return Problem(NO_DIGEST, found=first_line(printed), wanted="64 digits that are the registry's too")
    return failed(printed)


@step(
    registry.images(TAG),
    host.transcript("one_manifest"),
    solution="""
        digest=$(docker buildx imagetools inspect $REGISTRY/inside --format '{{(index .Manifest.Manifests 0).Digest}}')
        docker buildx imagetools inspect --raw $REGISTRY/inside@$digest
    """,
    hints=["Each row of the index has a digest, and `NAME@DIGEST` is a name like any other."],
    after=[see_index],
)
def one_manifest(images: Images, printed: Transcript) -> Problem | None:
    """Follow one row of the index to its manifest, and print that as it is."""
    for image in images.images:
        if image.layers and all(layer in printed.output for layer in image.layers) and '"config"' in printed.output:
            return failed(printed)
    return Problem(NOT_A_MANIFEST, found=first_line(printed), wanted="JSON with a config and the layers")


@step(
    registry.index(BARE),
    solution="""
        docker buildx build --quiet -t $REGISTRY/inside:bare --provenance=false \\
          --platform linux/amd64,linux/arm64 --push files/inside
        docker buildx imagetools inspect $REGISTRY/inside:bare
    """,
    hints=["BuildKit adds a note on where an image comes from, its provenance, unless it is told not to."],
    needs=[needs.engine, needs.buildkit, needs.reach],
    makes=[Tag(BARE)],
)
def without_attestations(index: Index) -> Problem | None:
    """Push the same two platforms once more, as $REGISTRY/inside:bare, without any unknown/unknown row."""
    if index.platforms != PAIR:
        return Problem(PLATFORMS_MISSING, found=listed(index.platforms), wanted=listed(PAIR), ref=index.reference)
    extra = len(index.manifests) - len(index.images)
    if extra:
        return Problem(STILL_ATTESTED, found=counted(extra, "attestation"), wanted="none", ref=index.reference)
    return None


@step(
    host.machine(),
    host.transcript("which_one"),
    solution="docker run --rm --pull always --quiet $REGISTRY/inside",
    hints=["Ask for nothing special, and see whose answer comes."],
    needs=[needs.engine],
    after=[see_index],
)
def which_one(machine: Machine, printed: Transcript) -> Problem | None:
    """Run $REGISTRY/inside without naming a platform: which of the two does the engine take?"""
    name = uname(machine.linux)
    if "does not match the detected host platform" in printed.output:
        return Problem(WARNED, found="the warning", wanted="no warning")
    if name not in printed.output.split():
        return Problem(NOT_MINE, found=first_line(printed), wanted=f"the answer of {name}")
    return None


@step(
    registry.index(TAG),
    registry.index(RELEASE),
    solution="docker buildx imagetools create -t $REGISTRY/inside:v1 $REGISTRY/inside",
    hints=["Nothing is built for a release. What was tested gets one more name."],
    needs=[needs.engine],
    after=[see_index],
    makes=[Tag(RELEASE)],
)
def release(tested: Index, released: Index) -> Problem | None:
    """Give the tested index one more name, $REGISTRY/inside:v1, without building anything."""
    if tested.digest != released.digest:
        return Problem(COPY_DIFFERS, found=released.digest[:19], wanted=tested.digest[:19], ref=released.reference)
    return None


@step(
    registry.index(STITCHED),
    *(registry.index(tag) for tag, _ in PARTS),
    solution="docker buildx imagetools create -t $REGISTRY/stitch:all $REGISTRY/stitch:amd64 $REGISTRY/stitch:arm64",
    hints=[
        "Nothing has to be built: both images are in the registry already.",
        "The command that gave a second name takes more than one source.",
        "The digests in the new index must be those of the two tags.",
    ],
    exercise=True,
    needs=[needs.engine],
    prepare=parts,
    makes=[Tag(STITCHED), *(Tag(tag) for tag, _ in PARTS)],
)
def stitch(whole: Index, *given: Index) -> Problem | None:
    """Make one tag, $REGISTRY/stitch:all, of the two single-platform tags stitch:amd64 and stitch:arm64."""
    if whole.platforms != PAIR:
        return Problem(PART_MISSING, found=listed(whole.platforms), wanted=listed(PAIR), ref=whole.reference)
    for part, (tag, name) in zip(given, PARTS, strict=True):
        platform = Platform.parse(name)
        has, wants = whole.manifest(platform), part.manifest(platform)
        if has and wants and has.digest != wants.digest:
            found, wanted = has.digest[:19], wants.digest[:19]
            return Problem(REBUILT, found=found, wanted=wanted, ref=whole.reference, platform=platform, part=tag)
    return None
