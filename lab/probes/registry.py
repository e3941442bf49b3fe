"""What a registry holds: asked for directly, so that no engine is needed.

Steps use these as probes, `@step(registry.index("hello:multi"), …)`: each takes a name and gives a function of the
world. A name without a registry belongs to the lesson's own (`$REGISTRY`).
"""

from __future__ import annotations

import hashlib
import platform as _host
from typing import TYPE_CHECKING

from lab.errors import BadInput, Blocked, NotThere
from lab.images.fetch import ACCEPT, fetch_image, fetch_images, fetch_index, fetch_layer, said_by, tags_of
from lab.images.reference import Reference, parse
from lab.model.facts import Binaries, Binary, Evidence, Image, Images, Index, Manifest, Tags
from lab.model.platforms import Platform, listed

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.images.layers import Layer
    from lab.images.registry import Registry
    from lab.model.world import World


def reference(world: World, of: str) -> Reference:
    """The full name behind what a lesson calls an image; BadInput where it is no name."""
    return parse(of, within=world.registry)


def _registry(world: World, of: str) -> Registry:
    # HTTP and TLS are loaded here: a check that asks only the engine need not wait for them.
    from lab.images.registry import Registry

    return Registry(reference(world, of), world)


def index(of: str) -> Callable[[World], Index]:
    """A probe of what a tag stands for: its rows, with platforms and digests.

    Raises NotThere where there is no such tag, Blocked where the registry does not answer as one should.
    """

    def probe(world: World) -> Index:
        with _registry(world, of) as registry:
            return fetch_index(registry)

    return probe


def image(of: str, platform: str | None = None) -> Callable[[World], Image]:
    """A probe of one platform's configuration: this machine's where none is named and there are several."""

    def probe(world: World) -> Image:
        with _registry(world, of) as registry:
            found = fetch_index(registry)
            return fetch_image(registry, _choose(found, platform), found.evidence)

    return probe


def images(of: str) -> Callable[[World], Images]:
    """A probe of a tag and of every image behind it."""

    def probe(world: World) -> Images:
        with _registry(world, of) as registry:
            return fetch_images(registry)

    return probe


def binaries(of: str, path: str = "") -> Callable[[World], Binaries]:
    """A probe of one program in each platform's image: `path`, or what a container would start.

    Layers are read as they come, links are followed; nothing is unpacked.
    """

    def probe(world: World) -> Binaries:
        from lab.images import layers

        with _registry(world, of) as registry:
            found = fetch_images(registry)
            known: dict[str, Layer] = {}
            programs = []
            for row, one in found.pairs:
                root = layers.merge([fetch_layer(registry, digest, known) for digest in one.layers])
                programs.append((row.platform or one.platform, root.program(one, path)))
        said = "\n".join(f"{platform}: {_said(program)}" for platform, program in programs)
        return Binaries(
            reference=str(registry.reference),
            programs=tuple(programs),
            evidence=(*found.evidence, Evidence("the first bytes of that program in the layers", said)),
        )

    return probe


def tags(of: str) -> Callable[[World], Tags]:
    """A probe of the tags in a repository; none where the repository does not exist."""

    def probe(world: World) -> Tags:
        with _registry(world, of) as registry:
            answer = registry.get("tags/list")
            return Tags(
                repository=registry.reference.repository,
                names=tags_of(answer),
                evidence=(said_by(registry, answer, "tags/list"),),
            )

    return probe


def standing(world: World, of: str) -> dict[str, str]:
    """Which digest each tag of a repository stands for; a digest that is missing there has no tag."""
    found = {}
    for tag in tags(of)(world).names:
        try:
            found[tag] = index(f"{of}:{tag}")(world).digest
        except (BadInput, NotThere):  # no image (a build cache, a chart), or removed in the meantime
            continue
    return found


def delete(world: World, of: str) -> bool:
    """Remove a tag, and what it stands for where nothing else leads to that; False where there was no such tag.

    A digest is removed where no tag leads to it; where one does, nothing is, and the answer is False.
    """
    from lab.probes import reach

    with _registry(world, of) as registry:
        target = registry.reference.target
        found = registry.get(f"manifests/{target}", accept=ACCEPT)
        if found.status == 404:
            return False
        digest = "sha256:" + hashlib.sha256(found.body).hexdigest()
        others = [led for tag, led in reach.follow(registry).items() if tag != target]
        if any(digest in led for led in others):
            if target == digest:
                return False
            # A registry deletes a digest with all its tags, also where an index lists it: so the tag moves away first.
            digest = _move_away(registry, of)
        answer = registry.delete(f"manifests/{digest}")
        if answer.status not in (200, 202, 404):
            raise _refused(registry, of, answer.status)
        return answer.status != 404


def _move_away(registry: Registry, of: str) -> str:
    """Let a tag stand for an index of nothing, that no other tag stands for; answers its digest."""
    from lab.images import build

    nothing = build.index([], annotations={"lab.removes": of}).blob
    answer = registry.put(f"manifests/{registry.reference.target}", nothing.open, nothing.size, nothing.media_type)
    if answer.status != 201:
        raise _refused(registry, of, answer.status)
    return nothing.digest


def _refused(registry: Registry, of: str, status: int) -> Blocked:
    return Blocked(
        f"The registry {registry.reference.endpoint!r} does not delete {of!r} ({status}).",
        "Delete it on the registry's own page.",
    )


def _choose(found: Index, wanted: str | None) -> Manifest:
    if wanted is None and len(found.images) == 1:
        return found.images[0]
    platform = Platform.parse(wanted) if wanted else Platform.of("linux", _host.machine())
    row = found.manifest(platform)
    if row is None:
        raise NotThere(f"{found.reference} has no image for {platform}. It has: {listed(found.platforms)}.")
    return row


def _said(program: Binary | None) -> str:
    if program is None:
        return "no such file"
    return f"{program.path}: {program.kind} {program.platform or ''}".rstrip()
