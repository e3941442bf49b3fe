"""Lesson 6: why is my builder empty?"""

from dataclasses import replace
from pathlib import Path

import pytest

from lab.course import _new_builder as beside
from lab.course import _shop_builder, leftovers
from lab.course import new_builder as lesson
from lab.course._text import COMMAND_FAILED
from lab.errors import Blocked, LabError
from lab.model.facts import Build, Builder, Builders, Builds, Call, Exported, Node
from lab.model.platforms import Platform
from lab.probes.engine import builder_from_text, builders_from_json
from lab.probes.published import Published

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


SHOP = replace(MINE, name="shop-builder", current=False)
DIGEST = f"sha256:{'f' * 64}"
OTHER_DIGEST = f"sha256:{'e' * 64}"
BY_SHOP = Exported(builder="shop-builder", digests=(OTHER_DIGEST, DIGEST), worked=2)


@pytest.mark.parametrize(
    ("builders", "done", "pushed", "message"),
    [
        (made(SHOP, DEFAULT), BY_SHOP, True, None),
        (made(DEFAULT), replace(BY_SHOP, digests=()), True, lesson.NO_SUCH_BUILDER),
        (made(replace(SHOP, driver="remote")), BY_SHOP, True, lesson.WRONG_DRIVER),
        (made(SHOP), replace(BY_SHOP, digests=(), worked=0, refused=1), False, lesson.NOTHING_PUSHED),
        (made(SHOP), BY_SHOP, False, lesson.NOTHING_PUSHED),
        (made(SHOP), replace(BY_SHOP, digests=()), True, lesson.OTHERS_PUSH),
        (made(SHOP), replace(BY_SHOP, digests=(OTHER_DIGEST,)), True, lesson.OTHERS_PUSH),
    ],
)
def test_the_shops_builder_pushed_it_itself(fact, says, builders, done, pushed, message):
    """The digest in the registry stands in that builder's own history."""
    tag = Published(reference="r/shop", index=fact.index("linux/amd64", name="r/shop") if pushed else None)
    assert says(lesson.mend_builder, builders, done, tag) == message
    assert lesson.PUSHED.endswith(".")


class Desk:
    """Stands where buildx is, and writes down what is asked of it."""

    def __init__(self, status=0):
        self.asked, self.status = [], status

    def docker(self, _world, *words, limit):
        self.asked.append(words[1:])
        return self.status, "", "refused", limit


@pytest.fixture
def desk(monkeypatch):
    """One that knows no builder, on an engine where the name is free."""

    def put(status=0, *, taken=False):
        one = Desk(status)
        monkeypatch.setattr(_shop_builder.engine, "docker", one.docker)
        monkeypatch.setattr(leftovers.engine, "known_builders", lambda _world: made(DEFAULT))
        monkeypatch.setattr(_shop_builder, "has_foreign_builder", lambda _name: taken)
        monkeypatch.setattr(_shop_builder, "adapt_new_builders", lambda: None)
        return one

    return put


def shop_world(world_with, tmp_path, **changes):
    return world_with(env={"BUILDX_CONFIG": str(tmp_path)}, **changes)


def test_the_broken_builder_is_made_once(world_with, tmp_path, desk):
    """Whoever removes it does not find it broken again at the next try; a reset begins anew."""
    here, world = desk(), shop_world(world_with, tmp_path, registry="10.0.0.1:5002", seed=7)
    for _ in range(2):
        _shop_builder.ShopBuilder().make(world)
    assert here.asked == [("create", "--name", "shop-builder", "--driver-opt", "network=none")]
    assert _shop_builder.ShopBuilder().remove(world) == ""
    _shop_builder.ShopBuilder().make(world)
    assert len(here.asked) == 2


def test_each_learners_builder_has_another_fault(world_with, tmp_path):
    """Three where the registry has a certificate; on localhost BuildKit asks for none, so there are two."""
    for registry, count in (("10.0.0.1:5002", 3), ("localhost:5002", 2)):
        worlds = [shop_world(world_with, tmp_path, registry=registry, seed=seed) for seed in range(20)]
        assert len({_shop_builder.options(world) for world in worlds}) == count


@pytest.mark.parametrize(("status", "taken", "reason"), [(1, False, "could not be made"), (0, True, "of yours")])
def test_a_scene_that_cannot_be_laid_blocks(world_with, tmp_path, desk, status, taken, reason):
    """With the reason; nothing is noted then, so that it is tried again."""
    desk(status, taken=taken)
    world = shop_world(world_with, tmp_path)
    with pytest.raises(Blocked, match=reason):
        _shop_builder.ShopBuilder().make(world)
    assert not (tmp_path / "made-shop-builder").exists()


def test_without_a_folder_for_builders_nothing_is_made(world, desk):
    """A world without a sandbox is told so."""
    desk()
    with pytest.raises(LabError, match="no folder for builders"):
        _shop_builder.ShopBuilder().make(world)


@pytest.mark.parametrize(
    ("shown", "was", "because"),
    [
        ("inspect-inactive.txt", "none", beside.NONE_YET),
        ("inspect-running.txt", "those of several architectures", beside.FOUND_SINCE),
        ("inspect-stopped.txt", "those of one architecture", beside.FOUND_SINCE),
    ],
)
def test_what_a_new_builder_lists(fact, shown, was, because):
    """By what buildx says of it."""
    truth = lesson.see_inactive.predict.truth(recorded(shown), fact.printed(""))
    assert (truth.answer, truth.template) == (was, because)


ROW = "multi-builder docker-container\n \\_ multi-builder0 \\_ s {status}\n"


@pytest.mark.parametrize(
    ("now", "then", "was", "because"),
    [
        ("running", "running", "it stays as it was", beside.ONLY_THE_STAR),
        ("inactive", "inactive", "it stays as it was", beside.ONLY_THE_STAR),
        ("running", "stopped", "it stops", beside.STOPPED_BY_IT),
        ("", "", "it is removed", beside.GONE),
    ],
)
def test_what_use_does_to_the_builder_that_had_the_star(fact, now, then, was, because):
    """Its status while another one was current, beside its status now."""
    mine = (replace(MINE, nodes=(Node(name="multi-builder0", status=now),)),) if now else ()
    truth = lesson.switch_builder.predict.truth(made(*mine, DEFAULT), fact.printed(ROW.format(status=then)))
    assert (truth.answer, truth.template) == (was, because)


@pytest.mark.parametrize(
    ("done", "was", "because"),
    [
        (("multi-builder", "default"), "the engine's own builder", beside.BY_ITS_OWN),
        (("multi-builder",), "the builder with the star", beside.BY_THE_STAR),
        ((), "neither of them", beside.BY_NOBODY),
    ],
)
def test_who_builds_is_read_from_the_histories(fact, done, was, because):
    """On a machine where `docker build` means `docker buildx build`, the star has it."""
    builds = Builds(done=tuple(Build(builder=name) for name in done))
    truth = lesson.who_built.predict.truth(made(MINE), builds, fact.printed(""))
    assert (truth.answer, truth.template) == (was, because)
    assert was in lesson.who_built.predict.options


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
