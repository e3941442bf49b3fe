"""Lesson 11, its last step: a pipeline survives all three rounds."""

from dataclasses import replace

import pytest

from lab.course import _rounds
from lab.course import every_push as lesson
from lab.model.facts import Index, Manifest
from lab.model.platforms import Platform
from lab.probes.jobs import LOST, Ended, Round, Rounds

PAIR = ("linux/amd64", "linux/arm64")
THREE = (*PAIR, "linux/arm/v7")
AMD, ARM = map(Platform.parse, PAIR)
REG = "localhost:5000"
EDGE = f"{REG}/orchard:edge"
WELL = Ended(words=("job", "linux/arm64"), status=0)
MERGE = Ended(words=("merge",), status=0)
GONE = Ended(words=("job", "linux/arm64"), status=1, said=LOST, lost=True)


def edge(number, *platforms):
    """The tag after a round: other digests in each."""
    rows = tuple(
        Manifest(digest=f"sha256:{f'{number}{place}' * 32}", platform=Platform.parse(name))
        for place, name in enumerate(platforms or THREE)
    )
    return Index(reference=EDGE, digest=f"sha256:{f'{number}' * 64}", media_type="", is_index=True, manifests=rows)


def rounds(*, whole=None, broken=None, mended=None, moved=("edge",)):
    return Rounds(
        path=lesson.PIPELINE,
        reference=EDGE,
        lost=ARM,
        whole=whole or Round(ended=(WELL, MERGE), tag=edge(1)),
        broken=broken or Round(ended=(GONE,), tag=edge(1)),
        mended=mended or Round(ended=(WELL, MERGE), tag=edge(2)),
        moved=moved,
    )


def stale():
    """The last round's tag still has the first one's image for arm64."""
    new, old = edge(2), edge(1).manifests
    return replace(new, manifests=(new.manifests[0], old[1], new.manifests[2]))


FAILED = Ended(words=("job", "linux/arm64"), status=1, said="ERROR: no builder found")


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (rounds(), None),
        (rounds(whole=Round(ended=(FAILED,))), lesson.JOBS_FAIL),
        (rounds(whole=Round(ended=(WELL, replace(MERGE, status=2)))), lesson.JOBS_FAIL),
        (rounds(whole=Round(ended=(WELL, MERGE))), _rounds.NO_TAG),
        (rounds(whole=Round(ended=(WELL, MERGE), tag=edge(1, *PAIR))), _rounds.PLATFORM_LEFT_OUT),
        (rounds(broken=Round(ended=(GONE,), tag=edge(2, *PAIR))), _rounds.HALF_A_RELEASE),
        (rounds(broken=Round(ended=(GONE,))), _rounds.HALF_A_RELEASE),
        (rounds(broken=Round(ended=(replace(GONE, status=0), FAILED), tag=edge(1))), _rounds.SWALLOWED),
        (rounds(mended=Round(ended=(FAILED,), tag=edge(1))), _rounds.NOT_MENDED),
        (rounds(mended=Round(ended=(WELL, MERGE))), _rounds.NOT_MENDED),
        (rounds(mended=Round(ended=(WELL, MERGE), tag=edge(2, *PAIR))), _rounds.NOT_MENDED),
        (rounds(mended=Round(ended=(WELL, MERGE), tag=edge(1))), _rounds.STALE),
        (rounds(mended=Round(ended=(WELL, MERGE), tag=stale())), _rounds.STALE),
    ],
)
def test_a_pipeline_survives_all_three_rounds(says, found, message):
    """All went well, one was lost, the lost one was run again."""
    assert says(lesson.whole_pipeline, found) == message
    if message is None:
        assert lesson.whole_pipeline.check(found).template == lesson.HOLDS


def test_it_is_good_where_no_other_tag_moved():
    """A tag for each part is right; a pipeline that needs none is better."""
    assert lesson.whole_pipeline.good(rounds()).template == _rounds.ONLY_ONE_TAG
    more = lesson.whole_pipeline.good(rounds(moved=("edge", "edge-arm64")))
    assert (more.template, more.values["tags"]) == (_rounds.MORE_TAGS, "edge-arm64")
