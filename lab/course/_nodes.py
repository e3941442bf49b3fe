"""Lesson 12, beside its steps: what it asks before they are run, and the node whose settings are to be mended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.course._did import platforms_of
from lab.course._seeded import chosen
from lab.errors import Blocked
from lab.model.facts import Builder, Call, Evidence, Fact, Transcript
from lab.model.platforms import Platform, listed
from lab.model.steps import Prediction, Probe, Truth
from lab.model.world import World
from lab.probes.nodes import Nodes, Record
from lab.sandbox import nodes as places
from lab.sandbox.model import NODES
from lab.sandbox.nodes import settings
from lab.storage import write_text

NODE_A, NODE_B, NODE_C = NODES
AMD64, ARM64 = Platform.parse("linux/amd64"), Platform.parse("linux/arm64")
UNPINNED = Platform.parse("linux/s390x")
COPIED = "crate.txt"  # what files/native-nodes/Dockerfile copies
_NOTE = "broken"

EACH_ITS_OWN = "By their own records, {told}."
NOBODY_BUILT = "No node has a record of such a build."
TOOK_IT = "{node} has it in its record, though it is not pinned for {platform}: with no pin to follow, buildx took it."
NOT_TAKEN = "No node has a record of a build for {platform}."
WAITED = "{node} was off, and no other node built {platform} instead: buildx waited for the node with the pin."
INSTEAD = "{node} has a record of it: it built {platform} while the node with the pin was off."
LAST_ONE = "The builder's nodes: {pins}. A platform is pinned on one node at most, and the last command decides which."

_ALL_BY_FIRST, _BY_PIN, _BOTH_BOTH = "node-a does both", "each does the one that it is pinned for", "each does both"
_REFUSED, _FIRST, _SECOND = "buildx refuses it", "node-a builds it", "node-b builds it"
_TAKES_OVER, _WAITS, _SWAPS = "node-a builds it", "it waits, then fails", "it is built for linux/amd64 instead"
_STAY, _A_HAS, _B_HAS = "both of them", "node-a", "node-b"


def built(seen: Nodes, printed: Transcript) -> dict[str, tuple[Record, ...]]:
    """What each node built of files/native-nodes while the step was tried."""
    found = {one.name: one.built(printed.began, printed.ended) for one in seen.known}
    return {name: tuple(one for one in records if not one.error and is_crate(one)) for name, records in found.items()}


def is_crate(record: Record) -> bool:
    """Was it the lesson's own folder that was built?"""
    return any(COPIED in line for line in record.lines)


def did(seen: Nodes, printed: Transcript, platform: Platform) -> list[str]:
    """The nodes that built it for that platform while the step was tried."""
    return [name for name, records in built(seen, printed).items() if any(platform in one.platforms for one in records)]


def done(seen: Nodes, printed: Transcript) -> str:
    """`node-a built linux/amd64, node-b built linux/arm64`; `no node built it`."""
    found = {name: {p for one in records for p in one.platforms} for name, records in built(seen, printed).items()}
    told = [f"{name} built {listed(platforms)}" for name, platforms in found.items() if platforms]
    return ", ".join(told) or "no node built it"


def pins(builder: Builder, seen: Nodes) -> dict[str, frozenset[Platform]]:
    """The platforms pinned on each node of a builder, by the node's own name, whatever the builder calls it."""
    return {seen.at(node.endpoint): frozenset(node.pinned) for node in builder.nodes}


def named_pins(builder: Builder, seen: Nodes) -> str:
    """`node-a for linux/amd64, node-b for nothing`."""
    known = pins(builder, seen).items()
    return ", ".join(f"{name} for {listed(platforms) if platforms else 'nothing'}" for name, platforms in known)


def creations(printed: Transcript, builder: str, platform: Platform) -> Iterator[Call]:
    """The calls that pinned a platform on a node of that builder, where they worked."""
    for call in printed.calls:
        named = builder in call.words or f"--name={builder}" in call.words
        if call.program == "docker" and call.worked and call.says("create") and named:
            yield from [call] if platform in platforms_of(call) else []


def _where(seen: Nodes, printed: Transcript) -> Truth:
    amd, arm = did(seen, printed, AMD64), did(seen, printed, ARM64)
    if not amd and not arm:
        return Truth("", NOBODY_BUILT)
    answer = _ALL_BY_FIRST if amd == arm == [NODE_A] else _BOTH_BOTH if amd == arm else _BY_PIN
    return Truth(answer, EACH_ITS_OWN, told=done(seen, printed))


WHERE = Prediction(
    question="You build once, for both platforms. Which node does what?",
    options=(_ALL_BY_FIRST, _BY_PIN, _BOTH_BOTH),
    truth=_where,
)


def _wish(seen: Nodes, printed: Transcript) -> Truth:
    nodes = did(seen, printed, UNPINNED)
    if not nodes:
        return Truth(_REFUSED, NOT_TAKEN, platform=UNPINNED)
    return Truth(_FIRST if NODE_A in nodes else _SECOND, TOOK_IT, node=nodes[0], platform=UNPINNED)


WISH = Prediction(
    question="No node of pair is pinned for linux/s390x, and none lists it. What becomes of a build for it?",
    options=(_REFUSED, _FIRST, _SECOND),
    truth=_wish,
)


def _off(seen: Nodes, printed: Transcript) -> Truth:
    others = [name for name in did(seen, printed, ARM64) if name != NODE_B]
    if others:
        return Truth(_TAKES_OVER, INSTEAD, node=others[0], platform=ARM64)
    if any("linux/amd64" in map(str, one.platforms) for one in built(seen, printed)[NODE_A]):
        return Truth(_SWAPS, INSTEAD, node=NODE_A, platform=AMD64)
    return Truth(_WAITS, WAITED, node=NODE_B, platform=ARM64)


OFF = Prediction(
    question="node-b is off, and node-a could build the same. What becomes of a build for linux/arm64?",
    options=(_TAKES_OVER, _WAITS, _SWAPS),
    truth=_off,
)


def _takes(seen: Nodes, builder: Builder, _printed: Transcript) -> Truth:
    having = [name for name, platforms in pins(builder, seen).items() if ARM64 in platforms]
    answer = _STAY if len(having) > 1 else {NODE_A: _A_HAS, NODE_B: _B_HAS}.get("".join(having), "")
    return Truth(answer, LAST_ONE, pins=named_pins(builder, seen))


TAKES = Prediction(
    question="You pin linux/arm64 on node-a, then on node-b. Which of them is pinned for it afterwards?",
    options=(_STAY, _A_HAS, _B_HAS),
    truth=_takes,
)


@dataclass(frozen=True)
class AllNodes:
    """The nodes with all that they keep, their settings and the keys."""

    def remove(self, world: World) -> str:
        """`lab nodes down`."""
        del world
        return f"nodes {', '.join(names)}" if (names := places.down()) else ""


@dataclass(frozen=True)
class Settings:
    """A node's settings, as the lab writes them; the node reads them anew."""

    name: str

    def remove(self, world: World) -> str:
        """Write them, where they are others by now."""
        del world
        there = any(one.name == self.name and one.state != "missing" for one in places.states())
        if not there or not self.changed():
            return ""
        settings.write(self.name)
        places.restart([self.name])
        return f"settings of {self.name}"

    def changed(self) -> bool:
        """Are they others than the lab writes?"""
        return settings.read(self.name) != settings.text(self.name)


@dataclass(frozen=True)
class BrokenSettings(Settings):
    """Settings of a node with which it cannot push to `$REGISTRY`: another fault for each learner."""

    def make(self, world: World) -> None:
        """Write them once. Blocked where no node is up, or pushes go to an account that no setting is about."""
        if "/" in world.registry:
            raise Blocked(
                f"This exercise is about the settings for the lab's own registry, and yours is {world.registry}.",
                "`lab up --registry local` goes back to the lab's own.",
            )
        if not any(one.name == self.name and one.runs for one in places.states()):
            raise Blocked(f"{self.name} is not running.", "`lab nodes up` starts the nodes.")
        if not _note(self.name).exists():
            settings.write(self.name, fault(world))
            places.restart([self.name])
            write_text(_note(self.name), "The lab broke these settings for the step remote_config.\n")

    def remove(self, world: World) -> str:
        """Write the right ones, and forget that there were others."""
        _note(self.name).unlink(missing_ok=True)
        return super().remove(world)


def fault(world: World) -> str:
    """The sections that keep this learner's node from the registry; it reaches one on localhost without any."""
    head = f'[registry."{world.registry}"]\n'
    if world.registry.startswith("localhost"):
        return f"{head}  http = false\n"
    kinds = ("debug = false\n", f"{head}  http = true\n", f'{head}  ca = ["{settings.PLACE}/tls/ca.pem"]\n')
    return chosen(world, "remote_config", kinds)


@dataclass(frozen=True, kw_only=True)
class Mended(Fact):
    """Are a node's settings others than those that were to be mended?"""

    changed: bool


def mended(name: str) -> Probe[Mended]:
    """A probe of that: the fault is this learner's own."""

    def probe(world: World) -> Mended:
        found = settings.read(name)
        evidence = Evidence(f"cat $NODES/{name}/{settings.FILE}", found)
        return Mended(changed=bool(found) and found != settings.text(name, fault(world)), evidence=(evidence,))

    return probe


def _note(name: str) -> Path:
    """Beside the folder of the nodes: who makes them anew with `lab nodes` has mended it, too."""
    return settings.folder().with_name(f"{name}-{_NOTE}")
