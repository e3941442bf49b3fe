"""Lesson 8: what is a multi-platform image?"""

import hashlib
import json
from dataclasses import replace

import pytest

from lab.course import _inside_the_index, _pushed
from lab.course import inside_the_index as lesson
from lab.course._pushed import Unpushed
from lab.course._text import COMMAND_FAILED
from lab.model.digests import brief
from lab.model.facts import REFERS_TO, Engine, Image, Images
from lab.model.platforms import Platform

PAIR = ("linux/amd64", "linux/arm64")
REF = "localhost:5000/inside"
ASKED = f"docker buildx imagetools inspect --raw {REF}"
# What a registry has, byte for byte: an index, and the manifest of each of its entries.
INDEX = json.dumps({"schemaVersion": 2, "manifests": [{"platform": {"architecture": "amd64"}}]}, indent=2)
MANIFESTS = [json.dumps({"config": {"size": 9}, "layers": [name]}, indent=2) for name in (*PAIR, "notes", "more notes")]


def sha256(text):
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def images(fact, *platforms):
    """An index whose digests are those of the texts above."""
    index = fact.index(*platforms, name=REF, attested=len(platforms))
    rows = tuple(replace(row, digest=sha256(text)) for row, text in zip(index.manifests, MANIFESTS, strict=False))
    each = tuple(
        Image(reference="x", digest=row.digest, platform=row.platform, layers=(f"sha256:{number:0>64}",))
        for number, row in enumerate(rows[: len(platforms)], 7)
    )
    return Images(index=replace(index, digest=sha256(INDEX), manifests=rows), images=each)


@pytest.mark.parametrize("output", [INDEX, f"sha256:123\n{INDEX}\n", f"{{half\n{INDEX}", f"{INDEX}{INDEX}"])
def test_the_index_was_printed_byte_for_byte(fact, says, output):
    """Between other lines, too: the bytes have the digest."""
    assert says(lesson.see_index, images(fact, *PAIR), fact.printed(output, 0, ASKED)) is None


def test_an_index_whose_bytes_end_with_a_line(fact):
    """Some programs write it so."""
    found = images(fact, *PAIR)
    found = replace(found, index=replace(found.index, digest=sha256(f"{INDEX}\n")))
    proof = lesson.see_index.check(found, fact.printed(f"{INDEX}\n", 0, ASKED))
    assert proof.template == lesson.INDEX_PRINTED


def test_the_same_index_written_differently_is_not_the_index(fact, says):
    """The same content with other spaces has another digest; so has half of it."""
    found = images(fact, *PAIR)
    for output in (json.dumps(json.loads(INDEX)), INDEX[:-1], " ".join(row.digest for row in found.index.manifests)):
        assert says(lesson.see_index, found, fact.printed(output, 0, ASKED)) == lesson.NOT_THE_INDEX
    assert says(lesson.see_index, found, fact.printed(INDEX, 0, "cat index")) == lesson.REGISTRY_NOT_ASKED
    one = images(fact, PAIR[0])
    assert says(lesson.see_index, one, fact.printed(INDEX, 0, ASKED)) == lesson.PLATFORMS_MISSING


def test_the_digest_was_computed(fact, says):
    """64 digits, all of them, from a program that computes, fed by the registry."""
    index = images(fact, *PAIR).index
    digits = index.digest.removeprefix("sha256:")
    for program in ("sha256sum", "shasum -a 256", "openssl dgst -sha256", "python3 -c x"):
        assert says(lesson.digest_of_bytes, index, fact.printed(f"{digits}  -\n", 0, ASKED, program)) is None
    assert says(lesson.digest_of_bytes, index, fact.printed(digits, 0, ASKED)) == lesson.NOT_COMPUTED
    assert says(lesson.digest_of_bytes, index, fact.printed(digits, 0, "sha256sum")) == lesson.NOT_COMPUTED
    near = fact.printed(f"{digits[:-1]}?", 0, ASKED, "sha256sum")
    assert says(lesson.digest_of_bytes, index, near) == lesson.NO_DIGEST
    assert says(lesson.digest_of_bytes, index, fact.printed(digits, 1, ASKED, "sha256sum")) == COMMAND_FAILED


def test_one_manifest_was_followed(fact, says):
    """Any of the images will do; the index, an attestation and another way to write it will not."""
    found = images(fact, *PAIR)
    asked = f"{ASKED}@{found.index.images[1].digest}"
    assert says(lesson.one_manifest, found, fact.printed(MANIFESTS[0], 0, asked)) is None
    assert says(lesson.one_manifest, found, fact.printed(MANIFESTS[1], 0, asked)) is None
    assert says(lesson.one_manifest, found, fact.printed(MANIFESTS[2], 0, asked)) == lesson.AN_ATTESTATION
    assert says(lesson.one_manifest, found, fact.printed(INDEX, 0, asked)) == lesson.NOT_A_MANIFEST
    other = json.dumps(json.loads(MANIFESTS[0]))
    assert says(lesson.one_manifest, found, fact.printed(other, 0, asked)) == lesson.NOT_A_MANIFEST
    assert says(lesson.one_manifest, found, fact.printed(MANIFESTS[0], 0, "cat x")) == lesson.REGISTRY_NOT_ASKED
    assert says(lesson.one_manifest, found, fact.printed(MANIFESTS[0], 1, asked)) == COMMAND_FAILED


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
    """Two entries, both for machines."""
    assert says(lesson.without_attestations, fact.index(*platforms, attested=attested)) == message


def test_what_was_built_and_not_pushed_is_told(says):
    """A forgotten push is not an untouched step."""
    bare = f"{REF}:bare"
    assert says(lesson.without_attestations, Unpushed(reference=bare, built=(bare,))) == _pushed.NOT_PUSHED
    assert says(lesson.without_attestations, Unpushed(reference=bare, built=(REF,))) == _pushed.OTHER_NAME


RUN = f"docker run --rm {REF}"


@pytest.mark.parametrize(
    ("ran", "output", "called", "message"),
    [
        (REF, "x86_64\n", RUN, None),
        (f"{REF}@sha256:{'1' * 64}", "x86_64\n", RUN, None),
        (REF, "aarch64\n", RUN, lesson.NOT_MINE),
        (REF, "", RUN, lesson.NOT_MINE),
        ("busybox:1.38", "x86_64\n", "docker run --rm busybox:1.38", lesson.NOT_RUN),
        (REF, "x86_64\n", f"docker run --platform linux/amd64 {REF}", lesson.PLATFORM_NAMED),
        (REF, "x86_64\n", f"docker run --platform=linux/amd64 {REF}", lesson.PLATFORM_NAMED),
        (REF, "WARNING: … (linux/arm64) does not match the detected host platform …\naarch64\n", RUN, lesson.WARNED),
    ],
)
def test_the_engine_takes_its_own(fact, says, ran, output, called, message):
    """On an engine for amd64, x86_64, without a warning, and without being told."""
    index = fact.index(*PAIR, name=REF)
    assert says(lesson.which_one, index, fact.engine, fact.ran(ran), fact.printed(output, 0, called)) == message


def test_nothing_ran(fact, says):
    """The machine's own answer is not a container's, and a container that failed did not answer."""
    index, printed = fact.index(*PAIR, name=REF), fact.printed("x86_64\n", 0, "uname -m")
    assert says(lesson.which_one, index, fact.engine, fact.ran(), printed) == lesson.NOT_RUN
    assert says(lesson.which_one, index, fact.engine, fact.ran(REF, exit_status=1), printed) == lesson.NOT_RUN


def test_the_engine_decides_and_not_the_machine_in_front_of_it(fact, says):
    """The engine of a Mac runs on Linux, and one far away may be of another kind."""
    mac = Engine(version="29.0.0", platform=Platform.parse("linux/arm64"), store="containerd")
    index, ran = fact.index(*PAIR, name=REF), fact.ran(REF)
    assert says(lesson.which_one, index, mac, ran, fact.printed("aarch64\n", 0, RUN)) is None
    assert says(lesson.which_one, index, mac, ran, fact.printed("arm64\n", 0, RUN)) == lesson.NOT_MINE
    only = fact.index(PAIR[0], name=REF)
    assert says(lesson.which_one, only, mac, ran, fact.printed("aarch64\n", 0, RUN)) == lesson.NOT_MINE


def test_a_release_is_the_same_index(fact, says):
    """Same digest, same bytes. Everything else is told apart: a new list, new images, lost ones."""
    tested = fact.index(*PAIR, name=REF)
    other = replace(tested, digest=f"sha256:{'0' * 64}", reference=f"{REF}:v1")
    first, second = tested.manifests
    rebuilt = replace(other, manifests=(first, replace(second, digest=f"sha256:{'c' * 64}")))
    assert says(lesson.release, tested, replace(tested, reference=f"{REF}:v1")) is None
    assert says(lesson.release, tested, other) == lesson.NEW_INDEX
    assert says(lesson.release, tested, rebuilt) == lesson.NOT_THE_TESTED
    assert says(lesson.release, tested, replace(other, manifests=(first,))) == lesson.PLATFORMS_LOST


def test_the_new_index_joins_just_these_two_images(fact, says):
    """The digests in the new list are those of the two tags; a new build of the same files is not the same."""
    whole = fact.index(*PAIR)
    parts = [replace(whole, manifests=(row,)) for row in whole.manifests]
    other = replace(whole.manifests[1], digest=f"sha256:{'c' * 64}")
    assert says(lesson.stitch, whole, *parts) is None
    assert says(lesson.stitch, parts[0], *parts) == lesson.PART_MISSING
    assert says(lesson.stitch, replace(whole, manifests=(whole.manifests[0], other)), *parts) == lesson.REBUILT


def test_the_proofs_say_what_was_seen(fact):
    """Digests, entries, platforms."""
    found = images(fact, *PAIR)
    index, digits = found.index, found.index.digest.removeprefix("sha256:")
    whole = fact.index(*PAIR, name=REF)
    parts = [replace(whole, manifests=(row,)) for row in whole.manifests]
    summed = lesson.digest_of_bytes.check(index, fact.printed(digits, 0, ASKED, "sha256sum"))
    assert (summed.template, summed.values["digest"]) == (lesson.SUM_IS_DIGEST, brief(index.digest))
    followed = lesson.one_manifest.check(found, fact.printed(MANIFESTS[1], 0, ASKED))
    assert (followed.template, followed.values["number"]) == (lesson.MANIFEST_PRINTED, "1")
    bare = lesson.without_attestations.check(whole)
    assert (bare.template, bare.values["count"]) == (lesson.NO_ATTESTATIONS, "2")
    chosen = lesson.which_one.check(whole, fact.engine, fact.ran(REF), fact.printed("x86_64", 0, RUN))
    assert (chosen.template, chosen.values["row"]) == (lesson.ENGINE_CHOSE, "linux/amd64")
    assert lesson.release.check(whole, whole).template == lesson.RELEASED
    joined = lesson.stitch.check(whole, *parts)
    assert (joined.template, joined.values["digest"]) == (lesson.JOINED, "sha256:ffffffffffff…")


def test_the_picture_shows_the_attestations_apart(fact):
    """They are drawn, and named for what they are."""
    picture = lesson.see_index.picture(images(fact, *PAIR), fact.printed(""))
    assert "attestation" in picture.text
    assert "linux/arm64" in picture.text


KIOSK = "localhost:5000/kiosk"
SCENE = lesson.Scene(lost=Platform.parse(PAIR[1]))


def test_a_release_is_mended_when_it_is_what_was_tested(fact, says):
    """Half of it, a rebuilt one and a new list are told apart, and so is an original that was changed instead."""
    tested = fact.index(*PAIR, name=f"{KIOSK}:tested")
    halves = [replace(tested, manifests=(row,)) for row in tested.manifests]
    first, second = tested.manifests
    sold = replace(tested, reference=f"{KIOSK}:v2")
    other = replace(sold, digest=f"sha256:{'0' * 64}")
    rebuilt = replace(other, manifests=(first, replace(second, digest=f"sha256:{'c' * 64}")))
    half = replace(other, manifests=(first,))
    assert says(lesson.mend_release, sold, tested, SCENE, *halves) is None
    assert says(lesson.mend_release, half, tested, SCENE, *halves) == lesson.PLATFORMS_LOST
    assert says(lesson.mend_release, rebuilt, tested, SCENE, *halves) == lesson.NOT_THE_TESTED
    assert says(lesson.mend_release, other, tested, SCENE, *halves) == lesson.NEW_INDEX
    assert says(lesson.mend_release, half, half, SCENE, *halves) == _inside_the_index.TESTED_CHANGED
    assert says(lesson.mend_release, rebuilt, rebuilt, SCENE, *halves) == _inside_the_index.TESTED_CHANGED
    proof = lesson.mend_release.check(sold, tested, SCENE, *halves)
    assert (proof.template, proof.values["lost"]) == (lesson.MENDED, "linux/arm64")


def joined(fact, *, attested):
    """An index of two, and the two tags that it joins: the first one has an attestation where there is one."""
    whole = fact.index(*PAIR, name="localhost:5000/stitch:all", attested=attested)
    first, second, *notes = whole.manifests
    about = ((REFERS_TO, first.digest),)
    notes = [replace(note, annotations=(*note.annotations, *about)) for note in notes]
    parts = [replace(whole, manifests=(first, *notes)), replace(whole, manifests=(second,), is_index=False)]
    return replace(whole, manifests=(first, second, *notes)), parts


def test_an_attestation_comes_along_or_stays_behind(fact):
    """Right is an index of the two images; good is one that lost nothing."""
    whole, parts = joined(fact, attested=1)
    assert lesson.stitch.check(whole, *parts).template == lesson.JOINED
    kept = lesson.stitch.good(whole, *parts)
    assert (kept.template, kept.values["platform"]) == (lesson.ATTESTATION_KEPT, "linux/amd64")
    bare = replace(whole, manifests=whole.images)
    assert lesson.stitch.check(bare, *parts).template == lesson.JOINED
    lost = lesson.stitch.good(bare, *parts)
    assert (lost.template, lost.values["platform"]) == (lesson.ATTESTATION_LOST, "linux/amd64")
    whole, parts = joined(fact, attested=0)
    assert lesson.stitch.good(whole, *parts).template == lesson.NOTHING_ATTESTED


def asked(step, *facts):
    """The truth of a step's prediction: the answer, one of those that were offered, and why."""
    found = step.predict.truth(*facts)
    assert found.answer in (step.predict.options or (found.answer,))
    return found.answer, found.template


def test_how_many_entries_the_joined_index_has(fact):
    """Attestations are entries."""
    whole, parts = joined(fact, attested=1)
    assert asked(lesson.stitch, whole, *parts) == ("3", _inside_the_index.ENTRIES)
    assert asked(lesson.stitch, replace(whole, manifests=whole.images), *parts) == ("2", _inside_the_index.ENTRIES)


def test_the_sum_and_the_digest(fact):
    """What was printed decides."""
    index = images(fact, *PAIR).index
    digits = index.digest.removeprefix("sha256:")
    assert asked(lesson.digest_of_bytes, index, fact.printed(f"{digits}  -")) == (
        _inside_the_index.SAME_DIGITS,
        _inside_the_index.SUM_WAS,
    )
    assert asked(lesson.digest_of_bytes, index, fact.printed("0" * 64)) == (
        _inside_the_index.OTHER_DIGITS,
        _inside_the_index.SUM_WAS,
    )
    assert asked(lesson.digest_of_bytes, index, fact.printed(""))[0] == _inside_the_index.OTHER_DIGITS


def test_the_digest_under_the_second_name(fact):
    """The registry's answer for both."""
    tested = fact.index(*PAIR, name=REF)
    other = replace(tested, digest=f"sha256:{'0' * 64}")
    assert asked(lesson.release, tested, tested) == (_inside_the_index.SAME_DIGEST, _inside_the_index.TWO_NAMES)
    assert asked(lesson.release, tested, other) == (_inside_the_index.NEW_DIGEST, _inside_the_index.TWO_NAMES)


def test_which_image_answered(fact):
    """The engine's own, by the name that it gave."""
    index, ran = fact.index(*PAIR, name=REF), fact.ran(REF)
    for name, platform in (("x86_64", PAIR[0]), ("aarch64", PAIR[1])):
        assert asked(lesson.which_one, index, fact.engine, ran, fact.printed(name)) == (
            platform,
            _inside_the_index.NOBODY_CHOSE,
        )
