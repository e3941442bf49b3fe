"""K17: a cache for two jobs."""

from dataclasses import replace

import pytest

from lab.course import _lanes
from lab.course._lanes import Lane, Lanes
from lab.course.clinic import tram as cases
from lab.events import BuildEvents, Vertex
from lab.model.platforms import Platform
from lab.probes.jobs import Ended

AMD, ARM = (Platform.parse(f"linux/{name}") for name in ("amd64", "arm64"))


def lane(platform, *, cached=True, builders=(cases.BUILDER,), kind="run"):
    """A job of the second push, with one step."""
    step = Vertex(digest="sha256:0", name="x", kind=kind, step="3/3", text="RUN echo", cached=cached)
    events = BuildEvents(path="job.sh", vertices=(step,), seconds=1.0)
    return Lane(job=Ended(words=(str(platform),), status=0, builders=builders), platform=platform, events=events)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (Lanes(lanes=(lane(AMD), lane(ARM))), None),
        (Lanes(lanes=(lane(AMD, cached=False), lane(ARM))), cases.ONE_LANE_COLD),
        (Lanes(lanes=(lane(AMD), lane(ARM, cached=False))), cases.ONE_LANE_COLD),
        (Lanes(lanes=(lane(AMD, cached=False), lane(ARM, cached=False))), cases.NOTHING_KEPT),
        (Lanes(lanes=(lane(AMD), lane(ARM, builders=("default",)))), _lanes.OTHER_BUILDER),
        (Lanes(lanes=(lane(AMD, kind="copy"), lane(ARM))), _lanes.NOTHING_RUN),
        (Lanes(lanes=(replace(lane(AMD), there=False), lane(ARM))), _lanes.NOT_HANDED_ON),
        (Lanes(), cases.NO_CACHE),
        (Lanes(failed=Ended(words=("linux/amd64",), status=3)), cases.JOB_FAILS),
    ],
)
def test_both_jobs_find_their_cache(says, found, message):
    """On the emptied builder, every step of both; and they are the jobs of the case."""
    assert says(cases.tram.step, found) == message


def test_the_pass_counts_steps():
    """Of both."""
    proof = cases.tram.step.check(Lanes(lanes=(lane(AMD), lane(ARM))))
    assert proof.template == cases.MENDED
    assert proof.values["steps"] == "2 RUN steps"
