"""How do I build without emulation?"""

from __future__ import annotations

from lab.course._did import platforms_of
from lab.course._nodes import (
    AMD64,
    ARM64,
    NODE_A,
    NODE_B,
    NODE_C,
    OFF,
    TAKES,
    UNPINNED,
    WHERE,
    WISH,
    AllNodes,
    BrokenSettings,
    Mended,
    Settings,
    creations,
    did,
    done,
    mended,
    named_pins,
    pins,
)  # fmt: skip
from lab.course._text import counted
from lab.course.leftovers import BuilderDefaults, BuilderNamed, Tag
from lab.draw.builders import card
from lab.model.facts import Builder, Call, Index, Transcript
from lab.model.picture import Picture
from lab.model.platforms import Platform, listed
from lab.model.steps import Problem, Proof, Verdict, step
from lab.probes import doors, engine, host, needs, nodes
from lab.probes.doors import Door
from lab.probes.nodes import Nodes, Pushed
from lab.probes.published import Published, looked_up

PAIR, GREEDY, SAFE, FARM = "pair", "greedy", "safe", "farm"
DRIVER = "remote"
CRATE, HARVEST = "crate", "harvest"
BOTH = frozenset({AMD64, ARM64})
RULES = {
    NODE_A: (AMD64, Platform.parse("linux/386")),
    NODE_B: (ARM64, Platform.parse("linux/arm/v7")),
    NODE_C: (Platform.parse("linux/riscv64"),),
}
MAKERS = {platform: name for name, platforms in RULES.items() for platform in platforms}

WRONG_DRIVER = "The builder {name} has another driver: it would start a BuildKit of its own."
ONE_NODE = "The builder {name} has no node at {missing}."
NOT_ANSWERING = "{node} does not answer."
PINS_OTHERWISE = "The nodes of {name} are pinned for other platforms."
TWO_NODES = "The builder {name} has two nodes that answer: {pins}."
NOTHING_BUILT = "No node has a record of building files/native-nodes for {platforms} in this try."
ALL_ON_ONE = "Both platforms were built on {node}: the builder that was used knows of no other way."
NOT_ITS_OWN = "The nodes did not share the work as they are pinned."
EACH_BUILT = "Each node says so of itself: {told}. buildx sent each platform to the node that is pinned for it."
TOOK_A_WISH = "{node} built {platform}: its record says so, and the builder {name} pins it for {pins}. A pin is a wish."
STILL_ON = "{node} was on all the time that this was tried."
NOT_TRIED = "No build for {platform} with the builder {name} was tried while {node} was off."
STILL_OFF = "{node} is still off."
NOBODY_ELSE = (
    "{node} was off, the build for {platform} ended without a result, and {other} did not take it. {node} runs again."
)
PINNED_ONCE = "In this try, {platform} was not pinned on both nodes of {name}."
NOT_PINNED = "No node of {name} is pinned for {platform}."
PIN_TAKEN = "Two nodes were given {platform}, and only {having} has kept it. The builder {name} now: {pins}."
NOT_READ_THERE = (
    "{node} still has the settings with which it cannot push. Its BuildKit reads its own file and no other one."
)
NOT_RESTARTED = "The settings of {node} were changed after its BuildKit had read them: it works with the old ones."
NOT_PUSHED = "The registry has no tag {ref} yet."
ROW_MISSING = "The tag {ref} lacks a platform."
OTHER_MAKER = "The image for {platform} under {ref} does not come from {node}."
REACHES_IT = "{ref} has both platforms: {makers}. Each node reaches the registry and pushed its own image."
STILL_OPEN = "{node} still lets everybody in who comes in plain text."
NO_KEY_ASKED = "{node} speaks TLS, but it lets in who shows no key."
SHUT = "{node} lets nobody in, not even with the key."
ELSEWHERE = "The builder {name} does not lead to {node}."
NOT_LET_IN = "{node} turns the builder {name} away: the builder does not show the key, or not the right one."
LOCKED = "{node} turns away who comes in plain text, and who has no key. With the key, {name} finds BuildKit {version}."
NODES_MISSING = "The builder {name} does not have all three nodes."
LAST_ONE_WINS = "The image for {platform} was built by another node than the rules say: a platform goes to one node."
SHARED_OUT = "{ref} has {count} images, and each node pushed those of the rules: {makers}."


def _builder(builder: Builder, *_facts: object) -> Picture:
    return card(builder)


def _without(builder: Builder, seen: Nodes, *wanted: str) -> Problem | None:
    """Why a builder does not have these nodes; None where it does."""
    if builder.driver != DRIVER:
        return Problem(WRONG_DRIVER, found=builder.driver, wanted=DRIVER, name=builder.name)
    known = pins(builder, seen)
    for name in wanted:
        if name not in known:
            address = seen.named(name).address
            found = ", ".join(node.endpoint for node in builder.nodes) or "no node"
            return Problem(ONE_NODE, found=found, wanted=address, name=builder.name, missing=address)
    return None


@step(
    engine.builder(PAIR),
    nodes.addresses(),
    solution="""
        lab nodes up
        BUILDX_CONFIG=$BUILDX_REMOTE docker buildx create --name pair --driver remote \\
          --node node-a --platform linux/amd64 $NODE_A
        BUILDX_CONFIG=$BUILDX_REMOTE docker buildx create --name pair --append \\
          --node node-b --platform linux/arm64 $NODE_B
        docker buildx ls
    """,
    gap="""
        lab nodes up
        BUILDX_CONFIG=$BUILDX_REMOTE docker buildx create --name pair --driver ____ \\
          --node node-a --platform linux/amd64 $NODE_A
        BUILDX_CONFIG=$BUILDX_REMOTE docker buildx create --name pair ____ \\
          --node node-b --platform ____ $NODE_B
        docker buildx ls
    """,
    hints=[
        "The driver for a BuildKit that somebody else started is called like something far away.",
        "The second command makes no new builder; `docker buildx create --help` has an option that adds a node.",
        "Is there a builder of that name from an earlier try? Remove it, as in lesson 6.",
    ],
    needs=[needs.engine, needs.nodes],
    makes=[AllNodes(), BuilderNamed(PAIR)],
    picture=_builder,
)
def two_nodes(builder: Builder, seen: Nodes) -> Verdict:
    """Make one builder, called pair, of two BuildKits: node-a, pinned for linux/amd64, and node-b, for linux/arm64."""
    if problem := _without(builder, seen, NODE_A, NODE_B):
        return problem
    for node in builder.nodes:
        if node.status != "running":
            return Problem(NOT_ANSWERING, found=node.status, wanted="running", node=seen.at(node.endpoint))
    found = named_pins(builder, seen)
    if pins(builder, seen) != {NODE_A: {AMD64}, NODE_B: {ARM64}}:
        wanted = f"{NODE_A} for {AMD64}, {NODE_B} for {ARM64}"
        return Problem(PINS_OTHERWISE, found=found, wanted=wanted, name=PAIR)
    return Proof(TWO_NODES, name=PAIR, pins=found)


@step(
    nodes.nodes(),
    host.transcript("where_built"),
    solution="""
        docker buildx build --builder pair --platform linux/amd64,linux/arm64 \\
          --output type=cacheonly files/native-nodes
        lab nodes
    """,
    gap="""
        docker buildx build ____ pair --platform ____ \\
          --output type=cacheonly files/native-nodes
        lab nodes
    """,
    predict=WHERE,
    hints=[
        "The star is elsewhere, so the build has to name its builder.",
        "It is one build, for the two platforms of the two nodes.",
    ],
    needs=[needs.engine, needs.nodes],
    after=[two_nodes],
)
def where_built(seen: Nodes, printed: Transcript) -> Verdict:
    """Build files/native-nodes for both platforms at once with the builder pair: which node does what?"""
    amd, arm = did(seen, printed, AMD64), did(seen, printed, ARM64)
    if not (amd and arm):
        missing = [platform for platform, nodes_ in ((AMD64, amd), (ARM64, arm)) if not nodes_]
        return Problem(NOTHING_BUILT, found=done(seen, printed), wanted=listed(BOTH), platforms=listed(missing))
    if amd == arm and len(amd) == 1:
        return Problem(ALL_ON_ONE, found=done(seen, printed), wanted="one platform on each node", node=amd[0])
    if (amd, arm) != ([NODE_A], [NODE_B]):
        wanted = f"{AMD64} on {NODE_A}, {ARM64} on {NODE_B}"
        return Problem(NOT_ITS_OWN, found=done(seen, printed), wanted=wanted)
    return Proof(EACH_BUILT, told=done(seen, printed))


@step(
    nodes.nodes(),
    host.transcript("pins_are_wishes"),
    solution="""
        docker buildx build --builder pair --platform linux/s390x --output type=cacheonly files/native-nodes
        lab nodes
    """,
    predict=WISH,
    hints=[
        "It is the build of the step before, for one other platform.",
        "`COPY` runs no program, so the Dockerfile of files/native-nodes asks nothing of the processor.",
    ],
    exercise=True,
    needs=[needs.engine, needs.nodes],
    after=[two_nodes],
)
def pins_are_wishes(seen: Nodes, printed: Transcript) -> Verdict:
    """Build files/native-nodes for linux/s390x with the builder pair, and find the node that did it."""
    takers = did(seen, printed, UNPINNED)
    if not takers:
        return Problem(NOTHING_BUILT, found=done(seen, printed), wanted=UNPINNED, platforms=UNPINNED)
    return Proof(TOOK_A_WISH, node=takers[0], platform=UNPINNED, name=PAIR, pins=_pin_of(takers[0]))


def _pin_of(name: str) -> Platform | str:
    return {NODE_A: AMD64, NODE_B: ARM64}.get(name, "nothing")


@step(
    nodes.nodes(),
    host.transcript("stopped_node"),
    solution="""
        lab nodes stop node-b
        timeout 3 docker buildx build --builder pair --platform linux/arm64 \\
          --output type=cacheonly files/native-nodes
        docker buildx ls
        lab nodes up
    """,
    gap="""
        lab nodes stop ____
        timeout 3 docker buildx build --builder pair --platform ____ \\
          --output type=cacheonly files/native-nodes
        docker buildx ls
        lab nodes up
    """,
    predict=OFF,
    hints=[
        "Which node is pinned for the platform of this question? That is the one to switch off.",
        "Without `timeout`, buildx waits 20 seconds for the node.",
    ],
    needs=[needs.engine, needs.nodes],
    after=[two_nodes],
)
def stopped_node(seen: Nodes, printed: Transcript) -> Verdict:
    """Switch node-b off, try to build files/native-nodes for linux/arm64 with the builder pair, and switch it on."""
    node = seen.named(NODE_B)
    tried = any(_tried(call) for call in printed.calls) and any(sign in printed.output for sign in _WAITED)
    if node.running and not printed.began <= node.since <= printed.ended:
        return Problem(STILL_ON, found="running", wanted=f"{NODE_B} off while {ARM64} is built", node=NODE_B)
    if not tried:
        wanted = f"a build for {ARM64} that finds no node"
        return Problem(NOT_TRIED, found=done(seen, printed), wanted=wanted, platform=ARM64, name=PAIR, node=NODE_B)
    if not node.running:
        return Problem(STILL_OFF, found="off", wanted="running", node=NODE_B)
    return Proof(NOBODY_ELSE, node=NODE_B, platform=ARM64, other=NODE_A)


# How buildx ends, when a node does not answer within 20 s, or nobody waits for so long.
_WAITED = ("waiting for connection", "context deadline exceeded", "context canceled")


def _tried(call: Call) -> bool:
    """A build for that platform that did not end well; one that somebody interrupted has no exit status."""
    return call.program == "docker" and not call.worked and call.says("build") and ARM64 in platforms_of(call)


@step(
    nodes.addresses(),
    engine.builder(GREEDY),
    host.transcript("takes_away"),
    solution="""
        BUILDX_CONFIG=$BUILDX_REMOTE docker buildx create --name greedy --driver remote \\
          --node node-a --platform linux/amd64,linux/arm64 $NODE_A
        BUILDX_CONFIG=$BUILDX_REMOTE docker buildx create --name greedy --append \\
          --node node-b --platform linux/arm64 $NODE_B
        docker buildx inspect greedy | grep -E '^(Name|Platforms)'
    """,
    predict=TAKES,
    hints=[
        "It is made as pair was, and one node is pinned for two platforms.",
        "Pin the platform on node-a first, then on node-b.",
        "Only the subcommand that shows one builder in full marks what is pinned, with a star at each platform.",
    ],
    exercise=True,
    needs=[needs.engine, needs.nodes],
    after=[two_nodes],
    makes=[BuilderNamed(GREEDY)],
)
def takes_away(seen: Nodes, builder: Builder, printed: Transcript) -> Verdict:
    """Make a builder called greedy of node-a and node-b and pin linux/arm64 on both, node-a first: who has it then?"""
    if problem := _without(builder, seen, NODE_A, NODE_B):
        return problem
    known = pins(builder, seen)
    having = [name for name, platforms in known.items() if ARM64 in platforms]
    if not having:
        return Problem(NOT_PINNED, found=named_pins(builder, seen), wanted=f"{ARM64}*", name=GREEDY, platform=ARM64)
    count = len({_node_of(call, seen) for call in creations(printed, GREEDY, ARM64)})
    if count < 2:
        found = f"pinned on {counted(count, 'node')}"
        return Problem(PINNED_ONCE, found=found, wanted="pinned on 2 nodes", name=GREEDY, platform=ARM64)
    return Proof(PIN_TAKEN, platform=ARM64, having=" and ".join(having), name=GREEDY, pins=named_pins(builder, seen))


def _node_of(call: Call, seen: Nodes) -> str:
    return next((seen.at(word) for word in call.words if seen.at(word) != word), "")


@step(
    nodes.nodes(records=False),
    mended(NODE_B),
    looked_up(CRATE),
    nodes.pushed(CRATE),
    solution="""
        cp "$NODES/node-a/buildkitd.toml" "$NODES/node-b/buildkitd.toml"
        lab nodes restart node-b
        docker buildx build --builder pair --platform linux/amd64,linux/arm64 \\
          -t $REGISTRY/crate --push files/native-nodes
    """,
    hints=[
        "Push for one platform at a time. With which of them does it fail, and which node does that?",
        "Both nodes have settings of their own, in $NODES. Compare the two files.",
        "BuildKit reads its settings when it starts, and not again.",
    ],
    repair=True,
    needs=[needs.engine, needs.nodes],
    after=[two_nodes],
    prepare=BrokenSettings(NODE_B).make,
    makes=[BrokenSettings(NODE_B), BuilderDefaults(), Tag(CRATE)],
)
def remote_config(seen: Nodes, settings: Mended, tag: Published, makers: Pushed) -> Verdict:
    """Mend what keeps pair from pushing, and push files/native-nodes for both platforms as $REGISTRY/crate."""
    if not settings.changed:
        wanted = f"settings of {NODE_B} that fit the registry"
        return Problem(NOT_READ_THERE, found="the settings as they were", wanted=wanted, node=NODE_B)
    if seen.named(NODE_B).stale:
        return Problem(NOT_RESTARTED, found="older settings at work", wanted="the settings of the file", node=NODE_B)
    wanted_makers = {AMD64: NODE_A, ARM64: NODE_B}
    problem = _unshared(tag, makers, wanted_makers, OTHER_MAKER)
    return problem or Proof(REACHES_IT, ref=tag.reference, makers=_made(tag.index, makers))


def _unshared(tag: Published, makers: Pushed, wanted: dict[Platform, str], template: str) -> Problem | None:
    """What a tag lacks, or which of its images another node made than is wanted; None where all is well."""
    if tag.index is None:
        return Problem(NOT_PUSHED, found="no such tag", wanted=listed(wanted), ref=tag.reference)
    if not tag.index.platforms >= set(wanted):
        return Problem(ROW_MISSING, found=listed(tag.index.platforms), wanted=listed(wanted), ref=tag.reference)
    for row in tag.index.images:
        node = wanted.get(row.platform) if row.platform else None
        maker = makers.maker(row.digest)
        if node and maker != node:
            values = {"platform": row.platform, "ref": tag.reference, "node": node}
            return Problem(template, found=maker or "another builder", wanted=node, **values)
    return None


def _made(index: Index | None, makers: Pushed) -> str:
    """`linux/amd64 by node-a, linux/arm64 by node-b`."""
    rows = index.images if index else ()
    return ", ".join(f"{row.platform} by {makers.maker(row.digest)}" for row in rows)


@step(
    nodes.addresses(),
    doors.door(NODE_C),
    engine.builder(SAFE),
    solution="""
        grep -q grpc.tls "$NODES/node-c/buildkitd.toml" || cat >> "$NODES/node-c/buildkitd.toml" <<'END'
        [grpc.tls]
          ca = "/etc/buildkit/tls/ca.pem"
          cert = "/etc/buildkit/tls/cert.pem"
          key = "/etc/buildkit/tls/key.pem"
        END
        lab nodes restart node-c
        BUILDX_CONFIG=$BUILDX_REMOTE docker buildx create --name safe --driver remote --node node-c \\
          --driver-opt "cacert=$NODES/client/ca.pem,cert=$NODES/client/cert.pem,key=$NODES/client/key.pem" $NODE_C
        docker buildx ls
    """,
    gap="""
        grep -q grpc.tls "$NODES/node-c/buildkitd.toml" || cat >> "$NODES/node-c/buildkitd.toml" <<'END'
        [grpc.tls]
          ca = "/etc/buildkit/tls/ca.pem"
          cert = "/etc/buildkit/tls/cert.pem"
          key = "/etc/buildkit/tls/key.pem"
        END
        lab nodes ____ node-c
        BUILDX_CONFIG=$BUILDX_REMOTE docker buildx create --name safe --driver remote --node node-c \\
          --driver-opt "cacert=$NODES/client/ca.pem,cert=____,key=____" $NODE_C
        docker buildx ls
    """,
    hints=[
        "The settings are read when BuildKit starts.",
        "In $NODES/client are three files: the authority's certificate, and the client's own certificate and key.",
        "Is there a builder of that name from an earlier try? Remove it, as in lesson 6.",
    ],
    needs=[needs.engine, needs.nodes],
    after=[two_nodes],
    makes=[BuilderNamed(SAFE), Settings(NODE_C)],
    picture=lambda _seen, _door, builder: card(builder),
)
def tls(seen: Nodes, door: Door, builder: Builder) -> Verdict:
    """Let node-c ask for a key, and make a builder called safe that has it."""
    if problem := _open(door):
        return problem
    if builder.driver != DRIVER:
        return Problem(WRONG_DRIVER, found=builder.driver, wanted=DRIVER, name=SAFE)
    endpoints = [node.endpoint for node in builder.nodes]
    if [seen.at(one) for one in endpoints] != [NODE_C]:
        return Problem(ELSEWHERE, found=", ".join(endpoints), wanted=seen.named(NODE_C).address, name=SAFE, node=NODE_C)
    if builder.nodes[0].status != "running":
        return Problem(NOT_LET_IN, found=builder.nodes[0].status, wanted="running", node=NODE_C, name=SAFE)
    return Proof(LOCKED, node=NODE_C, name=SAFE, version=builder.nodes[0].buildkit or "unknown")


def _open(door: Door) -> Problem | None:
    """Why a door is not one that only a key opens; None where it is."""
    wanted = "nobody without a key"
    if door.plain:
        return Problem(STILL_OPEN, found="everybody", wanted=wanted, node=door.node)
    if door.stranger:
        return Problem(NO_KEY_ASKED, found="everybody who speaks TLS", wanted=wanted, node=door.node)
    if not door.keyed:
        return Problem(SHUT, found="nobody", wanted="who has the key", node=door.node)
    return None


@step(
    nodes.addresses(),
    doors.door(NODE_C),
    engine.builder(FARM),
    looked_up(HARVEST),
    nodes.pushed(HARVEST),
    solution="""
        export BUILDX_CONFIG=$BUILDX_REMOTE
        keys="cacert=$NODES/client/ca.pem,cert=$NODES/client/cert.pem,key=$NODES/client/key.pem"
        docker buildx create --name farm --driver remote --platform linux/amd64,linux/386 $NODE_A
        docker buildx create --name farm --append --platform linux/arm64,linux/arm/v7 $NODE_B
        docker buildx create --name farm --append --platform linux/riscv64 --driver-opt "$keys" $NODE_C
        docker buildx build --builder farm -t $REGISTRY/harvest --push files/native-nodes \\
          --platform linux/amd64,linux/386,linux/arm64,linux/arm/v7,linux/riscv64
    """,
    hints=[
        "A node is added as to pair; each has its own pins, and its own options.",
        "A platform that two nodes are given goes to the last of them.",
        "`lab nodes` says which node built and pushed what.",
    ],
    exercise=True,
    needs=[needs.engine, needs.nodes],
    after=[tls],
    makes=[BuilderNamed(FARM), Tag(HARVEST)],
)
def farm(seen: Nodes, door: Door, builder: Builder, tag: Published, makers: Pushed) -> Verdict:
    """Make a builder called farm of all three nodes, by the rules, and push files/native-nodes as $REGISTRY/harvest."""
    if builder.driver != DRIVER:
        return Problem(WRONG_DRIVER, found=builder.driver, wanted=DRIVER, name=FARM)
    known = [seen.at(node.endpoint) for node in builder.nodes]
    if set(known) != set(RULES):
        return Problem(NODES_MISSING, found=", ".join(known), wanted=", ".join(RULES), name=FARM)
    if problem := _open(door) or _unshared(tag, makers, MAKERS, LAST_ONE_WINS):
        return problem
    count = len(tag.index.images) if tag.index else 0
    return Proof(SHARED_OUT, ref=tag.reference, count=count, makers=_made(tag.index, makers))
