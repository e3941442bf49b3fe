"""What registries say of the images that a repository begins from; one that does not answer is never a finding."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from lab.audit import rules
from lab.errors import BadInput, Blocked, NotThere
from lab.images import fetch
from lab.images.connection import Unreachable
from lab.images.reference import HUB, Reference, parse
from lab.images.registry import Registry
from lab.model.facts import Index
from lab.model.platforms import Platform, listed
from lab.model.steps import Problem
from lab.model.world import World

ABSENT = "`{image}` has no image for {wanted}; it has: {found}"
PINNED = (
    "The digest of `{image}` is that of one platform's image ({found}), not of the index: every platform gets that one"
)
_MOST, _LIMIT = 80, 5.0
_NONE = ("scratch",)


@dataclass
class Registries:
    """Asks each registry for each image once; one that did not answer is not asked again."""

    world: World | None = None
    online: bool = True
    untold: dict[str, str] = field(default_factory=dict)
    _known: dict[str, Index | None] = field(default_factory=dict)
    _silent: dict[str, str] = field(default_factory=dict)

    def problems(self, image: str, wanted: set[Platform]) -> Iterator[tuple[str, Problem]]:
        """The rule and the problem of each platform that an image lacks."""
        if image in _NONE or not (index := self._index(image)):
            return
        if not index.is_index and "@" in image:
            yield "base-pinned", Problem(PINNED, image=image, found=listed(index.platforms))
            return
        absent = {platform for platform in wanted if rules.absent(index, platform)}
        if absent:
            yield "base-absent", Problem(ABSENT, image=image, wanted=listed(absent), found=listed(index.platforms))

    def _index(self, image: str) -> Index | None:
        if image not in self._known:
            self._known[image] = self._asked(image)
        return self._known[image]

    def _asked(self, image: str) -> Index | None:
        if "$" in image:
            self.untold[image] = "its name is filled in elsewhere"
            return None
        if not self.online or len(self._known) >= _MOST:
            self.untold[image] = f"only {_MOST} images are asked for" if self.online else "its registry was not asked"
            return None
        try:
            return self._from(parse(image))
        except (Blocked, BadInput, NotThere) as error:
            self.untold[image] = error.message.rstrip(".")
            return None

    def _from(self, reference: Reference) -> Index:
        """From the sandbox's registry, which plays Docker Hub's mirror; else from the image's own."""
        if self.world and self.world.mirror and reference.host == HUB:
            own = Reference(
                self.world.registry.partition("/")[0], reference.repository, reference.tag, reference.digest
            )
            with suppress(Blocked, BadInput, NotThere):
                return self._of(own)
        if said := self._silent.get(reference.endpoint):
            raise Blocked(said)
        return self._of(reference)

    def _of(self, reference: Reference) -> Index:
        try:
            with Registry(reference, self.world, limit=_LIMIT) as registry:
                return fetch.fetch_index(registry)
        except Unreachable as error:
            self._silent[reference.endpoint] = error.message
            raise
