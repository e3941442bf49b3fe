"""Lesson 11: how do I do this on every push?"""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lab import course
from lab.course import _lanes, _pushes, _runner, inside_the_index
from lab.course import every_push as lesson
from lab.events import BuildEvents, Vertex
from lab.model.facts import Call, Image, Images, Index, Manifest
from lab.model.platforms import Platform
from lab.model.world import World
from lab.probes.bake import Plan, Target
from lab.probes.handed import HandedOn, Part
from lab.probes.host import Text
from lab.probes.jobs import Ended
from lab.probes.published import Published

AMD, ARM = (Platform.parse(name) for name in ("linux/amd64", "linux/arm64"))
PAIR = ("linux/amd64", "linux/arm64")
THREE = (*PAIR, "linux/arm/v7")
REG = "localhost:5000"
LATEST, ONE, TESTED = (f"{REG}/bakery:{tag}" for tag in ("latest", "1", "tested"))
ROW = {AMD: f"sha256:{'1' * 64}", ARM: f"sha256:{'2' * 64}"}  # as fact.index counts them
WHOLE = {AMD: f"sha256:{'c' * 64}", ARM: f"sha256:{'d' * 64}"}
JOBS = "docker buildx bake --builder runner --set *.platform={} --push"
LOOK = f"docker buildx imagetools inspect {LATEST}"
SHIPPED = (course.lessons_dir() / "files" / "every-push" / "docker-bake.hcl").read_text(encoding="utf-8")


# --- the plan ---------------------------------------------------------------------------------------------------------


def plan(*platforms, name="bakery", tags=(LATEST,), refused=""):
    targets = () if refused else (Target(name=name, platforms=platforms, tags=tags),)
    return Plan(folder="files/every-push", targets=targets, refused=refused)


def printed_plan(fact, *platforms, name="bakery", called="docker buildx bake --print"):
    """A try that printed a plan, between BuildKit's own lines."""
    target = {"context": ".", "tags": [LATEST]} | ({"platforms": list(platforms)} if platforms else {})
    text = json.dumps({"group": {"default": {"targets": [name]}}, "target": {name: target}}, indent=2)
    return fact.printed(f"#1 reading docker-bake.hcl {{ 291B }}\n{text}\n", 0, *filter(None, [called]))


@pytest.mark.parametrize("platforms", [(), PAIR])
def test_the_plan_was_printed(fact, says, platforms):
    """With platforms and without, also after the file was mended."""
    assert says(lesson.print_first, plan(*PAIR), printed_plan(fact, *platforms)) is None
    assert lesson.print_first.check(plan(), printed_plan(fact)).template == lesson.PLAN_PRINTED


def test_the_file_or_a_build_is_no_plan(fact, says):
    """Words that look like it, a build, another folder's plan."""
    for called in ("", "cat docker-bake.hcl", "docker buildx bake"):
        assert says(lesson.print_first, plan(), printed_plan(fact, called=called)) == lesson.NOT_PRINTED
    shown = fact.printed('target "bakery" {', 0, "docker buildx bake --print")
    assert says(lesson.print_first, plan(), shown) == lesson.NOT_PRINTED
    assert says(lesson.print_first, plan(), printed_plan(fact, name="default")) == lesson.OTHER_PLAN


@pytest.mark.parametrize(("platforms", "answer"), [((), "none: the builder's own"), (PAIR, "both that the file lists")])
def test_the_prediction_of_the_plan(fact, platforms, answer):
    """What the plan says, not what stands in the file."""
    truth = lesson.print_first.predict.truth(plan(), printed_plan(fact, *platforms))
    assert truth.answer == answer
    assert truth.template in (_pushes.BOTH_PLANNED, _pushes.NONE_PLANNED)


def test_a_plan_that_was_refused_is_an_answer(fact):
    """Bake did not read the file."""
    truth = lesson.print_first.predict.truth(plan(), fact.printed("ERROR: bad.hcl:1", 1))
    assert (truth.answer, truth.template) == ("it refuses the file", _pushes.PLAN_REFUSED)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (plan(*PAIR), None),
        (plan("linux/arm64/v8", "linux/x86_64"), None),  # other names of the same two
        (plan(refused="bad.hcl:1,12-13: Unclosed configuration block"), lesson.BAKE_REFUSES),
        (plan(*PAIR, name="bread"), lesson.NO_TARGET),
        (plan(), lesson.NO_PLATFORMS),
        (plan("linux/arm64"), lesson.PLATFORM_NOT_PLANNED),
        (plan("linux/arm64", "linux/foo bar"), lesson.PLATFORM_NOT_PLANNED),
        (plan(*THREE), lesson.MORE_PLANNED),
        (plan(*PAIR, tags=()), lesson.OTHER_TAGS),
        (plan(*PAIR, tags=(f"{REG}/bakery:both",)), lesson.OTHER_TAGS),
    ],
)
def test_the_mended_plan_has_both_platforms_and_the_tag(says, found, message):
    """The plan counts, however the file says it."""
    assert says(lesson.mend_bake, found, lesson.Wanted(tag=LATEST)) == message
    if message is None:
        assert lesson.mend_bake.check(found, lesson.Wanted(tag=LATEST)).template == lesson.PLAN_MENDED


def test_each_slip_is_one_that_bake_passes_over():
    """Three kinds, one for each learner; without the slip it would be what the lesson ships, but for the comment."""
    world = World(env={}, registry=REG, workspace=Path(), home=Path())
    drafts = {_runner.draft(replace(world, seed=seed)) for seed in range(20)}
    assert len(drafts) == 3
    for draft in drafts:
        assert "{{" not in draft
        assert draft.count("  platforms = ") + draft.count("  inherits = ") == 1, (
            "two of the two words would be no slip"
        )
        assert SHIPPED.count("  platforms = ") + SHIPPED.count("  inherits = ") == 2
        assert draft != SHIPPED


# --- two jobs and one tag ---------------------------------------------------------------------------------------------


def raced(fact, *platforms):
    """A try with these pushes, `look` for a look at the tag between them."""
    return fact.printed("", 0, *(LOOK if one == "look" else JOBS.format(one) for one in platforms))


BOTH_ORDERS = (*PAIR, "look", *PAIR[::-1], "look")


def test_both_orders_were_seen(fact, says):
    """With bake and with build; the one that came last is there."""
    index = fact.index("linux/amd64", name=LATEST)
    assert says(lesson.race, index, raced(fact, *BOTH_ORDERS)) is None
    assert lesson.race.check(index, raced(fact, *BOTH_ORDERS)).template == lesson.LAST_PUSH_STAYS
    build = f"docker buildx build --platform {{}} -t {LATEST} --output type=image,push=true ."
    mixed = [build.format(PAIR[1]), JOBS.format(PAIR[0]), LOOK, JOBS.format(PAIR[0]), build.format(PAIR[1]), LOOK]
    assert says(lesson.race, fact.index("linux/arm64", name=LATEST), fact.printed("", 0, *mixed)) is None


@pytest.mark.parametrize(
    "calls",
    [
        (),
        (*PAIR, "look"),
        (*PAIR, *PAIR[::-1], "look"),
        (*PAIR, "look", "look"),
        ("linux/amd64", "look", "linux/arm64", "look"),
        (*PAIR, "look", *PAIR, "look"),
    ],
)
def test_one_order_proves_nothing(fact, says, calls):
    """A look is needed after each of the two."""
    assert says(lesson.race, fact.index("linux/arm64", name=LATEST), raced(fact, *calls)) == lesson.ONE_ORDER


def test_a_push_that_failed_or_a_look_elsewhere_is_none(fact, says):
    """And a build without a push is none."""
    index = fact.index("linux/amd64", name=LATEST)
    for change in ((" --push", ""), (LATEST, f"{REG}/decoy")):
        calls = [LOOK if one == "look" else JOBS.format(one) for one in BOTH_ORDERS]
        assert (
            says(lesson.race, index, fact.printed("", 0, *(one.replace(*change) for one in calls))) == lesson.ONE_ORDER
        )
    broken = raced(fact, *BOTH_ORDERS)
    broken = replace(broken, calls=tuple(replace(call, exit_status=1) for call in broken.calls))
    assert says(lesson.race, index, broken) == lesson.ONE_ORDER


def test_one_build_for_both_is_no_race(fact, says):
    """Then the tag has both, and nothing was seen."""
    index = fact.index(*PAIR, name=LATEST)
    assert says(lesson.race, index, raced(fact, *BOTH_ORDERS)) == lesson.BOTH_AT_ONCE


@pytest.mark.parametrize(
    ("platforms", "answer", "template"),
    [
        (("linux/amd64",), "the platform that was pushed last", _pushes.THE_LAST),
        (("linux/arm64",), "the platform that was pushed first", _pushes.THE_FIRST),
        (PAIR, "both platforms", _pushes.BOTH_THERE),
    ],
)
def test_the_prediction_of_the_race(fact, platforms, answer, template):
    """By what the registry has, against the order of the calls."""
    truth = lesson.race.predict.truth(fact.index(*platforms, name=LATEST), raced(fact, *BOTH_ORDERS))
    assert (truth.answer, truth.template) == (answer, template)


# --- parts ------------------------------------------------------------------------------------------------------------


def part_of(platform, *, digest="", tags=(), found=True, rows=None):
    """A job's result: an index of one image and its attestation."""
    about = (("vnd.docker.reference.digest", ROW[platform]), ("vnd.docker.reference.type", "attestation-manifest"))
    own = Manifest(digest=ROW[platform], platform=platform)
    told = Manifest(digest=f"sha256:a{ROW[platform][8:]}", platform=Platform("unknown", "unknown"), annotations=about)
    index = Index(
        reference=f"{REG}/bakery",
        digest=digest or WHOLE[platform],
        media_type="",
        is_index=True,
        manifests=(own, told) if rows is None else rows,
    )
    name = f"{platform.architecture}.json"
    return Part(file=name, digest=index.digest, index=index if found else None, tags=tags)


def handed(*parts):
    return HandedOn(folder="files/every-push/out", repository="bakery", parts=parts)


BOTH = handed(part_of(AMD), part_of(ARM))
SCRIPT = Text(path=lesson.JOB, content="")
NO_TAG = Published(reference=LATEST)


def both_in_one():
    rows = tuple(Manifest(digest=ROW[platform], platform=platform) for platform in (AMD, ARM))
    return part_of(AMD, rows=rows)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (BOTH, None),
        (handed(part_of(AMD), part_of(ARM), part_of(ARM)), None),  # a job that was run again
        (handed(part_of(AMD)), lesson.NO_JOB),
        (handed(part_of(AMD), part_of(ARM, found=False)), lesson.NOT_IN_REGISTRY),
        (handed(both_in_one()), lesson.ONE_BUILD),
        (handed(part_of(AMD), part_of(ARM, tags=("arm64",))), lesson.TAGGED),
    ],
)
def test_both_jobs_pushed_by_digest(says, found, message):
    """Each its own platform, each without a tag, and the registry has them."""
    assert says(lesson.by_digest, found, SCRIPT, NO_TAG) == message
    if message is None:
        assert lesson.by_digest.check(found, SCRIPT, NO_TAG).template == lesson.BY_DIGEST


def test_the_prediction_of_a_push_by_digest(fact):
    """The tag is as it was, whatever that is; where it moved, the answer says what to."""
    ask = lesson.by_digest.predict.truth
    before = Published(reference=LATEST, index=fact.index("linux/s390x", name=LATEST))
    assert (ask(BOTH, SCRIPT, before).answer, ask(BOTH, SCRIPT, NO_TAG).answer) == ("what it stood for before",) * 2
    assert ask(BOTH, SCRIPT, before).template == _pushes.NOT_MOVED
    assert ask(BOTH, SCRIPT, NO_TAG).template == _pushes.NO_SUCH_TAG
    last = Published(reference=LATEST, index=replace(before.index, digest=WHOLE[ARM]))
    assert (ask(BOTH, SCRIPT, last).answer, ask(BOTH, SCRIPT, last).template) == (
        "the image that came last",
        _pushes.MOVED,
    )
    joined = Published(reference=LATEST, index=fact.index(*PAIR, name=LATEST))
    assert ask(BOTH, SCRIPT, joined).answer == "an index of both images"


def merged(fact, *platforms, cmd=lesson.COMMAND, name=ONE, rows=()):
    index = fact.index(*platforms, name=name)
    index = replace(index, manifests=(*(rows or index.manifests),))
    each = tuple(Image(reference=name, digest=row.digest, platform=row.platform, cmd=cmd) for row in index.images)
    return Images(index=index, images=each)


@pytest.mark.parametrize(
    ("platforms", "cmd", "message"),
    [
        (PAIR, lesson.COMMAND, None),
        (PAIR[:1], lesson.COMMAND, lesson.PART_MISSING),
        (THREE, lesson.COMMAND, lesson.PART_MISSING),
        (PAIR[::-1], lesson.COMMAND, lesson.REBUILT),  # other digests for both
        (PAIR, ("sh",), lesson.OTHER_IMAGE),
        (PAIR, (), lesson.OTHER_IMAGE),
    ],
)
def test_one_tag_of_just_what_was_handed_on(fact, says, platforms, cmd, message):
    """The same digests, of both, and the lesson's image."""
    found = merged(fact, *platforms, cmd=cmd)
    assert says(lesson.merge, found, BOTH) == message
    if message is None:
        assert lesson.merge.check(found, BOTH).template == lesson.MERGED_ONCE


def test_a_merge_is_good_where_the_attestations_came_along(fact):
    """They are in what the jobs handed on."""
    assert lesson.merge.good(merged(fact, *PAIR), BOTH).template == inside_the_index.ATTESTATION_LOST
    rows = tuple(row for part in BOTH.parts for row in part.index.manifests)
    assert lesson.merge.good(merged(fact, rows=rows), BOTH).template == inside_the_index.ATTESTATION_KEPT


def test_the_command_that_tells_the_image_is_that_of_the_lessons_dockerfile():
    """Else a right build would be called another one."""
    text = (course.lessons_dir() / "files" / "every-push" / "Dockerfile").read_text(encoding="utf-8")
    assert "CMD [" + ", ".join(f'"{word}"' for word in lesson.COMMAND) + "]" in text


# --- the cache --------------------------------------------------------------------------------------------------------


def lane(platform, *, cached=True, builders=("runner",), kind="run"):
    step = Vertex(digest="sha256:0", name="x", kind=kind, step="3/3", text="RUN sed", cached=cached)
    events = BuildEvents(path="job.sh", vertices=(step,), seconds=1.0)
    return _lanes.Lane(job=Ended(words=(str(platform),), status=0, builders=builders), platform=platform, events=events)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (_lanes.Lanes(lanes=(lane(AMD), lane(ARM))), None),
        (_lanes.Lanes(lanes=(lane(AMD, cached=False), lane(ARM))), lesson.ONE_LANE_COLD),
        (_lanes.Lanes(lanes=(lane(AMD, cached=False), lane(ARM, cached=False))), lesson.NOT_KEPT),
        (_lanes.Lanes(lanes=(lane(AMD), lane(ARM, builders=("",)))), _lanes.OTHER_BUILDER),
        (_lanes.Lanes(lanes=(lane(AMD), lane(ARM, builders=()))), _lanes.OTHER_BUILDER),
        (_lanes.Lanes(lanes=(lane(AMD), lane(ARM, builders=("runner", "mine")))), _lanes.OTHER_BUILDER),
        (_lanes.Lanes(lanes=(lane(AMD), lane(ARM, kind="copy"))), _lanes.NOTHING_RUN),
        (_lanes.Lanes(lanes=(lane(AMD), replace(lane(ARM), there=False))), _lanes.NOT_HANDED_ON),
        (_lanes.Lanes(), lesson.NO_CACHE),
        (_lanes.Lanes(failed=Ended(words=PAIR[:1], status=1, said="ERROR: no builder")), lesson.JOB_FAILED),
    ],
)
def test_each_lane_has_its_cache(says, found, message):
    """On the emptied builder, every RUN of both."""
    assert says(lesson.cache_each, found) == message
    if message is None:
        assert lesson.cache_each.check(found).template == lesson.BOTH_WARM


# --- the test ---------------------------------------------------------------------------------------------------------


def after_runs(fact, *names, status=0, then=f"docker buildx imagetools create -t {TESTED} {ONE}", platforms=()):
    """Containers of these names, by calls of `docker run`, and then the tag."""
    runs = [
        Call(program="docker", words=("run", "--rm", *(("--platform", p) if p else ()), name), exit_status=0)
        for name, p in zip(names, platforms or ("",) * len(names), strict=True)
    ]
    made = fact.printed("", 0, *filter(None, [then])).calls
    printed = replace(fact.printed("", 0), calls=(*runs, *made))
    return fact.ran(*names, exit_status=status), printed


BY_DIGEST = [f"{REG}/bakery@{WHOLE[platform]}" for platform in (AMD, ARM)]
BY_ROW = [f"{REG}/bakery@{ROW[platform]}" for platform in (AMD, ARM)]
BY_INDEX = [f"{REG}/bakery@sha256:{'f' * 64}"] * 2


def test_each_image_was_started_by_a_digest(fact, says):
    """That of the part, that of the image, or that of the merged index with a platform."""
    index = fact.index(*PAIR, name=TESTED)
    for names in (BY_DIGEST, BY_ROW, [BY_DIGEST[0], BY_ROW[1]]):
        assert says(lesson.test_then_tag, BOTH, index, *after_runs(fact, *names)) is None
    assert says(lesson.test_then_tag, BOTH, index, *after_runs(fact, *BY_INDEX, platforms=PAIR)) is None
    assert lesson.test_then_tag.check(BOTH, index, *after_runs(fact, *BY_ROW)).template == lesson.TESTED_FIRST


def test_a_test_that_is_none(fact, says):
    """It failed, it was of one image only, or of a name that can be moved, or of something else."""
    index = fact.index(*PAIR, name=TESTED)

    def said(*names, **known):
        return says(lesson.test_then_tag, BOTH, index, *after_runs(fact, *names, **known))

    assert said(*BY_DIGEST, status=1) == lesson.TEST_FAILED
    assert said(BY_DIGEST[0]) == lesson.NOT_TESTED
    assert said() == lesson.NOT_TESTED
    assert said(*BY_INDEX, platforms=("linux/arm64", "")) == lesson.NOT_TESTED
    assert said(f"{REG}/decoy@{WHOLE[AMD]}", f"{REG}/decoy@{WHOLE[ARM]}") == lesson.NOT_TESTED
    assert said(ONE, ONE) == lesson.NOT_BY_DIGEST
    assert says(lesson.test_then_tag, handed(part_of(AMD)), index, *after_runs(fact, *BY_DIGEST)) == lesson.NO_JOB


def test_the_tag_comes_after_the_test(fact, says):
    """Made before, in another try, or before one of the two."""
    index = fact.index(*PAIR, name=TESTED)
    ran, printed = after_runs(fact, *BY_DIGEST)
    for calls in (printed.calls[:2], printed.calls[::-1], (printed.calls[0], printed.calls[2], printed.calls[1])):
        assert says(lesson.test_then_tag, BOTH, index, ran, replace(printed, calls=calls)) == lesson.TOO_EARLY
    twice = (printed.calls[2], *printed.calls)
    assert says(lesson.test_then_tag, BOTH, index, ran, replace(printed, calls=twice)) == lesson.TOO_EARLY
    other = f"docker buildx imagetools create -t {REG}/decoy {ONE}"
    assert says(lesson.test_then_tag, BOTH, index, *after_runs(fact, *BY_DIGEST, then=other)) == lesson.TOO_EARLY


def test_what_was_tagged_is_what_was_tested(fact, says):
    """The same digests; skopeo copies as well as buildx does."""
    ran = after_runs(fact, *BY_DIGEST, then=f"skopeo copy --all docker://{ONE} docker://{TESTED}")
    assert says(lesson.test_then_tag, BOTH, fact.index(*PAIR, name=TESTED), *ran) is None
    assert says(lesson.test_then_tag, BOTH, fact.index(*PAIR[::-1], name=TESTED), *ran) == lesson.COPY_DIFFERS
    assert says(lesson.test_then_tag, BOTH, fact.index(PAIR[0], name=TESTED), *ran) == lesson.PART_MISSING
