"""Lesson 12: how do I build without emulation?"""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from lab import course
from lab.course import _nodes
from lab.course import native_nodes as lesson
from lab.course.leftovers import BuilderDefaults
from lab.errors import Blocked
from lab.model.facts import Builder, Call, Node
from lab.model.platforms import Platform
from lab.model.steps import Problem
from lab.probes.doors import Door
from lab.probes.nodes import Nodes, NodeSeen, Pushed, Record
from lab.probes.published import Published
from lab.sandbox import nodes as places
from lab.sandbox import state
from lab.sandbox.engine import buildx_store
from lab.sandbox.nodes import settings

AMD64, ARM64, S390X = (Platform.parse(f"linux/{name}") for name in ("amd64", "arm64", "s390x"))
ADDRESS = {name: f"tcp://127.64.0.{number}:1234" for number, name in enumerate(lesson.RULES, 1)}
CRATE = ("COPY crate.txt /crate.txt # buildkit",)
TRY = {"began": 100.0, "ended": 110.0}


def record(*platforms, when=105.0, **more):
    return Record(ref="r", platforms=tuple(map(Platform.parse, platforms)), began=when, **{"lines": CRATE, **more})


def seen(a=(), b=(), c=(), **more):
    """The three nodes, with what each built; `more` is about node-b."""
    built = dict(zip(ADDRESS, (a, b, c), strict=True))
    known = [
        NodeSeen(name=name, address=ADDRESS[name], running=True, since=50.0, records=tuple(built[name]))
        for name in built
    ]
    return Nodes(known=tuple(replace(one, **(more if one.name == "node-b" else {})) for one in known))


def node(where, *pinned, status="running"):
    pins = tuple(map(Platform.parse, pinned))
    endpoint = ADDRESS.get(where, where)
    return Node(name="n", endpoint=endpoint, status=status, buildkit="v0.34.2", platforms=(*pins, S390X), pinned=pins)


def builder(*nodes, name=lesson.PAIR, driver="remote"):
    return Builder(name=name, driver=driver, nodes=nodes)


PAIR = builder(node("node-a", "linux/amd64"), node("node-b", "linux/arm64"))


def tried(fact, *called, output="", status=0):
    printed = replace(fact.printed(output, 0, *called), **TRY)
    return replace(printed, calls=tuple(replace(call, exit_status=status) for call in printed.calls))


def test_what_tells_the_lessons_folder_is_in_its_dockerfile():
    """Else a right build would be called another one."""
    text = (course.lessons_dir() / "files" / "native-nodes" / "Dockerfile").read_text()
    assert f"COPY {_nodes.COPIED} " in text


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (PAIR, None),
        (builder(*reversed(PAIR.nodes)), None),
        (builder(*PAIR.nodes, driver="docker-container"), lesson.WRONG_DRIVER),
        (builder(PAIR.nodes[0]), lesson.ONE_NODE),
        (builder(PAIR.nodes[0], node("tcp://elsewhere:1234", "linux/arm64")), lesson.ONE_NODE),
        (builder(PAIR.nodes[0], node("node-b", "linux/arm64", status="inactive")), lesson.NOT_ANSWERING),
        (builder(node("node-a", "linux/arm64"), node("node-b", "linux/amd64")), lesson.PINS_OTHERWISE),
        (builder(node("node-a"), node("node-b")), lesson.PINS_OTHERWISE),
    ],
)
def test_two_nodes_by_their_addresses(says, made, message):
    """Whatever buildx calls them and in whatever order; each answers, and is pinned for its own platform."""
    assert says(lesson.two_nodes, made, seen()) == message


def test_the_pair_is_named_in_the_proof():
    """With the lab's names for the nodes."""
    proof = lesson.two_nodes.check(PAIR, seen())
    assert proof.template == lesson.TWO_NODES
    assert proof.values["pins"] == "node-a for linux/amd64, node-b for linux/arm64"


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ([record("linux/amd64")], [record("linux/arm64")], None),
        ([record("linux/amd64"), record("linux/amd64")], [record("linux/arm64")], None),
        ([], [], lesson.NOTHING_BUILT),
        ([record("linux/amd64")], [], lesson.NOTHING_BUILT),
        ([record("linux/amd64", when=99.0)], [record("linux/arm64", when=111.0)], lesson.NOTHING_BUILT),
        ([record("linux/amd64")], [record("linux/arm64", error="exit code: 1")], lesson.NOTHING_BUILT),
        ([record("linux/amd64")], [record("linux/arm64", lines=("COPY other /",))], lesson.NOTHING_BUILT),
        ([record("linux/amd64", "linux/arm64")], [], lesson.ALL_ON_ONE),
        ([record("linux/arm64")], [record("linux/amd64")], lesson.NOT_ITS_OWN),
        ([record("linux/amd64", "linux/arm64")], [record("linux/arm64")], lesson.NOT_ITS_OWN),
    ],
)
def test_the_nodes_records_say_who_built_what(fact, says, a, b, message):
    """In this try, of this folder, and without an error."""
    facts = (seen(a, b), tried(fact))
    assert says(lesson.where_built, *facts) == message
    if message is None:
        assert lesson.where_built.check(*facts).template == lesson.EACH_BUILT
        assert lesson.where_built.predict.truth(*facts).answer == _nodes._BY_PIN


def test_what_was_predicted_of_one_build_is_in_the_records(fact):
    """The first node, each its own, or both twice."""
    truth = lesson.where_built.predict.truth
    both = record("linux/amd64", "linux/arm64")
    assert truth(seen([both]), tried(fact)).answer == _nodes._ALL_BY_FIRST
    assert truth(seen([both], [both]), tried(fact)).answer == _nodes._BOTH_BOTH
    assert str(truth(seen(), tried(fact))) == _nodes.NOBODY_BUILT


@pytest.mark.parametrize(
    ("a", "b", "message", "answer"),
    [
        ([record("linux/s390x")], [], None, _nodes._FIRST),
        ([], [record("linux/s390x")], None, _nodes._SECOND),
        ([], [], lesson.NOTHING_BUILT, _nodes._REFUSED),
        ([record("linux/s390x", when=50.0)], [], lesson.NOTHING_BUILT, _nodes._REFUSED),
        ([record("linux/amd64")], [], lesson.NOTHING_BUILT, _nodes._REFUSED),
    ],
)
def test_a_platform_without_a_pin_is_built_all_the_same(fact, says, a, b, message, answer):
    """The record says by whom; the answer to the prediction is found there, too."""
    facts = (seen(a, b), tried(fact))
    assert says(lesson.pins_are_wishes, *facts) == message
    assert lesson.pins_are_wishes.predict.truth(*facts).answer == answer
    if message is None:
        assert lesson.pins_are_wishes.check(*facts).template == lesson.TOOK_A_WISH


TRIED = "docker buildx build --builder pair --platform linux/arm64 files/native-nodes"
WAITED = "#1 [internal] waiting for connection\nERROR: failed to build: context canceled"


@pytest.mark.parametrize(
    ("more", "called", "output", "status", "message"),
    [
        ({"since": 108.0}, TRIED, WAITED, None, None),
        ({"since": 108.0}, TRIED, "ERROR: context deadline exceeded", 1, None),
        ({}, TRIED, WAITED, None, lesson.STILL_ON),
        ({"since": 108.0}, "lab nodes stop node-b", WAITED, 0, lesson.NOT_TRIED),
        ({"since": 108.0}, TRIED, "", 0, lesson.NOT_TRIED),
        ({"since": 108.0}, TRIED, "ERROR: path not found", 1, lesson.NOT_TRIED),
        ({"since": 108.0}, TRIED.replace("arm64", "amd64"), WAITED, 1, lesson.NOT_TRIED),
        ({"running": False}, TRIED, WAITED, None, lesson.STILL_OFF),
    ],
)
def test_a_node_that_is_off_is_not_replaced(fact, says, more, called, output, status, message):
    """It was off while its platform was tried, that build ended in nothing, and it is back."""
    facts = (seen(**more), tried(fact, called, output=output, status=status))
    assert says(lesson.stopped_node, *facts) == message
    if message is None:
        assert lesson.stopped_node.check(*facts).template == lesson.NOBODY_ELSE


def test_what_became_of_that_build_is_in_the_records(fact):
    """Nobody did it; or another node did, or another platform was built."""
    truth = lesson.stopped_node.predict.truth
    assert truth(seen(), tried(fact)).answer == _nodes._WAITS
    assert truth(seen([record("linux/arm64")]), tried(fact)).answer == _nodes._TAKES_OVER
    assert truth(seen([record("linux/amd64")]), tried(fact)).answer == _nodes._SWAPS


GREEDY = builder(node("node-a", "linux/amd64"), node("node-b", "linux/arm64"), name=lesson.GREEDY)
ON_A = f"docker buildx create --name greedy --platform linux/amd64,linux/arm64 {ADDRESS['node-a']}"
ON_B = f"docker buildx create --name=greedy --append --platform=linux/arm64 {ADDRESS['node-b']}"


@pytest.mark.parametrize(
    ("made", "called", "message"),
    [
        (GREEDY, (ON_A, ON_B), None),
        (replace(GREEDY, driver="docker-container"), (ON_A, ON_B), lesson.WRONG_DRIVER),
        (replace(GREEDY, nodes=GREEDY.nodes[:1]), (ON_A, ON_B), lesson.ONE_NODE),
        (builder(node("node-a"), node("node-b"), name=lesson.GREEDY), (ON_A, ON_B), lesson.NOT_PINNED),
        (GREEDY, (ON_B, ON_B), lesson.PINNED_ONCE),
        (GREEDY, (ON_A.replace("greedy", "pair"), ON_B), lesson.PINNED_ONCE),
        (GREEDY, (), lesson.PINNED_ONCE),
    ],
)
def test_the_last_pin_takes_the_platform(fact, says, made, called, message):
    """Both nodes were given it, in this try, and the builder shows who has it."""
    facts = (seen(), made, tried(fact, *called))
    assert says(lesson.takes_away, *facts) == message
    if message is None:
        assert lesson.takes_away.check(*facts).template == lesson.PIN_TAKEN


def test_who_has_the_pin_is_what_the_builder_shows(fact):
    """Both, the first or the last."""
    truth = lesson.takes_away.predict.truth
    assert truth(seen(), GREEDY, tried(fact)).answer == _nodes._B_HAS
    on_a = replace(GREEDY, nodes=(node("node-a", "linux/arm64"), node("node-b")))
    assert truth(seen(), on_a, tried(fact)).answer == _nodes._A_HAS
    both = replace(GREEDY, nodes=(node("node-a", "linux/arm64"), node("node-b", "linux/arm64")))
    assert truth(seen(), both, tried(fact)).answer == _nodes._STAY


def tag(fact, *platforms, name=lesson.CRATE):
    reference = f"localhost:5000/{name}:latest"
    index = fact.index(*platforms, name=reference, attested=2) if platforms else None
    return Published(reference=reference, index=index)


def makers(index, *names):
    """Who pushed the rows of an index, in their order; "" for nobody of the nodes."""
    digests = [row.digest for row in index.images] if index else []
    by_node = tuple((name, tuple(d for d, n in zip(digests, names, strict=True) if n == name)) for name in ADDRESS)
    return Pushed(reference="x", by_node=by_node)


@pytest.mark.parametrize(
    ("changed", "more", "platforms", "names", "message"),
    [
        (True, {}, ("linux/amd64", "linux/arm64"), ("node-a", "node-b"), None),
        (False, {}, ("linux/amd64", "linux/arm64"), ("", ""), lesson.NOT_READ_THERE),
        (False, {}, (), (), lesson.NOT_READ_THERE),
        (True, {"written": 60.0}, (), (), lesson.NOT_RESTARTED),
        (True, {"written": 40.0}, (), (), lesson.NOT_PUSHED),
        (True, {}, ("linux/amd64",), ("node-a",), lesson.ROW_MISSING),
        (True, {}, ("linux/amd64", "linux/arm64"), ("node-a", ""), lesson.OTHER_MAKER),
        (True, {}, ("linux/amd64", "linux/arm64"), ("node-a", "node-a"), lesson.OTHER_MAKER),
    ],
)
def test_each_node_pushes_its_own_half(fact, says, changed, more, platforms, names, message):
    """With settings of its own, read since they were changed; nobody else's push counts."""
    made = tag(fact, *platforms)
    facts = (seen(**more), _nodes.Mended(changed=changed), made, makers(made.index, *names))
    assert says(lesson.remote_config, *facts) == message
    if message is None:
        proof = lesson.remote_config.check(*facts)
        assert proof.template == lesson.REACHES_IT
        assert proof.values["makers"] == "linux/amd64 by node-a, linux/arm64 by node-b"


LOCKED = Door(node="node-c", plain=False, stranger=False, keyed=True)
SAFE = builder(node("node-c"), name=lesson.SAFE)


@pytest.mark.parametrize(
    ("door", "made", "message"),
    [
        (LOCKED, SAFE, None),
        (replace(LOCKED, plain=True, keyed=False), SAFE, lesson.STILL_OPEN),
        (replace(LOCKED, stranger=True), SAFE, lesson.NO_KEY_ASKED),
        (replace(LOCKED, keyed=False), SAFE, lesson.SHUT),
        (LOCKED, builder(node("node-b"), name=lesson.SAFE), lesson.ELSEWHERE),
        (LOCKED, replace(SAFE, driver="docker-container"), lesson.WRONG_DRIVER),
        (LOCKED, builder(node("node-c", status="inactive"), name=lesson.SAFE), lesson.NOT_LET_IN),
    ],
)
def test_only_a_key_opens_the_door(says, door, made, message):
    """The door is knocked at in three ways, and the learner's builder has to be let in."""
    assert says(lesson.tls, seen(), door, made) == message
    if message is None:
        assert lesson.tls.check(seen(), door, made).template == lesson.LOCKED


FIVE = tuple(map(str, lesson.MAKERS))
RIGHT = tuple(lesson.MAKERS.values())
FARM = builder(node("node-a"), node("node-b"), node("node-c"), name=lesson.FARM)


@pytest.mark.parametrize(
    ("made", "door", "platforms", "names", "message"),
    [
        (FARM, LOCKED, FIVE, RIGHT, None),
        (replace(FARM, nodes=FARM.nodes[:2]), LOCKED, FIVE, RIGHT, lesson.NODES_MISSING),
        (replace(FARM, driver="docker-container"), LOCKED, FIVE, RIGHT, lesson.WRONG_DRIVER),
        (FARM, replace(LOCKED, plain=True), FIVE, RIGHT, lesson.STILL_OPEN),
        (FARM, LOCKED, (), (), lesson.NOT_PUSHED),
        (FARM, LOCKED, FIVE[:4], RIGHT[:4], lesson.ROW_MISSING),
        (FARM, LOCKED, FIVE, ("node-c",) * 5, lesson.LAST_ONE_WINS),
        (FARM, LOCKED, FIVE, (*RIGHT[:4], ""), lesson.LAST_ONE_WINS),
    ],
)
def test_each_image_comes_from_the_node_of_the_rules(fact, says, made, door, platforms, names, message):
    """All five, each from its own node, and the third node behind its lock."""
    done = tag(fact, *platforms, name=lesson.HARVEST)
    facts = (seen(), door, made, done, makers(done.index, *names))
    assert says(lesson.farm, *facts) == message
    if message is None:
        assert lesson.farm.check(*facts).template == lesson.SHARED_OUT


def test_an_attestation_has_no_maker(fact):
    """It is no image, so no node has to have pushed it."""
    made = tag(fact, *FIVE, name=lesson.HARVEST)
    assert len(made.index.manifests) > len(made.index.images)
    assert not isinstance(lesson.farm.check(seen(), LOCKED, FARM, made, makers(made.index, *RIGHT)), Problem)


@pytest.mark.parametrize("seed", range(6))
def test_the_fault_is_the_learners_own_and_none_of_the_labs_settings(world, seed):
    """Another one for another seed; one that is right nowhere; on localhost BuildKit needs no certificate."""
    own = replace(world, seed=seed, registry="10.213.1.1:5000")
    assert 'ca = ["/etc/buildkit/registry.pem"]' not in _nodes.fault(own)
    faults = {_nodes.fault(replace(own, seed=number)) for number in range(20)}
    assert len(faults) == 3
    local = replace(world, seed=seed, registry="localhost:5000")
    assert _nodes.fault(local) == '[registry."localhost:5000"]\n  http = false\n'


def test_there_is_nothing_to_mend_with_an_account_or_without_nodes(world, monkeypatch):
    """The exercise is blocked, and says why."""
    scene = _nodes.BrokenSettings("node-b")
    with pytest.raises(Blocked, match="registry"):
        scene.make(replace(world, registry="docker.io/somebody"))
    monkeypatch.setattr(places, "states", lambda: [places.NodeState("node-b", "exited")])
    with pytest.raises(Blocked, match="node-b is not running"):
        scene.make(world)


def test_the_fault_is_planted_once_and_taken_back(world, monkeypatch):
    """Who mends it does not find it broken again; a reset brings the lab's own settings back."""
    started = []
    monkeypatch.setattr(places, "states", lambda: [places.NodeState("node-b", "running")])
    monkeypatch.setattr(places, "restart", started.extend)
    here = replace(world, registry="10.213.1.1:5000")
    scene = _nodes.BrokenSettings("node-b")
    scene.make(here)
    assert settings.file("node-b").read_text().endswith(_nodes.fault(here))
    assert not _nodes.mended("node-b")(here).changed
    settings.write("node-b")
    scene.make(here)
    assert _nodes.mended("node-b")(here).changed
    settings.write("node-b", "debug = true\n")
    assert scene.remove(here) == "settings of node-b"
    assert not scene.changed()
    assert started == ["node-b", "node-b"]
    assert _nodes.Settings("node-c").remove(here) == ""


def test_what_new_builders_are_told_is_taken_back(world, monkeypatch):
    """The story tells of somebody who changed the wrong file; who tries that has it as it was after a reset."""
    assert BuilderDefaults().remove(world) == ""  # no sandbox is up
    monkeypatch.setattr(state, "read", lambda: SimpleNamespace(ready=True, port=5000, address="10.213.1.1"))
    BuilderDefaults().remove(world)
    told = buildx_store.folder() / "buildkitd.default.toml"
    as_written = told.read_text()
    assert '[registry."10.213.1.1:5000"]' in as_written
    for changed in (as_written + "debug = true\n", ""):
        told.write_text(changed)
        assert BuilderDefaults().remove(world) == "settings for new builders"
        assert told.read_text() == as_written
    assert BuilderDefaults().remove(world) == ""
    told.write_bytes(b"\xff")
    assert BuilderDefaults().remove(world) == "settings for new builders"
    assert told.with_name(f"{told.name}.damaged-1").read_text() == as_written + "debug = true\n"
    assert told.with_name(f"{told.name}.damaged-3").read_bytes() == b"\xff"
    assert BuilderDefaults() in lesson.remote_config.makes


def test_a_build_by_who_was_interrupted_counts_as_no_result():
    """`timeout` kills the program, which then has no exit status."""
    words = tuple(TRIED.split()[1:])
    assert lesson._tried(Call(program="docker", words=words, exit_status=None))
    assert not lesson._tried(Call(program="docker", words=words, exit_status=0))
