"""K16: a builder with a node of each kind, and the work for arm64 goes to the other one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from lab.course._nodes import NODE_A, NODE_B, named_pins, pins
from lab.course.clinic import _rows, _scenes
from lab.course.clinic._bench import Bench, Note
from lab.course.clinic._case import Symptom, case, picked
from lab.course.leftovers import BuilderNamed, Tag
from lab.errors import Blocked
from lab.model.facts import Builder
from lab.model.platforms import Platform, listed
from lab.model.steps import Problem, Proof, Verdict, step
from lab.model.world import World
from lab.probes import engine, needs, nodes
from lab.probes.nodes import Nodes, Pushed
from lab.probes.published import Published, looked_up
from lab.sandbox import nodes as places
from lab.sandbox.engine import has_foreign_builder

MILL, BUILDER = "mill", "mill-builder"
RULES: Mapping[Platform, str] = {_rows.AMD: NODE_A, _rows.ARM: NODE_B}

NOTHING_PUSHED = "The registry has no {ref} yet."
OTHER_BUILDER = "The image for {platform} under {ref} comes from none of the two nodes."
ARM_ON_AMD = "The image for {platform} under {ref} still comes from {node}, which plays the amd64 machine."
AMD_ON_ARM = "The image for {platform} under {ref} comes from {node} now, which plays the Arm machine."
LAST_ONE_WINS = "{node} has taken both platforms: a pin that two nodes are given stays with the last one."
NODE_GONE = "The builder {name} has lost {node}: that machine now stands idle."
NEXT_ONE_WRONG = "The images under {ref} are well made, but the builder {name} would make the next ones otherwise."
MENDED = "{ref} has {rows}: each comes from the machine of its kind, and {name} is pinned so: {pins}."

_SWAPPED, _TAKEN, _SLIP = "swapped", "taken", "slip"
_DECIDED = {
    _SWAPPED: "In `docker buildx inspect mill-builder`, the stars stand at the wrong nodes: node-a is pinned for "
    "arm64, and node-b for amd64.",
    _TAKEN: "In `docker buildx inspect mill-builder`, node-a is pinned for both platforms and node-b for none: whoever "
    "gave arm64 to node-a afterwards took it away from node-b.",
    _SLIP: "In `docker buildx inspect mill-builder`, node-b is pinned for linux/arm/v7, which is what `linux/arm` "
    "stands for. No node is pinned for arm64, so the first one takes it.",
}
CAUSES = tuple(_DECIDED)
# What each node was pinned for when the team made the builder, node after node.
_PINS = {
    _SWAPPED: ((NODE_A, "linux/arm64"), (NODE_B, "linux/amd64")),
    _TAKEN: ((NODE_A, "linux/amd64"), (NODE_B, "linux/arm64"), (NODE_A, "linux/amd64,linux/arm64")),
    _SLIP: ((NODE_A, "linux/amd64"), (NODE_B, "linux/arm")),
}
_STARTED = Note("mill-nodes")
_BENCH = Bench(
    MILL,
    texts=lambda _world: {"Dockerfile": "FROM scratch\nCOPY grain.txt /\n", "grain.txt": "Rye, spelt, a little oat.\n"},
)


def cause_of(world: World) -> str:
    """What is behind this learner's case."""
    return picked(world, MILL, CAUSES)


@dataclass(frozen=True)
class StartedNodes:
    """The nodes, where the scene has started them and nobody else uses them by now."""

    def remove(self, world: World) -> str:
        """`lab nodes down`, or leave them to the builders that use them."""
        if not _STARTED.read(world):
            return ""
        _STARTED.remove(world)
        used = any(one.driver == "remote" for one in engine.known_builders(world).known)
        return "" if used or not (names := places.down()) else f"nodes {', '.join(names)}"


def _remote(world: World) -> World:
    """The same world, in which nodes are added to a builder: buildx has other settings for that."""
    return replace(world, env={**world.env, "BUILDX_CONFIG": world.env["BUILDX_REMOTE"]})


def _create(world: World) -> None:
    """The team's builder, where there is none. Blocked where it would take one of the learner's own."""
    if has_foreign_builder(BUILDER):
        raise Blocked(
            f"Your engine has a builder of yours called {BUILDER!r}.", "Rename yours, or leave this case out."
        )
    if engine.known_builders(world).named(BUILDER):
        return
    known: set[str] = set()
    for node, platforms in _PINS[cause_of(world)]:
        begun = ("--driver", "remote") if not known else () if node in known else ("--append",)
        words = ("--name", BUILDER, *begun, "--node", node, "--platform", platforms, places.address(node))
        _scenes.docker(_remote(world), "buildx", "create", *words)
        known.add(node)


def scene(world: World) -> None:
    """Two nodes run, and the team's builder has them. Blocked where they cannot be had."""
    _BENCH.lay(world)
    off = [one for one in places.states() if not one.runs and one.name in RULES.values()]
    if all(one.state == "missing" for one in places.states()):
        _STARTED.write(world, "The nodes were started for this case.")
    if off:
        places.up([one.name for one in off])
    _create(world)


@case(
    number=16,
    hurts="The team has an Arm machine for builds, and its images for arm64 take an hour all the same.",
    minutes=12,
    entry="emulated-build-crawls",
    lessons=("native-nodes", "cross-compile"),
    symptom=Symptom(
        story="“node-a is our amd64 server, node-b the new Arm machine. The builder has both, I made it myself. "
        "Nothing has become faster.” Both machines are played here: they have your processor, and nothing is slow.",
        script="docker buildx build --builder mill-builder --platform linux/amd64,linux/arm64 --quiet \\\n"
        "  -t $REGISTRY/mill --push files/clinic/mill\n"
        "lab nodes",
        sign=r"node-a  [^\n]*\n\s+\S+ built [^\n]*linux/arm64",
    ),
    causes=_DECIDED,
    points=(
        "You asked the nodes what each of them has built.",
        "buildx sends a platform to the node that is pinned for it, whatever that machine is.",
        "A platform is pinned on one node: the last command decides which.",
    ),
)
@step(
    looked_up(MILL),
    nodes.pushed(MILL),
    nodes.addresses(),
    engine.builder(BUILDER),
    solution="""
        docker buildx rm mill-builder
        export BUILDX_CONFIG=$BUILDX_REMOTE
        docker buildx create --name mill-builder --driver remote --node node-a --platform linux/amd64 $NODE_A
        docker buildx create --name mill-builder --append --node node-b --platform linux/arm64 $NODE_B
        docker buildx build --builder mill-builder --platform linux/amd64,linux/arm64 --quiet \\
          -t $REGISTRY/mill --push files/clinic/mill
    """,
    hints=[
        "`lab nodes` says which machine built what. Is it the machine of that kind?",
        "Why does buildx send that platform there? `docker buildx inspect` marks with a star what somebody has pinned.",
        "Each platform is to be pinned on one node, the one of its kind. How were they pinned, and in which order?",
    ],
    needs=[needs.engine, needs.nodes],
    prepare=scene,
    makes=[Tag(MILL), BuilderNamed(BUILDER), StartedNodes(), _BENCH],
)
def mill(tag: Published, makers: Pushed, seen: Nodes, builder: Builder) -> Verdict:
    """Mend mill-builder: node-a builds files/clinic/mill for amd64, node-b for arm64, and $REGISTRY/mill has both."""
    if tag.index is None:
        return Problem(NOTHING_PUSHED, found="no such tag", wanted=listed(RULES), ref=tag.reference)
    problem = _rows.absent(tag.index, RULES, had=RULES) or _made_elsewhere(tag, makers, seen, builder)
    if problem := problem or _pinned_otherwise(tag, seen, builder):
        return problem
    told = {"pins": named_pins(builder, seen), "rows": _rows.rows(tag.index)}
    return Proof(MENDED, ref=tag.reference, name=BUILDER, **told)


def _made_elsewhere(tag: Published, makers: Pushed, seen: Nodes, builder: Builder) -> Problem | None:
    """Which image another node made than the one of its kind, and how that came."""
    for row in reversed(tag.index.images if tag.index else ()):
        node = RULES.get(row.platform) if row.platform else None
        maker = makers.maker(row.digest)
        if node is None or maker == node:
            continue
        known = {"platform": row.platform, "ref": tag.reference, "node": maker}
        if not maker:
            return Problem(OTHER_BUILDER, found="another builder", wanted=node, **known)
        template = ARM_ON_AMD if maker == NODE_A else AMD_ON_ARM
        has_both = pins(builder, seen).get(maker, frozenset()) >= set(RULES)
        if template == AMD_ON_ARM and has_both and NODE_A in pins(builder, seen):
            return Problem(LAST_ONE_WINS, found=named_pins(builder, seen), wanted=_wanted(), node=maker)
        return Problem(template, found=maker, wanted=node, **known)
    return None


def _pinned_otherwise(tag: Published, seen: Nodes, builder: Builder) -> Problem | None:
    """How the builder would share out the next build otherwise."""
    known = pins(builder, seen)
    for platform, node in RULES.items():
        if node not in known:
            found = ", ".join(one.endpoint for one in builder.nodes) or "no node"
            return Problem(NODE_GONE, found=found, wanted=seen.named(node).address, name=BUILDER, node=node)
        if platform not in known[node]:
            told = {"found": named_pins(builder, seen), "wanted": _wanted()}
            return Problem(NEXT_ONE_WRONG, **told, ref=tag.reference, name=BUILDER)
    return None


def _wanted() -> str:
    return ", ".join(f"{node} for {platform}" for platform, node in RULES.items())
