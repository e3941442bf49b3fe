"""What the audit's rules look at, and what they give: plain values, with nothing of where an image comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lab.audit import native, noise
from lab.audit.start import Started, started
from lab.layers import DEFAULT_PATH

if TYPE_CHECKING:
    from lab.facts import Binary, Image, Index, Manifest
    from lab.layers import Layer, Root
    from lab.platforms import Platform
    from lab.steps import Problem

ERROR, WARNING, NOTE = "error", "warning", "note"


@dataclass(frozen=True)
class Found:
    """What a rule found: the problem, the files that it is about, and its platform where the rule is on a tag.

    `severity` is given where it is another than the rule's.
    """

    problem: Problem
    paths: tuple[str, ...] = ()
    platform: str = ""
    severity: str = ""


@dataclass(frozen=True)
class Rule:
    """One row of the table."""

    id: str
    title: str
    severity: str
    check: Callable[[Any], Iterator[Found]]


@dataclass(frozen=True)
class Tag:
    """What a tag offers; `missing` are rows whose images are not held, `other` are rows that are no images."""

    index: Index
    need: frozenset[Platform] = frozenset()
    missing: tuple[Manifest, ...] = ()
    other: tuple[tuple[Manifest, str], ...] = ()

    @property
    def rows(self) -> tuple[Manifest, ...]:
        """Its images."""
        others = {row.digest for row, _ in self.other}
        return tuple(row for row in self.index.images if row.digest not in others)


@dataclass(frozen=True)
class Held:
    """One platform's image: its row, its configuration, its files, and which layers it shares with whom.

    `everything` is whether programs count that nothing starts or loads.
    """

    row: Manifest
    image: Image
    root: Root
    shared: tuple[tuple[Layer, tuple[Platform, ...]], ...] = ()
    everything: bool = False

    @property
    def label(self) -> Platform:
        """The platform that is promised."""
        return self.row.platform or self.image.platform

    @cached_property
    def started(self) -> Started:
        """What a container starts."""
        return started(self.root, self.image)

    @cached_property
    def beside(self) -> tuple[Binary, ...]:
        """The programs that matter and are not started, by their paths."""
        known = {one.path for one in self.started.programs} | self.started.emulated
        path = next((line[5:] for line in self.image.env if line.startswith("PATH=")), DEFAULT_PATH)
        folders = {*path.split(":"), *DEFAULT_PATH.split(":"), self.image.workdir or "/"}
        folders = {self.root.real(folder) for folder in folders} | {one.rpartition("/")[0] or "/" for one in known}
        sieve = noise.Sieve(self.root.programs(), self.label, frozenset(folders))
        found = sieve.everything() if self.everything else sieve.that_matter()
        return tuple(sorted((one for one in found if one.path not in known), key=lambda one: one.path))

    @cached_property
    def library(self) -> str:
        """The image's C library, by the loaders that the languages' interpreters ask for, else by those it holds."""
        asked = [one.interpreter for one in self.started.languages.values() if one.interpreter]
        asked = asked or [one.interpreter for one in self.started.programs if one.kind == "elf" and one.interpreter]
        asked = [loader for loader in asked if self.root.find(loader)]
        return native.library_of_image(asked) or native.library_of_image(self.root.loaders())
