"""Lesson 8: what is a multi-platform image?"""

from dataclasses import replace

import pytest

from lab.course import inside_the_index as lesson
from lab.course._text import COMMAND_FAILED
from lab.facts import Image, Images, Machine
from lab.platforms import Platform

PAIR = ("linux/amd64", "linux/arm64")


def images(fact, *platforms):
    index = fact.index(*platforms, attested=len(platforms))
    each = tuple(
        Image(reference="x", digest=row.digest, platform=row.platform, layers=(f"sha256:{number:0>64}",))
        for number, row in enumerate(index.images, 7)
    )
    return Images(index=index, images=each)


def test_the_index_was_printed_as_it_is(fact, says):
    """JSON with every digest, the attestations' too; the nice form is something else."""
    found = images(fact, *PAIR)
    digests = [row.digest for row in found.index.manifests]
    raw = '{"manifests": [' + ", ".join(digests) + "]}"
    assert says(lesson.see_index, found, fact.printed(raw)) is None
    assert says(lesson.see_index, found, fact.printed(raw.replace(digests[-1], ""))) == lesson.NOT_THE_INDEX
    assert says(lesson.see_index, found, fact.printed(" ".join(digests))) == lesson.NOT_THE_INDEX
    assert says(lesson.see_index, images(fact, PAIR[0]), fact.printed(raw)) == lesson.PLATFORMS_MISSING


def test_the_digest_is_the_registrys(fact, says):
    """64 digits, all of them."""
    index = fact.index(*PAIR)
    digits = index.digest.removeprefix("sha256:")
    assert says(lesson.digest_of_bytes, index, fact.printed(f"{digits}  -\n")) is None
    assert says(lesson.digest_of_bytes, index, fact.printed(f"{digits[:-1]}0  -\n")) == lesson.NO_DIGEST
    assert says(lesson.digest_of_bytes, index, fact.printed(digits, 1)) == COMMAND_FAILED


def test_one_manifest_was_followed(fact, says):
    """Any of the images will do; the index itself will not."""
    found = images(fact, *PAIR)
    manifest = f'{{"config": {{}}, "layers": ["{found.images[1].layers[0]}"]}}'
    assert says(lesson.one_manifest, found, fact.printed(manifest)) is None
    assert says(lesson.one_manifest, found, fact.printed('{"config": {}, "layers": []}')) == lesson.NOT_A_MANIFEST
    assert says(lesson.one_manifest, found, fact.printed('{"manifests": []}')) == lesson.NOT_A_MANIFEST
    assert says(lesson.one_manifest, found, fact.printed(manifest, 1)) == COMMAND_FAILED


@pytest.mark.parametrize(
    ("platforms", "attested", "message"),
    [
        (PAIR, 0, None),
        (PAIR, 2, lesson.STILL_ATTESTED),
        (PAIR, 1, lesson.STILL_ATTESTED),
        (PAIR[:1], 0, lesson.PLATFORMS_MISSING),
    ],
)
def test_no_attestations(fact, says, platforms, attested, message):
    """Two rows, both for machines."""
    assert says(lesson.without_attestations, fact.index(*platforms, attested=attested)) == message


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("x86_64\n", None),
        ("aarch64\n", lesson.NOT_MINE),
        ("", lesson.NOT_MINE),
        ("WARNING: … (linux/arm64) does not match the detected host platform …\naarch64\n", lesson.WARNED),
    ],
)
def test_the_engine_takes_its_own(fact, says, output, message):
    """On a PC, x86_64, without a warning."""
    assert says(lesson.which_one, fact.pc, fact.printed(output)) == message


def test_the_engine_of_a_mac_answers_as_linux_does(fact, says):
    """A container says aarch64 where macOS says arm64, and a machine of another kind its own name."""
    assert says(lesson.which_one, fact.mac, fact.printed("aarch64\n")) is None
    assert says(lesson.which_one, fact.mac, fact.printed("arm64\n")) == lesson.NOT_MINE
    windows = Machine(name="AMD64", platform=Platform.parse("windows/amd64"))
    assert says(lesson.which_one, windows, fact.printed("x86_64\n")) is None
    board = Machine(name="riscv64", platform=Platform.parse("linux/riscv64"))
    assert says(lesson.which_one, board, fact.printed("riscv64\n")) is None


def test_a_release_is_the_same_index(fact, says):
    """Same digest: same bytes, nothing was built."""
    tested = fact.index(*PAIR)
    assert says(lesson.release, tested, replace(tested, reference="x:v1")) is None
    assert says(lesson.release, tested, replace(tested, digest=f"sha256:{'0' * 64}")) == lesson.COPY_DIFFERS


def test_the_seam_joins_just_these_two_images(fact, says):
    """The digests in the new list are those of the two tags; a new build of the same files is not the same."""
    whole = fact.index(*PAIR)
    parts = [replace(whole, manifests=(row,)) for row in whole.manifests]
    other = replace(whole.manifests[1], digest=f"sha256:{'c' * 64}")
    assert says(lesson.stitch, whole, *parts) is None
    assert says(lesson.stitch, parts[0], *parts) == lesson.PART_MISSING
    assert says(lesson.stitch, replace(whole, manifests=(whole.manifests[0], other)), *parts) == lesson.REBUILT


def test_the_picture_shows_the_attestations_apart(fact):
    """They are drawn, and named for what they are."""
    picture = lesson.see_index.picture(images(fact, *PAIR), fact.printed(""))
    assert "attestation" in picture.text
    assert "linux/arm64" in picture.text
