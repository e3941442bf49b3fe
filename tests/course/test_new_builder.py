"""Lesson 6: why is my builder empty?"""

from dataclasses import replace
from pathlib import Path

import pytest

from lab.course import new_builder as lesson
from lab.course._text import COMMAND_FAILED
from lab.facts import Build, Builder, Builders, Builds, Call, Node
from lab.platforms import Platform
from lab.probes.engine import builder_from_text, builders_from_json

RECORDED = Path(__file__).parents[1] / "data" / "buildx-0.29.1"
DEFAULT = Builder(name="default", driver="docker", current=True)


def recorded(name):
    return builder_from_text((RECORDED / name).read_text())


def made(*builders):
    return Builders(known=builders)


MINE = Builder(name="multi-builder", driver="docker-container", current=True)


INFO = "docker info"
CREATE = "docker buildx create --name multi-builder --use"


@pytest.mark.parametrize(
    ("store", "output", "call", "message"),
    [
        ("containerd", " Storage Driver: overlayfs\n  driver-type: io.containerd.snapshotter.v1\n", INFO, None),
        ("classic", " Storage Driver: overlay2\n  Backing Filesystem: extfs\n", INFO, None),
        ("unknown", " Storage Driver: overlay\n", INFO, None),
        ("containerd", " Storage Driver: overlayfs\n", INFO, lesson.STORE_NOT_SEEN),
        ("classic", "28.5.2\n", INFO, lesson.STORE_NOT_SEEN),
        ("containerd", "the containerd store, io.containerd.snapshotter.v1\n", "lab status", lesson.STORE_NOT_ASKED),
    ],
)
def test_the_image_store_is_asked_of_the_engine(fact, says, store, output, call, message):
    """What follows depends on the store that is there."""
    assert says(lesson.why_a_builder, replace(fact.engine, store=store), fact.printed(output, 0, call)) == message


def test_each_store_has_its_own_proof(fact):
    """One sentence for each of the two stores, and one for an engine that names neither."""
    printed = fact.printed("Storage Driver: overlay2, io.containerd", 0, INFO)
    engines = [replace(fact.engine, store=store) for store in ("containerd", "classic", "unknown")]
    proofs = [lesson.why_a_builder.check(engine, printed).template for engine in engines]
    assert proofs == [lesson.CONTAINERD_STORE, lesson.CLASSIC_STORE, lesson.OTHER_STORE]
    assert says_failed(lesson.why_a_builder, engines[0], fact.printed("", 1, INFO))


def says_failed(step, *facts):
    """Did the command itself fail?"""
    return step.check(*facts).template == COMMAND_FAILED


@pytest.mark.parametrize(
    ("builders", "message"),
    [
        (made(MINE, replace(DEFAULT, current=False)), None),
        (made(DEFAULT), lesson.NO_SUCH_BUILDER),
        (made(replace(MINE, name="multibuilder"), DEFAULT), lesson.NO_SUCH_BUILDER),
        (made(replace(MINE, driver="remote")), lesson.WRONG_DRIVER),
        (made(replace(MINE, current=False), DEFAULT), lesson.NOT_CURRENT),
        (made(replace(MINE, current=False)), lesson.NOT_CURRENT),
    ],
)
def test_the_new_builder_is_there_and_current(fact, says, builders, message):
    """Its name, its driver, and the star."""
    assert says(lesson.create_builder, builders, fact.printed("multi-builder\n", 0, CREATE)) == message


def test_a_builder_of_an_earlier_try_does(fact, says):
    """`create` says then that it is there, and ends with an error; only what was printed proves nothing."""
    call = Call(program="docker", words=("buildx", "create", "--name", "multi-builder"), exit_status=1)
    again = replace(fact.printed("ERROR: existing instance\n", 1), calls=(call,))
    assert says(lesson.create_builder, made(MINE), again) is None
    assert says(lesson.create_builder, made(MINE), fact.printed("", 0, "docker buildx use multi-builder")) is None
    assert says(lesson.create_builder, made(MINE), fact.printed("multi-builder\n")) == lesson.NOT_CHOSEN


def test_the_recorded_list_after_create_passes(fact, says):
    """What buildx really lists then: inactive, and no platforms."""
    builders = builders_from_json((RECORDED / "ls-inactive.json").read_text())
    assert says(lesson.create_builder, builders, fact.printed("", 0, CREATE)) is None
    assert builders.named("multi-builder").platforms == frozenset()
    assert [node.status for node in builders.named("multi-builder").nodes] == ["inactive"]


LS = "docker buildx ls"


@pytest.mark.parametrize(
    ("output", "status", "call", "message"),
    [
        ("multi-builder* docker-container\n \\_ multi-builder0 inactive\n", 0, LS, None),
        ("multi-builder* docker-container\n \\_ multi-builder0 running\n", 0, LS, lesson.NOT_SEEN),
        ("default* docker\n \\_ default running\n", 0, LS, lesson.NOT_SEEN),
        ("multi-builder\n", 0, LS, lesson.NOT_SEEN),
        ("multi-builder inactive\n", 0, "lab status", lesson.NOT_ASKED),
        ("multi-builder inactive", 1, LS, COMMAND_FAILED),
    ],
)
def test_the_empty_builder_was_seen(fact, says, output, status, call, message):
    """Name and status must have been printed, by buildx."""
    printed = fact.printed(output, status, call)
    assert says(lesson.see_inactive, recorded("inspect-inactive.txt"), printed) == message


def test_after_the_start_the_list_may_say_running(fact, says):
    """Looking again at a builder that has been started meanwhile is not wrong."""
    for status in ("running", "inactive"):
        printed = fact.printed(f"multi-builder0 {status}", 0, "docker builder ls")
        assert says(lesson.see_inactive, recorded("inspect-running.txt"), printed) is None


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("inspect-running.txt", None),
        ("inspect-inactive.txt", lesson.STILL_INACTIVE),
        ("inspect-stopped.txt", lesson.STOPPED),
    ],
)
def test_running_with_platforms(says, name, message):
    """Each state that buildx printed, recorded."""
    assert says(lesson.bootstrap_builder, recorded(name)) == message


def test_running_without_platforms_is_not_enough(says):
    """A near miss: a BuildKit that says nothing of platforms cannot build."""
    node = Node(name="multi-builder0", status="running")
    assert says(lesson.bootstrap_builder, replace(MINE, nodes=(node,))) == lesson.NO_PLATFORMS


USE = "docker buildx use default"


@pytest.mark.parametrize(
    ("current", "output", "call", "message"),
    [
        ("multi-builder", "default* docker\n", USE, None),
        ("multi-builder", "default* docker\n", "docker buildx ls", lesson.NO_SWITCH),
        ("multi-builder", "multi-builder* docker-container\ndefault docker\n", USE, lesson.NO_SWITCH_SEEN),
        ("default", "default* docker\n", USE, lesson.NOT_BACK),
    ],
)
def test_the_star_went_there_and_back(fact, says, current, output, call, message):
    """Seen at the default builder, and now at multi-builder again."""
    builders = made(replace(MINE, current=current == "multi-builder"), replace(DEFAULT, current=current == "default"))
    assert says(lesson.switch_builder, builders, fact.printed(output, 0, call)) == message


def test_the_engines_own_builder_may_have_a_contexts_name(fact, says):
    """`docker buildx use work` where the engine is that of the context `work`."""
    builders = made(MINE, replace(DEFAULT, current=False), replace(DEFAULT, name="work", current=False))
    use = "docker buildx use work"
    assert says(lesson.switch_builder, builders, fact.printed("work* docker\n", 0, use)) is None
    assert says(lesson.switch_builder, builders, fact.printed("home* docker\n", 0, use)) == lesson.NO_SWITCH_SEEN
    assert says(lesson.switch_builder, made(replace(MINE, current=False)), fact.printed("")) == lesson.NO_SWITCH


BUILD, BUILDX_BUILD = "docker build files/new-builder", "docker buildx build files/new-builder"
BY_BOTH = (Build(builder="default", name="new-builder"), Build(builder="multi-builder", name="new-builder"))


@pytest.mark.parametrize(
    ("calls", "done", "message"),
    [
        ((BUILD, BUILDX_BUILD), BY_BOTH, None),
        (("docker image build files/new-builder", BUILDX_BUILD), BY_BOTH, None),
        ((BUILDX_BUILD,), BY_BOTH, lesson.NOT_BOTH_BUILDS),
        ((BUILD,), BY_BOTH, lesson.NOT_BOTH_BUILDS),
        ((), BY_BOTH, lesson.NOT_BOTH_BUILDS),
        ((BUILD, "docker buildx build --builder=multi-builder ."), BY_BOTH, lesson.NAMED_ONE),
        ((BUILD, BUILDX_BUILD), BY_BOTH[:1], lesson.NO_RECORD),
        ((BUILD, BUILDX_BUILD), BY_BOTH[1:], lesson.NO_RECORD),
        ((BUILD, BUILDX_BUILD), (), lesson.NO_RECORD),
    ],
)
def test_the_histories_say_who_built(fact, says, calls, done, message):
    """A record in each of the two histories, and a build with each of the two commands that named no builder."""
    builders = made(MINE, replace(DEFAULT, current=False))
    assert says(lesson.who_built, builders, Builds(done=done), fact.printed("", 0, *calls)) == message


def test_who_built_asks_for_the_star_at_multi_builder(fact, says):
    """With the star at the engine's own builder both commands go there, which shows nothing; a context has its name."""
    printed = fact.printed("", 0, BUILD, BUILDX_BUILD)
    builds = Builds(own="work", done=(Build(builder="work"), BY_BOTH[1]))
    assert says(lesson.who_built, made(replace(MINE, current=False), DEFAULT), builds, printed) == lesson.NOT_CURRENT
    assert says(lesson.who_built, made(MINE), builds, printed) is None
    assert says(lesson.who_built, made(MINE), builds, replace(printed, exit_status=1)) == COMMAND_FAILED
    failed = replace(printed, calls=(Call(program="docker", words=("build", "."), exit_status=1),))
    assert says(lesson.who_built, made(MINE), builds, failed) == lesson.NOT_BOTH_BUILDS


RM = "docker buildx rm spare"


@pytest.mark.parametrize(
    ("builders", "output", "call", "message"),
    [
        (made(DEFAULT), "spare\nspare removed\n", RM, None),
        (made(DEFAULT), "spare removed\n", "docker buildx rm --all-inactive --force", None),
        (made(DEFAULT, replace(MINE, name="spare")), "spare\n", RM, lesson.SPARE_STILL_THERE),
        (made(DEFAULT), "spare removed\n", "docker buildx ls", lesson.NOTHING_REMOVED),
        (made(DEFAULT), "spare removed\n", "docker buildx rm other", lesson.NOTHING_REMOVED),
        (made(DEFAULT), "", "docker buildx rm --force spare", lesson.NOTHING_REMOVED),
    ],
)
def test_the_spare_builder_came_and_went(fact, says, builders, output, call, message):
    """That there is none is not enough: it must have been removed."""
    assert says(lesson.remove_builder, builders, fact.printed(output, 0, call)) == message


@pytest.mark.parametrize(
    ("builder", "message"),
    [
        (recorded("inspect-pinned.txt"), None),
        (recorded("inspect-pinned-inactive.txt"), None),
        (recorded("inspect-stopped.txt"), None),
        (recorded("inspect-running.txt"), lesson.NOT_SET_BY_HAND),
        (replace(recorded("inspect-pinned.txt"), driver="remote"), lesson.WRONG_DRIVER),
        (
            replace(MINE, nodes=(Node(name="n", pinned=(Platform.parse("linux/arm64"),)),)),
            lesson.SET_OTHERWISE,
        ),
    ],
)
def test_the_node_is_set_by_hand(says, builder, message):
    """The star in buildx's own text is what counts, started or not."""
    assert says(lesson.limited_builder, builder) == message


def test_the_picture_shows_whether_there_is_a_buildkit(fact):
    """After `create` there is a node and no BuildKit; after the start there is one, with its version."""
    builders = builders_from_json((RECORDED / "ls-inactive.json").read_text())
    assert "no BuildKit yet, no platforms" in lesson.create_builder.picture(builders, fact.printed("")).text
    assert "v0.34.2, 5 platforms" in lesson.bootstrap_builder.picture(recorded("inspect-running.txt")).text


def test_every_proof_is_a_sentence_of_the_lesson():
    """What a pass proves is said with a constant, as what a wrong end lacks is."""
    proofs = (lesson.CREATED, lesson.SEEN, lesson.STARTED, lesson.SWITCHED, lesson.WHO_BUILT, lesson.REMOVED)
    assert all(proof.endswith(".") for proof in (*proofs, lesson.SET_BY_HAND))
