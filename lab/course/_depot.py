"""The repositories of lesson 13 that the lab fills itself: pushed without an engine, another one for each learner."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from lab.course._seeded import chosen, shuffled
from lab.errors import BadInput, Blocked
from lab.images import build
from lab.model.facts import ATTESTATION, REFERS_TO
from lab.model.world import World
from lab.probes import reach

DEPOT = "depot"
REHEARSED = "depot-rehearsal"
CAFE = "cafe"
PLATFORMS = ("linux/amd64", "linux/arm64")
NAMES = tuple(f"v{number}" for number in range(1, 9))
_STATEMENT = "application/vnd.in-toto+json"


@dataclass(frozen=True)
class Stock:
    """A repository: what its tags stand for, what it keeps without a tag, and which of those may go.

    `untagged` are the versions without a tag, by name, in the order in which the list has them; `notes` are those of
    them that are attestations.
    """

    tags: Mapping[str, build.Manifest]
    untagged: Mapping[str, build.Manifest]
    dead: frozenset[str]
    notes: frozenset[str]

    @property
    def listed(self) -> str:
        """The list of what has no tag, as a hosted registry shows it."""
        return "".join(f"{name} {manifest.digest}\n" for name, manifest in self.untagged.items())


def version(platform: str, text: str) -> tuple[build.Manifest, build.Manifest]:
    """An image that says `text`, and its attestation."""
    layer = build.layer({"menu.txt": (f"{text}\n".encode(), 0o644)})
    image = build.image([layer], platform=platform, config={"Cmd": ["cat", "/menu.txt"]})
    return image, attestation(image, "menu")


def attestation(of: build.Manifest, name: str) -> build.Manifest:
    """An attestation of an image: how it was built."""
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": name, "digest": {"sha256": of.digest.removeprefix("sha256:")}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {"buildDefinition": {"buildType": "https://mobyproject.org/buildkit@v1"}},
    }
    said = build.blob(json.dumps(statement).encode(), _STATEMENT)
    return build.image([said], platform="unknown/unknown")


def attested(of: build.Manifest, by: build.Manifest) -> build.Entry:
    """The row of an attestation in an index: it says which image it is about."""
    about = {ATTESTATION: "attestation-manifest", REFERS_TO: of.digest}
    return by.entry(annotations=about)


def depot(world: World, purpose: str = DEPOT) -> Stock:
    """Two releases that share an image, an index that one of them replaced, and the image of a job that failed."""
    salt = f"{purpose} {world.seed}"
    (one, _), (shared, shared_note) = (version(platform, f"{salt} first") for platform in PLATFORMS)
    newer, _ = version(PLATFORMS[0], f"{salt} second")
    bad, bad_note = version(PLATFORMS[1], f"{salt} bad")
    failed, _ = version(PLATFORMS[0], f"{salt} failed")
    first = build.index([one, shared, attested(shared, shared_note)])
    second = build.index([newer, shared, attested(shared, shared_note)])
    replaced = build.index([newer, bad, attested(bad, bad_note)])
    old, new = chosen(world, f"{purpose} tags", (("7.1", "7.2"), ("3.8", "3.9"), ("5.0", "5.1")))
    dead = (replaced, bad, bad_note, failed)
    order = shuffled(world, purpose, (one, shared, shared_note, newer, *dead))
    return Stock(
        tags={old: first, new: second},
        untagged=dict(zip(NAMES, order, strict=True)),
        dead=frozenset(manifest.digest for manifest in dead),
        notes=frozenset({shared_note.digest, bad_note.digest}),
    )


@dataclass(frozen=True)
class Recalled:
    """Two releases of the café; the newer one is bad on one platform."""

    bad: str
    tags: Mapping[str, build.Manifest]

    @property
    def letter(self) -> str:
        """What the people on call wrote."""
        return (
            f"cafe:2.0 crashes on every machine of {self.bad}.\n"
            "cafe:1.9 is fine there. On the other platform 2.0 is fine, and people need it.\n"
        )


def cafe(world: World) -> Recalled:
    """Which platform is the bad one is the learner's own."""
    tags = {}
    for release in ("1.9", "2.0"):
        pairs = [version(platform, f"cafe {release} {world.seed}") for platform in PLATFORMS]
        images = [image for image, _ in pairs]
        tags[release] = build.index([*images, *(attested(image, note) for image, note in pairs)])
    return Recalled(bad=chosen(world, CAFE, PLATFORMS), tags=tags)


def push(world: World, repository: str, tags: Mapping[str, build.Manifest], others: Sequence[build.Manifest]) -> None:
    """Put all of it into the registry, what is there already and what was deleted. Blocked where it cannot be."""
    place = world.mirror or world.registry
    try:
        for manifest in others:
            build.push(place, repository, manifest.digest, manifest)
        for tag, manifest in tags.items():
            build.push(place, repository, tag, manifest)
    except BadInput as error:
        raise Blocked(f"The repository {repository} could not be filled: {error.message}", error.remedy) from error


def push_depot(world: World, purpose: str = DEPOT) -> Stock:
    """The depot as it has to be, whatever was deleted of it; tags of another learner's go."""
    stock = depot(world, purpose)
    empty(world, purpose, keep=stock.tags)
    push(world, purpose, stock.tags, list(stock.untagged.values()))
    return stock


def empty(world: World, repository: str, keep: Collection[str] = ()) -> bool:
    """Take all tags but these away, and what they lead to; answers whether there were any."""
    found = reach.of(world, repository)
    kept = {digest for tag, led in found.tags if tag in keep for digest in led}
    gone = {digest for tag, led in found.tags if tag not in keep for digest in led} - kept
    reach.delete(world, repository, sorted(gone))
    return bool(gone)


@dataclass(frozen=True)
class Depot:
    """The depot, as something that a step leaves behind."""

    name: str = DEPOT

    def remove(self, world: World) -> str:
        """Take its tags away, and with them all that belongs to them."""
        if "/" in world.registry:  # an account: the lab has put nothing there
            return ""
        return f"the tags of {world.registry}/{self.name}" if empty(world, self.name) else ""
