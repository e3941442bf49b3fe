"""P5, P6 and P7 from literal facts."""

from dataclasses import replace

import pytest

from lab.course import _cleaning, _promoted, _rounds, release
from lab.course._cleaning import Cleaned, Round
from lab.course.capstone import releases
from lab.course.capstone._faults import IMAGES
from lab.course.capstone.releases import Full, Releases, Survived
from lab.course.every_push import JOBS_FAIL
from lab.model.facts import Containers, Ran
from lab.model.platforms import Platform
from lab.probes.jobs import Ended, Rounds
from lab.probes.jobs import Round as Played
from lab.probes.published import Published
from lab.probes.rehearsal import Ended as Ran_

ALL = ("linux/amd64", "linux/arm64", "linux/arm/v6")


@pytest.fixture
def pairs(fact):
    """Candidates and releases that are the same, but for those that are changed."""

    def make(**changed):
        found = []
        for image in IMAGES:
            tested = fact.index(*ALL, name=f"r/lighthouse/{image}:2-rc")
            made = replace(tested, reference=f"r/lighthouse/{image}:2")
            now = changed.get(image, lambda one: one)(made)
            found.append((tested, Published(reference=f"r/lighthouse/{image}:2", index=now)))
        return Releases(pairs=tuple(found))

    return make


def ran(*names, status=0):
    return Containers(ran=tuple(Ran(image=name, exit_status=status) for name in names))


TRIED = ran(*(f"r/lighthouse/{image}:2-rc" for image in IMAGES))
DIGEST = f"sha256:{'1' * 64}"


@pytest.mark.parametrize(
    ("change", "containers", "message"),
    [
        ({}, TRIED, None),
        ({}, ran(*(f"r/lighthouse/{image}@{DIGEST}" for image in IMAGES)), None),
        ({"horn": lambda _one: None}, TRIED, releases.NOT_RELEASED),
        ({"lamp": lambda one: replace(one, manifests=one.manifests[:1])}, TRIED, _promoted.ROWS_LOST),
        ({"log": lambda one: replace(one, digest=DIGEST)}, TRIED, _promoted.OTHER_INDEX),
        ({}, ran(), releases.UNTRIED),
        ({}, ran("r/lighthouse/lamp:2", "r/lighthouse/horn:2", "r/lighthouse/log:2"), releases.UNTRIED),
        ({}, ran("r/lighthouse/lamp:1", *(f"r/lighthouse/{one}:2-rc" for one in IMAGES[1:])), releases.UNTRIED),
        ({}, ran(*(f"r/lighthouse/{image}:2-rc" for image in IMAGES), status=1), releases.TRIAL_FAILED),
    ],
)
def test_what_was_tried_is_released(says, pairs, change, containers, message):
    """The digest, and a container of each candidate that ended well."""
    assert says(releases.released.step, pairs(**change), containers) == message


def test_another_image_of_the_same_platforms_is_no_release(says, pairs):
    """It was built anew."""

    def rebuilt(one):
        first, *others = one.manifests
        return replace(one, manifests=(replace(first, digest=f"sha256:{'9' * 64}"), *others))

    assert says(releases.released.step, pairs(lamp=rebuilt), TRIED) == _promoted.COPY_DIFFERS


def test_a_release_is_proven_with_digests(pairs):
    """For the report."""
    proof = releases.released.step.check(pairs(), TRIED)
    assert (proof.template, str(proof).count("sha256:")) == (releases.RELEASED, 3)


WELL, MERGE = Ended(words=("job", "linux/amd64"), status=0), Ended(words=("merge",), status=0)
LOST = Ended(words=("job", "linux/amd64"), status=1, lost=True)


@pytest.fixture
def survived(fact):
    """Three rounds that went well; some may be others."""

    def edge(number, *platforms):
        index = fact.index(*(platforms or ALL), name="r/lighthouse/log:t")
        rows = tuple(replace(one, digest=f"sha256:{f'{number}{one.digest[7]}' * 32}") for one in index.manifests)
        return replace(index, digest=f"sha256:{f'{number}' * 64}", manifests=rows)

    def make(*, left_out=(), **changed):
        whole = Played(ended=(WELL, MERGE), tag=edge(1))
        known = {"whole": whole, "broken": Played(ended=(LOST,), tag=edge(1)),
                 "mended": Played(ended=(WELL, MERGE), tag=edge(2))}  # fmt: skip
        known |= {name: make_round(edge) for name, make_round in changed.items()}
        rounds = Rounds(path="release.sh", reference="r/log:t", lost=Platform.parse("linux/amd64"), **known)
        return Survived(rounds=rounds, left_out=left_out)

    return make


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({}, None),
        ({"whole": lambda _edge: Played(ended=(LOST,))}, JOBS_FAIL),
        ({"whole": lambda _edge: Played(ended=(WELL, MERGE))}, _rounds.NO_TAG),
        ({"whole": lambda edge: Played(ended=(WELL, MERGE), tag=edge(1, ALL[0]))}, _rounds.PLATFORM_LEFT_OUT),
        ({"broken": lambda edge: Played(ended=(LOST,), tag=edge(2))}, _rounds.HALF_A_RELEASE),
        (
            {"broken": lambda edge: Played(ended=(replace(LOST, status=0),), tag=edge(1))},
            _rounds.SWALLOWED,
        ),
        ({"mended": lambda _edge: Played(ended=(WELL, MERGE))}, _rounds.NOT_MENDED),
        ({"mended": lambda edge: Played(ended=(WELL, MERGE), tag=edge(1))}, _rounds.STALE),
    ],
)
def test_a_release_survives(says, survived, change, message):
    """Any order, and a lost job."""
    assert says(releases.races.step, survived(**change)) == message


def test_all_three_images_are_released(says, survived):
    """The log alone is not enough."""
    assert says(releases.races.step, survived(left_out=(("horn", "linux/amd64"),))) == releases.LEFT_OUT
    assert releases.races.step.check(survived()).template == releases.SURVIVES


def cleaned(**changed):
    """A cleaner that is right, but for what is changed."""
    good = Round(ended=Ran_(path="clean.sh", status=0), there=frozenset({"k"}), tags=frozenset({"t"}))
    known = {"kept": frozenset({"k"}), "dead": frozenset({"d"}), "tags": frozenset({"t"}),
             "first": good, "second": good, "deaf": good}  # fmt: skip
    return Cleaned(**(known | changed))


BAD = Round(ended=Ran_(path="clean.sh", status=0), there=frozenset(), tags=frozenset({"t"}))
IDLE = Round(ended=Ran_(path="clean.sh", status=0), there=frozenset({"k", "d"}), tags=frozenset({"t"}))


@pytest.mark.parametrize(
    ("found", "there", "message"),
    [
        (cleaned(), 0, None),
        (cleaned(), 2, releases.STILL_FULL),
        (cleaned(first=BAD), 0, _cleaning.ROWS_DEAD),
        (cleaned(first=IDLE, second=IDLE), 0, release.STILL_THERE),
    ],
)
def test_a_cleaner_is_safe_and_not_idle(says, found, there, message):
    """On a repository of its own, and in the learner's."""
    full = Full(repository="lighthouse/log", there=there)
    assert says(releases.cleaner.step, found, full) == message
    if message is None:
        assert releases.cleaner.step.check(found, full).template == releases.CLEAN
