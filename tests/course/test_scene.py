"""The scene of an exercise: what is missing in the registry is built and pushed, and nothing else is."""

from dataclasses import replace

import pytest

from lab.course import _multi_platform, _new_builder, _scene, emulation, inside_the_index, mismatch, multi_platform
from lab.course._seeded import shuffled
from lab.errors import Blocked, NotThere
from lab.model.platforms import Platform
from lab.probes import host


class Desk:
    """Stands where docker and the registry are, and writes down what is asked of them."""

    def __init__(self, tags=(), status=0, error=""):
        self.tags, self.status, self.error = set(tags), status, error
        self.asked, self.worlds = [], []

    def index(self, tag):
        def probe(world):
            self.worlds.append(world)
            if tag not in self.tags:
                raise NotThere(f"No {tag}.")

        return probe

    def docker(self, world, *words, limit):
        self.worlds.append(world)
        self.asked.append((words, limit))
        return self.status, "out", self.error, None


@pytest.fixture
def desk(monkeypatch):
    """Put one there."""

    def put(*tags, **how):
        made = Desk(tags, **how)
        monkeypatch.setattr(_scene.registry, "index", made.index)
        monkeypatch.setattr(_scene.engine, "docker", made.docker)
        return made

    return put


def builds(world, tag, platform, folder, file="Dockerfile", builder="default", options=()):
    place = world.workspace / "files" / folder
    words = ("build", "--builder", builder, "--platform", platform, "-f", f"{place}/{file}", *options)
    return (*words, "-t", f"localhost:1/{tag}", "--push", str(place)), 120


def test_what_is_missing_is_built_by_the_engines_own_builder(world, desk):
    """The learner's current builder may be stopped or limited."""
    here = desk()
    _scene.push(world, "a:b", Platform.parse("linux/arm64"), "inside")
    assert here.asked == [builds(world, "a:b", "linux/arm64", "inside")]
    assert here.worlds == [world, world]


def test_a_contexts_own_builder_is_called_like_the_context(world_with, desk):
    """`default` would be another engine there."""
    world = world_with(env={"DOCKER_CONTEXT": "work"})
    here = desk()
    _scene.push(world, "a:b", Platform.parse("linux/arm64"), "inside", file="x")
    assert here.asked == [builds(world, "a:b", "linux/arm64", "inside", "x", "work")]


def test_what_is_there_is_left_as_it_is(world, desk):
    """A tag that the learner may have worked with is not built again."""
    here = desk("a:b")
    _scene.push(world, "a:b", Platform.parse("linux/arm64"), "inside")
    assert here.asked == []


def test_a_build_that_fails_blocks_with_its_last_words(world, desk):
    """As much as fits under a step."""
    desk(status=1, error=f"\n{'x' * 400}{'y' * 299}.\n")
    with pytest.raises(Blocked) as blocked:
        _scene.push(world, "a:b", Platform.parse("linux/arm64"), "inside")
    assert blocked.value.message == f"The exercise's image 'a:b' could not be made: {'y' * 299}."
    assert blocked.value.remedy == "Is the folder whole?"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_two_halves(world_with, desk, seed):
    """Of lesson 8: one tag for each platform, and one of the two without an attestation."""
    world = world_with(seed=seed)
    here = desk()
    inside_the_index.parts(world)
    plain = ("--provenance=false",)
    made = [builds(world, f"stitch:{name}", f"linux/{name}", "inside") for name in ("amd64", "arm64")]
    bare = [builds(world, f"stitch:{name}", f"linux/{name}", "inside", options=plain) for name in ("amd64", "arm64")]
    assert here.asked in ([bare[0], made[1]], [made[0], bare[1]])
    here = desk("stitch:amd64")
    inside_the_index.parts(world)
    assert here.asked[0] in (made[1], bare[1])
    assert len(here.asked) == 1


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_two_colleagues(world_with, desk, seed):
    """Of lesson 7: both push the same tag, the one whose platform is lost first; what was mended stays."""
    world = world_with(seed=seed)
    here, scene = desk(), _multi_platform.scene_of(world)
    multi_platform.two_pushes(world)
    assert here.asked == [builds(world, "team", str(one), "multi-platform") for one in (scene.lost, scene.left)]
    assert {scene.lost, scene.left} == multi_platform.PAIR
    here = desk("team")
    multi_platform.two_pushes(world)
    assert here.asked == []


def test_a_name_for_what_is_there(world, desk):
    """Nothing is built; what the registry refuses blocks."""
    here = desk()
    _scene.name(world, "a:c", "a:b", "a@sha256:1")
    joined = ("localhost:1/a:c", "localhost:1/a:b", "localhost:1/a@sha256:1")
    assert here.asked == [(("buildx", "imagetools", "create", "-t", *joined), 120)]
    desk(status=1, error="denied")
    with pytest.raises(Blocked, match="'a:c' could not be made: denied"):
        _scene.name(world, "a:c", "a:b")


@pytest.mark.parametrize(("machine", "mine", "other"), [("pc", "amd64", "arm64"), ("mac", "arm64", "amd64")])
def test_the_puzzle(world, desk, fact, monkeypatch, machine, mine, other):
    """Of lesson 3: one for this machine, one for the other, one for a mainframe; each learner has other colours."""
    monkeypatch.setattr(host, "this_machine", lambda: getattr(fact, machine))
    orders = set()
    for seed in range(12):
        here, mine_only = desk(), replace(world, seed=seed)
        mismatch.puzzle(mine_only)
        colours = shuffled(mine_only, "which_runs", mismatch.COLOURS)
        platforms = (f"linux/{other}", "linux/s390x", f"linux/{mine}")
        assert here.asked == [
            builds(world, f"puzzle:{colour}", platform, "mismatch", "puzzle.Dockerfile")
            for colour, platform in zip(colours, platforms, strict=True)
        ]
        orders.add(colours)
    assert len(orders) > 3


def test_the_kiosk_is_for_the_other_machine_alone(world, desk, fact, monkeypatch):
    """That is what is broken about it."""
    monkeypatch.setattr(host, "this_machine", lambda: fact.pc)
    here = desk()
    mismatch.kiosk(world)
    assert here.asked == [builds(world, "kiosk", "linux/arm64", "mismatch/kiosk")]


@pytest.mark.parametrize("seed", range(12))
def test_the_logs_of_lesson_4(world, seed):
    """Three different ones; at least one build was emulated, and at least one was not."""
    mine = replace(world, seed=seed)
    emulation.logs(mine)
    texts = [(world.workspace / "files/emulation" / f"{name}.log").read_text() for name in emulation.LOGS]
    needed = [bool(emulation.foreign_lines(text, emulation.BUILT_ON)) for text in texts]
    assert len(set(texts)) == 3
    assert set(needed) == {True, False}


@pytest.mark.parametrize("taken", [True, False])
def test_a_builder_of_the_learners_own_is_not_put_at_risk(world, monkeypatch, taken):
    """Lesson 6 removes a builder; where theirs has that name, it is blocked and says how to go on."""
    monkeypatch.setattr(_new_builder, "has_foreign_builder", lambda name: taken and name == "spare")
    if not taken:
        assert _new_builder.nobody_elses(world) is None
        return
    with pytest.raises(Blocked) as blocked:
        _new_builder.nobody_elses(world)
    assert "builder of yours called 'spare'" in blocked.value.message
    assert "buildx_buildkit_spare0" in blocked.value.remedy
