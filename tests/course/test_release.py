"""Lesson 13: how do I release and tidy up?"""

from dataclasses import replace

import pytest

from lab.course import _alive, _cleaning, _depot, _promoted, _withdrawn
from lab.course import release as lesson
from lab.course._alive import Kept
from lab.course._cleaning import Cleaned, Round
from lab.course._text import ANSWER_MISSING
from lab.course._volumes import Volumes
from lab.course._withdrawn import Recall
from lab.errors import Blocked
from lab.model.facts import ATTESTATION, REFERS_TO, Image, Images, Manifest
from lab.model.platforms import Platform
from lab.probes.published import Published
from lab.probes.rehearsal import Ended

FOUR = ("linux/amd64", "linux/arm64", "linux/arm/v7", "linux/riscv64")
PAIR = FOUR[:2]
ARM = Platform.parse("linux/arm64")


def digest(letter):
    return f"sha256:{letter * 64}"[:71]


def note(about, letter):
    """An attestation of that image."""
    notes = ((REFERS_TO, about), (ATTESTATION, "attestation-manifest"))
    return Manifest(digest=digest(letter), platform=Platform("unknown", "unknown"), annotations=notes)


def attested(index, *letters):
    """The same index, each of its images with an attestation."""
    notes = tuple(note(row.digest, letter) for row, letter in zip(index.images, letters, strict=False))
    return replace(index, manifests=(*index.images, *notes))


def named(index, name, letter="f"):
    return replace(index, reference=f"localhost:5000/{name}", digest=digest(letter))


def rows(index, **digests):
    """The same index, with other digests for these architectures."""
    changed = (
        replace(row, digest=digest(digests[row.platform.architecture])) if row.platform.architecture in digests else row
        for row in index.manifests
    )
    return replace(index, manifests=tuple(changed))


def candidate(index, cmd=lesson.COMMAND):
    each = tuple(Image(reference="x", digest=row.digest, platform=row.platform, cmd=cmd) for row in index.images)
    return Images(index=index, images=each)


def published(index, *names):
    return [Published(reference=f"localhost:5000/{name}", index=index and named(index, name)) for name in names]


def test_a_release_is_the_candidate_under_more_names(fact, says):
    """Four tags, one digest; each other end has its own words."""
    rc = named(fact.index(*FOUR), "bakery:rc")
    assert says(lesson.promote, candidate(rc), *published(rc, *lesson.RELEASES)) is None
    assert lesson.promote.check(candidate(rc), *published(rc, *lesson.RELEASES)).template == lesson.PROMOTED
    missing = [*published(rc, *lesson.RELEASES[:2]), *published(None, lesson.RELEASES[2])]
    assert says(lesson.promote, candidate(rc), *missing) == lesson.TAG_MISSING
    for one, message in (
        (named(fact.index(*PAIR), "bakery:2.0"), _promoted.ROWS_LOST),
        (named(rows(rc, arm64="b"), "bakery:2.0"), _promoted.COPY_DIFFERS),
        (named(rc, "bakery:2.0", "0"), _promoted.OTHER_INDEX),
    ):
        others = published(rc, *lesson.RELEASES[1:])
        assert says(lesson.promote, candidate(rc), Published(reference="x", index=one), *others) == message


def test_a_candidate_is_whole_and_is_the_bakery(fact, says):
    """Before its names are looked at."""
    half = named(fact.index(*PAIR), "bakery:rc")
    assert says(lesson.promote, candidate(half), *published(half, *lesson.RELEASES)) == lesson.CANDIDATE_LACKS
    rc = named(fact.index(*FOUR), "bakery:rc")
    other = candidate(rc, ("uname", "-m"))
    assert says(lesson.promote, other, *published(rc, *lesson.RELEASES)) == lesson.OTHER_IMAGE


def test_how_many_images_the_tags_lead_to(fact):
    """The same four for all of them, or more where one is not the candidate."""
    rc = named(fact.index(*FOUR), "bakery:rc")
    truth = lesson.promote.predict.truth
    assert truth(candidate(rc), *published(rc, *lesson.RELEASES)).answer == "4"
    assert truth(candidate(rc), *published(rows(rc, arm64="b"), *lesson.RELEASES)).answer == "5"


def test_a_note_stands_on_the_index(fact, says):
    """The index has another digest, and its images have not."""
    released = named(fact.index(*FOUR), "bakery:2.0")
    noted = replace(named(released, "bakery:noted", "0"), annotations=(lesson.NOTE,))
    assert says(lesson.annotate, noted, released) is None
    assert lesson.annotate.check(noted, released).template == lesson.ANNOTATED
    assert says(lesson.annotate, named(released, "bakery:noted"), released) == lesson.NOT_ANNOTATED
    other = replace(noted, annotations=((lesson.NOTE[0], "https://example.com/cafe"),))
    assert says(lesson.annotate, other, released) == lesson.OTHER_NOTE
    on_rows = replace(
        noted, annotations=(), manifests=tuple(replace(row, annotations=(lesson.NOTE,)) for row in noted.manifests)
    )
    assert says(lesson.annotate, on_rows, released) == lesson.ON_THE_ROWS
    for changed in (rows(noted, arm64="b"), replace(noted, manifests=noted.manifests[:2])):
        assert says(lesson.annotate, changed, released) == lesson.CHILDREN_CHANGED


def test_which_digests_a_note_changes(fact):
    """Found in the two indexes, whatever somebody thinks of it."""
    released, truth = named(fact.index(*FOUR), "bakery:2.0"), lesson.annotate.predict.truth
    assert truth(named(released, "bakery:noted", "0"), released).answer == _promoted.INDEX_ONLY
    assert truth(named(rows(released, arm64="b"), "bakery:noted", "0"), released).answer == _promoted.ALL_DIGESTS
    assert truth(released, released).answer == _promoted.NO_DIGEST


def test_a_smaller_index_has_the_same_images(fact, says):
    """Two of four, each with the digest that it had, and no attestation of one that is gone."""
    released = attested(named(fact.index(*FOUR), "bakery:2.0"), "a", "b", "c", "d")
    cloud = attested(named(fact.index(*PAIR), "bakery:cloud"), "a", "b")
    assert says(lesson.narrow, cloud, released) is None
    assert lesson.narrow.check(cloud, released).template == lesson.NARROWED
    assert says(lesson.narrow, named(released, "bakery:cloud"), released) == lesson.TOO_WIDE
    assert says(lesson.narrow, named(fact.index(PAIR[0]), "bakery:cloud"), released) == lesson.TOO_NARROW
    assert says(lesson.narrow, rows(cloud, arm64="e"), released) == lesson.REBUILT
    stray = replace(cloud, manifests=(*cloud.manifests, released.manifests[-1]))
    assert says(lesson.narrow, stray, released) == lesson.ORPHANED


def test_attestations_come_along_or_not(fact):
    """That is good work, and no condition; a release without attestations has none to lose."""
    released = attested(named(fact.index(*FOUR), "bakery:2.0"), "a", "b", "c", "d")
    cloud = named(fact.index(*PAIR), "bakery:cloud")
    assert lesson.narrow.good(cloud, released).template == _promoted.NOTES_LOST
    assert lesson.narrow.good(attested(cloud, "a"), released).template == _promoted.NOTES_LOST
    assert lesson.narrow.good(attested(cloud, "a", "b"), released).template == _promoted.NOTES_KEPT
    bare = named(fact.index(*FOUR), "bakery:2.0")
    assert lesson.narrow.good(cloud, bare).template == _promoted.NOTHING_ATTESTED


def test_a_copy_is_whole_in_another_repository(fact, says):
    """The same digest; what programs leave out that copy only their own platform, or no attestations, is told."""
    released = attested(named(fact.index(*FOUR), "bakery:2.0"), "a", "b", "c", "d")
    copy = named(released, "mirror/bakery:2.0")
    assert says(lesson.copy_across, copy, released) is None
    assert lesson.copy_across.check(copy, released).template == lesson.COPIED
    arm = released.manifest(ARM)
    plain = replace(copy, digest=arm.digest, is_index=False, manifests=(arm, *released.manifests[5:6]))
    assert says(lesson.copy_across, plain, released) == _promoted.ROWS_LOST
    bare = replace(named(released, "mirror/bakery:2.0", "0"), manifests=released.images)
    assert says(lesson.copy_across, bare, released) == lesson.ATTESTATION_LOST
    assert says(lesson.copy_across, rows(copy, arm64="e"), released) == _promoted.COPY_DIFFERS
    assert says(lesson.copy_across, named(copy, "mirror/bakery:2.0", "0"), released) == _promoted.OTHER_INDEX


def test_a_consumer_gets_a_plain_manifest(fact, says):
    """The one that the release lists; and the release stays."""
    released = attested(named(fact.index(*FOUR), "bakery:2.0"), "a", "b", "c", "d")
    arm = released.manifest(ARM)
    plain = replace(named(released, "bakery:function"), digest=arm.digest, is_index=False, manifests=(arm,))
    assert says(lesson.plain_consumer, plain, released, released) is None
    assert lesson.plain_consumer.check(plain, released, released).template == lesson.SERVED
    listed = replace(plain, is_index=True)
    assert says(lesson.plain_consumer, listed, released, released) == lesson.STILL_A_LIST
    assert says(lesson.plain_consumer, rows(plain, arm64="e"), released, released) == lesson.REBUILT
    pc = replace(plain, manifests=released.manifests[:1])
    assert says(lesson.plain_consumer, pc, released, released) == lesson.OTHER_PLATFORM
    moved = named(released, "bakery:2.0", "0")
    assert says(lesson.plain_consumer, plain, moved, released) == lesson.RELEASE_MOVED


KEPT = Kept(
    versions=(("v1", ("7.1",)), ("v2", ()), ("v3", ("7.1", "7.2")), ("v4", ()), ("v5", ("7.1", "7.2"))),
    attestation="v5",
    tags=("7.1", "7.2"),
)
RIGHT = {"v1": "keep 7.1", "v2": "go", "v3": "keep 7.2", "v4": "go", "v5": "keep 7.1"}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({}, None),
        ({"v3": "KEEP 7.1"}, None),
        ({"v2": ""}, ANSWER_MISSING),
        ({"v2": "perhaps"}, lesson.ANSWER_UNCLEAR),
        ({"v1": "keep"}, lesson.ANSWER_UNCLEAR),
        ({"v1": "keep 7.3"}, lesson.ANSWER_UNCLEAR),
        ({"v1": "go"}, _alive.IN_USE),
        ({"v1": "go", "v5": "go"}, _alive.IN_USE),
        ({"v5": "go"}, _alive.STILL_ATTESTS),
        ({"v2": "keep 7.1"}, _alive.LEFT_OVER),
        ({"v1": "keep 7.2"}, lesson.OTHER_TAG),
    ],
)
def test_what_may_go_is_what_no_tag_leads_to(fact, says, changed, message):
    """`go`, or `keep` with a tag that leads there; no message names the version."""
    answers = fact.answers("\n".join(f"{name} {said}" for name, said in {**RIGHT, **changed}.items()))
    assert says(lesson.who_is_alive, KEPT, answers) == message


def test_what_passes_is_proven(fact):
    """With what was found, not with what was asked for."""
    answers = fact.answers("\n".join(f"{name} {said}" for name, said in RIGHT.items()))
    assert lesson.who_is_alive.check(KEPT, answers).template == lesson.SORTED
    assert lesson.clean.check(cleaned()).template == lesson.CLEANED
    found = Volumes(there=(STATE, DATA), left_over=LEFT, state=STATE, data=DATA)
    assert lesson.local_rest.check(found).template == lesson.TIDY


def test_how_many_may_go(fact):
    """Counted in what the registry holds."""
    assert lesson.who_is_alive.predict.truth(KEPT, fact.answers("")).answer == "2"


USED, DEAD, TAGS = frozenset({"a", "b"}), frozenset({"c", "d"}), frozenset({"7.1", "7.2"})
WELL = Ended(path=lesson.CLEANER, status=0, said="deleted c\ndeleted d")


def run(there=USED, ended=WELL, tags=TAGS):
    return Round(ended=ended, there=frozenset(there), tags=frozenset(tags))


def cleaned(first=None, second=None, deaf=None):
    every = run(USED | DEAD)
    parts = {"first": first or run(), "second": second or run(), "deaf": deaf or every}
    return Cleaned(kept=USED, dead=DEAD, tags=TAGS, **parts)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (cleaned(), None),
        (cleaned(first=run(USED, replace(WELL, status=None))), lesson.NOT_ENDED),
        (cleaned(first=run({"a"})), _cleaning.ROWS_DEAD),
        (cleaned(first=run(USED, tags={"7.1"})), _cleaning.TAGS_DEAD),
        (cleaned(first=run({"a"}, replace(WELL, status=1))), _cleaning.ROWS_DEAD),
        (cleaned(first=run(USED, replace(WELL, status=1, said="curl: (22) 404"))), lesson.SCRIPT_FAILED),
        (cleaned(first=run(USED, replace(WELL, status=1, said=""))), lesson.SCRIPT_FAILED),
        (cleaned(first=run({"a", "b", "c"})), lesson.STILL_THERE),
        (cleaned(first=run(USED | DEAD)), lesson.STILL_THERE),
        (cleaned(second=run(USED, replace(WELL, status=1, said="not there"))), lesson.NOT_TWICE),
        (cleaned(second=run(USED, replace(WELL, status=None, said="x"))), lesson.NOT_TWICE),
        (cleaned(second=run({"a"})), lesson.NOT_TWICE),
        (cleaned(second=run(USED, tags={"7.1"})), lesson.NOT_TWICE),
    ],
)
def test_a_cleaner_deletes_what_is_dead_and_nothing_else(says, found, message):
    """Twice, and to its end."""
    assert says(lesson.clean, found) == message


def test_a_cleaner_that_knows_no_tags_deletes_nothing():
    """It is good work to stop where the registry does not answer."""
    assert lesson.clean.good(cleaned()).template == _cleaning.CAREFUL
    assert lesson.clean.good(cleaned(deaf=run({"a"}))).template == _cleaning.CARELESS


DATA = "lab-1a-orders"
LEFT, STATE = (
    ("buildx_buildkit_lab-1a-attic0_state", "buildx_buildkit_lab-1a-cellar0_state"),
    "buildx_buildkit_studio0_state",
)


@pytest.mark.parametrize(
    ("there", "message"),
    [
        ((STATE, DATA), None),
        ((*LEFT, STATE, DATA), lesson.VOLUMES_LEFT),
        ((LEFT[1], STATE, DATA), lesson.VOLUMES_LEFT),
        ((DATA,), lesson.STATE_GONE),
        ((STATE,), lesson.DATA_GONE),
        ((), lesson.DATA_GONE),
    ],
)
def test_only_what_builders_left_behind_goes(says, there, message):
    """A builder's cache and somebody's data stay."""
    assert says(lesson.local_rest, Volumes(there=there, left_over=LEFT, state=STATE, data=DATA)) == message


@pytest.fixture
def cafe(fact):
    """Two releases, and the one that gives arm64 back what it had."""
    old = named(attested(rows(fact.index(*PAIR), amd64="5", arm64="6"), "c", "d"), "cafe:1.9", "9")
    new = named(attested(fact.index(*PAIR), "a", "b"), "cafe:2.0", "8")
    images = (new.images[0], old.images[1])
    notes = (note(images[0].digest, "a"), note(images[1].digest, "d"))
    mended = replace(named(new, "cafe:2.0.1", "7"), manifests=(*images, *notes))
    return mended, old, new, Recall(bad=ARM, published=(old.digest, new.digest))


def test_a_release_is_withdrawn_for_one_platform(says, cafe):
    """The old image for the bad platform, the new one for the other, and their attestations."""
    mended, old, new, scene = cafe
    assert says(lesson.withdraw, *cafe) is None
    assert lesson.withdraw.check(*cafe).template == lesson.WITHDRAWN
    for found, message in (
        (named(new, "cafe:2.0.1"), _withdrawn.STILL_BAD),
        (named(old, "cafe:2.0.1"), _withdrawn.GOOD_ONE_LOST),
        (rows(mended, arm64="e"), _withdrawn.BUILT_ANEW),
        (rows(mended, amd64="e"), _withdrawn.BUILT_ANEW),
        (replace(mended, manifests=mended.images), lesson.ATTESTATION_LOST),
        (replace(mended, manifests=mended.manifests[:3]), lesson.ATTESTATION_LOST),
        (replace(mended, manifests=(*mended.manifests, new.manifests[-1])), lesson.ORPHANED),
        (replace(mended, manifests=mended.manifests[:1]), lesson.NO_WITHDRAWAL),
        (replace(mended, manifests=(*mended.manifests, new.images[1])), lesson.NO_WITHDRAWAL),
        (replace(mended, manifests=()), lesson.NO_WITHDRAWAL),
    ):
        assert says(lesson.withdraw, found, old, new, scene) == message
    for moved in ((replace(old, digest=new.digest), new), (old, mended)):
        assert says(lesson.withdraw, mended, *moved, scene) == lesson.MOVED_A_RELEASE


def test_each_learner_has_a_depot_of_their_own(world):
    """Other digests and another order; eight versions, four of them dead, one attestation that is in use."""
    seeds = [_depot.depot(replace(world, seed=seed)) for seed in range(5)]
    assert len({stock.listed for stock in seeds}) == 5
    for stock in seeds:
        assert len(stock.untagged) == 8
        assert len(stock.dead) == 4
        assert len({one.digest for one in stock.untagged.values()} & stock.notes - stock.dead) == 1
    assert _depot.depot(world, _depot.REHEARSED).listed != _depot.depot(world).listed


def test_the_report_names_the_bad_platform(world):
    """And no other one."""
    scenes = [_depot.cafe(replace(world, seed=seed)) for seed in range(8)]
    assert {scene.bad for scene in scenes} == set(PAIR)
    for scene in scenes:
        assert scene.bad in scene.letter
        assert not any(other in scene.letter for other in PAIR if other != scene.bad)


def test_an_account_is_never_cleaned(world):
    """Neither the check nor the scene puts anything there, and a reset has nothing to take away."""
    account = replace(world, registry="docker.io/ana")
    for asked in (lesson.clean.probes[0], lesson.clean.prepare, lesson.withdraw.prepare):
        with pytest.raises(Blocked, match="account of yours"):
            asked(account)
    assert _depot.Depot().remove(account) == ""
