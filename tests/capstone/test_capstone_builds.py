"""P3 and P9 from literal facts."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from lab.course.capstone import builds
from lab.course.capstone.builds import Built
from lab.course.cross_compile import RIGHT_BUT_EMULATED
from lab.course.every_push import JOB_FAILED, NOT_KEPT
from lab.events import BuildEvents
from lab.model.platforms import Platform
from lab.probes.bake import Plan, Target
from lab.probes.jobs import Again, Ended

ALL = ("linux/amd64", "linux/arm64", "linux/arm/v6")
AMD = Platform.parse("linux/amd64")


def told(*names, cached=False):
    """What BuildKit says of steps with these names."""
    began = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [
        {"digest": f"sha256:{number}", "name": name, "cached": cached, "started": began.isoformat(),
         "completed": (began + timedelta(seconds=1)).isoformat()}
        for number, name in enumerate(names)
    ]  # fmt: skip
    return json.dumps({"vertexes": rows})


def plan(**platforms):
    known = dict.fromkeys(("lamp", "horn", "log"), ALL) | platforms
    return Plan(folder="f", targets=tuple(Target(name=name, platforms=tuple(of)) for name, of in known.items()))


NATIVE = BuildEvents.from_text(told("[lamp linux/amd64->arm64 build 4/4] RUN go build"), "x", AMD)
FOREIGN = BuildEvents.from_text(told("[lamp linux/arm64 build 4/4] RUN go build"), "x", AMD)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (Built(plan=plan(), events=NATIVE), None),
        (Built(plan=plan(), events=FOREIGN), RIGHT_BUT_EMULATED),
        (Built(plan=plan(horn=()), events=None), builds.FILE_LACKS),
        (Built(plan=plan(log=ALL[:2]), events=None), builds.FILE_LACKS),
        (Built(plan=Plan(folder="f", targets=()), events=None), builds.FILE_LACKS),
        (Built(plan=Plan(folder="f", refused="no such key")), builds.BAKE_REFUSES),
        (Built(plan=plan(), failed="no match for platform"), builds.BUILD_FAILS),
    ],
)
def test_the_file_alone_builds_it_all_natively(says, found, message):
    """Its plan first, then what ran."""
    assert says(builds.unemulated.step, found) == message


def test_what_the_cache_hides_is_foreign_all_the_same(says):
    """A foreign RUN that an earlier build has done is found."""
    hidden = BuildEvents.from_text(told("[lamp linux/arm64 build 4/4] RUN go build", cached=True), "x", AMD)
    assert says(builds.unemulated.step, Built(plan=plan(), events=hidden)) == RIGHT_BUT_EMULATED


def test_the_pass_counts_what_ran():
    """Of the check's own build."""
    proof = builds.unemulated.step.check(Built(plan=plan(), events=NATIVE))
    assert (proof.template, "1 RUN step" in str(proof)) == (builds.NATIVE, True)


def lane(platform, *, cached=True, builder="lighthouse", text=None, status=0):
    events = told("[lamp linux/amd64 build 4/4] RUN go build" if text is None else text, cached=cached)
    return Ended(words=("job", platform), status=status, said="boom", builders=(builder,), events=events)


def again(*second, first=()):
    return Again(path="release.sh", first=first, second=second)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (again(*map(lane, ALL)), None),
        (again(*(lane(one, cached=False) for one in ALL)), NOT_KEPT),
        (again(lane(ALL[0]), lane(ALL[1], cached=False), lane(ALL[2])), builds.SOME_COLD),
        (again(lane(ALL[0], builder="default")), builds.OTHER_BUILDER),
        (again(lane(ALL[0], text="[lamp 1/1] COPY a b")), builds.NOTHING_RUN),
        (again(first=(lane(ALL[0], status=1),)), JOB_FAILED),
    ],
)
def test_each_lane_finds_its_work(says, found, message):
    """On an empty builder, on the right one, and with work in it."""
    assert says(builds.warm.step, found) == message


def test_warm_lanes_are_counted():
    """All three."""
    proof = builds.warm.step.check(again(*map(lane, ALL)))
    assert (proof.template, "3 RUN steps" in str(proof)) == (builds.WARM, True)


def test_the_last_word_of_bake_is_no_event():
    """The line that says why."""
    assert builds._last('#1 doing\nERROR: no such key\n{"vertexes": []}\n') == "no such key"
    assert builds._last("") == "no reason given"
