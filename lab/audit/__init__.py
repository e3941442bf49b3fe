"""`lab audit`: is an image, in any registry or archive, what its label says, and will it run there?

The rules are one table (`lab.audit.checks`); this walks the images and gives each rule its facts. No engine is asked,
and nothing is unpacked to disk.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from lab.audit import checks
from lab.audit.held import Held, Rule, Tag
from lab.audit.report import Finding, Report
from lab.audit.sources import InRegistry, NoImage, local
from lab.errors import BadInput, Blocked, LabError, NotThere
from lab.images import layers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lab.audit.sources import Source
    from lab.images.layers import Layer
    from lab.model.facts import Image, Index, Manifest
    from lab.model.platforms import Platform
    from lab.model.world import World

_KEPT = 150_000  # files of layers that are kept for the next platform


def audit(
    reference: str, *, need: frozenset[Platform] = frozenset(), world: World | None = None, everything: bool = False
) -> Report:
    """Audit a registry's image (named as for Docker), an OCI layout's folder, or an archive of `docker save`.

    `need` are platforms that must be there; `everything` tells also of programs that nothing starts or loads. What is
    down makes a report that is blocked; NotThere (no such tag or file) and BadInput (no such name; a damaged or
    hostile archive; no image in it) are raised.
    """
    found, error = _audited(reference, need, world, everything=everything)
    if error:
        raise error
    return found


def report(
    reference: str, *, need: frozenset[Platform] = frozenset(), world: World | None = None, everything: bool = False
) -> Report:
    """The same, and what cannot be read is a report too: with the reason, and with what was found before."""
    return _audited(reference, need, world, everything=everything)[0]


def _audited(
    reference: str, need: frozenset[Platform], world: World | None, *, everything: bool
) -> tuple[Report, LabError | None]:
    started = time.monotonic()
    found = _Audit(reference, everything=everything)
    try:
        if place := _place(reference):
            found.run(local(place), need)
        else:
            from lab.images.reference import parse
            from lab.images.registry import Registry

            with Registry(parse(reference), world) as registry:
                found.run(InRegistry(registry), need)
    except Blocked as error:
        return found.report(started, blocked=error.message, remedy=error.remedy), None
    except (BadInput, NotThere) as error:
        return found.report(started, unreadable=error.message, remedy=error.remedy), error
    except OSError as error:
        return found.report(started, blocked=f"{reference!r} cannot be read: {error.strerror}."), None
    return found.report(started), None


def _place(reference: str) -> Path | None:
    """A path where it is written as one, or is an archive or a layout; a bare name is an image's."""
    place = Path(reference)
    if reference.startswith(("/", "./", "../", "~/")):
        return place.expanduser()
    if reference.endswith((".tar", ".tar.gz", ".tgz")) or (place / "oci-layout").is_file():
        return place
    return None


class _Audit:
    """One audit as it goes on, so that what was found before a registry fell silent is kept."""

    def __init__(self, reference: str, *, everything: bool = False) -> None:
        self._reference = reference
        self._everything = everything
        self._digest = ""
        self._platforms: set[str] = set()
        self._images: list[str] = []
        self._findings: list[Finding] = []

    def report(self, started: float, *, blocked: str = "", unreadable: str = "", remedy: str = "") -> Report:
        """What there is up to now."""
        return Report(
            reference=self._reference,
            digest=self._digest,
            platforms=tuple(sorted(self._platforms)),
            findings=tuple(self._findings),
            images=tuple(self._images),
            blocked=blocked,
            unreadable=unreadable,
            remedy=remedy,
            seconds=round(time.monotonic() - started, 3),
        )

    def run(self, source: Source, need: frozenset[Platform]) -> None:
        """All rules on all images of each tag; BadInput where none of them is one."""
        tags = source.tags()
        several = len(tags) > 1
        self._images = [name for name, _ in tags] if several else []
        self._digest = "" if several or not tags else tags[0][1].digest
        kinds = [kind for name, index in tags for kind in self._tag(source, index, need, name if several else "")]
        if kinds and not self._platforms and all(kinds):
            listed = ", ".join(dict.fromkeys(kinds))
            raise BadInput(
                f"{self._reference!r} holds no image: it is {listed}.", "Name an image that a container can run."
            )

    def _tag(self, source: Source, index: Index, need: frozenset[Platform], name: str) -> Iterator[str]:
        """The rules on one tag; yields for each row what it is where it is no image, and "" where it is one."""
        held: list[tuple[Manifest, Image]] = []
        missing: list[Manifest] = []
        other: list[tuple[Manifest, str]] = []
        for row in index.images:
            image = source.image(row)
            if isinstance(image, NoImage):
                other.append((row, image.kind))
            elif image:
                held.append((row, image))
            else:
                missing.append(row)
        if held or missing:
            tag = Tag(index, need, tuple(missing), tuple(other))
            self._platforms |= {str(row.platform) for row in tag.rows if row.platform}
            self._add(checks.ON_TAGS, tag, name)
            self._held(source, held, name)
        yield from (kind for _, kind in other)
        yield from ("" for _ in (*held, *missing))

    def _held(self, source: Source, held: list[tuple[Manifest, Image]], name: str) -> None:
        kept: dict[str, Layer] = {}
        for number, (row, image) in enumerate(held):
            limits = layers.Limits()
            for digest in image.layers[: limits.layers + 1]:
                if digest in kept:
                    limits.again(kept[digest])
                else:
                    kept[digest] = source.layer(digest, limits)
            label = row.platform or image.platform
            if label.os == "linux":
                root = layers.merge([kept.get(digest, _NOTHING) for digest in image.layers], limits)
                shared = tuple(_shared(image, held, kept))
                one = Held(row, image, root, shared, everything=self._everything)
                self._add(checks.ON_IMAGES, one, name, str(label))
            else:
                # Its programs are of another world.
                one = Held(row, image, layers.merge([]))
                self._add([checks.labels_differ], one, name, str(label))
            later = {digest for _, other in held[number + 1 :] for digest in other.layers}
            kept = _small({digest: layer for digest, layer in kept.items() if digest in later})

    def _add(self, table: Iterable[Rule], facts: Tag | Held, image: str, platform: str = "") -> None:
        for rule in table:
            for found in rule.check(facts):
                severity = found.severity or rule.severity
                where = found.platform or platform
                self._findings.append(Finding(rule.id, severity, where, found.problem, found.paths, image))


def _shared(
    image: Image, held: list[tuple[Manifest, Image]], kept: dict[str, Layer]
) -> Iterator[tuple[Layer, tuple[Platform, ...]]]:
    """The layers that other platforms' images have too."""
    for digest in dict.fromkeys(image.layers):
        others = tuple(other.platform for _, other in held if other is not image and digest in other.layers)
        if others and digest in kept:
            yield kept[digest], others


def _small(kept: dict[str, Layer]) -> dict[str, Layer]:
    """What may wait for the platforms to come; the rest is read again."""
    left = _KEPT
    return {digest: layer for digest, layer in kept.items() if (left := left - len(layer.entries)) >= 0}


_NOTHING = layers.Layer(())
