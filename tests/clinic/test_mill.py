"""K16: a builder of two nodes, and who builds what."""

import dataclasses

import pytest

from lab.course.clinic import _rows
from lab.course.clinic import mill as cases
from lab.errors import Blocked
from lab.model.facts import Builder, Builders, Node
from lab.model.platforms import Platform
from lab.probes.nodes import Nodes, NodeSeen, Pushed
from lab.probes.published import Published
from lab.sandbox.nodes import NodeState

BOTH = ("linux/amd64", "linux/arm64")
WELL = {"linux/amd64": "node-a", "linux/arm64": "node-b"}
PINNED = {"node-a": BOTH[:1], "node-b": BOTH[1:]}
SEEN = Nodes(known=tuple(NodeSeen(name=f"node-{one}", address=f"tcp://{one}:1234") for one in "abc"))


def facts(tagged, platforms=BOTH, makers=WELL, pins=PINNED):
    """A tag, who pushed its images, and how the builder is pinned."""
    index = tagged.index(*platforms, name="localhost:5000/mill:latest") if platforms else None
    rows = index.images if index else ()
    by_node = tuple(
        (f"node-{one}", tuple(row.digest for row in rows if makers.get(str(row.platform)) == f"node-{one}"))
        for one in "abc"
    )
    nodes = tuple(
        Node(name=name, endpoint=SEEN.named(name).address, pinned=tuple(map(Platform.parse, platforms)))
        for name, platforms in pins.items()
    )
    pushed = Pushed(reference="localhost:5000/mill", by_node=by_node)
    tag = Published(reference="localhost:5000/mill:latest", index=index)
    return tag, pushed, SEEN, Builder(name=cases.BUILDER, driver="remote", nodes=nodes)


@pytest.mark.parametrize(
    ("platforms", "makers", "pins", "message"),
    [
        (BOTH, WELL, PINNED, None),
        (BOTH, WELL, {"node-b": BOTH[1:], "node-a": (*BOTH[:1], "linux/386")}, None),
        ((), {}, PINNED, cases.NOTHING_PUSHED),
        (BOTH[:1], WELL, PINNED, _rows.LOST_ONE),
        (BOTH, {"linux/amd64": "node-b", "linux/arm64": "node-a"}, PINNED, cases.ARM_ON_AMD),
        (BOTH, dict.fromkeys(BOTH, "node-a"), {"node-a": BOTH, "node-b": ()}, cases.ARM_ON_AMD),
        (BOTH, dict.fromkeys(BOTH, "node-b"), {"node-b": BOTH}, cases.AMD_ON_ARM),
        (BOTH, dict.fromkeys(BOTH, "node-b"), PINNED, cases.AMD_ON_ARM),
        (BOTH, dict.fromkeys(BOTH, "node-b"), {"node-a": (), "node-b": BOTH}, cases.LAST_ONE_WINS),
        (BOTH, {"linux/amd64": "node-a"}, PINNED, cases.OTHER_BUILDER),
        (BOTH, WELL, {"node-a": BOTH[1:], "node-b": BOTH[:1]}, cases.NEXT_ONE_WRONG),
        (BOTH, WELL, {"node-a": BOTH[:1], "node-b": ("linux/arm/v7",)}, cases.NEXT_ONE_WRONG),
        (BOTH, WELL, {"node-b": BOTH}, cases.NODE_GONE),
        (BOTH, WELL, {}, cases.NODE_GONE),
    ],
)
def test_each_image_comes_from_the_node_of_its_kind(tagged, says, platforms, makers, pins, message):
    """And so will the next ones."""
    assert says(cases.mill.step, *facts(tagged, platforms, makers, pins)) == message


def test_the_pass_names_pins_and_rows(tagged):
    """With digests."""
    assert cases.mill.step.check(*facts(tagged)).template == cases.MENDED


def test_each_cause_is_met(world):
    """Three builders, none of which gives arm64 to the Arm machine."""
    worlds = [dataclasses.replace(world, seed=number) for number in range(40)]
    assert {cases.cause_of(one) for one in worlds} == set(cases.CAUSES)
    for pins in cases._PINS.values():
        has = {}
        for node, platforms in pins:
            for other in has.values():
                other -= set(platforms.split(","))
            has[node] = set(platforms.split(","))
        assert "linux/arm64" not in has["node-b"]


def test_a_reset_leaves_nodes_that_others_use(world, monkeypatch):
    """Only those that the scene has started go, and only where no other builder has them."""
    gone = []
    monkeypatch.setattr(cases.places, "down", lambda: gone.append(1) or ["node-a", "node-b"])
    monkeypatch.setattr(cases.engine, "known_builders", lambda _world: Builders(known=()))
    started = cases.StartedNodes()
    assert started.remove(world) == ""
    cases._STARTED.write(world, "so it was")
    assert started.remove(world) == "nodes node-a, node-b"
    assert started.remove(world) == ""
    cases._STARTED.write(world, "so it was")
    pair = Builder(name="pair", driver="remote")
    monkeypatch.setattr(cases.engine, "known_builders", lambda _world: Builders(known=(pair,)))
    assert started.remove(world) == ""
    assert gone == [1]


def test_a_builder_of_the_learners_own_is_left_alone(world, monkeypatch):
    """The case is blocked."""
    monkeypatch.setattr(cases, "has_foreign_builder", lambda name: name == cases.BUILDER)
    monkeypatch.setattr(cases.places, "states", lambda: [NodeState(f"node-{one}", "running") for one in "abc"])
    with pytest.raises(Blocked, match="mill-builder"):
        cases.scene(world)
